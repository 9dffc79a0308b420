//! Engine: secrets that are known by the form in which they stand: something is called a secret, and its value follows.

use super::looks::{self, HIDDEN, MASKED};
use std::ops::Range;

/// How sure a name is: what follows the first sort is a secret whatever it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// `password`, `client_secret`.
    Surely,
    /// `key`, `token`: also words of everyday use, so a plain word after them is none.
    Perhaps,
    /// `code`, `sig`: parts of a query, and else words.
    InQuery,
}

/// Endings of names that are surely those of secrets; without hyphens, underscores, dots and spaces.
const SURELY: [&str; 27] = [
    "sig",
    "pass",
    "passcode",
    "creds",
    "connstr",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "connectionstring",
    "sharedaccesssignature",
    "accountkey",
    "accesskey",
    "sharedkey",
    "apikey",
    "subscriptionkey",
    "functionskey",
    "functionkey",
    "masterkey",
    "privatekey",
    "storagekey",
    "primarykey",
    "secondarykey",
    "clientassertion",
    "authorization",
    "credentials",
];

/// The same, as whole names.
const SURELY_ALONE: [&str; 5] = ["pw", "sas", "assertion", "cookie", "setcookie"];

/// Endings of names that may be those of secrets.
const PERHAPS: [&str; 5] = ["key", "token", "credential", "signature", "webhook"];

/// Endings of names that only look like that.
const NEVER: [&str; 12] = [
    "bypass",
    "compass",
    "surpass",
    "partitionkey",
    "rowkey",
    "publickey",
    "routingkey",
    "sortkey",
    "foreignkey",
    "primarykeycolumn",
    "tagkey",
    "sshpublickey",
];

/// So much of a name is looked at.
const NAME_MAX: usize = 60;

impl Named {
    /// What sort of a name this is, if that of a secret.
    pub(super) fn of(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let ends = |ends: &[&str]| ends.iter().any(|end| plain.ends_with(end));
        if ends(&NEVER) {
            None
        } else if ends(&SURELY) || SURELY_ALONE.contains(&plain.as_str()) {
            Some(Self::Surely)
        } else if plain == "code" {
            Some(Self::InQuery)
        } else if ends(&PERHAPS) {
            Some(Self::Perhaps)
        } else {
            None
        }
    }
}

/// What stands between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    /// `=`, also written `%3D`, or the end of an XML tag.
    Equals,
    /// `:`, also written `%3A`.
    Colon,
    /// ` is `, in a sentence.
    Is,
    /// Nothing: the password 'in quotes'.
    Quote,
}

/// Every secret that follows its name.
pub(super) fn spans(text: &str, lower: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for (at, _) in lower.match_indices(['=', ':', '>']) {
        let between = if lower[at..].starts_with(':') { Between::Colon } else { Between::Equals };
        let after = at + 1 + usize::from(lower[at..].starts_with("=>"));
        out.extend(follows(text, lower, at, after, between));
    }
    for (mark, between) in [("%3d", Between::Equals), ("%3a", Between::Colon), ("%253d", Between::Equals)] {
        for (at, _) in lower.match_indices(mark) {
            out.extend(follows(text, lower, at, at + mark.len(), between));
        }
    }
    for (mark, between) in
        [(" is ", Between::Is), (" was ", Between::Is), (" '", Between::Quote), (" \"", Between::Quote)]
    {
        for (at, _) in lower.match_indices(mark) {
            let after = if between == Between::Quote { at + 1 } else { at + mark.len() };
            out.extend(follows(text, lower, at, after, between));
        }
    }
    out.extend(
        lower.match_indices("bearer ").filter_map(|(at, mark)| scheme(text, lower, at, at + mark.len())),
    );
    out.extend(
        lower.match_indices("basic ").filter_map(|(at, mark)| scheme(text, lower, at, at + mark.len())),
    );
    out.extend(flags(text, lower));
    out
}

/// The value behind a name that ends at `at`, if that is the name of a secret.
fn follows(text: &str, lower: &str, at: usize, after: usize, between: Between) -> Option<Range<usize>> {
    let (name, start) = match lower[at..].starts_with('>') {
        true => element(lower, at)?,
        false => name_before(lower, at)?,
    };
    let named = pair(lower, name, start).or_else(|| Named::of(name))?;
    let (value, quoted) = value(lower, after, named_scheme(name));
    let said = &text[value.clone()];
    let word = is_word(said);
    let counts = match (named, between) {
        _ if is_harmless(said) => false,
        (Named::InQuery, Between::Equals) => said.len() >= 6 && lower[..start].ends_with(['?', '&']),
        (Named::InQuery, _) => false,
        (Named::Surely, Between::Equals) => true,
        (Named::Surely, Between::Colon) => quoted || said.len() >= 6,
        (Named::Surely, Between::Is) => quoted || said.len() >= 6 && !word && has_digit(said),
        (Named::Perhaps, Between::Equals) => said.len() >= 6 && !word,
        (Named::Surely, Between::Quote) => name.ends_with("word") || name.ends_with("passphrase"),
        (Named::Perhaps, Between::Colon) => {
            let made = has_digit(said) || quoted && !said.contains(' ');
            said.len() >= 6 && !word && made && !is_spelt(said)
        }
        (Named::Perhaps, Between::Is | Between::Quote) => false,
    };
    counts.then_some(value)
}

