//! CLI: what a scan found, by identity and repository, as people read it. Pure.

use crate::counted::counted;
use crate::put::{put, putln};
use crate::scan::{Asked, Found, Passed, ScanFile};
use rehome_activities::code::Form;
use rehome_activities::references::scan::Identifier;
use std::collections::BTreeMap;
use std::fmt::Write;

/// So many of what was skipped for one reason are named.
const NAMED_MAX: usize = 3;

/// What was found.
pub(crate) fn text(file: &ScanFile) -> String {
    let mut out = String::new();
    for asked in &file.identities {
        let found: Vec<&Found> =
            file.found.iter().filter(|found| found.identity == asked.old.resource_id).collect();
        if !found.is_empty() {
            identity(&mut out, asked, &found);
        }
    }
    let (files, bytes) =
        file.repositories.iter().fold((0, 0), |(files, bytes), one| (files + one.files, bytes + one.bytes));
    let named = file
        .identities
        .iter()
        .filter(|asked| file.found.iter().any(|found| found.identity == asked.old.resource_id));
    putln!(
        out,
        "{} of {} named in {}; {} ({:.1} MB) searched",
        named.count(),
        counted(file.identities.len(), "identity"),
        counted(file.found.len(), "place"),
        counted(files, "file"),
        bytes as f64 / 1e6
    );
    skipped(&mut out, &file.skipped);
    if !file.unread.is_empty() {
        putln!(out, "NOT READ  {}: nobody knows what is there", counted(file.unread.len(), "place"));
        for Passed { path, why } in &file.unread {
            putln!(out, "  {path}: {why}");
        }
    }
    out.trim_end().to_owned()
}

fn identity(out: &mut String, asked: &Asked, found: &[&Found]) {
    let run = asked.run.as_ref().map_or_else(String::new, |run| format!("{run}  "));
    putln!(out, "{run}{}", asked.old.resource_id);
    let mut by_repository: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for one in found {
        by_repository.entry(&one.repository).or_default().push(one);
    }
    for (repository, found) in by_repository {
        putln!(out, "  {repository}");
        for one in found {
            place(out, one);
        }
    }
    out.push('\n');
}

fn place(out: &mut String, found: &Found) {
    let place = &found.place;
    let what = match (place.form, place.identifier) {
        (Form::Whole, Identifier::ClientId) => "client id",
        (Form::Whole, Identifier::PrincipalId) => "principal id",
        (Form::Whole, _) => "resource id",
        (Form::Parts, _) => "name and group",
        (Form::NameOnly, _) => "name",
        (Form::Declaration, _) => "DECLARED",
    };
    put!(out, "    {}:{}:{}  {what}, {}", place.file, place.line, place.column, place.kind.word());
    if let Some(key) = &place.key {
        put!(out, ", {key}");
    }
    if let Some(owner) = &place.owner {
        put!(out, "  {owner}");
    }
    if let Some(step) = &found.step {
        put!(out, "  {step}");
    }
    match &found.by_hand {
        Some(why) => putln!(out, "  by hand: {why}"),
        None => putln!(out, "  replace"),
    }
}

fn skipped(out: &mut String, all: &[Passed]) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Passed { path, why } in all {
        by_reason.entry(why).or_default().push(path);
    }
    for (why, paths) in by_reason {
        let shown = paths.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = if paths.len() > NAMED_MAX { ", ..." } else { "" };
        putln!(out, "skipped   {} ({why}): {shown}{more}", counted(paths.len(), "file"));
    }
}
