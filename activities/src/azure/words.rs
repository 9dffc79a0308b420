//! Azure: text from outside, made fit for a log and a terminal. Pure.

/// A message from outside is at most this long in a log.
const MESSAGE_MAX: usize = 600;

/// A code from outside is at most this long.
const CODE_MAX: usize = 100;

/// What stands for a secret that was taken out.
const HIDDEN: &str = "[hidden]";

/// What is shorter is no secret, and may be a word.
const SECRET_MIN: usize = 6;

/// What stands alone before the host of a URL is a name, if it is shorter.
const LONE_MIN: usize = 16;

/// What a secret follows, in lower case.
const BEFORE_SECRETS: [&str; 32] = [
    "sig=",
    "sig%3d",
    "accountkey=",
    "accesskey=",
    "sharedaccesskey=",
    "sharedaccesssignature=",
    "password=",
    "password:",
    "password: ",
    "passwd=",
    "passphrase=",
    "pwd=",
    "pwd: ",
    "secret=",
    "secret:",
    "secret: ",
    "client_secret=",
    "client_assertion=",
    "assertion=",
    "token=",
    "token: ",
    "apikey=",
    "api_key=",
    "api-key=",
    "api-key: ",
    "code=",
    "secret\":\"",
    "token\":\"",
    "password\":\"",
    "password\": \"",
    "bearer ",
    "basic ",
];

/// A PEM block begins and ends so.
const PEM: [&str; 2] = ["-----begin ", "-----end "];

/// What stands in every secret that Entra ID makes for an application, behind three characters and a digit.
const ENTRA: &str = "q~";

/// So many characters follow that at least.
const ENTRA_MIN: usize = 31;

/// Text from outside: one line, cut to a length, without what steers a terminal or keeps secrets.
pub(crate) fn plain(text: &str) -> String {
    // Secrets are looked for before it is cut, so that half of one is not taken for a word.
    let one_line: String =
        text.chars().take(MESSAGE_MAX * 8).map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    let clean: String = without_secrets(&one_line).chars().take(MESSAGE_MAX).collect();
    clean.trim().to_owned()
}

/// A code from outside: a word.
pub(crate) fn code(text: &str) -> String {
    let word = plain(text).chars().filter(|c| c.is_ascii_graphic()).take(CODE_MAX).collect::<String>();
    if word.contains(HIDDEN) { "Unreadable".to_owned() } else { word }
}

/// An error with everything that caused it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether a character steers a terminal, turns the direction of writing or cannot be seen.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with every secret hidden that gives itself away.
pub fn without_secrets(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(here) = lower.get(at..) {
        let Some((from, length)) = secret(here) else { break };
        out.push_str(text.get(at..at + from).unwrap_or_default());
        if length > 0 {
            out.push_str(HIDDEN);
        }
        at += from + length;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The first secret in a text of small letters: where it begins and how long it is.
fn secret(lower: &str) -> Option<(usize, usize)> {
    let marked = BEFORE_SECRETS.iter().flat_map(|mark| {
        let ends = lower.match_indices(mark).map(|(at, _)| (at, at + mark.len()));
        let found = ends.map(|(at, end)| {
            let (skipped, length) = marked_value(&lower[end..]);
            (at, end + skipped, length)
        });
        found
            .filter(|(at, _, length)| counts(lower, *at, mark, *length))
            .map(|(_, from, length)| (from, length))
    });
    // A token of Entra ID, wherever it stands: the beginning of `{"` in base64, with two more parts.
    let tokens = lower.match_indices("eyj").map(|(at, _)| (at, value(&lower[at..])));
    let tokens = tokens.filter(|(at, length)| *length > 20 && lower[*at..at + length].contains('.'));
    let bare = lower.match_indices(ENTRA).filter_map(|(at, _)| entra(lower, at));
    let urls = lower.match_indices("://").filter_map(|(at, mark)| password_of_url(lower, at + mark.len()));
    marked.chain(tokens).chain(bare).chain(urls).chain(pem(lower)).min_by_key(|(at, _)| *at)
}

/// A secret that Entra ID made for an application: `abc8Q~` and 31 characters or more.
fn entra(lower: &str, at: usize) -> Option<(usize, usize)> {
    let of_it = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'.' | b'-');
    let bytes = lower.as_bytes();
    let from = at.checked_sub(4)?;
    let begins = bytes[from..at - 1].iter().all(of_it) && bytes[at - 1].is_ascii_digit();
    let after = bytes[at + ENTRA.len()..].iter().take_while(|b| of_it(b)).count();
    (begins && after >= ENTRA_MIN).then_some((from, at + ENTRA.len() + after - from))
}

/// The password in `scheme://user:password@host`, or what stands alone there and is long enough to be one.
fn password_of_url(lower: &str, from: usize) -> Option<(usize, usize)> {
    let rest = &lower[from..];
    let end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>');
    let authority = &rest[..rest.find(end).unwrap_or(rest.len())];
    let user_info = &authority[..authority.rfind('@')?];
    match user_info.find(':') {
        Some(colon) => Some((from + colon + 1, user_info.len() - colon - 1)),
        None => (user_info.len() >= LONE_MIN && user_info != HIDDEN).then_some((from, user_info.len())),
    }
    .filter(|(at, length)| *length > 0 && &lower[*at..at + length] != HIDDEN)
}

/// A PEM block, whole, or to the end of a text that was cut.
fn pem(lower: &str) -> Option<(usize, usize)> {
    let from = lower.find(PEM[0])?;
    let rest = &lower[from..];
    let last = rest.find(PEM[1]).map(|at| at + PEM[1].len());
    let end = last.and_then(|at| rest[at..].find("-----").map(|dashes| at + dashes + "-----".len()));
    Some((from, end.unwrap_or(rest.len())))
}

/// Where the value behind a mark begins, and how long it is: a word, or all that is quoted.
fn marked_value(text: &str) -> (usize, usize) {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => (1, text[1..].find(quote).unwrap_or(text.len() - 1)),
        _ => (0, value(text)),
    }
}

