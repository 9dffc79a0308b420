//! CLI: what a bundle holds, and what it proves.

use crate::counted::counted;
use crate::log_check::{Approvals, Checked};
use crate::put::put;
use rehome_store::{Anchor, Head, Header, Redactions, Why};
use std::fmt::Write;
use std::path::Path;

/// So many of what is withheld are named to a person; programs get all.
const NAMED_MAX: usize = 10;

/// A bundle that was just made.
pub(crate) fn written(to: &Path, head: &Head, withheld: [u64; 3]) -> String {
    let mut out = String::new();
    put!(out, "{}: ", to.display());
    put_counts(&mut out, head.position.0, withheld);
    put!(out, "\nhead       {}:{}", head.position, head.hash);
    put!(
        out,
        "\n           note it down where whoever keeps the log cannot write: a bundle proves little without it"
    );
    out
}

/// A bundle that was verified.
pub(crate) fn verified(
    header: &Header,
    withheld: &Redactions,
    [moves, plans]: [&Checked; 2],
    approvals: &Approvals,
    elsewhere: Option<&Anchor>,
) -> String {
    let count = |why| withheld.events.get(&why).map_or(0, |events| events.len() as u64);
    let events = header.head.position;
    let mut out = "intact: ".to_owned();
    put_counts(&mut out, events, Why::ALL.map(count));
    let redacted = withheld.events.get(&Why::Redacted).into_iter().flatten();
    put_names(&mut out, "redacted: events", redacted.map(ToString::to_string).collect());
    put_names(&mut out, "not whole:", withheld.streams.iter().map(ToString::to_string).collect());
    put!(out, "\nmoves      {} read back, {} withheld", moves.read, moves.withheld);
    put!(out, "\nplans      {} as approved, {} withheld", plans.read, plans.withheld);
    put!(out, "\napprovals  {}", approvals.words());
    put!(out, "\nhead       {events}:{}", header.head.hash);
    let made_for = header.selected.as_deref().map_or_else(String::new, |name| format!(", for {name}"));
    put!(out, "\nsays       it was made by {} of log {}{made_for}", header.program, header.head.log);
    out.push('\n');
    out.push_str(&proof(elsewhere, events));
    out
}

fn put_counts(out: &mut String, events: u64, [not_selected, redacted, masked]: [u64; 3]) {
    let withheld = not_selected + redacted;
    put!(out, "{}, {} of them with what they say", counted(events, "event"), events - withheld);
    put!(out, "\nwithheld   {withheld}: {not_selected} not selected, {redacted} redacted");
    if masked > 0 {
        put!(
            out,
            "\ntold       {masked} without the address that is asked about an operation: it is a credential"
        );
    }
}

/// Names what is withheld.
fn put_names(out: &mut String, what: &str, names: Vec<String>) {
    let named = names.len().min(NAMED_MAX);
    match names.len() - named {
        0 if named == 0 => {}
        0 => put!(out, "\n           {what} {}", names.join(", ")),
        more => put!(out, "\n           {what} {} and {more} more", names[..named].join(", ")),
    }
}

/// What is proven, and what is not.
fn proof(elsewhere: Option<&Anchor>, events: u64) -> String {
    if elsewhere.is_some_and(Anchor::is_of_nothing) {
        return "proves     nothing: the end that was given is from before the first event, where every log begins".to_owned();
    }
    let Some(kept) = elsewhere else {
        return "proves     that these events belong together, not where they are from: whoever made the bundle can have
           made up all of it. An end that was kept elsewhere shows that: --anchor POSITION:HASH"
            .to_owned();
    };
    let mut out = format!(
        "proves     events 1 to {}, as they were when that end was noted down; of what is withheld, that it
           was there and what its digest is; of what is told, nothing",
        kept.position
    );
    if kept.position < events {
        let after = events - kept.position;
        put!(out, "\n           the last {after} rest on the word of whoever made the bundle");
    }
    out
}
