//! What the pages show: the facts of a log, as status and show have them; what happens while one looks; what people ask for.

use super::browser::{Answer, Served};
use super::doors::approved;
use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

/// The text of a page, without its marks.
pub(crate) fn plain(page: &str) -> String {
    let body = page.split_once("<main").map_or(page, |(_, body)| body);
    let mut out = String::new();
    for part in body.split('<') {
        out.push_str(part.split_once('>').map_or("", |(_, said)| said));
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The value of a field that a form hides.
fn secret(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"secret\" value=\"").expect("a form");
    rest.split('"').next().expect("a value").to_owned()
}

#[test]
fn the_pages_say_what_status_and_show_say_and_name_the_commands_that_help() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let status = rehome.json(&["status"]);
    let run = text(&status["moves"][0]["run"]).to_owned();
    let wait = &status["moves"][0]["waiting_for"][0];
    let served = Served::of(&rehome, &[]);
    let overview = plain(&served.page("/"));
    let batch = plain(&served.page("/b/minimal"));
    let one = served.page(&format!("/m/{run}"));
    for page in [&overview, &batch, &plain(&one)] {
        assert!(page.contains("needs-person") && page.contains(text(&wait["title"])), "{page}");
        assert!(page.contains(text(&wait["unblock_with"][0])), "the command is there to be copied: {page}");
    }
    let done = format!("{} of {}", status["moves"][0]["done"], status["moves"][0]["total"]);
    assert!(overview.contains(&done) && plain(&one).contains(&done), "{overview}");
    let shown = rehome.json(&["show", &run]);
    for step in shown["plan"]["steps"].as_array().expect("steps") {
        assert!(plain(&one).contains(text(&step["title"])), "{}", step["title"]);
        let page = plain(&served.page(&format!("/m/{run}/s/{}", text(&step["id"]))));
        assert!(page.contains(text(&step["title"])), "{page}");
    }
    assert!(one.contains("<svg") && one.contains("Timeline of "), "the timeline is drawn");
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    let record = plain(&served.page("/record"));
    assert!(record.contains(text(&events.last().expect("one")["hash"])), "{record}");
    let last = events.last().expect("one")["position"].as_u64().expect("a number");
    let event = plain(&served.page(&format!("/e/{last}")));
    assert!(event.contains(text(&events.last().expect("one")["hash"])), "{event}");
    assert!(event.contains(text(&events[events.len() - 2]["hash"])), "and that of the one before: {event}");
    for (path, status) in
        [("/b/other", 404), ("/m/m-0", 404), ("/e/0", 404), ("/e/999999", 404), ("/e/x", 400)]
    {
        assert_eq!(served.get(path).status, status, "{path}");
    }
    for path in
        ["/approvals", &format!("/m/{run}/events"), &format!("/m/{run}/access"), &format!("/m/{run}/graph")]
    {
        assert!(served.page(path).contains("</html>"), "{path}");
    }
}

#[test]
fn what_happens_is_told_while_a_batch_runs_and_who_comes_back_goes_on_exactly_there() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    let before = rehome.json(&["status"])["log"]["events"].as_u64().expect("a number");
    let mut live = served.live("", &format!("?after={before}"));
    let mut runner = rehome.start(&["run", "plan.json", "--yes"]);
    let mut heard: Vec<(u64, Value)> = Vec::new();
    while heard.len() < 5 {
        heard.push(live.next().expect("the stream goes on"));
    }
    assert_eq!(runner.wait().expect("it ends").code(), Some(11));
    let positions: Vec<u64> = heard.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (before + 1..before + 6).collect::<Vec<_>>(), "none is missed, none comes twice");
    // Who was cut off says what it had last, whatever its address says.
    let mut again = served.live(&format!("last-event-id: {}\r\n", positions[2]), "?after=0");
    for (position, content) in &heard[3..] {
        let (found, said) = again.next().expect("the stream goes on");
        assert_eq!((found, &said), (*position, content));
    }
    assert!(plain(&served.page("/b/minimal")).contains("needs-person"), "a page shows it at once");
    served.end();
    while again.next().is_some() {}
    while live.next().is_some() {}
}

/// A form of somebody who acts on the smallest batch.
pub(crate) fn asked(served: &Served, fields: &str) -> Answer {
    let secret = secret(&served.page("/b/minimal"));
    served.post(&format!("secret={secret}&back=%2Fb%2Fminimal&{fields}"))
}

