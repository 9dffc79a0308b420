//! CLI: what states of moves, causes of waiting and states of steps mean. Pure data.

use crate::view::State;
use crate::wait::WaitKind;

/// What a state of a move means, and what can be done.
pub(super) fn of_state(state: State) -> (&'static str, &'static str) {
    match state {
        State::Failed => (
            "a step has stopped; what does not depend on it goes on",
            "`rehome status` says why; then retry, skip, mark-done or rollback",
        ),
        State::NeedsPerson => (
            "a by-hand step is open, another move stopped at what this one works on, or a wave waits for somebody",
            "do it, then rehome ack; or `rehome status`, which says where somebody decides",
        ),
        State::Paused => ("somebody paused it; nothing new is started", "`rehome resume`"),
        State::Stale => (
            "Azure was not what the plan was made from; nothing was written",
            "plan again, and approve the new plan",
        ),
        State::AwaitingCleanup => (
            "everything is done but the clean-up; the old identity lives",
            "`rehome cleanup`, or rehome rollback",
        ),
        State::Running => ("steps are carried out, or waited for", "nothing has to be done"),
        State::Soaking => {
            ("the date of a soak, or of a quiet period, has not come", "look at your own dashboards")
        }
        State::Waiting => ("it is approved and has not begun, or no runner is there", "`rehome run BATCH`"),
        State::Planned => ("the plan is recorded and not approved", "`rehome approve PLAN --reason TEXT`"),
        State::RolledBack => (
            "everything was taken back and compared with what was there before",
            "look at DIFFERS and STILL THERE in rehome status, if any",
        ),
        State::Done => ("the old identity is gone", "nothing has to be done"),
        State::Superseded => ("a newer plan of the same batch took its place", "nothing has to be done"),
        State::Skipped => {
            ("somebody left it out before it began", "`rehome skip MOVE --withdraw` takes it in again")
        }
        State::Abandoned => (
            "its batch was given up; what is in Azure stays",
            "`rehome rollback`, or rehome abandon BATCH --withdraw",
        ),
    }
}

/// What a cause of waiting means, and what ends it.
pub(super) fn of(kind: WaitKind) -> (&'static str, &'static str) {
    match kind {
        WaitKind::Azure => ("Azure works on it, and is asked again", "it goes on by itself"),
        WaitKind::Retry => ("a try has failed, and the next one has its time", "it goes on by itself"),
        WaitKind::Soak => (
            "a soak or a look that lies far ahead: people watch their dashboards until then",
            "it goes on at its date, when a runner is there: rehome run BATCH",
        ),
        WaitKind::Pause => (
            "a propagation delay: what Azure does not show is given time to act everywhere",
            "it goes on by itself; rehome skip MOVE:STEP ends it early",
        ),
        WaitKind::ByHand => (
            "a person has something to do that no program can",
            "`rehome show MOVE:STEP` says what; then rehome ack MOVE:STEP --note TEXT",
        ),
        WaitKind::Failed => {
            ("a step has stopped, and a person decides", "retry, skip, mark-done or rollback")
        }
        WaitKind::Approval => {
            ("what comes next has an approval of its own", "`rehome cleanup BATCH --confirm BATCH`")
        }
        WaitKind::Restored => (
            "the end of the record is lost: Azure is looked at before anything is written",
            "`rehome run BATCH`",
        ),
        WaitKind::Runner => ("nobody is at work on this log", "`rehome run BATCH`"),
        WaitKind::Unread => (
            "what a move is compared with cannot be read, and so nothing is begun",
            "get the right to read it: the cause names the place; then rehome run BATCH",
        ),
        WaitKind::HeldUp => (
            "another move stopped at what this one works on, and nobody knows yet what it left there",
            "`rehome show MOVE:STEP` of the other move says how to decide there; then this one goes on",
        ),
        WaitKind::Held => (
            "nothing new is begun: it was paused, a move of its wave failed, or it is not the time for it",
            "it goes on at its date, or when somebody says rehome resume BATCH",
        ),
        WaitKind::Wave => (
            "the wave of this move has not begun",
            "it begins after the wave before it; where that waits for somebody: rehome release BATCH --wave NAME",
        ),
    }
}

/// States of steps, as `show` prints them.
pub(super) const STEPS: &[(&str, &str, &str)] = &[
    ("-", "nothing of it was begun", "`rehome show MOVE:STEP` says what it is behind"),
    ("ACCEPTED", "Azure has taken it, and works on it", "it goes on by itself"),
    ("DONE", "it is done, by this move", "`rehome rollback` takes it back"),
    (
        "DONE BY OTHERS",
        "it was there already: this move did not do it, and never takes it back",
        "nothing has to be done",
    ),
    (
        "IN DOUBT",
        "a request went out and no answer came: Azure is read before anything else is sent",
        "it goes on by itself",
    ),
    ("LEFT", "somebody decided that it is not taken back", "it stays in Azure, and in sight"),
    ("RETRYING", "a try has failed, and the next one has its time", "it goes on by itself"),
    (
        "SKIPPED",
        "somebody left it out, with every step that needs its output",
        "the clean-up wants somebody to answer for it",
    ),
    (
        "UNDO BY HAND",
        "a person did it, and a person takes it back",
        "`rehome show MOVE:STEP` says how; then rehome ack",
    ),
    ("UNDO FAILED", "it could not be taken back", "`rehome status` says why; then retry or skip"),
    ("UNDOING", "it is being taken back", "it goes on by itself"),
    ("UNDONE", "it was taken back", "nothing has to be done"),
];
