//! Engine: what each event does to a batch, and which events are legal where. Pure.

use crate::batch::event::{BatchEvent, BatchPlanned, is_readable};
use crate::batch::state::{BatchState, DocumentState};
use crate::run::codec::{Entry, Recorded};
use crate::run::fold::apply::Illegal;

/// Takes one more event into a state that may not exist yet.
///
/// # Errors
/// When the event cannot follow; the state is then as it was.
pub fn fold_batch(state: &mut Option<BatchState>, entry: &Entry<BatchEvent>) -> Result<(), Illegal> {
    let kind = entry.event.kind().0;
    let judged = match (&entry.event, state.as_mut()) {
        (BatchEvent::Planned(planned), _) => plan(planned).map(|document| match state.take() {
            None => *state = Some(BatchState { earlier: Vec::new(), current: document }),
            Some(mut before) => {
                before.earlier.push(std::mem::replace(&mut before.current, document));
                *state = Some(before);
            }
        }),
        (_, None) => return Err(Illegal::NotPlanned { kind }),
        (BatchEvent::Approved(approved), Some(batch)) => batch.approve(&approved.digest),
        (BatchEvent::Opened(_), Some(batch)) => batch.open(entry.position),
        (BatchEvent::Restored(_), Some(_)) => Ok(()),
    };
    judged.map_err(|because| Illegal::Here { kind, because })
}

fn plan(planned: &BatchPlanned) -> Result<DocumentState, String> {
    if !is_readable(&planned.format_version) {
        let version = &planned.format_version;
        return Err(format!("its plan has the form {version:?}, which this program does not know"));
    }
    let runs = planned.runs.iter().cloned().collect();
    Ok(DocumentState { planned: planned.clone(), runs, approved: false, opened: None })
}

impl BatchState {
    fn approve(&mut self, digest: &str) -> Result<(), String> {
        if self.current.planned.digest != digest || self.current.approved {
            return Err("it approves another plan than the last one, or one that is approved".to_owned());
        }
        self.current.approved = true;
        Ok(())
    }

    fn open(&mut self, position: u64) -> Result<(), String> {
        if !self.current.approved {
            return Err("a program works on a plan that nobody approved".to_owned());
        }
        self.current.opened.get_or_insert(position);
        Ok(())
    }
}
