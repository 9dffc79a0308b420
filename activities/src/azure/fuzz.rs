//! Azure: what must hold for every answer and every link; `tests/fuzz` looks for one where it does not. Pure.

use super::cloud::{caller, checked, described};
use super::errors::{self, Asked};
use super::graph::graph_url;
use super::paging;
use super::reader::{arm_url, polled};
use super::sanitize;
use super::transport::Answer;
use super::writer::{done, written_url};
use rehome_orchestrator::{Fault, Operation, Outcome};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use url::Url;

/// A status, headers and, behind an empty line, a body: whatever a server says, a write and a poll have one
/// of the outcomes that there are, with words that may go into a log.
pub fn answer(data: &[u8]) {
    let Some(answer) = parse(data) else { return };
    let base = Url::parse("https://management.azure.com/").expect("a URL");
    let wish = answer.retry_after();
    assert!(wish.is_none_or(|wish| wish <= Duration::from_secs(3_600)), "{wish:?}");
    if answer.is_success() {
        let written = done(&answer, &base);
        assert!(!matches!(written, Outcome::Retry { .. } | Outcome::Refused(_)), "{written:?}");
        plain(&written);
    }
    let operation = Operation { address: String::new(), after_ms: 1 };
    plain(&polled(&answer, &operation));
    let Ok(body) = answer.json() else { return };
    let asked = Asked { method: "PUT", path: "/x" };
    let fault = errors::fault(asked, answer.status, &body, answer.correlation());
    assert!(fault.correlation.as_ref().is_none_or(|c| c.chars().count() <= 64));
    assert!(!errors::row_of(asked, &fault).advice.is_empty(), "{fault}");
    plain(&Outcome::Refused(fault));
    drop(described(body, &base));
}

/// What an answer says of itself: `503`, `retry-after: 7`, an empty line, and its body.
fn parse(data: &[u8]) -> Option<Answer> {
    let at = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (head, body) = (data.get(..at)?, data.get(at + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let status: u16 = std::str::from_utf8(lines.next()?).ok()?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.take(16) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?.trim_ascii());
        let (name, value) = (HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
        headers.append(name, value);
    }
    Some(Answer::new(status, headers, body.to_vec()))
}

/// The body of an answer, as every reader gets it.
pub(crate) fn body(data: &[u8]) -> Option<serde_json::Value> {
    Answer::new(200, HeaderMap::new(), data.to_vec()).json().ok()
}

fn plain(outcome: &Outcome<serde_json::Value>) {
    let fits = |fault: &Fault| {
        let short = |text: &str| text.chars().count() <= 600 && !text.contains(char::is_control);
        assert!(short(&fault.message) && short(&fault.code), "{fault:?}");
    };
    match outcome {
        Outcome::Retry { why, .. } | Outcome::Refused(why) | Outcome::Unknown(why) => fits(why),
        Outcome::Applied(_) | Outcome::Accepted(_) => {}
    }
}

/// A text where an id, a link, a path or a token is expected: what becomes of it stays on the server and below
/// the place that it was meant for.
pub fn link(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let base = Url::parse("https://management.azure.com/").expect("a URL");
    if let Ok(next) = paging::next(&text, &base) {
        assert_eq!((next.origin(), next.username(), next.password()), (base.origin(), "", None));
    }
    if let Ok(url) = arm_url(&base, &text, &[("api-version", "1")]) {
        assert_eq!((url.origin(), url.query(), url.fragment()), (base.origin(), Some("api-version=1"), None));
        assert_eq!(url.path().split('/').count(), text.split('/').count(), "{url} of {text:?}");
    }
    let path = format!("groups/{text}");
    if let Ok(url) = graph_url(&base, &path) {
        assert_eq!((url.origin(), url.fragment()), (base.origin(), None));
        let parts = path.split('?').next().unwrap_or_default().split('/').count();
        assert!(url.path().starts_with("/v1.0/groups/"), "{url}");
        assert_eq!(url.path().split('/').count(), parts + 2, "{url} of {path:?}");
    }
    if let Ok(url) = graph_url(&base, &text) {
        assert!(url.origin() == base.origin() && url.path().starts_with("/v1.0/"), "{url} of {text:?}");
    }
    if let Ok(url) = written_url(&base, &format!("groups/{text}/members/x/$ref")) {
        assert!(url.path().ends_with("/members/x/$ref") && url.query().is_none(), "{url}");
    }
    if let Ok(url) = checked(&text) {
        let loopback = super::transport::is_loopback(&url);
        assert!(url.scheme() == "https" || loopback, "{url}");
    }
    drop(caller(&text));
    let words = sanitize::plain(&text);
    assert!(!words.contains(char::is_control) && words.chars().count() <= 600);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_climb_or_cut_the_path_short_are_refused_in_every_spelling() {
        let base = Url::parse("https://management.azure.com/").expect("a URL");
        for id in [
            "/a/..",
            "/a/%2e%2E/b",
            "/a\\..\\b",
            "/a/.",
            "/a/b\n",
            "/a#b",
            "/a?b",
            "a",
            "/a/.%2e/",
            "/.%2e  ",
        ] {
            assert!(arm_url(&base, id, &[]).is_err(), "{id:?}");
            assert!(
                graph_url(&base, &format!("groups{id}")).is_err() || id.contains('?') || id == "a",
                "{id:?}"
            );
            link(id.as_bytes());
        }
        for id in ["/a/b..c", "/a/...", "/a/%2F", "/a b/ä", "/a/%2e%2e%2e"] {
            assert!(arm_url(&base, id, &[]).is_ok(), "{id:?}");
            link(id.as_bytes());
        }
        assert!(written_url(&base, "groups/g?/members/x/$ref").is_err(), "it would be the whole group");
        for path in ["\\\\evil.example\\x", "//evil.example", "https:evil", "/x", "x/../../../y", "x#y"] {
            let url = graph_url(&base, path);
            assert!(url.as_ref().is_err() || url.is_ok_and(|u| u.host_str() == base.host_str()), "{path:?}");
            link(path.as_bytes());
        }
    }

    #[test]
    fn answers_that_fuzzing_found_have_an_outcome() {
        for data in [
            "202\nlocation: x\nretry-after: 99999999999999999999\n\n",
            "200\nretry-after: Wed, 21 Oct 9999 07:28:00 GMT\n\n{}",
            "409\n\n[\"error\"]",
            "500\nx-ms-request-id: \u{e9}\n\n{\"error\":{\"code\":\"\u{1b}\"}}",
        ] {
            answer(data.as_bytes());
        }
        let deep = format!("200\n\n{}1{}", "[".repeat(65), "]".repeat(65));
        assert!(parse(deep.as_bytes()).expect("an answer").json().is_err(), "it could not be read back");
        let deep = format!("200\n\n{}1{}", "[".repeat(64), "]".repeat(64));
        assert!(parse(deep.as_bytes()).expect("an answer").json().is_ok());
    }
}
