//! CLI: what is known of the log at a moment, for whoever watches. Pure.

use crate::error::one_line;
use crate::time::date;

/// Since when the log cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) since_ms: i64,
    pub(crate) why: String,
}

impl Unread {
    /// As people read it.
    pub(crate) fn words(&self) -> String {
        let (since, why) = (date(self.since_ms), one_line(&self.why));
        format!("The log cannot be read since {since}: {why}. What is shown is as it was then.")
    }
}

/// The end of the log, and who is at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The end of the log, as far as it could be read.
    pub(crate) position: u64,
    pub(crate) runner: &'static str,
    /// Nothing is known since then.
    pub(crate) unread: Option<Unread>,
}

impl Moment {
    /// The next moment, at which the end of the log was read, or was not.
    pub(crate) fn then(&self, read: Result<u64, String>, runner: &'static str, now_ms: i64) -> Self {
        match read {
            Ok(position) => Self { position, runner, unread: None },
            Err(why) => {
                let since_ms = self.unread.as_ref().map_or(now_ms, |unread| unread.since_ms);
                Self { unread: Some(Unread { since_ms, why }), ..self.clone() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_read_is_told_since_when_and_its_end_stays_the_one_that_was_read() {
        let then = Moment::default().then(Ok(7), "runner alive", 1_000);
        let lost = then.then(Err("the disk is gone".to_owned()), "no runner", 2_000);
        let still = lost.then(Err("it is damaged".to_owned()), "no runner", 3_000);
        assert_eq!((still.position, still.runner), (7, "runner alive"));
        assert_eq!(
            still.unread.as_ref().map(Unread::words).as_deref(),
            Some(
                "The log cannot be read since 1970-01-01T00:00:02Z: it is damaged. What is shown is as it was then."
            )
        );
        assert_eq!(still.then(Ok(9), "no runner", 4_000).unread, None);
    }
}
