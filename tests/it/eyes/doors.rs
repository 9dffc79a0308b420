//! Who comes in to the pages, and who does not: the link, its thief, other names, other pages, requests that are too large.

use super::browser::Served;
use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::Rehome;

/// A log with one approved move.
pub(crate) fn approved() -> (Azure, Rehome) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

#[test]
fn the_link_lets_one_browser_in_and_a_thief_of_it_is_told_of_on_the_terminal() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    assert!(served.page("/").contains("minimal"));
    let link = format!("/in?token={}", served.token);
    let thief = served.asked("GET", &link, &format!("host: {}\r\n", served.host), "");
    assert_eq!(thief.status, 403);
    assert!(thief.body.contains("used before") && thief.header("set-cookie").is_empty(), "{}", thief.body);
    assert_eq!(served.get(&link).status, 303, "whoever is in goes on");
    let told = served.end();
    assert!(told.contains("signed in") && told.contains("after it was used"), "{told}");
}

#[test]
fn who_has_no_cookie_or_another_one_sees_nothing_of_the_log() {
    let (_azure, rehome) = approved();
    let served = Served::unopened(&rehome, &[]);
    let port = served.host.rsplit(':').next().expect("a port").to_owned();
    for cookie in [String::new(), format!("rehome-{port}="), format!("rehome-{port}={}", "0".repeat(64))] {
        for path in ["/", "/b/minimal", "/record", "/approvals", "/live", "/e/1", "/nothing"] {
            let head = format!("host: {}\r\ncookie: {cookie}\r\n", served.host);
            let answer = served.asked("GET", path, &head, "");
            assert_eq!(answer.status, 401, "{path} with {cookie:?}");
            assert!(!answer.body.contains("minimal"), "{}", answer.body);
        }
    }
    let wrong = served.asked("GET", "/in?token=1", &format!("host: {}\r\n", served.host), "");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
}

#[test]
fn a_name_that_somebody_points_here_and_a_page_from_elsewhere_are_not_answered() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &["--allow-actions"]);
    for host in ["rebound.example", "localhost", "127.0.0.1", "rebound.example:80"] {
        let answer = served.asked("GET", "/", &format!("host: {host}\r\ncookie: {}\r\n", served.cookie), "");
        assert_eq!(answer.status, 421, "{host}");
        assert!(!answer.body.contains("minimal"), "{host}: {}", answer.body);
        let link = format!("/in?token={}", served.token);
        assert_eq!(served.asked("GET", &link, &format!("host: {host}\r\n"), "").status, 421, "{host}");
    }
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let answer =
            served.asked("POST", "/act", &served.form_head(origin), "act=pause&select=minimal&reason=x");
        assert_eq!(answer.status, 403, "{origin}");
        let head = format!("host: {}\r\ncookie: {}\r\norigin: {origin}\r\n", served.host, served.cookie);
        assert_eq!(served.asked("GET", "/live", &head, "").status, 403, "{origin}");
    }
    let near = format!("host: {}\r\ncookie: {}\r\nsec-fetch-site: same-site\r\n", served.host, served.cookie);
    assert_eq!(served.asked("GET", "/live", &near, "").status, 403, "another port of this machine");
    // A form without the word that only these pages carry.
    assert_eq!(served.post("act=pause&select=minimal&reason=x&secret=").status, 403);
    let events = rehome.json(&["status"])["log"]["events"].clone();
    drop(served);
    assert_eq!(rehome.json(&["status"])["log"]["events"], events, "nothing was recorded");
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it_and_no_two_share_a_nonce() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    let mut nonces = Vec::new();
    for path in ["/", "/b/minimal", "/approvals", "/record", "/e/1", "/nothing"] {
        let answer = served.get(path);
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        let nonce =
            policy.split_once("style-src 'nonce-").map(|(_, rest)| rest[..32].to_owned()).expect("a nonce");
        assert!(answer.body.contains(&format!("<style nonce=\"{nonce}\">")), "{path}");
        assert!(!answer.body.contains(" style=") && !answer.body.contains(" onclick"), "{path}");
        // SVG's own name is no address that anything is loaded from.
        let addresses = answer.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!addresses.contains("src=\"http") && !addresses.contains("url(http"), "{path}");
        assert!(answer.body.len() < 150_000, "{path}: {}", answer.body.len());
        nonces.push(nonce);
    }
    let count = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), count);
}

#[test]
fn what_is_too_large_is_refused_and_other_machines_cannot_reach_the_pages() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &["--allow-actions"]);
    let large =
        format!("host: {}\r\ncookie: {}\r\nx: {}\r\n", served.host, served.cookie, "x".repeat(64 << 10));
    let answer = served.asked("GET", "/", &large, "");
    assert!([0, 431].contains(&answer.status) && !answer.body.contains("minimal"), "{}", answer.status);
    let body = format!("act=note&select=minimal&reason={}", "x".repeat(32 << 10));
    assert!([0, 413].contains(&served.post(&body).status));
    assert!(served.page("/").contains("minimal"), "it goes on");
    let refused = rehome.say(&["serve", "--listen", "0.0.0.0:0"]).expect(2);
    assert!(refused.err.contains("other machines could reach"), "{}", refused.err);
}
