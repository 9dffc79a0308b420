//! CLI: what every command takes, with its value and where that comes from, and what holds of batches while they are under
//! way. Reads the environment.

use crate::error::one_line;
use crate::steering::Asked;
use crate::time::date;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use rehome_orchestrator::{BatchState, without_secrets};
use serde::Serialize;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub(crate) setting: String,
    /// As it was given; what looks like a secret is hidden. Nothing where it is not set.
    pub(crate) value: Option<String>,
    /// `flag`, the name of a variable, `plan`, who asked for it, `default`, or nothing where it is not set.
    pub(crate) origin: Option<String>,
}

/// Variables that no flag stands for, and whether their values may be shown.
const OTHERS: [(&str, bool); 16] = [
    ("REHOME_PARALLEL", true),
    ("REHOME_STATE", true),
    ("REHOME_LOG", true),
    ("NO_COLOR", true),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", true),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", true),
    ("OTEL_EXPORTER_OTLP_HEADERS", false),
    ("OTEL_SERVICE_NAME", true),
    ("OTEL_SDK_DISABLED", true),
    ("HTTP_PROXY", false),
    ("NO_PROXY", true),
    ("AZURE_TENANT_ID", true),
    ("AZURE_CLIENT_ID", true),
    ("AZURE_CLIENT_SECRET", false),
    ("AZURE_FEDERATED_TOKEN_FILE", true),
    ("HTTPS_PROXY", false),
];

/// All of them: a flag stands before a variable, and that before what holds without either.
pub(crate) fn all(words: &Command, matches: &ArgMatches) -> Vec<Setting> {
    let flags = words.get_arguments().filter(|arg| arg.get_env().is_some());
    let flags = flags.map(|arg| {
        let id = arg.get_id().as_str();
        let raw = matches.get_raw(id).and_then(|mut all| all.next());
        let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        Setting {
            setting: arg.get_long().map_or_else(|| id.to_owned(), |long| format!("--{long}")),
            value: raw.map(|raw| without_secrets(&raw.to_string_lossy())),
            origin: match matches.value_source(id) {
                Some(ValueSource::CommandLine) => Some("flag".to_owned()),
                Some(ValueSource::EnvVariable) => variable,
                Some(ValueSource::DefaultValue) => Some("default".to_owned()),
                _ => None,
            },
        }
    });
    let others = OTHERS.iter().map(|(name, shown)| {
        let value = std::env::var(name).ok();
        let origin = value.as_ref().map(|_| (*name).to_owned());
        let value = value.map(|value| if *shown { without_secrets(&value) } else { "(set)".to_owned() });
        Setting { setting: (*name).to_owned(), value, origin }
    });
    flags.chain(others).collect()
}

/// What of a batch holds now, whoever said so last: what was asked of it comes before its plan.
pub(crate) fn of_batch(name: &str, batch: &BatchState, asked: &[Asked]) -> Vec<Setting> {
    let rollout = batch.planned().rollout.as_ref();
    let steering = batch.steering();
    let by = |flag: &str| {
        let is =
            |asked: &&Asked| asked.request == "throttle" && asked.of.iter().any(|of| of.starts_with(flag));
        asked
            .iter()
            .find(is)
            .map(|asked| one_line(&format!("throttle, {} at {}", asked.by, date(asked.at_ms))))
    };
    let setting =
        |what: &str, now: Option<String>, by: Option<String>, planned: Option<String>, otherwise: &str| {
            let (value, origin) = match (now, planned) {
                (Some(now), _) => (now, by.unwrap_or_else(|| "throttle".to_owned())),
                (None, Some(planned)) => (planned, "plan".to_owned()),
                (None, None) => (otherwise.to_owned(), "default".to_owned()),
            };
            Setting { setting: format!("{name}: {what}"), value: Some(value), origin: Some(origin) }
        };
    let percent = |share: u64| format!("{share}%");
    let parallel = rollout.and_then(|rollout| rollout.parallel).map(|most| most.to_string());
    let share = rollout.and_then(|rollout| rollout.share).map(percent);
    vec![
        setting(
            "parallel",
            steering.parallel.map(|most| most.to_string()),
            by("--parallel"),
            parallel,
            "any number",
        ),
        setting("share", steering.share.map(percent), by("--share"), share, "100%"),
    ]
}
