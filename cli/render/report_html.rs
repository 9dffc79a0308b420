//! CLI: the report of a batch as one HTML file, which loads nothing and prints well: first a page for who has five minutes. Pure.

use super::board_html::{file, table};
use super::report::{findings, people, proves, standing};
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
            "6 Not covered: what the plan warned of, and what nobody could see",
            &["kind", "code", "how often", "what", "remedy"],
            account.notices.iter().map(|one| {
                let many = format!("{} in {} moves", one.count, one.moves);
                vec![one.kind.to_owned(), one.code.clone(), many, one.text.clone(), one.remedy.clone()]
            }),
        ))
        (of_moves(drawn))
    };
    file(BEGIN, &format!("Report: batch {}", account.batch), &body)
}

/// For whoever has five minutes.
fn first_page(account: &Account) -> Markup {
    let facts = [
        ("plan", account.plan.clone()),
        ("cloud", account.cloud.clone()),
        ("period", format!("{} to {}", or_none(account.from.as_deref()), or_none(account.until.as_deref()))),
        ("programs", account.programs.iter().cloned().collect::<Vec<_>>().join(", ")),
        ("log", format!("{}, {} events, head {}", account.log.id, account.log.position, account.log.hash)),
    ];
    let people = people(account).into_iter().map(|(role, names)| vec![role.to_owned(), names]);
    let facts = facts.map(|(name, said)| vec![name.to_owned(), said]).into_iter().chain(people);
    let duties = account.duties.iter();
    let duties =
        duties.map(|duty| vec![duty.duty.to_owned(), duty.held.word().to_owned(), duty.words.clone()]);
    let found = findings(account);
    html! {
        p { (said(&standing(account))) }
        (table("The batch", &[], facts))
        (table("Was it done as it should be?", &["duty", "held", "why"], duties))
        @if found.is_empty() { h2 { "Out of the ordinary" } p { "Nothing." } }
        @else {
            (table("Out of the ordinary", &["what", "how often"], found.into_iter().map(|(what, many)| vec![what, many.to_string()])))
        }
        (table("What this proves, and what it does not", &[], proves(account).into_iter().map(|line| vec![line])))
    }
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