/// `code=` counts in a query only (`statusCode=` is a word), `basic` only before what is no word, and a secret of an
/// application however short it is.
fn counts(lower: &str, at: usize, mark: &str, length: usize) -> bool {
    let before = lower[..at].chars().next_back();
    match mark {
        "client_secret=" => length > 0,
        _ if length < SECRET_MIN => false,
        "code=" => matches!(before, Some('?' | '&')),
        "bearer " | "basic " => length >= 16 && !before.is_some_and(char::is_alphanumeric),
        _ => true,
    }
}

/// How long the word at the beginning is.
fn value(text: &str) -> usize {
    let end =
        |c: char| c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | '<' | '>' | ')' | '[');
    text.find(end).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_cannot_be_seen_is_taken_out() {
        let hostile = "a\u{1b}]0;x\u{7}b\nc\u{202e}d\u{2066}e\u{200b}f\u{2028}g\u{9b}31mh\u{feff}";
        assert_eq!(plain(hostile), "a ]0;x b c d e f g 31mh");
        assert_eq!(code("Bad\u{1b}[2J Code"), "Bad[2JCode");
        assert_eq!(plain(&"x".repeat(5_000)).len(), MESSAGE_MAX);
    }

    #[test]
    fn secrets_that_azure_says_back_are_hidden_and_the_words_around_them_stay() {
        for (said, kept) in [
            (
                "GET https://a.blob/x?sv=1&sig=AbC%2Bdef123&se=2 failed",
                "GET https://a.blob/x?sv=1&sig=[hidden]&se=2 failed",
            ),
            ("url%3Fsig%3DAbCdef123", "url%3Fsig%3D[hidden]"),
            ("Authorization: Bearer abc.def-ghi_jklmno rejected", "Authorization: Bearer [hidden] rejected"),
            ("token eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2lnbmF0dXJl is old", "token [hidden] is old"),
            ("AccountName=a;AccountKey=k3y/k3y==;Suffix=x", "AccountName=a;AccountKey=[hidden];Suffix=x"),
            ("{\"client_secret\":\"s3cr3t-s3cr3t\"}", "{\"client_secret\":\"[hidden]\"}"),
            ("POST /api/f?code=longfunctionkey&x=1", "POST /api/f?code=[hidden]&x=1"),
            ("Server=x;Password=hunter22;Pwd=hunter22", "Server=x;Password=[hidden];Pwd=[hidden]"),
            ("two: sig=aaaaaa sig=bbbbbb", "two: sig=[hidden] sig=[hidden]"),
            ("client_secret=x and on", "client_secret=[hidden] and on"),
            ("password='two words', then", "password='[hidden]', then"),
            ("{\"password\": \"hunter2\"}", "{\"password\": \"[hidden]\"}"),
            ("is password: hunter2 still", "is password: [hidden] still"),
            ("git clone https://me:pw@x.example/r", "git clone https://me:[hidden]@x.example/r"),
            ("redis://:p@ss@cache.example:6379", "redis://:[hidden]@cache.example:6379"),
            ("https://0123456789abcdef0123@x.example/", "https://[hidden]@x.example/"),
            ("it was abc8Q~0123456789abcdefABCDEF0123456789~_. once", "it was [hidden] once"),
            (
                "k: -----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB\n-----END RSA PRIVATE KEY----- end",
                "k: [hidden] end",
            ),
            ("k: -----BEGIN PRIVATE KEY-----\nAAAA", "k: [hidden]"),
        ] {
            assert_eq!(plain(said), kept);
            assert_eq!(plain(kept), kept, "masking twice is masking once");
        }
        for word in [
            "statusCode=NotFound",
            "a basic subscription is needed",
            "design=modern",
            "eyj",
            "BEARER",
            "ssh://git@x.example/r",
            "ask ada@contoso.example: https://x.example/a",
            "abc8Q~short",
            "secret: no",
        ] {
            assert_eq!(plain(word), word);
        }
    }

    #[test]
    fn a_secret_at_the_place_where_the_text_is_cut_does_not_get_through() {
        let said = format!("{}sig={}", "x".repeat(MESSAGE_MAX - 8), "s".repeat(500));
        assert!(!plain(&said).contains("sss"), "{}", plain(&said));
    }
}
