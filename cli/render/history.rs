//! CLI: one event of the log as a line for people. Pure.

use crate::counted::counted;
use crate::error::one_line;
use crate::time::{date, stamp};
use rehome_orchestrator::{
    ApprovalStatement, ApprovalWord, Approved, BatchEvent, BatchRequest, Checked, CodecError, End, Entry,
    Event, Found, ObservedEffect, ReconciledOutcome, Request, Restored, StepId, Verdict,
};
use rehome_store::Stored;

/// Position, time, stream, kind, who, and what it says.
pub(crate) fn line(event: &Stored) -> String {
    let record = &event.record;
    let at = stamp(record.at_ms);
    let (stream, kind, actor) = (record.stream.as_str(), &record.kind, &record.actor);
    let gist = gist(event);
    one_line(&format!("{:>6}  {at}  {stream:<14} {kind:<14} {actor}  {gist}", event.position.0))
}

/// What an event says, in a few words.
pub(crate) fn gist(stored: &Stored) -> String {
    match Entry::<Event>::read(stored).map(|entry| of_run(&entry.event)) {
        Err(CodecError::Unknown { .. }) => {}
        Err(CodecError::Withheld { why, .. }) => return format!("(withheld: {why})"),
        Err(why @ CodecError::Body { .. }) => return format!("({why})"),
        Ok(gist) => return gist,
    }
    let of_batch = Entry::<BatchEvent>::read(stored).map(|entry| of_batch(&entry.event));
    of_batch.unwrap_or_else(|why| format!("({why})"))
}

fn of_batch(event: &BatchEvent) -> String {
    match event {
        BatchEvent::Planned(planned) => planned.digest.clone(),
        BatchEvent::Approved(approved) => format!("plan {}", approved.reason),
        BatchEvent::Signed(signed) => match ApprovalStatement::parse(&signed.statement) {
            Some(of) => {
                let scope: Vec<String> = of.scope.iter().map(ToString::to_string).collect();
                let word = match of.word {
                    ApprovalWord::Approve => "",
                    ApprovalWord::Reject => "rejected: ",
                    ApprovalWord::Withdraw => "withdrawn: ",
                };
                format!("{word}{} by {} (signed) {}", scope.join(" "), of.approver, of.reason)
            }
            None => "(not to be read)".to_owned(),
        },
        BatchEvent::Opened(opened) => format!("{} on {} pid {}", opened.program, opened.host, opened.pid),
        BatchEvent::Restored(restored) => of_restored(restored),
        BatchEvent::Requested(requested) => {
            format!("{} {}", asked_of_batch(&requested.request), requested.reason)
        }
        BatchEvent::WaveReleased(released) => released.wave.clone(),
        BatchEvent::RunFailed(failed) => failed.run.to_string(),
        BatchEvent::Heard(heard) => format!("what was asked up to event {} of the batch", heard.asked),
        BatchEvent::WavePassed(passed) => {
            format!("{}: {} through, {} not", passed.wave, passed.through, passed.fell_out)
        }
        BatchEvent::Told(told) => match &told.refused {
            None => format!("event {} by {}", told.through, told.by),
            Some(why) => format!("event {} by {}, which does not take it: {why}", told.through, told.by),
        },
        BatchEvent::DriftChecked(checked) => {
            let (moves, requests) = (counted(checked.runs, "move"), counted(checked.requests, "request"));
            format!(
                "{moves} looked at again with {requests}, {} changed, {} not read",
                checked.drifted, checked.unread
            )
        }
        BatchEvent::RunnerGone(gone) => {
            format!("pid {} on {} since {}", gone.pid, gone.host, stamp(gone.since_ms))
        }
    }
}

fn of_checked(checked: &Checked) -> String {
    format!("{} {} looked at, {} broken", checked.step, checked.looked, checked.broken.len())
}

