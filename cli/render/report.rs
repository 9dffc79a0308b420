//! CLI: the report of a batch, for who has five minutes: the same words as text and on the first page. Pure.

use crate::counted::counted;
use crate::error::one_line;
use crate::put::putln;
use crate::report::{Account, Held};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The first page as text.
pub(crate) fn text(account: &Account) -> String {
    let mut out = String::new();
    putln!(out, "REPORT    batch {}: {}", account.batch, standing(account));
    putln!(out, "          plan {}", account.plan);
    for (word, said) in why(account) {
        putln!(out, "          {word:<12} {}", one_line(&said));
    }
    for (role, names) in people(account) {
        putln!(out, "          {role:<12} {names}");
    }
    putln!(out, "\nWHO MAY DO WHAT NOW");
    putln!(out, "  {}", access(account));
    putln!(out, "\nWAS IT DONE AS IT SHOULD BE?");
    for duty in &account.duties {
        putln!(out, "  {:<12} {}: {}", duty.held.word(), duty.duty, duty.words);
    }
    let found = findings(account);
    putln!(out, "\nOUT OF THE ORDINARY ({})", found.len());
    for (what, many) in &found {
        putln!(out, "  {many:>5} x {what}");
    }
    putln!(out, "\nWHAT THIS PROVES");
    for line in proves(account) {
        putln!(out, "  {line}");
    }
    out.trim_end().to_owned()
}

/// `3 identities: 2 done, 1 rolled-back; 41 attempts to change something`
pub(crate) fn standing(account: &Account) -> String {
    let parts: Vec<String> = account.counts.iter().map(|(state, many)| format!("{many} {state}")).collect();
    format!(
        "{}: {}; {} to change something",
        counted(account.population.len(), "identity"),
        parts.join(", "),
        counted(account.changes.len(), "attempt")
    )
}

/// Why it was done, and what it is called elsewhere.
pub(crate) fn why(account: &Account) -> Vec<(&'static str, String)> {
    let tickets: Vec<&str> = account.tickets.iter().map(String::as_str).collect();
    let all = [("because", account.reason.clone()), ("ticket", tickets.join(", "))];
    all.into_iter().filter(|(_, said)| !said.is_empty()).collect()
}

/// What the last comparisons with Azure found, and what was not carried over whole: a step that a person left out promises nothing.
pub(crate) fn access(account: &Account) -> String {
    let moves: BTreeMap<&str, &str> =
        account.access.iter().map(|row| (row.run.as_str(), row.compared)).collect();
    let many = |found: &str| moves.values().filter(|compared| **compared == found).count();
    let (equal, differs, open) = (many("equal"), many("differs"), many("not compared"));
    let all = counted(equal + differs, "move");
    let mut words = match (equal, differs) {
        (0, 0) => return "no new identity was compared with its old one yet".to_owned(),
        (_, 0) => format!("{all} compared with Azure, and every promise of the plan held"),
        _ => {
            format!("{all} compared with Azure, and in {differs} of them a promise of the plan did NOT hold")
        }
    };
    let partly: BTreeSet<&str> =
        account.access.iter().filter(|row| row.new < row.before).map(|row| row.run.as_str()).collect();
    words.push_str(&match partly.len() {
        0 => "; every new identity has as much of each kind of access as its old one had".to_owned(),
        some => {
            format!("; in {} the new identity has less than the old one had (table 3)", counted(some, "move"))
        }
    });
    if open > 0 {
        words.push_str(&format!("; {} not compared", counted(open, "move")));
    }
    words
}

/// How the duties stand, in one sentence.
pub(crate) fn duties(account: &Account) -> String {
    let words = [Held::Yes, Held::SelfDeclared, Held::No, Held::NotYet].map(|held| {
        let many = account.duties.iter().filter(|duty| duty.held == held).count();
        (many > 0).then(|| format!("{many} {}", held.word()))
    });
    let words: Vec<String> = words.into_iter().flatten().collect();
    format!("{}: {}", counted(account.duties.len(), "duty"), words.join(", "))
}

/// Each role, and who had it.
pub(crate) fn people(account: &Account) -> Vec<(&'static str, String)> {
    let of = &account.people;
    let roles = [
        ("wrote", &of.authors),
        ("approved", &of.approvers),
        ("ran", &of.runners),
        ("let it go", &of.cleaners),
        ("signed in as", &of.principals),
    ];
    let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    roles
        .into_iter()
        .map(|(role, who)| (role, if who.is_empty() { "nobody yet".to_owned() } else { names(who) }))
        .collect()
}

/// What is out of the ordinary, in plain words, by kind, with how often it was.
pub(crate) fn findings(account: &Account) -> Vec<(String, usize)> {
    let mut kinds: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for one in &account.exceptions {
        let (times, moves) = kinds.entry(one.kind).or_default();
        *times += one.times;
        if !one.run.is_empty() && !moves.contains(&one.run.as_str()) {
            moves.push(&one.run);
        }
    }
    let words = |(kind, (times, moves)): (&str, (usize, Vec<&str>))| match moves.len() {
        0 => (kind.to_owned(), times),
        1..=3 => (format!("{kind}: {}", moves.join(", ")), times),
        many => (format!("{kind}, in {}", counted(many, "move")), times),
    };
    kinds.into_iter().map(words).collect()
}

/// What follows from the record, and what does not.
pub(crate) fn proves(account: &Account) -> Vec<String> {
    let signed = account.duties.first().is_some_and(|duty| duty.held == Held::Yes);
    let log = &account.log;
    vec![
        format!(
            "The record is one chain of {} that ends with {}: an edit of any of them is found (audit verify).",
            counted(log.position, "event"),
            log.hash
        ),
        match account.witnesses[..] {
            [] => "Only an end that was kept elsewhere shows that the chain was not written anew: compare it (audit verify --anchor).".to_owned(),
            [_, ..] => format!(
                "Signed ends of the chain were handed to {}: what they have shows that it was not written anew (audit verify --witness).",
                account.witnesses.join(" and ")
            ),
        },
        "Azure keeps a piece of this chain with each write, under the correlation ids below: compare them (audit reconcile)."
            .to_owned(),
        if signed {
            "Approvals are signatures over the digest of the plan. That the right people were asked is in the plan's own list."
        } else {
            "Who approved is what they call themselves: nothing here proves that it was somebody else."
        }
        .to_owned(),
        "Times are those of the machine that ran it; beside each change stands the date that Azure answered with. That a workload works is not told here: look at its own dashboards.".to_owned(),
    ]
}
