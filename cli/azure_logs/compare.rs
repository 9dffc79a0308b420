//! CLI: a log held against what Azure kept, both ways. Pure.
//!
//! Nothing is called unseen that the export does not reach: before its first entry, in its last minutes, which Azure fills
//! late, in a subscription that it has nothing of, or outside of the one resource group that it seems to be of.

use super::export::{Entry, Export, Keeper};
use super::sent::{Record, Sent, path};
use crate::time::stamp;
use rehome_orchestrator::{Exchange, RunId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// So late entries may come. The Activity Log has them after 3 to 20 minutes, the directory mostly within an hour.
/// Source: <https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time>
const LATE_MS: [(Keeper, i64); 2] = [(Keeper::Resources, 20 * 60_000), (Keeper::Directory, 60 * 60_000)];

/// Clocks that are further apart say nothing of each other.
const CLOCKS_MS: i64 = 5 * 60_000;

/// What whoever exported it asked for, in milliseconds since 1970, where they say so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) from_ms: Option<i64>,
    pub(crate) until_ms: Option<i64>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Reconciled {
    pub(crate) format_version: &'static str,
    /// Whether nothing was found that one side has and the other lacks.
    pub(crate) agrees: bool,
    pub(crate) activity_log: Option<Compared>,
    pub(crate) directory_audits: Option<Compared>,
    /// Moves whose first change Azure dates before their approval.
    pub(crate) approved_late: Vec<Late>,
    /// Moves whose first change Azure dates after their approval.
    pub(crate) approved_before: usize,
}

/// One of Azure's logs, compared.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Compared {
    pub(crate) entries: usize,
    /// Entries of the principals that the log names.
    pub(crate) of_ours: usize,
    pub(crate) covers: Vec<Covers>,
    /// The file is the first page of a longer list.
    pub(crate) goes_on: bool,
    /// Writes that were found by the hash of their intent.
    pub(crate) seen_by_intent: usize,
    /// Writes that were found by their request id alone: sent by an older program, or Azure did not keep the other one.
    pub(crate) seen_by_request: usize,
    /// Writes that Azure answered as done and that its log lacks, though the export reaches there.
    pub(crate) unseen: Vec<Write>,
    /// How many writes the export says nothing of, by why.
    pub(crate) not_covered: BTreeMap<&'static str, usize>,
    /// Writes without an answer in the log, which Azure's log has.
    pub(crate) unanswered_seen: usize,
    /// Changes by our principals that the log lacks.
    pub(crate) not_in_the_log: Vec<Change>,
    /// By how much Azure's clock is ahead of the machine's, in the middle of all writes that were found.
    pub(crate) clock_ahead_ms: Option<i64>,
}

/// What an export reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Covers {
    /// Empty for the directory.
    pub(crate) subscription: String,
    pub(crate) from: String,
    pub(crate) until: String,
    /// The one resource group that all of its entries are of: it may have been asked for alone.
    pub(crate) resource_group: Option<String>,
    #[serde(skip)]
    window: (i64, i64),
}

/// A write of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Write {
    pub(crate) step: String,
    pub(crate) act: String,
    pub(crate) attempt: u32,
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) request: String,
    pub(crate) correlation_id: String,
}

/// A change that Azure has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) at: String,
    pub(crate) caller: String,
    pub(crate) operation: String,
    pub(crate) target: String,
    pub(crate) correlation_id: String,
}

/// A move that was changed before it was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Late {
    pub(crate) run: String,
    pub(crate) first_change: String,
    pub(crate) approved: String,
}

/// Compares a log with what was exported.
pub(crate) fn reconciled(record: &Record, exports: &[Export], asked: Asked) -> Reconciled {
    let mut first_of: BTreeMap<&RunId, i64> = BTreeMap::new();
    let mut of = |keeper: Keeper| {
        let export = exports.iter().find(|export| export.keeper == keeper)?;
        let side = Side::new(record, export, asked);
        for Found { sent, azure_ms, .. } in &side.found {
            let first = first_of.entry(&sent.run).or_insert(*azure_ms);
            *first = (*first).min(*azure_ms);
        }
        Some(side.compared())
    };
    let (activity_log, directory_audits) = (of(Keeper::Resources), of(Keeper::Directory));
    let dated = first_of.iter().filter_map(|(run, first)| Some((*run, *first, *record.approved.get(*run)?)));
    let (late, before): (Vec<_>, Vec<_>) =
        dated.partition(|(_, first, approved)| first + CLOCKS_MS < *approved);
    let late = late.into_iter().map(|(run, first, approved)| Late {
        run: run.to_string(),
        first_change: stamp(first),
        approved: stamp(approved),
    });
    let approved_late: Vec<Late> = late.collect();
    let agree = |side: &Compared| side.unseen.is_empty() && side.not_in_the_log.is_empty();
    let agrees =
        approved_late.is_empty() && [&activity_log, &directory_audits].into_iter().flatten().all(agree);
    Reconciled {
        format_version: "1.0",
        agrees,
        activity_log,
        directory_audits,
        approved_late,
        approved_before: before.len(),
    }
}

