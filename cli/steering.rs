//! CLI: what people asked of a batch and what holds of it still: who, when, why, how far it is, and what withdraws it. Pure.

use crate::error::one_line;
use crate::hint::quoted;
use crate::time::date;
use crate::view::{MoveView, State};
use rehome_orchestrator::{BatchEvent, BatchLoaded, BatchRequest, BatchRequested, Entry};
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that was asked of a batch and holds still.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Asked {
    pub(crate) batch: String,
    /// What, in the word of the command.
    pub(crate) request: &'static str,
    /// Of which wave, or which move; how many at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until_ms: Option<i64>,
    pub(crate) by: String,
    pub(crate) at_ms: i64,
    pub(crate) reason: String,
    pub(crate) stage: Stage,
    pub(crate) withdraw_with: String,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// It is in the log.
    Requested,
    /// A runner knows it, and what was in flight before is finished.
    Seen,
    /// It holds.
    InForce,
}

impl Stage {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Requested => "requested, and no runner has seen it yet",
            Self::Seen => "seen by the runner; what is in flight finishes",
            Self::InForce => "in force",
        }
    }
}

impl Asked {
    /// As people read it.
    pub(crate) fn line(&self) -> String {
        let stage = self.stage.words();
        let of = self.of.as_ref().map(|of| format!(" {of}")).unwrap_or_default();
        let until = self.until_ms.map(|until| format!(" until {}", date(until))).unwrap_or_default();
        let (batch, at) = (&self.batch, date(self.at_ms));
        one_line(&format!(
            "ASKED  {} {batch}{of}{until}: {stage}; {} at {at}: {}; withdraw with  {}",
            self.request, self.by, self.reason, self.withdraw_with
        ))
    }
}

/// What a throttle of Azure's limits is about, beside one of moves.
const SHARE: &str = "share";

/// What a hold of the clean-up is about, as a flag of the command.
const CLEAN_UP: &str = "--cleanup";

/// The command that lets a clean-up begin that is held.
pub(crate) fn release_cleanup(batch: &str) -> String {
    format!("rehome release {} {CLEAN_UP} --reason TEXT", quoted(batch))
}

/// What a request is about: of each only the last holds.
type About = (&'static str, Option<String>);

/// What was asked of a batch and holds still, in the order in which it was asked.
pub(crate) fn asked(name: &str, batch: &BatchLoaded, views: &[MoveView], now_ms: i64) -> Vec<Asked> {
    let mut standing: BTreeMap<About, &Entry<BatchEvent>> = BTreeMap::new();
    for entry in &batch.entries {
        match &entry.event {
            BatchEvent::Planned(_) => standing.clear(),
            BatchEvent::WaveReleased(released) => {
                standing.remove(&("hold", Some(released.wave.clone())));
            }
            BatchEvent::Requested(requested) => take(&mut standing, entry, requested),
            _ => {}
        }
    }
    let mut all: Vec<(u64, Asked)> = Vec::new();
    for ((request, of), entry) in standing {
        let BatchEvent::Requested(requested) = &entry.event else { continue };
        let until_ms = match requested.request {
            BatchRequest::Pause { until_ms, .. } => until_ms,
            _ => None,
        };
        if until_ms.is_some_and(|until| until <= now_ms) {
            continue;
        }
        let heard = batch.state.steering().heard >= entry.sequence;
        let asked = Asked {
            batch: name.to_owned(),
            withdraw_with: withdraw(name, &requested.request),
            of: number(&requested.request).or(of),
            request,
            until_ms,
            by: entry.actor.to_string(),
            at_ms: entry.at_ms,
            reason: requested.reason.clone(),
            stage: stage(heard, name, batch, &requested.request, views),
        };
        all.push((entry.sequence, asked));
    }
    all.sort_by_key(|(sequence, _)| *sequence);
    all.into_iter().map(|(_, asked)| asked).collect()
}

fn number(request: &BatchRequest) -> Option<String> {
    match request {
        BatchRequest::Throttle(Some(most)) => Some(format!("--parallel {most}")),
        BatchRequest::Share(Some(percent)) => Some(format!("--share {percent}%")),
        _ => None,
    }
}

/// Takes in a request: of each kind, and of each wave or move, only the last holds.
fn take<'a>(
    standing: &mut BTreeMap<About, &'a Entry<BatchEvent>>,
    entry: &'a Entry<BatchEvent>,
    requested: &BatchRequested,
) {
    let wave = |name: &String| Some(format!("wave:{name}"));
    let (about, holds) = match &requested.request {
        BatchRequest::Pause { wave: of, .. } => (("pause", of.as_ref().and_then(wave)), true),
        BatchRequest::Resume(Some(of)) => (("pause", wave(of)), false),
        BatchRequest::Resume(None) => return standing.retain(|(request, _), _| *request != "pause"),
        BatchRequest::Throttle(most) => (("throttle", None), most.is_some()),
        BatchRequest::Share(percent) => (("throttle", Some(SHARE.to_owned())), percent.is_some()),
        BatchRequest::Abandon => (("abandon", None), true),
        BatchRequest::TakeUp => (("abandon", None), false),
        BatchRequest::Skip(run) => (("skip", Some(run.to_string())), true),
        BatchRequest::Include(run) => (("skip", Some(run.to_string())), false),
        BatchRequest::Hold(name) => (("hold", Some(name.clone())), true),
        BatchRequest::Release(name) => (("hold", Some(name.clone())), false),
        BatchRequest::HoldCleanUp => (("hold", Some(CLEAN_UP.to_owned())), true),
        BatchRequest::ReleaseCleanUp => (("hold", Some(CLEAN_UP.to_owned())), false),
        BatchRequest::Note => return,
    };
    if holds {
        standing.insert(about, entry);
    } else {
        standing.remove(&about);
    }
}

