//! Store: the right to act on what a log says, which one process has at a time: who has it, and since when. Touches nothing.

use serde::{Deserialize, Serialize};
use std::io;

/// Who has the right to act, as it names itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The person, as they call themselves.
    pub actor: String,
    /// Since when, in milliseconds since 1970 UTC.
    pub since_ms: i64,
}

/// A process that keeps others away, as the machine says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locker {
    /// The process; none where it is out of sight, as in another container.
    pub pid: Option<u32>,
    /// It has a lock that others may have too. No runner has such a one.
    pub shared: bool,
}

/// The last sign of life of a runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Who it is, or was.
    pub holder: LeaseHolder,
    /// When it was at work for sure, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// Why the right to act was not given.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process has it. Nothing was changed; that process goes on.
    #[error("{} on {place}", LeaseError::who(holder.as_ref(), *by))]
    Held {
        /// The log, as people name it.
        place: String,
        /// Who, if it is a runner that left its name.
        holder: Option<LeaseHolder>,
        /// Who, as the machine says.
        by: Option<Locker>,
    },
    /// What keeps the right could not be used. Nobody was given it.
    #[error("failed to use the lock file {place}")]
    Io {
        /// What keeps the right, as people name it.
        place: String,
        /// Why.
        source: io::Error,
    },
}

impl LeaseError {
    /// Who has the right to act, or keeps it from everybody, in words.
    pub fn who(holder: Option<&LeaseHolder>, by: Option<Locker>) -> String {
        match (holder, by) {
            (Some(h), _) => format!(
                "another runner is at work: process {} of {} on {}",
                h.pid,
                h.actor.escape_debug(),
                h.host.escape_debug()
            ),
            (None, Some(Locker { pid, shared })) => {
                let process =
                    pid.map_or_else(|| "a process out of sight".to_owned(), |pid| format!("process {pid}"));
                let lock = if shared { "a shared lock, as no runner has," } else { "a lock" };
                format!("{process} holds {lock} and has left no name: it keeps every runner away")
            }
            (None, None) => {
                "another runner is at work, or somebody keeps runners away; it did not leave its name"
                    .to_owned()
            }
        }
    }
}

/// Where the right to act on one log is kept.
///
/// Promises: at most one process has the right at a time; it is free again when its holder drops it or dies; a name that was left
/// stays, also when its runner is gone, and is no holder by itself.
pub trait Lease: Send + Sync {
    /// Takes the right to act, or says who has it. No name is left: that is for a runner to do.
    ///
    /// # Errors
    /// When another process has it, or what keeps it cannot be used.
    fn hold(&self) -> Result<Box<dyn HeldLease>, LeaseError>;

    /// Who has the right to act now, if anybody who left a name.
    fn holder(&self) -> Option<LeaseHolder>;

    /// Whether a runner ever left its name: it was at work on the log.
    fn was_held(&self) -> bool;

    /// Says that the runner of the log is at work. Only the runner says that.
    ///
    /// # Errors
    /// When it cannot be said.
    fn beat(&self) -> io::Result<()>;

    /// When a runner was last at work for sure; nothing where none ever left a name that can be understood.
    ///
    /// # Errors
    /// When this process may not look.
    fn last_beat(&self) -> io::Result<Option<Heartbeat>>;
}

/// The right to act, held until it is dropped.
pub trait HeldLease: Send {
    /// Leaves the name of a runner. From then on the log is known as one that a runner was at, with everything that
    /// belongs to it: a runner makes sure of that, and then leaves its name.
    ///
    /// # Errors
    /// When the name cannot be kept. The right is held all the same.
    fn leave_name(&mut self, holder: &LeaseHolder) -> Result<(), LeaseError>;
}
