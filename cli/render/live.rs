//! CLI: one line of what is under way: what is waited for, since when, until when, and what brings it on. Pure.

use crate::hint::Hints;
use crate::time::clock;
use crate::view::{MoveView, State};
use crate::wait::{WaitKind, WaitView};

/// The line, the most urgent first: it may be cut off at its end.
pub(crate) fn line(batches: &[String], moves: &[&MoveView], now_ms: i64, hints: &Hints) -> String {
    let mut parts = Vec::new();
    let waits = |kinds: &[WaitKind]| -> Vec<(&MoveView, &WaitView)> {
        let fits = |w: &&WaitView| kinds.contains(&w.kind);
        moves.iter().flat_map(|m| m.waiting_for.iter().filter(fits).map(|w| (*m, w))).collect()
    };
    let command = |w: &WaitView| w.unblock_with.first().map(|c| hints.complete(c)).unwrap_or_default();
    let since = |all: &[(&MoveView, &WaitView)]| {
        let first = all.iter().map(|(_, w)| w.since_ms).filter(|ms| *ms > 0).min();
        first.map(|ms| format!(" since {}", clock(ms, now_ms))).unwrap_or_default()
    };
    let until = |all: &[(&MoveView, &WaitView)]| {
        let next = all.iter().filter_map(|(_, w)| w.next_check_ms).min();
        next.map(|ms| format!(" until {}", clock(ms, now_ms))).unwrap_or_default()
    };
    for (kind, word) in [(WaitKind::Failed, "failed"), (WaitKind::ByHand, "by hand")] {
        let all = waits(&[kind]);
        if let Some((_, first)) = all.first() {
            parts.push(format!("{} {word}{} ({})", all.len(), since(&all), command(first)));
        }
    }
    let paused: Vec<&&MoveView> = moves.iter().filter(|m| m.state == State::Paused).collect();
    if let Some(first) = paused.first() {
        let kept = first.waiting_for.iter().find(|w| w.kind == WaitKind::Held).map(command);
        let resume = kept.filter(|command| !command.is_empty());
        let resume = resume.unwrap_or_else(|| hints.complete(&format!("rehome resume {}", first.run)));
        parts.push(format!("{} paused ({resume})", paused.len()));
    }
    let is_kept = |m: &&MoveView| {
        let kept = |w: &WaitView| matches!(w.kind, WaitKind::Held | WaitKind::Wave);
        m.state != State::Paused && m.waiting_for.iter().any(kept)
    };
    let kept = waits(&[WaitKind::Held, WaitKind::Wave]);
    let kept: Vec<_> = kept.into_iter().filter(|(m, _)| m.state != State::Paused).collect();
    if !kept.is_empty() {
        // What only a person ends is told with what they type.
        let next = kept.iter().filter(|(_, w)| w.next_check_ms.is_none()).map(|(_, w)| command(w));
        let next = next.filter(|command| !command.is_empty()).map(|command| format!(" ({command})")).next();
        parts.push(format!("{} kept{}{}", kept.len(), until(&kept), next.unwrap_or_default()));
    }
    let unread = moves.iter().filter(|m| matches!(m.state, State::Waiting | State::Planned) && !is_kept(m));
    let unread = unread.count();
    if unread > 0 {
        parts.push(format!("comparing {} of {} with Azure", moves.len() - unread, moves.len()));
    }
    let held_up = waits(&[WaitKind::HeldUp]);
    if let Some((_, first)) = held_up.first() {
        parts.push(format!("{} held up{} ({})", held_up.len(), since(&held_up), command(first)));
    }
    for (kind, word) in [(WaitKind::Soak, "soaking"), (WaitKind::Pause, "pausing")] {
        let all = waits(&[kind]);
        if !all.is_empty() {
            parts.push(format!("{} {word}{}", all.len(), until(&all)));
        }
    }
    let working = waits(&[WaitKind::Azure, WaitKind::Retry, WaitKind::Restored]);
    if let Some((view, first)) = working.iter().min_by_key(|(_, w)| w.since_ms) {
        let what = format!("{}:{} {}", view.run, first.step, first.title);
        parts.push(format!("{} at work: {what}{}", working.len(), since(&working)));
    }
    let open = moves.iter().filter(|m| m.state == State::AwaitingCleanup).count();
    if parts.is_empty() && open > 0 {
        parts.push(format!("{open} wait for the clean-up"));
    }
    format!("{}: {}", batches.join(" + "), parts.join(", "))
}
