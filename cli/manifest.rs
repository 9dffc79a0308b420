//! CLI: the batch file that people write. Touches that file.

use crate::error::{CliError, Exit};
use crate::nearest::nearest;
use rehome_activities::relocate::{Options, Params, Strategy, Target, Unpinned, Waits};
use rehome_orchestrator::OnFailure;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The versions that this program reads.
const FORMAT_MAJOR: &str = "1";

/// A batch file has at most this many bytes.
const BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format_version: String,
    batch: Batch,
    identity: Vec<Identity>,
    /// Scopes that move too: source resource -> counterpart in the target region.
    #[serde(default)]
    scope_map: BTreeMap<String, String>,
    #[serde(default)]
    waits: WaitsText,
}

/// How long to wait for what Azure does not show; what is left out has a safe length.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitsText {
    /// Until a grant acts everywhere.
    grants: Option<String>,
    /// The same for data actions at management groups.
    high_grants: Option<String>,
    /// How long tokens keep groups and application permissions.
    claims: Option<String>,
    /// On the way back, between a host that is set back and the end of the new identity's grants.
    drain: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    name: String,
    to: String,
    #[serde(default = "default_soak")]
    soak: String,
    quiet: Option<String>,
    #[serde(default)]
    on_failure: Failing,
    #[serde(default)]
    unpinned_host: Unpinned,
    #[serde(default)]
    create_resource_group: bool,
    #[serde(default)]
    lift_locks: bool,
    #[serde(default)]
    replace_nodes: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failing {
    #[default]
    Stop,
    RollbackIdentity,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    id: String,
    target_resource_group: Option<String>,
    target_subscription: Option<String>,
    target_name: Option<String>,
    #[serde(default)]
    create_resource_group: bool,
    #[serde(default)]
    lift_locks: bool,
    #[serde(default)]
    replace_nodes: bool,
    #[serde(default)]
    pinned: BTreeSet<String>,
    #[serde(default)]
    strategies: BTreeMap<String, Strategy>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    accept_unseen: BTreeSet<String>,
    #[serde(default)]
    accept_unknown: BTreeSet<String>,
}

fn default_soak() -> String {
    "24h".to_owned()
}

/// A batch as it was asked for.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) moves: Vec<Params>,
}

/// Reads a batch file.
pub(crate) fn load(path: &Path) -> Result<Manifest, CliError> {
    let place = path.display().to_string();
    let text = crate::files::read_text(path, "a batch file", BYTES_MAX)?;
    parse(&text).map_err(|error| match error.place {
        Some(inner) => CliError { place: Some(format!("{place}: {inner}")), ..error },
        None => error.at(place),
    })
}

/// The key that was meant, where one is not known: the message names it first, and then those that are.
fn meant(message: &str) -> Option<&str> {
    let mut named = message.strip_prefix("unknown field")?.split('`').skip(1).step_by(2);
    let typed = named.next()?;
    nearest(typed, named)
}

/// Reads the text of a batch file.
pub(crate) fn parse(text: &str) -> Result<Manifest, CliError> {
    let bad = |what: String| CliError::new(Exit::Usage, what);
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let error = bad(format!("the batch file does not fit: {}", e.message()));
        let error = match meant(e.message()) {
            Some(meant) => error.next(format!("did you mean {meant}?")),
            None => error.next("examples/every_option.toml has every key, and what it means"),
        };
        match line {
            Some(line) => error.at(format!("line {line}")),
            None => error,
        }
    })?;
    if file.format_version.split('.').next() != Some(FORMAT_MAJOR) {
        return Err(bad(format!(
            "format_version {:?} is not one that this program reads",
            file.format_version
        )));
    }
    check_name(&file.batch.name)?;
    if file.identity.is_empty() {
        return Err(bad("the batch names no identity".to_owned()));
    }
    let soak_ms = duration(&file.batch.soak).ok_or_else(|| {
        bad(format!("soak {:?} is not a duration like \"24h\", \"90m\" or \"0s\"", file.batch.soak))
            .at("[batch] soak")
    })?;
    let waits = waits(&file.waits)?;
    let mut seen = BTreeSet::new();
    let mut moves = Vec::with_capacity(file.identity.len());
    for identity in &file.identity {
        if !seen.insert(identity.id.to_lowercase()) {
            return Err(bad("an identity is named twice".to_owned()).at(identity.id.clone()));
        }
        moves.push(params(&file, identity, soak_ms, waits)?);
    }
    Ok(Manifest { name: file.batch.name, moves })
}

