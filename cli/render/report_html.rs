//! CLI: the report of a batch as one HTML file, which loads nothing and prints well: first a page for who has five minutes. Pure.

use super::board_html::{file, table};
use super::report::{access, duties, findings, people, proves, standing, why};
use crate::counted::counted;
use crate::pictures::picture::{Picture, said};
use crate::report::{Account, TABLES, Table};
use crate::report_pictures::Drawn;
use maud::{Markup, html};
use serde_json::Value;

/// What such a file begins with, by which it is known.
pub(crate) const BEGIN: &str = "<!doctype html>\n<!-- a report of rehome -->\n";

/// So many rows of a table are on a page; all are in its file.
const ROWS_MAX: usize = 2_000;

/// Which part answers what auditors ask for.
const CONTROLS: [[&str; 3]; 6] = [
    [
        "SOC 2 CC8.1",
        "authorized before the work, by somebody else; tested; the population to sample from",
        "In short, 1, 2, 4",
    ],
    [
        "PCI DSS 4.0, 6.5.1",
        "reason, security impact, approval, testing, procedures to return to a secure state",
        "The batch, 2, 3, 4, 5",
    ],
    [
        "NIST SP 800-53 AU-3",
        "type, time, place, source, outcome and identity of each event",
        "5, 6, and events.jsonl of the evidence",
    ],
    [
        "NIST SP 800-53 AU-9, AU-10",
        "protection of the record; who cannot deny having approved",
        "What this proves, 2",
    ],
    [
        "NIST SP 800-53 CM-3; ISO/IEC 27001 A.8.32",
        "changes are proposed, approved, made and reviewed",
        "1, 2, 5, 6",
    ],
    [
        "Emergency changes",
        "there is no way around an approval here: what was approved afterwards is in `Was it done as it should be?`",
        "2, 6",
    ],
];

/// The whole file.
pub(crate) fn html(account: &Account, drawn: &Drawn) -> String {
    let body = html! {
        (first_page(account))
        div class="break" {}
        @for picture in &drawn.batch { (alone(picture)) }
        @for table in TABLES {
            @let rows = table.rows(account);
            (of_table(table, &rows))
        }
        (table(
            "7 Not covered: what the plan warned of, and what nobody could see",
            &["kind", "code", "how often", "what", "remedy"],
            account.notices.iter().map(|one| {
                let many = format!("{} in {} moves", one.count, one.moves);
                vec![one.kind.to_owned(), one.code.clone(), many, one.text.clone(), one.remedy.clone()]
            }),
        ))
        (table(
            "8 Where to look for what a framework asks: a reading aid, and no claim",
            &["asked by", "what", "where"],
            CONTROLS.iter().map(|row| row.map(ToOwned::to_owned).to_vec()),
        ))
        (of_moves(drawn))
    };
    file(BEGIN, &format!("Report: batch {}", account.batch), &body)
}

/// For whoever has five minutes.
fn first_page(account: &Account) -> Markup {
    let found = findings(account);
    let of_duties = account.duties.iter();
    let of_duties =
        of_duties.map(|duty| vec![duty.duty.to_owned(), duty.held.word().to_owned(), duty.words.clone()]);
    html! {
        p { (said(&standing(account))) }
        (table("In short", &[], in_short(account, found.len())))
        (table("The batch", &[], of_batch(account)))
        (table("Was it done as it should be?", &["duty", "held", "why"], of_duties))
        @if found.is_empty() { h2 { "Out of the ordinary" } p { "Nothing." } }
        @else {
            (table("Out of the ordinary", &["what", "how often"], found.into_iter().map(|(what, many)| vec![what, many.to_string()])))
        }
        (table("What this proves, and what it does not", &[], proves(account).into_iter().map(|line| vec![line])))
    }
}

fn in_short(account: &Account, kinds: usize) -> [Vec<String>; 3] {
    let ordinary = match kinds {
        0 => "nothing".to_owned(),
        kinds => {
            format!("{} of {kinds} kinds", account.exceptions.iter().map(|one| one.times).sum::<usize>())
        }
    };
    let short = [("Access", access(account)), ("Duties", duties(account)), ("Out of the ordinary", ordinary)];
    short.map(|(what, said)| vec![what.to_owned(), said])
}

fn of_batch(account: &Account) -> Vec<Vec<String>> {
    let none = |of: &[String]| if of.is_empty() { "nobody".to_owned() } else { of.join(", ") };
    let signed_by: Vec<String> = account.signed_by.iter().cloned().collect();
    let facts = [
        ("plan", account.plan.clone()),
        ("cloud", account.cloud.clone()),
        ("period", format!("{} to {}", or_none(account.from.as_deref()), or_none(account.until.as_deref()))),
        ("programs", account.programs.iter().cloned().collect::<Vec<_>>().join(", ")),
        ("asked for in", account.asked_in.join(", ")),
        ("ends signed by", none(&signed_by)),
        ("and kept by", none(&account.witnesses)),
        ("log", format!("{}, {} events, head {}", account.log.id, account.log.position, account.log.hash)),
    ];
    let people = people(account).into_iter().map(|(role, names)| vec![role.to_owned(), names]);
    let facts = why(account).into_iter().chain(facts).map(|(name, said)| vec![name.to_owned(), said]);
    facts.chain(people).collect()
}

fn of_table(of: &Table, rows: &[Value]) -> Markup {
    let heads: Vec<&str> = of.columns.iter().map(|(name, _)| *name).collect();
    let cells = |row: &Value| {
        of.columns.iter().map(|(_, at)| row.pointer(at).map_or_else(String::new, cell)).collect()
    };
    let more = rows.len().saturating_sub(ROWS_MAX);
    html! {
        (table(of.title, &heads, rows.iter().take(ROWS_MAX).map(cells)))
        @if more > 0 { p { "and " (more) " more, which are in " (of.file) } }
    }
}

/// A picture under its title, in a frame of its own where it is wider than the screen.
fn alone(picture: &Picture) -> Markup {
    html! { h2 { (said(&picture.title)) } (framed(picture)) }
}

fn framed(picture: &Picture) -> Markup {
    html! { div class="wide" role="region" tabindex="0" aria-label=(said(&picture.title)) { (picture.inline()) } }
}

/// What each of a few moves did, and what it is tied to.
fn of_moves(drawn: &Drawn) -> Markup {
    html! {
        h2 { "Pictures of moves" }
        @for (name, pictures) in &drawn.moves {
            h3 { (said(name)) }
            @for picture in pictures { p { (said(&picture.title)) } (framed(picture)) }
        }
        @if drawn.more > 0 {
            p { "and " (counted(drawn.more, "more move")) "; each is drawn by " code { "rehome timeline MOVE --format svg" } " and " code { "rehome graph MOVE --format svg" } }
        }
    }
}

fn or_none(text: Option<&str>) -> &str {
    text.unwrap_or("nothing yet")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}
