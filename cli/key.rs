//! CLI: the key of the marks of application settings: beside the log and beside each copy of it, never in it. Touches
//! that file, and reads the log.

use crate::error::{CliError, Exit, causes, damaged};
use crate::output::Output;
use crate::world;
use rehome_activities::references::settings_key::SettingsKey;
use rehome_orchestrator::{BatchEvent, BatchLoaded, Clock, Entry, SystemClock, entries};
use rehome_store::{Backend, Beside, Log, Part, SidecarError};

const PUT_BACK: &str =
    "put it back: `rehome db backup FILE` keeps it in FILE.key, and `rehome db restore FILE` brings it along";
const RENEW: &str = "rehome db reconcile --new-key --reason TEXT --yes      # when it is gone for good";

pub(crate) type Bytes = [u8; 32];

/// The mark by which a key is known; it tells nothing about the key.
pub(crate) fn mark(key: &SettingsKey) -> String {
    key.mark("rehome", "the key itself", "")
}

/// What a log says of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// No runner was ever at work: there are no marks.
    NoRunner,
    /// There is one, and the log does not say which.
    Some,
    /// The one with this mark.
    Marked(String),
}

impl Known {
    fn is(&self, key: &Bytes) -> bool {
        match self {
            Self::NoRunner | Self::Some => true,
            Self::Marked(known) => mark(&SettingsKey::new(*key)) == *known,
        }
    }

    async fn of(log: &dyn Log) -> Result<Self, CliError> {
        let unreadable = |e: &(dyn std::error::Error + 'static)| damaged(&causes(e));
        let (mut known, mut last, mut worked_on) = (Self::NoRunner, 0, false);
        for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| unreadable(&e))? {
            let all: Vec<Entry<BatchEvent>> = entries(log, &stream).await.map_err(|e| unreadable(&e))?;
            for entry in all {
                let says = match &entry.event {
                    BatchEvent::Opened(opened) => {
                        worked_on = true;
                        world::settings_key(opened).map_or(Self::Some, |mark| Self::Marked(mark.to_owned()))
                    }
                    // Whoever said that asked for this key, or for a new one.
                    BatchEvent::Restored(_) => Self::Some,
                    BatchEvent::Planned(_)
                    | BatchEvent::Approved(_)
                    | BatchEvent::Signed(_)
                    | BatchEvent::Requested(_)
                    | BatchEvent::WaveReleased(_)
                    | BatchEvent::WavePassed(_)
                    | BatchEvent::RunFailed(_)
                    | BatchEvent::Heard(_)
                    | BatchEvent::Told(_)
                    | BatchEvent::RunnerGone(_)
                    | BatchEvent::DriftChecked(_) => continue,
                };
                if entry.position > last {
                    (known, last) = (says, entry.position);
                }
            }
        }
        Ok(if worked_on { known } else { Self::NoRunner })
    }

    /// Refuses to go on without the key, or with another one.
    fn holds(&self, key: Option<&Bytes>, beside: &dyn Beside) -> Result<(), CliError> {
        let what = match key {
            Some(key) if self.is(key) => return Ok(()),
            None if *self == Self::NoRunner => return Ok(()),
            Some(_) => {
                "the key of the settings' marks is another one than the last runner of this log had: no setting that was rewritten could be told from somebody else's change"
            }
            None => {
                "the key of the settings' marks is missing, and runners were at work on this log with it: no setting that was rewritten could be told from somebody else's change"
            }
        };
        Err(damaged(what).at(beside.place(Part::Key)).next(PUT_BACK).next(RENEW))
    }
}

/// The key beside a log, if there is one; refuses a log whose key is missing, or another one.
pub(crate) async fn confirmed(log: &dyn Backend) -> Result<Option<Bytes>, CliError> {
    let key = read(log.beside())?;
    Known::of(log).await?.holds(key.as_ref(), log.beside())?;
    Ok(key)
}

/// Refuses a log whose key is missing, or another one.
pub(crate) async fn check(log: &dyn Backend) -> Result<(), CliError> {
    confirmed(log).await.map(drop)
}

/// The key of a log; made where no runner was ever at work and there is none.
pub(crate) async fn of(log: &dyn Backend) -> Result<SettingsKey, CliError> {
    let key = confirmed(log).await?;
    key.map_or_else(|| make(log.beside()), Ok).map(SettingsKey::new)
}