fn check_name(name: &str) -> Result<(), CliError> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if fits {
        return Ok(());
    }
    let what = "the name of a batch has 1 to 64 letters, digits, hyphens, underscores and dots";
    Err(CliError::new(Exit::Usage, what).at("[batch] name"))
}

fn waits(text: &WaitsText) -> Result<Waits, CliError> {
    let length = |name: &str, text: &Option<String>, safe: u64| match text {
        None => Ok(safe),
        Some(text) => duration(text).ok_or_else(|| {
            let what = format!("{name} {text:?} is not a duration like \"10m\", \"24h\" or \"0s\"");
            CliError::new(Exit::Usage, what).at(format!("[waits] {name}"))
        }),
    };
    let safe = Waits::default();
    Ok(Waits {
        grants_ms: length("grants", &text.grants, safe.grants_ms)?,
        high_grants_ms: length("high_grants", &text.high_grants, safe.high_grants_ms)?,
        claims_ms: length("claims", &text.claims, safe.claims_ms)?,
        drain_ms: length("drain", &text.drain, safe.drain_ms)?,
    })
}

fn quiet(text: Option<&str>) -> Result<u64, CliError> {
    let Some(text) = text else { return Ok(0) };
    duration(text).ok_or_else(|| {
        let what = format!("quiet {text:?} is not a duration like \"26h\" or \"3d\"");
        CliError::new(Exit::Usage, what).at("[batch] quiet")
    })
}

fn params(file: &File, identity: &Identity, soak_ms: u64, waits: Waits) -> Result<Params, CliError> {
    let parts: Vec<&str> = identity.id.split('/').collect();
    let (subscription, group, name) = match parts[..] {
        ["", s, subscription, g, group, p, provider, kind, name]
            if s.eq_ignore_ascii_case("subscriptions")
                && g.eq_ignore_ascii_case("resourceGroups")
                && p.eq_ignore_ascii_case("providers")
                && provider.eq_ignore_ascii_case("Microsoft.ManagedIdentity")
                && kind.eq_ignore_ascii_case("userAssignedIdentities")
                && !subscription.is_empty()
                && !group.is_empty()
                && !name.is_empty() =>
        {
            (subscription, group, name)
        }
        _ => {
            let what = "this is not the id of a user-assigned managed identity";
            let form = "/subscriptions/SUB/resourceGroups/GROUP/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME";
            return Err(CliError::new(Exit::Usage, what)
                .at(identity.id.clone())
                .next(format!("write it as {form}")));
        }
    };
    let quiet_ms = quiet(file.batch.quiet.as_deref())?;
    let target = Target {
        subscription: identity.target_subscription.clone().unwrap_or_else(|| subscription.to_owned()),
        resource_group: identity.target_resource_group.clone().unwrap_or_else(|| group.to_owned()),
        name: identity.target_name.clone().unwrap_or_else(|| name.to_owned()),
        location: file.batch.to.clone(),
    };
    if target.id().eq_ignore_ascii_case(&identity.id) {
        let what =
            "the new identity would have the id of the old one: the same name in the same resource group";
        return Err(CliError::new(Exit::Usage, what)
            .at(identity.id.clone())
            .next("set target_resource_group or target_name for it"));
    }
    Ok(Params {
        identity: identity.id.clone(),
        target,
        soak_ms,
        on_failure: match file.batch.on_failure {
            Failing::Stop => OnFailure::Park,
            Failing::RollbackIdentity => OnFailure::RollBack,
        },
        options: Options {
            create_resource_group: identity.create_resource_group || file.batch.create_resource_group,
            lift_locks: identity.lift_locks || file.batch.lift_locks,
            replace_nodes: identity.replace_nodes || file.batch.replace_nodes,
            unpinned_host: file.batch.unpinned_host,
            pinned: identity.pinned.clone(),
            strategies: identity.strategies.clone(),
            scope_map: file.scope_map.clone(),
            add_tags: identity.tags.clone(),
            accept_unseen: identity.accept_unseen.clone(),
            accept_unknown: identity.accept_unknown.clone(),
            quiet_ms,
            waits,
        },
    })
}