#[test]
fn whoever_is_signed_in_acts_only_where_that_is_allowed_and_leaves_the_same_events_as_the_commands() {
    let (_azure, rehome) = approved();
    let served = Served::of(&rehome, &[]);
    let page = served.page("/b/minimal");
    assert!(!page.contains("<form method=\"post\"") && page.contains("read-only"), "{page}");
    assert_eq!(served.post("act=pause&select=minimal&reason=x").status, 403);
    drop(served);

    let served = Served::of(&rehome, &["--allow-actions"]);
    assert_eq!(asked(&served, "act=pause&select=minimal&reason=+").status, 400, "a reason is required");
    for act in ["rollback", "approve", "cleanup", "run", "skip", ""] {
        assert_eq!(asked(&served, &format!("act={act}&select=minimal&reason=x")).status, 400, "{act}");
    }
    let paused = asked(&served, "act=pause&select=minimal&until=8h&reason=a+freeze%3A+password%3Dhunter2");
    assert_eq!((paused.status, paused.header("location")), (303, "/b/minimal"), "{}", paused.body);
    assert_eq!(asked(&served, "act=note&select=minimal&reason=told+on+Monday").status, 303);
    let shown = plain(&served.page("/b/minimal"));
    assert!(shown.contains("pause") && shown.contains("asked by tester@contoso.example"), "{shown}");
    assert!(shown.contains("rehome resume minimal") && !shown.contains("hunter2"), "{shown}");
    assert_eq!(asked(&served, "act=resume&select=minimal&reason=over").status, 303);
    drop(served);

    let by_page = requests(&rehome);
    rehome.say(&["pause", "minimal", "--until", "8h", "--reason", "a freeze: password=hunter2"]).expect(0);
    rehome.say(&["note", "minimal", "--text", "told on Monday"]).expect(0);
    rehome.say(&["resume", "minimal", "--reason", "over"]).expect(0);
    let by_command = requests(&rehome).split_off(by_page.len());
    assert_eq!(by_page, by_command);
    assert_eq!(by_page.len(), 3);
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn what_is_asked_in_a_page_moves_the_signed_end_of_the_log_on() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let served = Served::of(&rehome, &["--allow-actions"]);
    assert_eq!(asked(&served, "act=note&select=minimal&reason=told+on+Monday").status, 303);
    let signed = std::fs::read_to_string(rehome.path("rehome.db.checkpoint")).expect("a signed end");
    let head = rehome.json(&["audit", "head"])["position"].to_string();
    assert_eq!(signed.lines().nth(1), Some(head.as_str()), "{signed}");
}

/// What people asked, with the dates that differ taken away.
fn requests(rehome: &Rehome) -> Vec<String> {
    let history = rehome.json(&["history"]);
    let all = history["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter(|event| text(&event["kind"]).ends_with("asked"));
    let mut bodies: Vec<Value> = all.map(|event| event["body"].clone()).collect();
    for body in &mut bodies {
        if let Some(until) = body.pointer_mut("/request/pause/until_ms") {
            *until = Value::Null;
        }
    }
    bodies.iter().map(ToString::to_string).collect()
}

#[test]
fn a_bundle_is_shown_without_its_log_and_nobody_acts_on_it() {
    let (_azure, rehome) = approved();
    rehome.say(&["audit", "bundle", "evidence.jsonl"]).expect(0);
    rehome.say(&["serve", "--bundle", "evidence.jsonl", "--allow-actions"]).expect(2);
    let copy = Rehome::offline();
    std::fs::copy(rehome.path("evidence.jsonl"), copy.path("evidence.jsonl")).expect("copied");
    let served = Served::of(&copy, &["--bundle", "evidence.jsonl"]);
    let page = plain(&served.page("/b/minimal"));
    assert!(page.contains("minimal") && page.contains("1 of 1 move"), "{page}");
    assert!(plain(&served.page("/record")).contains("a bundle, which was checked as a whole"));
    // Nothing comes any more, and nothing is wrong: the stream says nothing until the server ends.
    let mut live = served.live("", "");
    served.end();
    assert!(live.told().is_none());
}

#[test]
fn of_a_bundle_of_one_move_every_page_is_there_and_the_others_are_counted() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&example("contoso").join("batch.toml"));
    let moves = rehome.json(&["status"])["moves"].as_array().expect("moves").clone();
    let (one, other) = (text(&moves[0]["run"]), text(&moves[1]["run"]));
    rehome.say(&["audit", "bundle", "one.jsonl", one]).expect(0);
    let copy = Rehome::offline();
    std::fs::copy(rehome.path("one.jsonl"), copy.path("one.jsonl")).expect("copied");
    let served = Served::of(&copy, &["--bundle", "one.jsonl"]);
    for end in ["", "/events", "/access", "/graph"] {
        let page = plain(&served.page(&format!("/m/{one}{end}")));
        assert!(page.contains(one), "{page}");
    }
    assert_eq!(served.get(&format!("/m/{other}")).status, 404);
    let overview = plain(&served.page("/"));
    let withheld = format!("{} moves that the bundle withholds are not shown", moves.len() - 1);
    assert!(overview.contains(&withheld) && !overview.contains(other), "{overview}");
    for path in ["/record", "/approvals", "/e/1"] {
        served.page(path);
    }
}

#[test]
fn every_command_that_a_page_shows_works_when_it_is_pasted() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let served = Served::of(&rehome, &[]);
    let of_move = ["", "/graph", "/access"].map(|end| format!("/m/{run}{end}"));
    let paths =
        ["/", "/b/minimal", "/e/1", "/approvals", "/record"].map(str::to_owned).into_iter().chain(of_move);
    let pages: Vec<String> = paths.map(|path| served.page(&path)).collect();
    drop(served);
    let shown = pages.iter().flat_map(|page| page.split("<div class=\"cmd\"><code>").skip(1));
    let mut commands: Vec<&str> = shown.filter_map(|rest| rest.split('<').next()).collect();
    commands.sort_unstable();
    commands.dedup();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let command = command.split("      #").next().unwrap_or_default().replace("TEXT", "why");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let said = rehome.say(&words);
        assert_ne!(said.code, 2, "{command}: {}", said.err);
    }
}
