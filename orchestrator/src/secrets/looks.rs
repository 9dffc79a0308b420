//! Engine: secrets that are known by their looks, wherever they stand.

use std::ops::Range;

/// What stands for a secret that was taken out.
pub const HIDDEN: &str = "[hidden]";

/// What stands for a secret in a copy of a resource.
pub(super) const MASKED: &str = "(masked)";

/// What begins like this was made by a service as a secret: the beginning, in small letters, and how many characters
/// follow at least.
const BEGINNINGS: [(&str, usize); 32] = [
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("glrt-", 16),
    ("gldt-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("akia", 16),
    ("asia", 16),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("sk-proj-", 16),
    ("sk-ant-", 16),
    ("aiza", 30),
    ("npm_", 30),
    ("pypi-", 30),
    ("dop_v1_", 30),
    ("shpat_", 24),
    ("hf_", 30),
    ("sg.", 40),
    ("ya29.", 20),
    ("whsec_", 20),
    ("dapi", 32),
];

/// Addresses whose path is a secret: who knows it may post there.
const HOOKS: [&str; 4] =
    ["hooks.slack.com/", "webhook.office.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"];

/// A PEM block begins and ends so.
const PEM: [&str; 2] = ["-----begin ", "-----end "];

/// What stands in every secret that Entra ID makes for an application, behind three characters and a digit.
const ENTRA: &str = "q~";

/// So many characters follow that at least.
const ENTRA_MIN: usize = 31;

/// Bits of surprise in a letter above which a long word was made by a machine; prose and names stay below.
const RANDOM_BITS: f64 = 4.2;

/// A shorter word than this is not judged by its looks.
const RANDOM_MIN: usize = 32;

/// What stands alone before the host of a URL is a name, if it is shorter.
const LONE_MIN: usize = 16;

/// What a word of hexadecimal digits is called, where it is not a key.
const DIGESTS: [&str; 14] = [
    "sha256",
    "sha1",
    "sha512",
    "digest",
    "hash",
    "thumbprint",
    "etag",
    "commit",
    "trace",
    "correlation",
    "requestid",
    "request id",
    "operation",
    "activity",
];

/// Where vaults are.
const VAULTS: [&str; 4] =
    ["vault.azure.net", "vault.usgovcloudapi.net", "vault.azure.cn", "managedhsm.azure.net"];

/// So far before a word it may say what it is.
const SAID_WITHIN: usize = 24;

/// Every secret that shows.
pub(super) fn spans(text: &str, lower: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    out.extend(pem(lower));
    out.extend(lower.match_indices("eyj").filter_map(|(at, _)| token(lower, at)));
    out.extend(lower.match_indices(ENTRA).filter_map(|(at, _)| entra(lower, at)));
    out.extend(lower.match_indices("://").filter_map(|(at, mark)| user_info(lower, at + mark.len())));
    for hook in HOOKS {
        out.extend(lower.match_indices(hook).map(|(at, _)| {
            let from = at + hook.len();
            let hidden = if lower[from..].starts_with(HIDDEN) { HIDDEN.len() } else { 0 };
            from..from + hidden + lower[from + hidden..].find(is_end).unwrap_or(lower.len() - from - hidden)
        }));
    }
    words(text, lower, &mut out);
    out
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ']' | '}' | ',' | ';' | '\\')
}

/// An id of Azure's, or a thing in a vault: names where a secret is, and is none.
pub(super) fn is_address(text: &str) -> bool {
    if text.contains(['?', ';', ' ']) {
        return false;
    }
    let host = text.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    text.starts_with("/subscriptions/")
        || host.is_some_and(|host| {
            !host.contains('@') && VAULTS.iter().any(|v| host.ends_with(&format!(".{v}")))
        })
}

/// A token of Entra ID: the beginning of `{"` in base64, with two more parts.
fn token(lower: &str, at: usize) -> Option<Range<usize>> {
    let apart = !lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    let length = lower[at..].find(|c: char| !is_token(c) && c != '.').unwrap_or(lower.len() - at);
    (apart && length > 20 && lower[at..at + length].contains('.')).then_some(at..at + length)
}

/// A secret that Entra ID made for an application: `abc8Q~` and 31 characters or more.
fn entra(lower: &str, at: usize) -> Option<Range<usize>> {
    let of_it = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'.' | b'-');
    let bytes = lower.as_bytes();
    let from = at.checked_sub(4)?;
    let begins = bytes[from..at - 1].iter().all(of_it) && bytes[at - 1].is_ascii_digit();
    let after = bytes[at + ENTRA.len()..].iter().take_while(|b| of_it(b)).count();
    (begins && after >= ENTRA_MIN).then_some(from..at + ENTRA.len() + after)
}

/// The password in `scheme://user:password@host`, or what stands alone there and is long enough to be one.
fn user_info(lower: &str, from: usize) -> Option<Range<usize>> {
    let rest = &lower[from..];
    let end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>');
    let authority = &rest[..rest.find(end).unwrap_or(rest.len())];
    let said = &authority[..authority.rfind('@')?];
    match said.find(':') {
        Some(colon) => Some(from + colon + 1..from + said.len()),
        None => (said.len() >= LONE_MIN).then_some(from..from + said.len()),
    }
}

