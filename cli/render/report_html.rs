//! CLI: the report of a batch as one HTML file, which loads nothing and prints well: first a page for who has five minutes. Pure.

use super::board_html::open;
use super::report::{findings, people, proves, standing};
use crate::report::{Account, TABLES};
use serde_json::Value;

/// What such a file begins with, by which it is known.
pub(crate) const BEGIN: &str = "<!doctype html>\n<!-- a report of rehome -->\n";

/// So many rows of a table are on a page; all are in its file.
const ROWS_MAX: usize = 2_000;

/// The whole file.
pub(crate) fn html(account: &Account) -> String {
    let mut page = open(BEGIN, &format!("Report: batch {}", account.batch));
    page.element("p", &standing(account));
    let facts = [
        ("plan", account.plan.clone()),
        ("cloud", account.cloud.clone()),
        ("period", format!("{} to {}", or_none(account.from.as_deref()), or_none(account.until.as_deref()))),
        ("programs", account.programs.iter().cloned().collect::<Vec<_>>().join(", ")),
        ("log", format!("{}, {} events, head {}", account.log.id, account.log.position, account.log.hash)),
    ];
    let people = people(account).into_iter().map(|(role, names)| vec![role.to_owned(), names]);
    page.table(
        "The batch",
        &[],
        facts.map(|(name, said)| vec![name.to_owned(), said]).into_iter().chain(people),
    );
    let duties = account.duties.iter();
    let duties =
        duties.map(|duty| vec![duty.duty.to_owned(), duty.held.word().to_owned(), duty.words.clone()]);
    page.table("Was it done as it should be?", &["duty", "held", "why"], duties);
    let found = findings(account);
    if found.is_empty() {
        page.element("h2", "Out of the ordinary");
        page.element("p", "Nothing.");
    } else {
        page.table(
            "Out of the ordinary",
            &["what", "how often"],
            found.into_iter().map(|(what, many)| vec![what, many.to_string()]),
        );
    }
    page.table(
        "What this proves, and what it does not",
        &[],
        proves(account).into_iter().map(|line| vec![line]),
    );
    page.raw("<div style=\"break-after:page\"></div>\n");
    for table in TABLES {
        let rows = table.rows(account);
        let heads: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let more = rows.len().saturating_sub(ROWS_MAX);
        let cells = |row: &Value| {
            table.columns.iter().map(|(_, at)| row.pointer(at).map_or_else(String::new, cell)).collect()
        };
        page.table(table.title, &heads, rows.iter().take(ROWS_MAX).map(cells));
        if more > 0 {
            page.element("p", &format!("and {more} more, which are in {}", table.file));
        }
    }
    let notices = account.notices.iter().map(|one| {
        let many = format!("{} in {} moves", one.count, one.moves);
        vec![one.kind.to_owned(), one.code.clone(), many, one.text.clone(), one.remedy.clone()]
    });
    page.table(
        "6 Not covered: what the plan warned of, and what nobody could see",
        &["kind", "code", "how often", "what", "remedy"],
        notices,
    );
    page.end()
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
