//! CLI: a plan as a change board reads it, as text. Pure.

use super::kinds::{Kind, kinds};
use crate::board::{Board, HandRow, WaveRow};
use crate::counted::counted;
use crate::least_time::{length, line};
use crate::put::{put, putln};
use crate::time::date;
use std::fmt::Write;

/// So many lines of what people do, and of moves, are a page; the rest is counted.
const LINES_MAX: usize = 60;

/// So many things that people do are said one by one; of more those that are alike are said together.
const EACH_MAX: usize = 12;

/// The whole page.
pub(crate) fn text(board: &Board) -> String {
    let mut out = String::new();
    putln!(out, "CHANGE    batch {}, {}", board.batch, counts(board));
    putln!(out, "          {}", board.digest);
    putln!(out, "          {}", board.cloud);
    for (word, said) in facts(board) {
        putln!(out, "{word:<9} {said}");
    }
    putln!(out, "TAKES     {}", line(board.at_least));
    out.push('\n');
    waves_and_people(&mut out, board);
    if !board.left_out.is_empty() {
        putln!(out, "\nLEFT OUT ({}): these stay as they are, and the others go", board.left_out.len());
        for row in &board.left_out {
            putln!(out, "  {}", row.identity);
            row.why.iter().for_each(|why| putln!(out, "    {why}"));
        }
    }
    let mut kind = "";
    for cause in &board.notices {
        if cause.kind != kind {
            kind = cause.kind;
            putln!(out, "\n{}", kind.to_uppercase());
        }
        let place = if cause.place.is_empty() { String::new() } else { format!("{}: ", cause.place) };
        putln!(
            out,
            "  {:<5} {} in {}: {place}{}",
            cause.code,
            cause.count,
            counted(cause.moves, "move"),
            cause.text
        );
        if !cause.remedy.is_empty() {
            putln!(out, "        {}", cause.remedy);
        }
    }
    putln!(out, "\nMOVES");
    for row in board.moves.iter().take(LINES_MAX) {
        putln!(
            out,
            "  {}  {} -> {}: {}, {}, {} by hand",
            row.run,
            short(&row.identity),
            short(&row.target),
            counted(row.counts.changes, "change"),
            counted(row.counts.removals, "removal"),
            row.counts.by_hand
        );
    }
    more(&mut out, board.moves.len());
    put!(
        out,
        "\nEverything can be taken back up to the deletion of the old identities, which has an approval of its own."
    );
    out
}

/// When each wave begins and how long it takes, and what people do, by what it is and whose.
pub(crate) fn waves_and_people(out: &mut String, board: &Board) {
    putln!(out, "WAVES");
    for row in &board.waves {
        putln!(out, "  {}", wave(row));
    }
    putln!(out, "\nBY HAND ({})", board.counts.by_hand);
    if board.by_hand.len() <= EACH_MAX {
        board.by_hand.iter().for_each(|row| putln!(out, "  {}", hand(row)));
    } else {
        let alike = kinds(&board.by_hand, |row| (kind(&row.title), &row.owners, row.clean_up));
        for Kind { what: (what, ..), all } in alike.iter().take(LINES_MAX) {
            let Some(first) = all.first() else { continue };
            match all.len() {
                1 => putln!(out, "  {}", hand(first)),
                _ => {
                    let steps = all.iter().map(|row| row.steps.len()).sum();
                    putln!(out, "  {}", alike_hand(what, first, steps));
                }
            }
        }
        more(out, alike.len());
    }
}

/// What is to be done, without the place.
fn kind(title: &str) -> &str {
    title.split_once(": ").map_or(title, |(_, what)| what)
}

/// The same thing that a person does at many places: how often, whose, and the first place.
fn alike_hand(what: &str, HandRow { title, clean_up, owners, steps }: &HandRow, all: usize) -> String {
    let owners = if owners.is_empty() { "nobody is named".to_owned() } else { owners.join(", ") };
    let later = if *clean_up { ", in the clean-up" } else { "" };
    let place = title.split_once(": ").map_or(title.as_str(), |(place, _)| place);
    let first = steps.first().map_or("", String::as_str);
    format!("{what}{later}  [{owners}]  {}, the first: {place} ({first})", counted(all, "time"))
}

fn more(out: &mut String, all: usize) {
    if all > LINES_MAX {
        putln!(out, "  and {} more: -o json and --html have all", all - LINES_MAX);
    }
}

/// Group and name of an identity; `-o json` has the whole id.
fn short(id: &str) -> String {
    let parts: Vec<&str> = id.split('/').collect();
    match parts[..] {
        ["", _, _, _, group, .., name] => format!("{group}/{name}"),
        _ => id.to_owned(),
    }
}

/// `300 moves, 2100 changes, ...`
pub(crate) fn counts(board: &Board) -> String {
    let all = board.counts;
    format!(
        "{}: {}, {} by hand, {} later, {} left out",
        counted(all.moves, "move"),
        counted(all.changes, "change"),
        all.by_hand,
        counted(all.removals, "removal"),
        counted(all.left_out, "identity")
    )
}

/// What is known of the plan itself.
pub(crate) fn facts(board: &Board) -> Vec<(&'static str, String)> {
    let author = board.author.iter().map(|author| {
        let made = board.created_at_ms.map(|ms| format!(" on {}", date(ms))).unwrap_or_default();
        ("MADE BY", format!("{author}{made}"))
    });
    let begin = board.expires_at_ms.iter().map(|ms| ("BEGIN BY", date(*ms)));
    let files = board.files.iter().map(|file| ("ASKED IN", file.clone()));
    // Waves have a table of their own.
    let terms = board.terms.iter().filter(|(word, _)| *word != "WAVES").cloned();
    author.chain(begin).chain([("APPROVALS", board.approvals.clone())]).chain(terms).chain(files).collect()
}

/// One wave, in words.
pub(crate) fn wave(WaveRow { estimate, moves, after_ms, by_hand }: &WaveRow) -> String {
    let name = estimate.wave.as_deref().unwrap_or("all at once");
    let after = if *after_ms > 0 {
        format!(", {} after the one before is through", length(*after_ms))
    } else {
        String::new()
    };
    let who = if *by_hand { ", when somebody releases it" } else { "" };
    let begins = match estimate.begins_ms {
        0 => "at once".to_owned(),
        ms => format!("after {}", length(ms)),
    };
    format!(
        "{name}: {}, begins {begins}{after}{who}; takes {}, {} with its soak",
        counted(*moves, "move"),
        length(estimate.takes.through_ms),
        length(estimate.takes.soaked_ms)
    )
}

/// Something that a person does, with whose it is and where.
pub(crate) fn hand(HandRow { title, clean_up, owners, steps }: &HandRow) -> String {
    let owners = if owners.is_empty() { "nobody is named".to_owned() } else { owners.join(", ") };
    let later = if *clean_up { ", in the clean-up" } else { "" };
    let first = steps.first().map_or("", String::as_str);
    format!("{title}{later}  [{owners}]  {} ({first})", counted(steps.len(), "time"))
}
