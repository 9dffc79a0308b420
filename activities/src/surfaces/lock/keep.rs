//! Activities: a lock against deletion that stays in place on the way there. Only the way back lifts it, where it
//! removes what was made below it, and puts it back when all of that is gone.

use crate::activity::compare::lacks;
use crate::activity::kept_lock::{KeptLock, LOCKS};
use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, finding, foreign, map, quoted, unread};
use rehome_orchestrator::{
    Activity, Call, Difference, Fault, Finding, Outcome, Probe, ResourceKey, Retry, Reversibility,
};
use serde_json::Value;

/// Keeps a lock through a move and its way back.
pub(crate) struct KeepLock(pub(crate) Clients);

impl KeepLock {
    async fn live(&self, input: &KeptLock) -> Result<Option<Value>, Fault> {
        self.0.reader.find(&input.id, LOCKS).await
    }
}

impl Activity for KeepLock {
    const NAME: &'static str = "lock.keep/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    type Input = KeptLock;
    /// Whether it was there.
    type Before = bool;
    type Output = ();

    fn locks(&self, input: &KeptLock) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.id)]
    }

    async fn before(&self, input: &KeptLock) -> Result<bool, Fault> {
        Ok(self.live(input).await?.is_some())
    }

    async fn run(&self, _: &Call, input: &KeptLock, _: &bool) -> Outcome<()> {
        match self.live(input).await {
            Ok(live) => match live.and_then(|live| lacks(&live, &input.body, &input.id)) {
                None => Outcome::Applied(()),
                Some(difference) => foreign(&difference),
            },
            Err(why) => unread(why),
        }
    }

    /// Nothing is written on the way there.
    async fn probe(&self, _: &KeptLock, _: &bool) -> Probe<()> {
        Probe::Applied(())
    }

    async fn probe_undo(&self, input: &KeptLock, before: &bool, _: Option<&()>) -> Probe<()> {
        match self.live(input).await {
            Ok(None) if *before => Probe::Applied(()),
            Ok(_) => Probe::NotApplied,
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    /// The plan was made because it was there.
    async fn reconstruct_before(&self, _: &KeptLock) -> Result<Option<bool>, Fault> {
        Ok(Some(true))
    }

    async fn undo(&self, call: &Call, input: &KeptLock, before: &bool, _: Option<&()>) -> Outcome<()> {
        match self.live(input).await {
            Ok(None) if *before => {
                map(self.0.writer.put(call, &input.id, LOCKS, &input.body, None).await, |_| ())
            }
            Ok(None) => Outcome::Applied(()),
            Ok(Some(live)) => match lacks(&live, &input.body, &input.id) {
                None => Outcome::Applied(()),
                Some(difference) => foreign(&difference),
            },
            Err(why) => unread(why),
        }
    }

    async fn verify(&self, input: &KeptLock, before: &bool, (): &()) -> Result<Vec<Finding>, Fault> {
        let live = self.live(input).await?;
        let difference = match live {
            Some(live) => lacks(&live, &input.body, &input.id),
            None => before.then(|| Difference {
                fact: input.id.to_string(),
                expected: Some("present".to_owned()),
                found: None,
            }),
        };
        Ok(vec![finding(&input.id, "present", difference.as_ref())])
    }

    fn residue(&self, input: &KeptLock, _: &bool, _: Option<&()>) -> String {
        let url = format!("{}?api-version={LOCKS}", input.id);
        let body = input.body.to_string();
        format!("az rest --method put --url {} --body {}", quoted(&url), quoted(&body))
    }
}

impl Change for KeepLock {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients())
    }

    fn handed(input: &KeptLock, _: Option<&str>) -> Handed {
        Handed::ByItself(input.id.to_string())
    }
}