/// The name of the element whose tag ends here: `<db:password kind="x">`.
fn element(lower: &str, at: usize) -> Option<(&str, usize)> {
    let start = lower[..at].rfind('<')? + 1;
    let name = lower[start..at].split([' ', '\t', '\n', '/']).next()?;
    (!name.is_empty() && name.len() <= NAME_MAX).then_some((name, start))
}

/// `"name": "db-password", "value": "..."`: a pair of a name and a value, in JSON, XML or a list of settings.
fn pair(lower: &str, name: &str, start: usize) -> Option<Named> {
    const REACH: usize = 90;
    if name != "value" {
        return None;
    }
    let mut from = start.saturating_sub(REACH);
    while !lower.is_char_boundary(from) {
        from += 1;
    }
    let before = &lower[from..start];
    // The last text in quotes before it, behind what calls it a name.
    let words: Vec<&str> =
        before.split(['"', '\'', '\\', '=', ':', ',', ' ', '{']).filter(|w| !w.is_empty()).collect();
    // Azure lists keys so: `"keyName": "key1", "permissions": "Full", "value": "..."`.
    if words.iter().rev().take(6).any(|word| *word == "keyname") {
        return Some(Named::Surely);
    }
    let called = |at: &usize| matches!(words[*at], "name" | "key" | "displayname");
    let at = (0..words.len().saturating_sub(1)).rev().find(called)?;
    Named::of(words[at + 1]).filter(|_| words.len() <= at + 3)
}

/// The name before a sign, and where it begins: quotes and their escapes are left out, spaces inside it are not.
fn name_before(lower: &str, at: usize) -> Option<(&str, usize)> {
    let before = lower[..at].trim_end_matches([' ', '\t', ':']);
    let quotes = ["%22", "%2522", "&quot;", "&#34;", "&#x22;", "\\u0022"];
    let before = quotes.iter().find_map(|quote| before.strip_suffix(quote)).unwrap_or(before);
    let before = before.trim_end_matches(['"', '\'', '\\', '`', ']', '*']);
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let word = |text: &str| text.len() - text.trim_end_matches(of_name).len();
    let mut start = before.len() - word(before);
    // `%3Fsig`: what stands before it is an escape of a link, and no part of the name.
    if before[..start].ends_with('%') && before.len() - start > 2 {
        start += 2;
    }
    if start == before.len() {
        return None;
    }
    // The end of a long name says what it is; it is of ASCII.
    start = start.max(before.len().saturating_sub(NAME_MAX));
    // `account key`, `client secret`: one more word belongs to it.
    if let Some(rest) = before[..start].strip_suffix(' ') {
        let more = word(rest);
        let joined = &before[rest.len() - more..];
        if more > 0 && joined.len() <= NAME_MAX && Named::of(&before[start..]) < Named::of(joined) {
            start = rest.len() - more;
        }
    }
    Some((&before[start..], start))
}

impl PartialOrd for Named {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let rank = |named: &Self| match named {
            Self::InQuery => 0,
            Self::Perhaps => 1,
            Self::Surely => 2,
        };
        rank(self).partial_cmp(&rank(other))
    }
}

/// Whether what follows may begin with the name of a scheme, as in `Authorization: Basic ...`.
fn named_scheme(name: &str) -> bool {
    name.ends_with("authorization")
}

