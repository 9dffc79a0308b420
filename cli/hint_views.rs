//! CLI: the commands that moves wait for, as they work when they are pasted. Pure.

use crate::hint::Hints;
use crate::view::MoveView;

/// Completes every command with which a person lets one of these moves go on.
pub(crate) fn complete(hints: &Hints, views: &mut [MoveView]) {
    let waits = views.iter_mut().flat_map(|view| &mut view.waiting_for);
    for command in waits.flat_map(|wait| &mut wait.unblock_with) {
        *command = hints.complete(command);
    }
}
