//! CLI: the anchor of a runner, the signature of each end that it is of, and the hand-over to witnesses, which nobody waits for
//! until the work is over. Touches the log's records and witnesses.

use super::place::{Place, named};
use super::signing::{Signed, Signing};
use crate::anchor;
use crate::aside::Aside;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Output;
use rehome_store::{Backend, Log};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// When the work is over, witnesses are waited for so long at most.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// The same, where somebody waits for the end.
const LAST_WORDS_STOPPED: Duration = Duration::from_secs(2);

/// Secures the end of the log for one runner.
pub(crate) struct Witnessing {
    log: Arc<dyn Backend>,
    /// One at a time, so that an older end never replaces a newer one.
    signing: Mutex<Option<Signing>>,
    newest: watch::Sender<Option<Signed>>,
    handing: Mutex<Option<Aside>>,
}

impl Witnessing {
    /// Begins; nobody outside is told anything in a rehearsal.
    pub(crate) async fn begin(c: &Context<'_>, log: &Arc<dyn Backend>) -> Result<Arc<Self>, CliError> {
        let (signing, newest) = (Signing::of(log).await?, watch::Sender::new(None));
        let handing = c.global.cloud.sign_in.is_none().then(|| {
            let (messenger, heard) = (Messenger::new(c, log), newest.subscribe());
            Aside::begin(|closing| messenger.follow(heard, closing))
        });
        let (signing, handing) = (Mutex::new(signing), Mutex::new(handing));
        Ok(Arc::new(Self { log: log.clone(), signing, newest, handing }))
    }

    /// Writes the anchor, signs the end, and lets it go to the witnesses.
    pub(crate) async fn secure(&self) -> Result<(), CliError> {
        let mut signing = self.signing.lock().await;
        anchor::write(&self.log).await?;
        if let Some(signing) = &mut *signing {
            self.newest.send_replace(Some(signing.sign().await?));
        }
        Ok(())
    }

    /// Lets the newest end be handed over, and ends; `stopped` says that somebody waits for that.
    pub(crate) async fn finish(&self, stopped: bool) {
        if let Some(handing) = self.handing.lock().await.take() {
            handing.finish(if stopped { LAST_WORDS_STOPPED } else { LAST_WORDS }).await;
        }
    }
}

/// Hands checkpoints over, and says once of each witness that it cannot be reached.
pub(super) struct Messenger {
    log: Arc<dyn Backend>,
    output: Output,
    ca: Option<PathBuf>,
    /// What each witness has; nothing where the last hand-over failed.
    has: BTreeMap<Place, Option<u64>>,
}

impl Messenger {
    pub(super) fn new(c: &Context<'_>, log: &Arc<dyn Backend>) -> Self {
        let (log, output, ca) = (log.clone(), c.output.clone(), c.global.cloud.ca.clone());
        Self { log, output, ca, has: BTreeMap::new() }
    }

    /// Of several ends that come while one is handed over, the last covers the others.
    async fn follow(
        mut self,
        mut newest: watch::Receiver<Option<Signed>>,
        mut closing: watch::Receiver<bool>,
    ) {
        loop {
            let last = *closing.borrow_and_update();
            let signed = newest.borrow_and_update().clone();
            if let Some(signed) = signed {
                self.hand(&signed).await;
            }
            if last {
                return;
            }
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                _ = closing.changed() => {}
            }
        }
    }

    /// Hands an end to every witness that does not have it.
    pub(super) async fn hand(&mut self, signed: &Signed) {
        let places = match named(&*self.log as &dyn Log).await {
            Ok(places) => places,
            Err(e) => {
                return self.output.note(&format!("witness: nobody is told the end of the log: {}", e.what));
            }
        };
        let size = signed.checkpoint.size;
        for place in places {
            if self.has.get(&place) == Some(&Some(size)) {
                continue;
            }
            match place.put(signed, self.ca.as_deref()).await {
                Ok(()) => drop(self.has.insert(place, Some(size))),
                Err(why) => {
                    let known = self.has.insert(place.clone(), None);
                    if known != Some(None) {
                        self.output
                            .note(&format!("WITNESS   {place}, event {size}: {why}; the work goes on"));
                    }
                }
            }
        }
    }
}