/// A write that was found.
struct Found<'a> {
    sent: &'a Sent,
    /// When Azure says that it was.
    azure_ms: i64,
    by_intent: bool,
}

/// One export beside the log.
struct Side<'a> {
    record: &'a Record,
    export: &'a Export,
    covers: Vec<Covers>,
    found: Vec<Found<'a>>,
    missing: Vec<&'a Sent>,
    clock_ahead_ms: Option<i64>,
}

impl<'a> Side<'a> {
    fn new(record: &'a Record, export: &'a Export, asked: Asked) -> Self {
        let mut by_id: BTreeMap<&str, i64> = BTreeMap::new();
        for entry in &export.entries {
            for id in &entry.ids {
                let first = by_id.entry(id).or_insert(entry.at_ms);
                *first = entry.at_ms.min(*first);
            }
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for sent in &record.sent {
            let [intent, request] = [&sent.correlation, &sent.request].map(|id| by_id.get(id.as_str()));
            match intent.or(request) {
                Some(at) => found.push(Found { sent, azure_ms: *at, by_intent: intent.is_some() }),
                None => missing.push(sent),
            }
        }
        let mut ahead: Vec<i64> = found.iter().map(|one| one.azure_ms - one.sent.at_ms).collect();
        ahead.sort_unstable();
        let clock_ahead_ms = ahead.get(ahead.len() / 2).copied();
        Self { record, export, covers: covers(export, asked), found, missing, clock_ahead_ms }
    }

    fn compared(&self) -> Compared {
        let keeper = self.export.keeper;
        let ours = |entry: &&Entry| !entry.who.is_disjoint(&self.record.principals);
        let by_intent = self.found.iter().filter(|one| one.by_intent).count();
        let mut compared = Compared {
            entries: self.export.entries.len(),
            of_ours: self.export.entries.iter().filter(ours).count(),
            covers: self.covers.clone(),
            goes_on: self.export.goes_on,
            seen_by_intent: by_intent,
            seen_by_request: self.found.len() - by_intent,
            unanswered_seen: self.found.iter().filter(|one| one.sent.ended.is_none()).count(),
            not_in_the_log: self.not_in_the_log(),
            clock_ahead_ms: self.clock_ahead_ms,
            ..Compared::default()
        };
        let order = Order::of(&self.found);
        for sent in &self.missing {
            // A service of the directory that keeps a log of its own names what it does itself.
            let writes: Vec<&Exchange> = sent.taken(keeper).collect();
            let Some(first) = writes.first() else { continue };
            match self.why_not_covered(sent, &writes, &order) {
                Some(why) => *compared.not_covered.entry(why).or_default() += 1,
                None => compared.unseen.push(write(sent, first)),
            }
        }
        compared
    }

    /// Why the export says nothing of a write, where that is so.
    fn why_not_covered(&self, sent: &Sent, writes: &[&Exchange], order: &Order) -> Option<&'static str> {
        let reached: Vec<Result<&Covers, &'static str>> =
            writes.iter().map(|one| self.scope(path(one))).collect();
        let Some(Ok(covers)) = reached.iter().find(|one| one.is_ok()) else {
            return reached.into_iter().find_map(Result::err);
        };
        let (from, until) = covers.window;
        let ended = sent.ended.unwrap_or(sent.position);
        // Between writes that were found it is certain; else by the clock of the machine, where that agrees with Azure's.
        let trusted = self.clock_ahead_ms.unwrap_or(0).abs() <= CLOCKS_MS;
        let by_clock = trusted.then_some(sent.at_ms);
        let (Some(after), Some(before)) =
            (order.before(sent.position).or(by_clock), order.after(ended).or(by_clock))
        else {
            return Some(
                "no write was found on both sides of it, and the clocks of this machine and of Azure differ",
            );
        };
        if after < from {
            Some("it may be from before the first entry")
        } else if before > until {
            Some(
                "it may be from after the last entry, or from the last minutes before it, which Azure fills late",
            )
        } else {
            None
        }
    }

