//! A log that cannot be read while somebody looks at its pages: they are told so and since when, nothing that is shown is taken for
//! what is, and what came meanwhile is told afterwards.

use super::browser::Served;
use super::doors::approved;
use crate::storage::strangers::edit;
use crate::support::rehome::{Rehome, text};
use std::fs::rename;

fn events(rehome: &Rehome) -> u64 {
    rehome.json(&["status"])["log"]["events"].as_u64().expect("a number")
}

fn note(rehome: &Rehome) {
    rehome.say(&["note", "minimal", "--text", "told on Monday"]).expect(0);
}

#[test]
fn a_log_that_is_moved_away_is_told_at_once_and_goes_on_where_it_was_when_it_is_back() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    let before = events(&rehome);
    let mut live = served.live("", &format!("?after={before}"));
    rename(rehome.path("rehome.db"), rehome.path("away.db")).expect("moved");
    let words = text(&live.of("unread").content["words"]).to_owned();
    assert!(words.starts_with("The log cannot be read since 2"), "{words}");
    assert!(words.contains("not there any more") && words.contains("as it was then"), "{words}");
    for path in ["/", "/b/minimal", "/record", "/e/1"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 503, "{path}");
        assert!(
            answer.body.contains("The log cannot be read") && !answer.body.contains("of 1 move"),
            "{path}"
        );
    }
    // Who comes now and says nothing of what it had is told what comes from now on, and not nothing for ever.
    let mut later = served.live("", "");
    assert!(text(&later.of("unread").content["words"]).contains("since 2"));
    rename(rehome.path("away.db"), rehome.path("rehome.db")).expect("moved back");
    // Until it can be read again; meanwhile another reason may be told.
    for stream in [&mut live, &mut later] {
        while !stream.of("unread").content["words"].is_null() {}
    }
    note(&rehome);
    for stream in [&mut live, &mut later] {
        assert_eq!(stream.next().expect("the stream goes on").0, before + 1, "none is missed");
    }
    assert!(served.page("/b/minimal").contains("minimal"));
}

#[test]
fn another_log_in_the_place_of_the_one_that_is_shown_is_never_taken_for_it() {
    let (_azure, rehome) = approved();
    rehome.say(&["db", "backup", "copy.db"]).expect(0);
    let served = Served::of(&rehome, &[]);
    let mut live = served.live("", "?after=0");
    rename(rehome.path("copy.db"), rehome.path("rehome.db")).expect("replaced");
    let words = text(&live.of("unread").content["words"]).to_owned();
    assert!(words.contains("another file was put in its place"), "{words}");
    assert_eq!(served.get("/").status, 503);
}

#[test]
fn an_event_that_is_damaged_is_told_to_a_page_that_would_be_told_it_and_is_on_no_page() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    edit(&rehome, "UPDATE event SET body = CAST('{}' AS BLOB) WHERE position = 2");
    let words = text(&served.live("", "?after=0").of("unread").content["words"]).to_owned();
    assert!(words.contains("the event at position 2 is damaged"), "{words}");
    assert_eq!(served.get("/e/2").status, 503);
    assert_eq!(served.get("/record").status, 503);
}

#[test]
fn who_comes_back_with_a_place_that_the_log_does_not_have_is_told_so() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    let end = events(&rehome);
    let told = served.live("last-event-id: 999999\r\n", "").of("shorter");
    assert_eq!(told.id, Some(end), "from there on it goes on");
    for (head, after) in [("last-event-id: x\r\n", ""), ("", "?after=-1"), ("", "?after=")] {
        let head = format!("host: {}\r\ncookie: {}\r\n{head}", served.host, served.cookie);
        assert_eq!(served.asked("GET", &format!("/live{after}"), &head, "").status, 400, "{head}{after}");
    }
}

#[test]
fn pages_that_are_read_all_the_while_leave_a_run_and_its_log_as_they_are() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let mut runner = rehome.start(&["run", "plan.json", "--yes"]);
    let mut pages = 0;
    let ended = loop {
        for path in ["/", "/b/minimal", &format!("/m/{run}"), "/record"] {
            served.page(path);
            pages += 1;
        }
        if let Some(ended) = runner.try_wait().expect("it can be asked") {
            break ended;
        }
    };
    assert_eq!((ended.code(), pages > 3), (Some(11), true), "only people are left, after {pages} pages");
    rehome.say(&["audit", "verify"]).expect(0);
    let files = ["rehome.db", "rehome.db.anchor", "rehome.db.key"];
    let bytes = || files.map(|file| std::fs::read(rehome.path(file)).expect(file));
    let before = bytes();
    for path in ["/", "/b/minimal", "/record"] {
        served.page(path);
    }
    assert!(before == bytes(), "nothing is written");
}