/// A duration like `24h`, `90m`, `1d` or `0s`, in milliseconds.
fn duration(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().ok()?;
    let unit = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit).filter(|ms| *ms <= 366 * 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n";

    fn batch(more: &str) -> String {
        format!(
            "format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\n{more}\n[[identity]]\nid = \"{ID}\"\ntarget_resource_group = \"h\"\n"
        )
    }

    #[test]
    fn the_smallest_batch_file_has_a_day_of_soak() {
        let manifest = parse(&batch("")).expect("it is complete");
        assert_eq!(manifest.moves[0].soak_ms, 86_400_000);
        assert_eq!(manifest.moves[0].target.name, "n");
        assert_eq!(parse(&batch("soak = \"0s\"")).expect("legal").moves[0].soak_ms, 0);
    }

    #[test]
    fn what_azure_does_not_show_is_waited_for_unless_somebody_knows_better() {
        let waits = |more: &str| parse(&(batch("") + more)).expect("legal").moves[0].options.waits;
        assert_eq!((waits("").grants_ms, waits("").claims_ms), (600_000, 86_400_000));
        let quick = waits("[waits]\ngrants = \"2m\"\n");
        assert_eq!(quick, Waits { grants_ms: 120_000, ..Waits::default() });
    }

    #[test]
    fn nodes_are_replaced_only_where_the_batch_or_the_identity_says_so() {
        let replaces = |text: &str| parse(text).expect("legal").moves[0].options.replace_nodes;
        assert!(!replaces(&batch("")));
        assert!(replaces(&batch("replace_nodes = true")));
        assert!(replaces(&(batch("") + "replace_nodes = true\n")));
    }

    #[test]
    fn the_example_with_every_option_is_read_with_and_without_its_comments() {
        let text = include_str!("../examples/every_option.toml");
        let one = &parse(text).expect("legal").moves[0];
        assert_eq!((one.soak_ms, one.options.quiet_ms), (86_400_000, 26 * 3_600_000));
        assert_eq!(one.options.strategies.values().next(), Some(&Strategy::ByHand));
        // What is commented out holds anyway: said aloud, nothing changes.
        let aloud: String = text
            .lines()
            .map(|line| match line.strip_prefix("# ").filter(|rest| rest.split(' ').nth(1) == Some("=")) {
                Some(key) => format!("{key}\n"),
                None => format!("{line}\n"),
            })
            .collect();
        assert!(aloud.contains("\nsoak = ") && aloud.contains("\nclaims = "), "{aloud}");
        assert_eq!(&parse(&aloud).expect("legal").moves[0], one);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = parse(&batch("soke = \"1h\"")).expect_err("a typing error");
        assert!(error.what.contains("soke"), "{error}");
        assert_eq!(error.place.as_deref(), Some("line 5"));
    }

    #[test]
    fn bad_ids_names_durations_and_repetitions_are_refused() {
        let twice =
            batch("") + &format!("[[identity]]\nid = \"{}\"\ntarget_name = \"x\"\n", ID.to_uppercase());
        let same = batch("").replace("target_resource_group = \"h\"", "");
        let no_id = batch("").replace(ID, "/subscriptions/s");
        for (text, part) in [
            (twice, "twice"),
            (same, "the same name in the same resource group"),
            (no_id, "not the id"),
            (batch("soak = \"soon\""), "duration"),
            (batch("") + "[waits]\ngrants = \"soon\"\n", "grants \"soon\""),
            (batch("").replace("name = \"b\"", "name = \"a b\""), "1 to 64"),
            (batch("").replace("\"1.0\"", "\"2.0\""), "format_version"),
        ] {
            let error = parse(&text).expect_err(part);
            assert!(error.what.contains(part), "{error}");
            assert_eq!(error.exit, Exit::Usage);
        }
    }
}