/// The value that begins here, and whether it stands in quotes.
fn value(lower: &str, from: usize, scheme: bool) -> (Range<usize>, bool) {
    let rest = &lower[from..];
    let mut start = from + rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let escapes = lower[start..].len() - lower[start..].trim_start_matches('\\').len();
    let quote = lower[start + escapes..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    if let Some(quote) = quote {
        start += escapes + 1;
        let end = quoted_end(&lower[start..], quote, escapes > 0);
        let inner = if scheme { behind_scheme(&lower[start..start + end]) } else { 0 };
        return (start + inner..start + end, true);
    }
    for quote in ["%22", "%2522", "&quot;", "&#34;", "&#x22;", "\\u0022"] {
        if let Some(encoded) = lower[start..].strip_prefix(quote) {
            start += quote.len();
            return (start..start + encoded.find(quote).unwrap_or(encoded.len()), true);
        }
    }
    if scheme {
        start += behind_scheme(&lower[start..]);
    }
    (start..start + bare_end(&lower[start..]), false)
}

/// Where a quoted text ends: at the same quote, which is escaped as it was at the beginning.
fn quoted_end(rest: &str, quote: char, escaped: bool) -> usize {
    let mut slashes = 0;
    for (at, c) in rest.char_indices() {
        if c == quote && (escaped || slashes % 2 == 0) {
            return at - if escaped { slashes } else { 0 };
        }
        slashes = if c == '\\' { slashes + 1 } else { 0 };
    }
    rest.len()
}

/// How much the name of a scheme takes, with the space behind it.
fn behind_scheme(rest: &str) -> usize {
    let schemes = [
        "bearer ",
        "basic ",
        "sharedkey ",
        "sharedaccesssignature ",
        "digest ",
        "negotiate ",
        "apikey ",
        "token ",
    ];
    schemes.iter().find(|scheme| rest.starts_with(*scheme)).map_or(0, |scheme| scheme.len())
}

/// Where a value without quotes ends.
fn bare_end(rest: &str) -> usize {
    let end = |c: char| {
        c.is_whitespace()
            || matches!(c, '&' | ';' | ',' | '"' | '\'' | '<' | '>' | ')' | ']' | '}' | '|' | '`')
    };
    // What was hidden before has a bracket at its end, which ends no value.
    let begins =
        [HIDDEN, MASKED].iter().find(|hidden| rest.starts_with(**hidden)).map_or(0, |hidden| hidden.len());
    let rest = &rest[begins..];
    let plain = rest.find(end).unwrap_or(rest.len());
    let encoded =
        ["%26", "%3b", "%22", "%2526", "\\n", "\\r", "\\\""].iter().filter_map(|mark| rest.find(mark)).min();
    begins + encoded.map_or(plain, |encoded| encoded.min(plain))
}

/// `Bearer ...` and `Basic ...` anywhere.
fn scheme(text: &str, lower: &str, at: usize, from: usize) -> Option<Range<usize>> {
    let apart = !lower[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    let value = from..from + bare_end(&lower[from..]);
    let said = &text[value.clone()];
    (apart && said.len() >= 8 && !is_word(said) && !is_harmless(said)).then_some(value)
}

/// `--password X`, `-p X`, `/pwd:X`, `-u name:X`: what is given to a command.
fn flags(text: &str, lower: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for (at, _) in lower.match_indices('-') {
        let apart = lower[..at].chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-');
        let name = lower[at..].trim_start_matches('-');
        let length =
            name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(name.len());
        let begins = lower.len() - name.len() + length;
        // A list of words gives each in quotes: `["--password", "..."]`.
        let gap = lower[begins..].trim_start_matches(['"', '\'', '\\', ',', ' ', '\t']);
        let from = lower.len() - gap.len();
        let between = &lower[begins..from];
        if !apart || length == 0 || !between.contains([' ', ',']) || gap.starts_with('-') {
            continue;
        }
        let value = from..from + bare_end(gap).min(gap.find('\\').unwrap_or(gap.len()));
        let said = &text[value.clone()];
        let counts = match &name[..length] {
            "p" => {
                said.len() >= 6
                    && !is_word(said)
                    && said.bytes().any(|b| b.is_ascii_alphabetic())
                    && has_digit(said)
                    && !said.contains(['/', ':'])
            }
            "u" | "user" => {
                let password = said.split_once(':').map_or("", |(_, password)| password);
                if !password.starts_with("//") && !password.starts_with(['[', '(']) {
                    out.push(value.end - password.len()..value.end);
                }
                false
            }
            name => match Named::of(name) {
                Some(Named::Surely) => true,
                Some(Named::Perhaps) => said.len() >= 6 && !is_word(said),
                Some(Named::InQuery) | None => false,
            },
        };
        if counts && !is_harmless(said) {
            out.push(value);
        }
    }
    out
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a text is a word as people write it, with what may stand behind one.
fn is_word(text: &str) -> bool {
    let word = text.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    let tail = word.get(1..).unwrap_or_default();
    word.bytes().all(|b| b.is_ascii_alphabetic())
        && (tail.bytes().all(|b| b.is_ascii_lowercase()) || word.len() < 4)
        || is_camel(word)
}

/// `InvalidAuthenticationToken`: words joined, each of some length.
fn is_camel(word: &str) -> bool {
    let humps = word.bytes().filter(u8::is_ascii_uppercase).count();
    word.len() >= 6 && word.bytes().all(|b| b.is_ascii_alphabetic()) && humps >= 1 && word.len() / humps >= 4
}

/// A name of parts in small letters, as resources have them: `rsa-key-2024`, `kv.prod`.
fn is_spelt(text: &str) -> bool {
    text.len() < 24
        && text.contains(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

/// What stands in the place of a secret and is none: nothing, a truth value, a place where one is kept.
fn is_harmless(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let plain = lower.trim_end_matches(['.', ',']);
    !text.bytes().any(|b| b.is_ascii_alphanumeric())
        || matches!(
            plain,
            "true"
                | "false"
                | "null"
                | "none"
                | "hidden"
                | "masked"
                | "redacted"
                | "undefined"
                | "yes"
                | "no"
        )
        || matches!(text, HIDDEN | MASKED)
        || text.starts_with("(known after")
        || lower.starts_with("@microsoft.keyvault(")
        || looks::is_address(text)
}