/// The same for who only reads: what there is not, is not made.
pub(crate) async fn to_read(log: &dyn Backend) -> Result<SettingsKey, CliError> {
    Ok(SettingsKey::new(confirmed(log).await?.unwrap_or_else(random)))
}

/// Makes a new key, because the one that the marks were made with is gone; another one that is there is kept.
pub(crate) fn renew(beside: &dyn Beside) -> Result<(), CliError> {
    beside.retire_key(SystemClock.now_ms()).map_err(failed)?;
    make(beside).map(drop)
}

/// Copies the key from beside one log to beside another; where the copy is, if there is a key.
pub(crate) fn copy(from: &dyn Beside, to: &dyn Beside) -> Result<Option<String>, CliError> {
    let Some(bytes) = read(from)? else { return Ok(None) };
    put(to, &bytes)?;
    Ok(Some(to.place(Part::Key)))
}

/// The key that a backup brings along, if it has to take the place of what is beside the log.
pub(crate) async fn brought(backup: &dyn Backend, beside: &dyn Beside) -> Result<Option<Bytes>, CliError> {
    let (brings, there) = (read(backup.beside())?, read(beside)?);
    let (Some(brings), Some(there)) = (brings, there) else { return Ok(brings) };
    let known = Known::of(backup).await?;
    // What is there may have made marks in the part that the backup does not know of.
    let stays = there == brings || known == Known::NoRunner || known.is(&there) && !known.is(&brings);
    Ok((!stays).then_some(brings))
}

/// Puts a key beside a log; one that is there goes with the log that was there.
pub(crate) fn replace(beside: &dyn Beside, bytes: &Bytes, kept: &dyn Beside) -> Result<(), CliError> {
    copy(beside, kept)?;
    put(beside, bytes)
}

fn read(beside: &dyn Beside) -> Result<Option<Bytes>, CliError> {
    let Some(bytes) = beside.key().map_err(failed)? else { return Ok(None) };
    let bytes = bytes.try_into().map_err(|_| {
        damaged("the key of the settings' marks is damaged: it does not have 32 bytes")
            .at(beside.place(Part::Key))
            .next(PUT_BACK)
            .next(RENEW)
    });
    bytes.map(Some)
}

fn random() -> Bytes {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    bytes
}

/// Makes a key where there is none; of several runners that do so at once, all get the same.
fn make(beside: &dyn Beside) -> Result<Bytes, CliError> {
    let made = beside.make_key(&random()).map_err(failed)?;
    made.try_into().map_err(|_| damaged("the key of the settings' marks does not have 32 bytes"))
}

/// Writes a key, whole or not at all, before anything relies on it.
pub(crate) fn put(beside: &dyn Beside, bytes: &Bytes) -> Result<(), CliError> {
    beside.set_key(bytes).map_err(failed)
}

fn failed(e: SidecarError) -> CliError {
    CliError::because(Exit::Failed, "failed to use the key of the settings' marks", &e.source)
        .at(e.place)
        .next("make the folder of the log writable, with room, and run the same command again")
}

/// Says what keeps a copy from being worked on.
pub(crate) fn note(output: &Output, why: Option<CliError>) {
    if let Some(why) = why {
        output.note(&format!("note: {}", why.what));
        for next in why.next {
            output.next(&next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_store::MemoryLog;

    #[test]
    fn a_key_is_known_by_its_mark_and_missing_only_where_a_runner_was_at_work() {
        let (key, other, log) = ([7; 32], [8; 32], MemoryLog::default());
        let beside = log.beside();
        let marked = Known::Marked(mark(&SettingsKey::new(key)));
        assert!(marked.holds(Some(&key), beside).is_ok() && Known::Some.holds(Some(&other), beside).is_ok());
        assert!(Known::NoRunner.holds(None, beside).is_ok());
        for (known, key, says) in [
            (&marked, Some(&other), "another one"),
            (&marked, None, "missing"),
            (&Known::Some, None, "missing"),
        ] {
            let error = known.holds(key, beside).expect_err("it is not the key");
            assert!(error.exit == Exit::Damaged && error.what.contains(says), "{error}");
        }
    }
}