    fn scope(&self, path: &str) -> Result<&Covers, &'static str> {
        let lower = path.to_ascii_lowercase();
        if self.export.keeper == Keeper::Directory {
            if lower.contains("schedulerequests") {
                return Err("a schedule is carried out by another service, under an id of its own");
            }
            return self.covers.first().ok_or("the export has no entry");
        }
        let mut parts = lower.split('/').skip(1);
        let (Some("subscriptions"), Some(subscription)) = (parts.next(), parts.next()) else {
            return Err("it is in no subscription, and so in no Activity Log of one");
        };
        let Some(covers) = self.covers.iter().find(|covers| covers.subscription == subscription) else {
            return Err("the export has no entry of its subscription");
        };
        let group = (parts.next() == Some("resourcegroups")).then(|| parts.next()).flatten();
        match &covers.resource_group {
            Some(only) if group.is_none_or(|group| !only.eq_ignore_ascii_case(group)) => Err(
                "every entry of its subscription is of one other resource group, which may have been asked for alone",
            ),
            Some(_) | None => Ok(covers),
        }
    }

    /// Changes by our principals which no intent of the log is behind, each once.
    fn not_in_the_log(&self) -> Vec<Change> {
        let sent = self.record.sent.iter().flat_map(|sent| [&sent.correlation, &sent.request]);
        let known: BTreeSet<&String> = sent.chain(&self.record.withheld).collect();
        let lacking = |entry: &&Entry| {
            entry.changed
                && !entry.who.is_disjoint(&self.record.principals)
                && !entry.ids.iter().any(|id| known.contains(id))
        };
        let mut changes: Vec<Change> = Vec::new();
        let mut told: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for entry in self.export.entries.iter().filter(lacking) {
            let new = entry.correlation.is_empty()
                || told.insert((&entry.correlation, &entry.operation, &entry.target));
            if new {
                changes.push(Change {
                    at: stamp(entry.at_ms),
                    caller: entry.caller.clone(),
                    operation: entry.operation.clone(),
                    target: entry.target.clone(),
                    correlation_id: entry.correlation.clone(),
                });
            }
        }
        changes.sort_by(|one, other| one.at.cmp(&other.at));
        changes
    }
}

fn write(sent: &Sent, exchange: &Exchange) -> Write {
    Write {
        step: sent.name(),
        act: sent.direction.to_string(),
        attempt: sent.attempt,
        position: sent.position,
        at: stamp(sent.at_ms),
        request: exchange.request.clone(),
        correlation_id: sent.correlation.clone(),
    }
}

/// What an export reaches, by the entries that it has.
fn covers(export: &Export, asked: Asked) -> Vec<Covers> {
    let late = LATE_MS.iter().find(|(keeper, _)| *keeper == export.keeper).map_or(0, |(_, late)| *late);
    let mut of: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &export.entries {
        of.entry(&entry.subscription).or_default().push(entry);
    }
    let one = |(subscription, entries): (&str, Vec<&Entry>)| {
        let dates = || entries.iter().map(|entry| entry.at_ms);
        let (first, last) = (dates().min().unwrap_or(0), dates().max().unwrap_or(0));
        let from = asked.from_ms.map_or(first, |asked| asked.min(first));
        let until = asked.until_ms.map_or(last, |asked| asked.max(last)) - late;
        let groups: BTreeSet<Option<String>> = entries
            .iter()
            .map(|entry| entry.group.as_ref().map(|group| group.to_ascii_lowercase()))
            .collect();
        let resource_group = if groups.len() == 1 { groups.into_iter().next().flatten() } else { None };
        Covers {
            subscription: subscription.to_owned(),
            from: stamp(from),
            until: stamp(until.max(from)),
            resource_group,
            window: (from, until),
        }
    };
    of.into_iter().map(one).collect()
}

/// The writes that were found, in the order of the log: what lies between two of them was sent between them.
struct Order {
    /// Where each had ended, and the latest date of any that had ended by then.
    ended: BTreeMap<u64, i64>,
    /// Where each began, and the earliest date of any that began then or later.
    began: BTreeMap<u64, i64>,
}

impl Order {
    fn of(found: &[Found<'_>]) -> Self {
        let dates = found.iter().filter_map(|one| Some((one.sent.ended?, one.azure_ms)));
        let (mut ended, mut began) = (BTreeMap::new(), BTreeMap::new());
        for (place, at) in dates {
            let latest = ended.entry(place).or_insert(at);
            *latest = at.max(*latest);
        }
        for one in found {
            began.insert(one.sent.position, one.azure_ms);
        }
        let mut latest = i64::MIN;
        ended.values_mut().for_each(|at| {
            latest = latest.max(*at);
            *at = latest;
        });
        let mut earliest = i64::MAX;
        began.values_mut().rev().for_each(|at| {
            earliest = earliest.min(*at);
            *at = earliest;
        });
        Self { ended, began }
    }

    /// What Azure had dated before this place of the log.
    fn before(&self, position: u64) -> Option<i64> {
        self.ended.range(..position).next_back().map(|(_, at)| *at)
    }

    /// What Azure dated first after this place of the log.
    fn after(&self, position: u64) -> Option<i64> {
        self.began.range(position + 1..).next().map(|(_, at)| *at)
    }
}
