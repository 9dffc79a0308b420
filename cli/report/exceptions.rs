//! CLI: what is out of the ordinary among the events of a batch, in words. Pure.

use rehome_orchestrator::{BatchEvent, BatchRequest, End, Event, Found, Request, Verdict};

/// What kind of exception an event is, the step that it is of, and what it says.
pub(crate) type Told = (&'static str, String, String);

/// Of an event of a move.
pub(crate) fn of_move(event: &Event) -> Option<Told> {
    let step = |step: &rehome_orchestrator::StepId| step.to_string();
    Some(match event {
        Event::Ended(ended) => match &ended.end {
            End::Applied(_) => return None,
            End::Retry { why, .. } => ("tried again", step(&ended.step), why.to_string()),
            End::Refused(why) => ("refused", step(&ended.step), why.to_string()),
            End::Unknown(why) => ("in doubt", step(&ended.step), format!("no clear answer: {why}")),
        },
        Event::Probed(probed) => match &probed.found {
            Found::Applied(_) | Found::NotApplied => return None,
            Found::Partial(_) => ("in doubt", step(&probed.step), "part of it was in place".to_owned()),
            Found::Foreign(other) => {
                ("somebody else's change", step(&probed.step), format!("{} is not ours", other.fact))
            }
        },
        Event::Parked(parked) => ("stopped for a person", step(&parked.step), parked.why.to_string()),
        Event::Checked(checked) if !checked.broken.is_empty() => {
            let facts: Vec<&str> = checked.broken.iter().map(|one| one.fact.as_str()).collect();
            ("a promise was broken", step(&checked.step), facts.join(", "))
        }
        Event::RollbackStarted(started) => {
            let why = match &started.failed {
                Some(failed) => format!("because step {failed} failed"),
                None => "because a person asked for it".to_owned(),
            };
            ("taken back", String::new(), why)
        }
        Event::RollbackVerified(proof) if !proof.differences.is_empty() => {
            let facts: Vec<&str> = proof.differences.iter().map(|one| one.fact.as_str()).collect();
            ("not as it was before", String::new(), facts.join(", "))
        }
        Event::Compared(compared) if !compared.differences.is_empty() => {
            let facts: Vec<&str> = compared.differences.iter().map(|one| one.fact.as_str()).collect();
            ("the cloud had changed", String::new(), facts.join(", "))
        }
        Event::Requested(asked) => return requested(&asked.request, &asked.reason),
        Event::Restored(lost) => (
            "the end of the log was lost",
            String::new(),
            format!("it went on from event {}", lost.ends.position),
        ),
        Event::Closed(closed) => match closed.verdict {
            Verdict::Stale => {
                ("not begun", String::new(), "the cloud was not what was planned for".to_owned())
            }
            Verdict::Done | Verdict::RolledBack | Verdict::Superseded => return None,
        },
        _ => return None,
    })
}

fn requested(request: &Request, reason: &str) -> Option<Told> {
    let (kind, step) = match request {
        Request::Skip(steps) => {
            let steps: Vec<&str> = steps.iter().map(rehome_orchestrator::StepId::as_str).collect();
            ("left out by a person", steps.join(", "))
        }
        Request::MarkDone(step) => ("said to be done", step.to_string()),
        Request::Adopt(step) => ("somebody else's change was taken", step.to_string()),
        Request::Retry(step) => ("tried again by a person", step.to_string()),
        Request::RollBack => ("taken back by a person", String::new()),
        Request::Acknowledge(_) | Request::Pause | Request::Resume => return None,
    };
    Some((kind, step, reason.to_owned()))
}

/// Of an event of the batch.
pub(crate) fn of_batch(event: &BatchEvent) -> Option<Told> {
    Some(match event {
        BatchEvent::RunnerGone(gone) => {
            let words = format!("process {} on {} was gone, and somebody looked", gone.pid, gone.host);
            ("time without a runner", String::new(), words)
        }
        BatchEvent::DriftChecked(look) if look.drifted > 0 => (
            "changed afterwards",
            String::new(),
            format!("{} of {} moves were not as they were left", look.drifted, look.runs),
        ),
        BatchEvent::Restored(lost) => (
            "the end of the log was lost",
            String::new(),
            format!("it went on from event {}", lost.ends.position),
        ),
        BatchEvent::Requested(asked) => match &asked.request {
            BatchRequest::Abandon => ("given up", String::new(), asked.reason.clone()),
            BatchRequest::Skip(run) => ("left out by a person", run.to_string(), asked.reason.clone()),
            _ => return None,
        },
        _ => return None,
    })
}