fn of_run(event: &Event) -> String {
    match event {
        Event::Planned(planned) => planned.digest.clone(),
        Event::Approved(Approved { gate, reason, .. }) => {
            format!("{} {reason}", gate.as_deref().unwrap_or("plan"))
        }
        Event::Began(began) => format!("{} {} attempt {}", began.step, began.direction, began.attempt),
        Event::Ended(ended) => {
            let (word, why) = match &ended.end {
                End::Applied(_) => ("applied", None),
                End::Retry { why, .. } => ("retry", Some(why)),
                End::Refused(why) => ("refused", Some(why)),
                End::Unknown(why) => ("unknown", Some(why)),
            };
            let why = why.map_or("", |why| &why.message);
            format!("{} {} {word} {why}", ended.step, ended.direction)
        }
        Event::Probed(probed) => {
            let word = match probed.found {
                Found::Applied(_) => "applied",
                Found::Partial(_) => "partial",
                Found::NotApplied => "not_applied",
                Found::Foreign(_) => "foreign",
            };
            format!("{} {} {word}", probed.step, probed.direction)
        }
        Event::Compared(compared) => differences(compared.differences.len()),
        Event::Taken(taken) => format!("by {}, number {}", taken.runner, taken.epoch),
        Event::RollbackVerified(verified) => differences(verified.differences.len()),
        Event::Waiting(waiting) => {
            format!("{} {}", waiting.step.as_ref().map_or("", StepId::as_str), waiting.why.message)
        }
        Event::Parked(parked) => format!("{} {}", parked.step, parked.why.message),
        Event::HeldUp(held) => format!("{} behind {}:{}", held.step, held.by, held.by_step),
        Event::Checked(checked) => of_checked(checked),
        Event::Requested(requested) => format!("{} {}", asked(&requested.request), requested.reason),
        Event::Closed(closed) => match closed.verdict {
            Verdict::Done => "done",
            Verdict::RolledBack => "rolled_back",
            Verdict::Stale => "stale",
            Verdict::Superseded => "superseded",
        }
        .to_owned(),
        Event::Restored(restored) => of_restored(restored),
        Event::Observed(observed) => {
            let word = match observed.found {
                ObservedEffect::InPlace(_) => "in_place",
                ObservedEffect::Partly(_) => "partly",
                ObservedEffect::Absent => "absent",
                ObservedEffect::Foreign(_) => "foreign",
                ObservedEffect::Untold(_) => "untold",
            };
            format!("{} {word}", observed.step)
        }
        Event::Reconciled(reconciled) => {
            let count = |is: fn(&ReconciledOutcome) -> bool| {
                reconciled.steps.iter().filter(|step| is(&step.outcome)).count()
            };
            let done = count(|outcome| *outcome == ReconciledOutcome::Done);
            let partial = count(|outcome| *outcome == ReconciledOutcome::Partial);
            let passed = count(|outcome| *outcome == ReconciledOutcome::Passed);
            let parked = count(|outcome| matches!(outcome, ReconciledOutcome::Parked { .. }));
            format!("{done} done, {partial} in part, {passed} passed, {parked} for a person")
        }
        Event::Accepted(accepted) => accepted.step.to_string(),
        Event::TimerSet(timer) => timer.step.to_string(),
        Event::WaitCompleted(completed) => completed.step.to_string(),
        Event::RollbackStarted(started) => {
            started.failed.as_ref().map_or_else(String::new, StepId::to_string)
        }
    }
}

fn differences(count: usize) -> String {
    counted(count, "difference")
}

fn of_restored(restored: &Restored) -> String {
    let known = restored.known.as_ref();
    let known = known.map_or_else(|| "nobody knows what".to_owned(), |end| format!("event {}", end.position));
    format!("from event {}, {known} is known of: {}", restored.ends.position, restored.reason)
}

/// A request to a batch as people typed it.
fn asked_of_batch(request: &BatchRequest) -> String {
    match request {
        BatchRequest::Release(wave) => format!("release {wave}"),
        BatchRequest::Hold(wave) => format!("hold {wave}"),
        BatchRequest::Resume(None) => "resume".to_owned(),
        BatchRequest::Resume(Some(wave)) => format!("resume wave:{wave}"),
        BatchRequest::Pause { wave, until_ms } => {
            let wave = wave.as_ref().map(|wave| format!(" wave:{wave}")).unwrap_or_default();
            let until = until_ms.map(|until| format!(" --until {}", date(until))).unwrap_or_default();
            format!("pause{wave}{until}")
        }
        BatchRequest::Throttle(Some(most)) => format!("throttle --parallel {most}"),
        BatchRequest::Throttle(None) => "throttle --withdraw".to_owned(),
        BatchRequest::Share(Some(percent)) => format!("throttle --share {percent}%"),
        BatchRequest::Share(None) => "throttle --share --withdraw".to_owned(),
        BatchRequest::Abandon => "abandon".to_owned(),
        BatchRequest::TakeUp => "abandon --withdraw".to_owned(),
        BatchRequest::Skip(run) => format!("skip {run}"),
        BatchRequest::Include(run) => format!("skip {run} --withdraw"),
        BatchRequest::HoldCleanUp => "hold --cleanup".to_owned(),
        BatchRequest::ReleaseCleanUp => "release --cleanup".to_owned(),
        BatchRequest::Note => "note".to_owned(),
    }
}

/// A request as people typed it.
fn asked(request: &Request) -> String {
    match request {
        Request::Retry(step) => format!("retry {step}"),
        Request::Skip(steps) => {
            format!("skip {}", steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(", "))
        }
        Request::MarkDone(step) => format!("mark-done {step}"),
        Request::Acknowledge(step) => format!("ack {step}"),
        Request::Adopt(step) => format!("adopt {step}"),
        Request::Pause => "pause".to_owned(),
        Request::Resume => "resume".to_owned(),
        Request::RollBack => "rollback".to_owned(),
    }
}