/// PEM blocks, whole, or to the end of a text that was cut.
fn pem(lower: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(from) = lower[at..].find(PEM[0]).map(|found| at + found) {
        let rest = &lower[from..];
        let last = rest.find(PEM[1]).map(|at| at + PEM[1].len());
        let end = last.and_then(|at| rest[at..].find("-----").map(|dashes| at + dashes + "-----".len()));
        at = from + end.unwrap_or(rest.len());
        out.push(from..at);
    }
    out
}

fn is_token(c: char) -> bool {
    is_letter(c) || c == '='
}

/// What the words of keys are made of.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-')
}

/// Words that a machine made.
fn words(text: &str, lower: &str, out: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(from) = text[at..].find(is_letter).map(|found| at + found) {
        let length = text[from..].find(|c: char| !is_letter(c)).unwrap_or(text.len() - from);
        let padding = text[from + length..].bytes().take_while(|b| *b == b'=').count();
        at = from + length + if padding <= 2 { padding } else { 0 };
        let word = &text[from..at];
        let begins = |(beginning, more): &(&str, usize)| {
            let found =
                lower[from..at].strip_prefix(beginning).or_else(|| lower[from..].strip_prefix(beginning));
            found.is_some_and(|rest| {
                rest.bytes().take_while(|b| is_token(char::from(*b)) || *b == b'.').count() >= *more
            })
        };
        if BEGINNINGS.iter().any(begins) && made(word) {
            let end =
                lower[from..].find(|c: char| !is_token(c) && c != '.').map_or(lower.len(), |end| from + end);
            out.push(from..end);
            continue;
        }
        // What was encoded for a link: `%2B` and `%2F` are letters of a key.
        let after_escape = text[..from].ends_with('%');
        if !after_escape
            && word.len() >= RANDOM_MIN
            && !is_called_digest(lower, from, at)
            && !is_in_vault(lower, from, at)
        {
            random(text, from..at, out);
        }
    }
}

/// The keys of Amazon are of capitals; anything else with a known beginning has letters and digits.
fn made(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(&test);
    match word.get(..4) {
        Some("AKIA" | "ASIA") => word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        Some(start) if start.eq_ignore_ascii_case("akia") || start.eq_ignore_ascii_case("asia") => false,
        _ => has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase),
    }
}

/// A path of readable parts is as varied as a key, and is none.
fn random(text: &str, word: Range<usize>, out: &mut Vec<Range<usize>>) {
    let said = &text[word.clone()];
    if !said.contains('/') || said.contains('+') || said.ends_with('=') && !said.starts_with('/') {
        if is_random(said) {
            out.push(word);
        }
        return;
    }
    let mut from = word.start;
    for part in said.split('/') {
        if is_random(part) {
            out.push(from..from + part.len());
        }
        from += part.len() + 1;
    }
}

/// Whether a word looks like a key: long, and of letters that nobody chose.
fn is_random(word: &str) -> bool {
    let body = word.trim_end_matches('=');
    let has = |test: fn(&u8) -> bool| body.as_bytes().iter().any(&test);
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let padded = body.len() < word.len() && body.len() >= 20 && mixed;
    let hex =
        body.len() >= RANDOM_MIN && body.bytes().all(|b| b.is_ascii_hexdigit()) && has(u8::is_ascii_digit);
    let long = body.len() >= RANDOM_MIN && mixed && surprise(body) > RANDOM_BITS && !has_guid(body);
    // Tokens of Azure DevOps and others are of small letters or of capitals alone, in one piece.
    let one_case = has(u8::is_ascii_lowercase) != has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    let piece = body.len() >= RANDOM_MIN && body.bytes().all(|b| b.is_ascii_alphanumeric());
    padded || hex || long || piece && one_case && surprise(body) > RANDOM_BITS
}

/// Whether a name has the id of something in it, as many names that Azure makes do.
fn has_guid(word: &str) -> bool {
    let is_guid = |text: &str| {
        text.bytes()
            .enumerate()
            .all(|(n, b)| if matches!(n, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
    };
    word.as_bytes().windows(36).any(|part| std::str::from_utf8(part).is_ok_and(is_guid))
}

/// Whether what stands before a word of hexadecimal digits says that it is a digest or an id.
fn is_called_digest(lower: &str, from: usize, end: usize) -> bool {
    if !lower[from..end].bytes().all(|b| b.is_ascii_hexdigit()) {
        return false;
    }
    let mut near = from.saturating_sub(SAID_WITHIN);
    while !lower.is_char_boundary(near) {
        near += 1;
    }
    DIGESTS.iter().any(|name| lower[near..from].contains(name))
}

/// Whether a word is a part of the address of a thing in a vault: its version, which is no secret.
fn is_in_vault(lower: &str, from: usize, end: usize) -> bool {
    let begins = lower[..from].rfind(|c: char| is_end(c) || c == '(').map_or(0, |at| at + 1);
    let address = &lower[begins..end];
    !address.contains('?') && VAULTS.iter().any(|vault| address.contains(&format!(".{vault}/")))
}

fn surprise(word: &str) -> f64 {
    let mut counts = [0_u32; 256];
    word.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let all = f64::from(u32::try_from(word.len()).unwrap_or(u32::MAX));
    let share = |count: &u32| f64::from(*count) / all;
    counts.iter().filter(|c| **c > 0).map(|c| -share(c) * share(c).log2()).sum()
}
