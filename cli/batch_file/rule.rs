//! CLI: what a text of a batch file has to be. Pure.

use super::keys::Rule;
use super::pattern::{Pattern, Template};
use super::times;
use crate::nearest::nearest;
use rehome_orchestrator::PublicKey;

/// The versions that this program reads.
const FORMAT_MAJOR: &str = "1";

/// The longest duration: a year and a day.
const DURATION_MAX_MS: u64 = 366 * 86_400_000;

/// How the id of an identity is written.
const ID_FORM: &str =
    "/subscriptions/SUB/resourceGroups/GROUP/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME";

/// Why a text is not what it has to be, and what to do.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Rule {
    /// Checks a text; `name` is what the message calls it.
    pub(super) fn check(&self, name: &str, text: &str) -> Result<(), Wrong> {
        match self {
            Self::Any => Ok(()),
            Self::Version => holds(is_readable(text), || Wrong {
                what: format!("format_version {text:?} is not one that this program reads"),
                remedy: "this program reads \"1.0\"".to_owned(),
            }),
            Self::BatchName => holds(is_batch_name(text), || Wrong {
                what: format!("{text:?} is no name of a batch"),
                remedy: "1 to 64 letters, digits, hyphens, underscores and dots".to_owned(),
            }),
            Self::WaveName => holds(is_batch_name(text), || Wrong {
                what: format!("{text:?} is no name of a wave"),
                remedy: "1 to 64 letters, digits, hyphens, underscores and dots".to_owned(),
            }),
            Self::Region => holds(is_region(text), || Wrong {
                what: format!("{text:?} is no name of a region"),
                remedy: "write it as Azure spells it in `location`: \"swedencentral\"".to_owned(),
            }),
            Self::Duration => holds(duration(text).is_some(), || Wrong {
                what: format!("{name} {text:?} is not a duration like \"24h\""),
                remedy: "a number and s, m, h or d, up to 366d: \"90m\", \"24h\", \"14d\" or \"0s\""
                    .to_owned(),
            }),
            Self::Clean => holds(clean(text).is_some(), || not_clean(name, text)),
            Self::IdentityId => holds(identity(text).is_some(), || Wrong {
                what: format!("{text:?} is not the id of a user-assigned managed identity"),
                remedy: format!("write it as {ID_FORM}"),
            }),
            Self::IdentityName => holds(is_identity_name(text), || Wrong {
                what: format!("{text:?} is no name that Azure takes for an identity"),
                remedy: "3 to 128 letters, digits, hyphens and underscores, beginning with a letter or digit"
                    .to_owned(),
            }),
            Self::GroupName => holds(is_group_name(text), || {
                Wrong {
                what: format!("{text:?} is no name that Azure takes for a resource group"),
                remedy: "1 to 90 letters, digits, hyphens, underscores, parentheses and dots, and no dot at the end"
                    .to_owned(),
            }
            }),
            Self::Pattern => Pattern::parse(text).map(drop).map_err(|why| Wrong {
                what: format!("{text:?} is no pattern: {why}"),
                remedy: "a name with * for anything, or {word} for what is to be captured".to_owned(),
            }),
            Self::Template => Template::parse(text).map(drop).map_err(|why| Wrong {
                what: format!("{text:?} cannot be filled in: {why}"),
                remedy: "a name with {word} where something is to be filled in".to_owned(),
            }),
            Self::RowsFile => holds(is_rows_file(text), || Wrong {
                what: format!("{text:?} is no file of rows"),
                remedy: "name a file that ends in .csv or .json".to_owned(),
            }),
            Self::ApproversFile => holds(text.to_ascii_lowercase().ends_with(".toml"), || Wrong {
                what: format!("{text:?} is no file of approvers"),
                remedy: "name a file that ends in .toml".to_owned(),
            }),
            // What stands there may be a private key, and is not said back.
            Self::PublicKey => holds(PublicKey::parse(text).is_some(), || Wrong {
                what: format!("one of {name} is no Ed25519 public key of OpenSSH"),
                remedy: "write the line of its .pub file; ssh-keygen -t ed25519 makes a key".to_owned(),
            }),
            Self::Share | Self::Hours | Self::Zone | Self::Date => self.check_time(name, text),
            Self::OneOf(known) => holds(known.contains(&text), || Wrong {
                what: format!("{name} cannot be {text:?}"),
                remedy: match nearest(text, known.iter().copied()) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("known are: {}", known.join(", ")),
                },
            }),
        }
    }

    /// The same for shares, hours, zones and dates.
    fn check_time(&self, name: &str, text: &str) -> Result<(), Wrong> {
        match self {
            Self::Share => holds(percent(text).is_some(), || Wrong {
                what: format!("{name} {text:?} is no share"),
                remedy: "write it like \"10%\", from 1% to 100%".to_owned(),
            }),
            Self::Hours => holds(times::hours(text).is_some(), || Wrong {
                what: format!("{name} {text:?} are no hours of a day"),
                remedy: "write them like \"07:00-16:00\"; they may go over midnight".to_owned(),
            }),
            Self::Zone => holds(times::zone(text).is_some(), || no_zone(text)),
            Self::Date => holds(times::date(text).is_some(), || Wrong {
                what: format!("{text:?} is no date"),
                remedy: "write it like \"2026-12-11\", \"2026-12-11T06:00\" or \"2026-12-11T06:00Z\""
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

fn holds(fits: bool, wrong: impl FnOnce() -> Wrong) -> Result<(), Wrong> {
    if fits { Ok(()) } else { Err(wrong()) }
}

pub(super) fn is_readable(version: &str) -> bool {
    version.split('.').next() == Some(FORMAT_MAJOR)
}

fn is_batch_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// `swedencentral`, or as portals show it: `Sweden Central`.
fn is_region(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
}

/// Source: Microsoft's "Naming rules and restrictions for Azure resources", userAssignedIdentities.
fn is_identity_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    (3..=128).contains(&text.len()) && begins && text.bytes().all(fits)
}

/// Source: the same, resourcegroups.
fn is_group_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '(' | ')' | '.');
    (1..=90).contains(&text.chars().count()) && text.chars().all(fits) && !text.ends_with('.')
}

fn is_rows_file(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.ends_with(".csv") || lower.ends_with(".json")
}

/// Subscription, resource group and name of an identity, from its ARM id.
pub(super) fn identity(id: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = id.split('/').collect();
    let ["", s, subscription, g, group, p, provider, kind, name] = parts[..] else { return None };
    let words = [
        (s, "subscriptions"),
        (g, "resourceGroups"),
        (p, "providers"),
        (provider, "Microsoft.ManagedIdentity"),
        (kind, "userAssignedIdentities"),
    ];
    let fits = words.iter().all(|(is, word)| is.eq_ignore_ascii_case(word))
        && [subscription, group, name].iter().all(|part| !part.is_empty());
    fits.then_some((subscription, group, name))
}

/// A share like `10%`.
pub(crate) fn percent(text: &str) -> Option<usize> {
    text.strip_suffix('%')?.parse().ok().filter(|percent| (1..=100).contains(percent))
}

/// A duration like `24h`, `90m`, `1d` or `0s`, in milliseconds.
pub(crate) fn duration(text: &str) -> Option<u64> {
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
    number.checked_mul(unit).filter(|ms| *ms <= DURATION_MAX_MS)
}

fn no_zone(text: &str) -> Wrong {
    let remedy = match nearest(text, times::zones()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "write it like \"Europe/Stockholm\", \"UTC\" or \"+01:00\"".to_owned(),
    };
    Wrong { what: format!("{text:?} is no time zone"), remedy }
}

fn not_clean(name: &str, text: &str) -> Wrong {
    Wrong {
        what: format!("{name} {text:?} is not a duration like \"24h\""),
        remedy: "a number and s, m, h or d, up to 366d: \"24h\", \"24h clean\" or \"0s\"".to_owned(),
    }
}

/// For how long a wave has to have been through, `24h` or `24h clean`, in milliseconds.
pub(super) fn clean(text: &str) -> Option<u64> {
    duration(text.strip_suffix(" clean").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_azure_takes_is_taken_and_nothing_else() {
        let takes = |rule: Rule, text: &str| rule.check("it", text).is_ok();
        for text in ["id-a", "1_b", "abc"] {
            assert!(takes(Rule::IdentityName, text), "{text}");
        }
        for text in ["", "ab", "-abc", "a.b", "ü-abc", "a b"] {
            assert!(!takes(Rule::IdentityName, text), "{text}");
        }
        assert!(takes(Rule::GroupName, "rg-(a)_b.c") && takes(Rule::GroupName, "rg-ü"));
        assert!(
            !takes(Rule::GroupName, "rg.") && !takes(Rule::GroupName, "a/b") && !takes(Rule::GroupName, "")
        );
        assert!(
            takes(Rule::Region, "Sweden Central") && !takes(Rule::Region, " ") && !takes(Rule::Region, "a/b")
        );
        for text in ["0s", "90m", "24h", "366d"] {
            assert!(takes(Rule::Duration, text), "{text}");
        }
        for text in ["", "24", "h", "-1h", "1w", "367d", "99999999999999999999s", "1h30m"] {
            assert!(!takes(Rule::Duration, text), "{text}");
        }
    }

    #[test]
    fn an_id_is_taken_in_whatever_case_it_is_written() {
        let id =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n";
        assert_eq!(identity(id), Some(("s", "g", "n")));
        assert_eq!(identity(&id.to_uppercase()), Some(("S", "G", "N")));
        for other in ["/subscriptions/s", &id[1..], &format!("{id}/x"), &id.replace("/g/", "//")] {
            assert_eq!(identity(other), None, "{other}");
        }
    }
}
