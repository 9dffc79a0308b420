//! CLI: what every command takes, with its value and where that comes from. Reads the environment.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use rehome_orchestrator::without_secrets;
use serde::Serialize;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub(crate) setting: String,
    /// As it was given; what looks like a secret is hidden. Nothing where it is not set.
    pub(crate) value: Option<String>,
    /// `flag`, the name of a variable, `default`, or nothing where it is not set.
    pub(crate) origin: Option<String>,
}

/// Variables that no flag stands for, and whether their values may be shown.
const OTHERS: [(&str, bool); 8] = [
    ("REHOME_PARALLEL", true),
    ("REHOME_LOG", true),
    ("NO_COLOR", true),
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
