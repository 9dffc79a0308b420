//! CLI: what came of holding a log against Azure's own.

use crate::azure_logs::{Compared, Reconciled};
use crate::counted::counted;
use crate::put::putln;
use std::fmt::Write;

/// So many of a kind are named to a person; programs get all.
const NAMED_MAX: usize = 20;

/// The whole of it.
pub(crate) fn text(all: &Reconciled) -> String {
    let mut out = String::new();
    let sides = [("Activity Log", &all.activity_log), ("directory's audit log", &all.directory_audits)];
    for (name, side) in sides {
        match side {
            Some(side) => put_side(&mut out, name, side),
            None => putln!(out, "{name}: not given, so nothing is said of what was written there"),
        }
    }
    let late = all.approved_late.len();
    putln!(
        out,
        "approvals: {} changed after the approval as Azure dates it, {late} before",
        counted(all.approved_before, "move")
    );
    for one in all.approved_late.iter().take(NAMED_MAX) {
        putln!(
            out,
            "  APPROVED LATE {}: first change {}, approved {}",
            one.run,
            one.first_change,
            one.approved
        );
    }
    let seen = [&all.activity_log, &all.directory_audits].into_iter().flatten();
    let by_intent: usize = seen.map(|side| side.seen_by_intent).sum();
    out.push_str(&match all.agrees {
        true => format!(
            "PROVES     {} are in Azure's log under the hash of their intent, which nobody who keeps this log can change there",
            counted(by_intent, "write")
        ),
        false => "FOUND      what one side has and the other lacks, above".to_owned(),
    });
    out.push_str("\n           as far as the export is whole: a filter that was set for it is not seen here");
    out
}

fn put_side(out: &mut String, name: &str, side: &Compared) {
    putln!(out, "{name}: {}, {} by who signed in here", counted(side.entries, "entry"), side.of_ours);
    for covers in &side.covers {
        let of = match (&covers.subscription[..], &covers.resource_group) {
            ("", _) => "the tenant".to_owned(),
            (subscription, None) => subscription.to_owned(),
            (subscription, Some(group)) => format!("{subscription}, resource group {group} alone"),
        };
        putln!(out, "  covers     {} to {}  {}", covers.from, covers.until, of);
    }
    if side.goes_on {
        putln!(out, "  covers     this is one page of a longer list");
    }
    let seen = side.seen_by_intent + side.seen_by_request;
    putln!(
        out,
        "  seen       {}: {} by the hash of the intent, {} by the request id alone",
        counted(seen, "write"),
        side.seen_by_intent,
        side.seen_by_request
    );
    if side.unanswered_seen > 0 {
        putln!(out, "  seen       {} of them had no answer that the log knows of", side.unanswered_seen);
    }
    for (why, many) in &side.not_covered {
        putln!(out, "  not known  {}: {why}", counted(*many, "write"));
    }
    put_findings(out, side);
}

fn put_findings(out: &mut String, side: &Compared) {
    for one in side.unseen.iter().take(NAMED_MAX) {
        putln!(
            out,
            "  NEVER SEEN {} {} attempt {} (event {}, {}): {}",
            one.step,
            one.act,
            one.attempt,
            one.position,
            one.at,
            one.request
        );
    }
    for one in side.not_in_the_log.iter().take(NAMED_MAX) {
        putln!(
            out,
            "  NOT OURS   {} by {}: {} {} (correlation id {})",
            one.at,
            one.caller,
            one.operation,
            one.target,
            one.correlation_id
        );
    }
    for (what, many) in [("NEVER SEEN", side.unseen.len()), ("NOT OURS", side.not_in_the_log.len())] {
        if many > NAMED_MAX {
            putln!(out, "  {what:<10} and {} more: -o json has all", many - NAMED_MAX);
        }
    }
}