/// The command that takes it back.
fn withdraw(batch: &str, request: &BatchRequest) -> String {
    let name = quoted(batch);
    match request {
        BatchRequest::Pause { wave: Some(wave), .. } => {
            format!("rehome resume {}", quoted(&format!("{batch}/wave:{wave}")))
        }
        BatchRequest::Throttle(_) | BatchRequest::Share(_) => {
            format!("rehome throttle {name} --withdraw --reason TEXT")
        }
        BatchRequest::Abandon | BatchRequest::TakeUp => {
            format!("rehome abandon {name} --withdraw --reason TEXT")
        }
        BatchRequest::Skip(run) | BatchRequest::Include(run) => {
            format!("rehome skip {run} --withdraw --reason TEXT")
        }
        BatchRequest::Hold(wave) | BatchRequest::Release(wave) => {
            format!("rehome release {name} --wave {} --reason TEXT", quoted(wave))
        }
        BatchRequest::HoldCleanUp | BatchRequest::ReleaseCleanUp => release_cleanup(batch),
        BatchRequest::Pause { wave: None, .. } | BatchRequest::Resume(_) | BatchRequest::Note => {
            format!("rehome resume {name}")
        }
    }
}

fn stage(heard: bool, name: &str, batch: &BatchLoaded, request: &BatchRequest, views: &[MoveView]) -> Stage {
    let of_wave = |view: &&MoveView| match request {
        BatchRequest::Pause { wave: Some(wave), .. } => {
            let runs =
                batch.state.waves().find(|(known, _)| known.name == *wave).map(|(known, _)| &known.runs);
            runs.is_some_and(|runs| runs.iter().any(|run| run.as_str() == view.run))
        }
        _ => true,
    };
    let mut views = views.iter().filter(|view| view.batch == name).filter(of_wave);
    let holds = match request {
        BatchRequest::Pause { .. } | BatchRequest::Abandon => views.all(|view| view.in_flight == 0),
        BatchRequest::Throttle(Some(most)) => {
            views.filter(|view| view.state == State::Running).count() as u64 <= *most
        }
        _ => true,
    };
    match (heard, holds) {
        // Whoever would open the gate reads it in the log.
        _ if matches!(request, BatchRequest::HoldCleanUp) => Stage::InForce,
        (false, _) => Stage::Requested,
        (true, false) => Stage::Seen,
        (true, true) => Stage::InForce,
    }
}
