//! Store: when the runner of a log was last at work: the date of the file with its name. Touches that date.

use crate::runner::{LeaseHolder, RunnerLease};
use crate::side;
use std::io::{self, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// A name has at most this many bytes.
const NAME_BYTES_MAX: u64 = 64 << 10;

/// What is known of the last runner of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Who it is, or was.
    pub holder: LeaseHolder,
    /// When it was at work for sure, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

impl Heartbeat {
    /// Says that the runner of this log is at work. Only the runner says that.
    ///
    /// # Errors
    /// When the date of the file cannot be set.
    pub fn beat(log: &Path) -> io::Result<()> {
        side::open_to_write(&RunnerLease::path(log))?.set_modified(SystemTime::now())
    }

    /// The last one, if a runner ever left its name and it can be read.
    pub fn last(log: &Path) -> Option<Self> {
        let file = side::open(&RunnerLease::path(log)).ok()?;
        let at = file.metadata().ok()?.modified().ok()?;
        let mut text = Vec::new();
        file.take(NAME_BYTES_MAX).read_to_end(&mut text).ok()?;
        let holder = serde_json::from_slice(&text).ok()?;
        let at_ms = at.duration_since(UNIX_EPOCH).ok()?.as_millis().try_into().ok()?;
        Some(Self { holder, at_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::Duration;

    #[test]
    fn a_runner_that_beats_is_known_to_be_at_work_later_than_one_that_only_left_its_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        assert_eq!(Heartbeat::last(&log), None);
        let ada = LeaseHolder { host: "desk".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 };
        let text = serde_json::to_vec(&ada).expect("JSON");
        std::fs::write(RunnerLease::path(&log), &text).expect("a name");
        let old = SystemTime::now() - Duration::from_secs(3_600);
        let file = File::options().append(true).open(RunnerLease::path(&log)).expect("the file");
        file.set_modified(old).expect("set");
        let before = Heartbeat::last(&log).expect("a name");
        Heartbeat::beat(&log).expect("it may be said");
        let after = Heartbeat::last(&log).expect("a name");
        assert_eq!((&before.holder, &after.holder), (&ada, &ada));
        assert!(after.at_ms - before.at_ms > 3_500_000, "{before:?} {after:?}");
    }
}
