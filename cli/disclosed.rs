//! CLI: how much of each event is handed out: what was selected, without what is to be left out. Pure.

use crate::error::{CliError, Exit};
use crate::redact::Redact;
use rehome_orchestrator::mask;
use rehome_store::{Disclosure, Position, Stored, StreamId, Why};
use std::collections::{BTreeMap, BTreeSet};

/// What is shown of each event, and what was withheld so far.
pub(crate) struct Choice {
    /// The streams that were selected; all without it.
    pub(crate) wanted: Option<BTreeSet<StreamId>>,
    pub(crate) redact: Redact,
    why: BTreeMap<Why, u64>,
}

impl Choice {
    pub(crate) fn new(wanted: Option<BTreeSet<StreamId>>, redact: Redact) -> Self {
        Self { wanted, redact, why: BTreeMap::new() }
    }

    /// How much of this event is shown.
    ///
    /// # Errors
    /// When a text that is to be left out stands where nothing can be.
    pub(crate) fn of(&mut self, event: &Stored) -> Result<Disclosure, CliError> {
        let (record, position) = (&event.record, event.position);
        let columns = [("stream", record.stream.as_str()), ("kind", &record.kind), ("actor", &record.actor)];
        for (column, value) in columns {
            if let Some(text) = self.redact.first_in(value) {
                return Err(in_the_chain(position, column, value, text));
            }
        }
        let shown = if !self.wants(event) {
            Disclosure::NotSelected
        } else if self.redact.takes(&record.body) {
            Disclosure::Redacted
        } else {
            let told = mask(event).map_err(|e| {
                let what = format!("nobody knows what is in the event at position {position}");
                CliError::because(Exit::Damaged, &what, &e).next("rehome audit verify")
            })?;
            told.map_or(Disclosure::Whole, Disclosure::Masked)
        };
        if let Some(why) = shown.why() {
            *self.why.entry(why).or_default() += 1;
        }
        Ok(shown)
    }

    /// Whether an event was selected.
    pub(crate) fn wants(&self, event: &Stored) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&event.record.stream))
    }

    /// How many events were withheld for this reason.
    pub(crate) fn count(&self, why: Why) -> u64 {
        self.why.get(&why).copied().unwrap_or_default()
    }
}

/// A text that cannot be left out.
fn in_the_chain(position: Position, column: &str, value: &str, text: &str) -> CliError {
    let what = format!(
        "{text:?} cannot be left out: the {column} of event {position} is {value:?}, and the chain stands over that as it is"
    );
    CliError::new(Exit::Usage, what)
        .left("no bundle was written")
        .next("without that --redact, for somebody who may read it")
        .next("and from now on act under a name that is nobody's: --actor operator-7")
}
