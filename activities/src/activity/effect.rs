//! Activities: an effect that is given, or ended, as two activities. What it is, a [`Link`](super::link::Link) or a
//! [`Timed`](super::timed::Timed) says of its kind.

use crate::activity::kit::{Change, Handed, Kit};
use crate::activity::{Clients, REPLICATION_RETRY, SETTLING_MS, map};
use rehome_orchestrator::{
    Activity, Call, Data, Evidence, Fault, FaultKind, Finding, Operation, Outcome, Probe, ResourceKey, Retry,
    Reversibility,
};
use serde_json::{Value, json};
use std::future::Future;
use std::marker::PhantomData;

/// What is particular to one kind of effect.
pub(crate) trait Effect: Send + Sync + 'static {
    /// The names of the activities that give and that end it.
    const NAMES: [&'static str; 2];
    /// How far each of them can be taken back.
    const REVERSIBILITY: [Reversibility; 2];
    type Input: Data;

    /// What people call it.
    fn fact(input: &Self::Input) -> String;
    /// Whether it is there.
    fn look(clients: &Clients, input: &Self::Input) -> impl Future<Output = Probe<Value>> + Send;
    /// Gives it: the first time, or once more after it was ended.
    fn give(
        clients: &Clients,
        call: &Call,
        input: &Self::Input,
        first: bool,
    ) -> impl Future<Output = Outcome<Value>> + Send;
    /// Ends it.
    fn end(clients: &Clients, call: &Call, input: &Self::Input) -> impl Future<Output = Outcome<()>> + Send;
    /// Asks after a request that is not decided at once.
    fn poll(_: &Clients, _: &Operation) -> impl Future<Output = Outcome<()>> + Send {
        let what = "nothing of this kind goes on after its answer";
        std::future::ready(Outcome::Unknown(Fault::new(FaultKind::Bug, "PollUnsupported", what)))
    }
    /// Compares what is there with the promise that it is there, or that it is not.
    fn verify(
        clients: &Clients,
        input: &Self::Input,
        there: bool,
    ) -> impl Future<Output = Result<Vec<Finding>, Fault>> + Send;
    /// What a person does to give it, or to end it.
    fn by_hand(input: &Self::Input, give: bool) -> String;
    /// Where it is, for whoever keeps Azure as code.
    fn place(input: &Self::Input) -> String;
    /// The type of Terraform's that it is imported as, and by which id; `made` is the one that it has of its own.
    fn import(input: &Self::Input, made: Option<&str>) -> Option<(&'static str, String)>;
}

/// Gives it.
pub(crate) struct GiveEffect<T>(Clients, PhantomData<T>);

/// Ends it.
pub(crate) struct EndEffect<T>(Clients, PhantomData<T>);

impl<T: Effect> Activity for GiveEffect<T> {
    const NAME: &'static str = T::NAMES[0];
    const REVERSIBILITY: Reversibility = T::REVERSIBILITY[0];
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::Conclusive;
    type Input = T::Input;
    type Before = ();
    type Output = Value;

    fn locks(&self, input: &T::Input) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&T::fact(input))]
    }

    async fn run(&self, call: &Call, input: &T::Input, (): &()) -> Outcome<Value> {
        T::give(&self.0, call, input, true).await
    }

    async fn poll(&self, input: &T::Input, (): &(), operation: &Operation) -> Outcome<Value> {
        map(T::poll(&self.0, operation).await, |()| json!({"id": T::fact(input)}))
    }

    async fn probe(&self, input: &T::Input, (): &()) -> Probe<Value> {
        T::look(&self.0, input).await
    }

    async fn undo(&self, call: &Call, input: &T::Input, (): &(), _: Option<&Value>) -> Outcome<()> {
        T::end(&self.0, call, input).await
    }

    async fn verify(&self, input: &T::Input, (): &(), _: &Value) -> Result<Vec<Finding>, Fault> {
        T::verify(&self.0, input, true).await
    }

    fn residue(&self, input: &T::Input, (): &(), _: Option<&Value>) -> String {
        T::by_hand(input, false)
    }
}

impl<T: Effect> Activity for EndEffect<T> {
    const NAME: &'static str = T::NAMES[1];
    const REVERSIBILITY: Reversibility = T::REVERSIBILITY[1];
    const SETTLING_MS: u64 = SETTLING_MS;
    const RETRY: Retry = REPLICATION_RETRY;
    const EVIDENCE: Evidence = Evidence::AbsenceOnly;
    type Input = T::Input;
    /// Whether it was there.
    type Before = bool;
    type Output = ();

    fn locks(&self, input: &T::Input) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&T::fact(input))]
    }

    async fn before(&self, input: &T::Input) -> Result<bool, Fault> {
        match T::look(&self.0, input).await {
            Probe::Unsettled { why, .. } => Err(why),
            found => Ok(found != Probe::NotApplied),
        }
    }

    async fn run(&self, call: &Call, input: &T::Input, _: &bool) -> Outcome<()> {
        T::end(&self.0, call, input).await
    }

    async fn poll(&self, _: &T::Input, _: &bool, operation: &Operation) -> Outcome<()> {
        T::poll(&self.0, operation).await
    }

    async fn probe(&self, input: &T::Input, _: &bool) -> Probe<()> {
        match T::look(&self.0, input).await {
            Probe::NotApplied => Probe::Applied(()),
            Probe::Applied(_) | Probe::Partial(_) => Probe::NotApplied,
            Probe::InProgress { after } => Probe::InProgress { after },
            Probe::Foreign(difference) => Probe::Foreign(difference),
            Probe::Unsettled { after, why } => Probe::Unsettled { after, why },
        }
    }

    /// The plan ends only what was there.
    async fn reconstruct_before(&self, _: &T::Input) -> Result<Option<bool>, Fault> {
        Ok(Some(true))
    }

    async fn undo(&self, call: &Call, input: &T::Input, before: &bool, _: Option<&()>) -> Outcome<()> {
        if !before {
            return Outcome::Applied(());
        }
        map(T::give(&self.0, call, input, false).await, |_| ())
    }

    async fn verify(&self, input: &T::Input, _: &bool, (): &()) -> Result<Vec<Finding>, Fault> {
        T::verify(&self.0, input, false).await
    }

    fn residue(&self, input: &T::Input, _: &bool, _: Option<&()>) -> String {
        T::by_hand(input, true)
    }
}

impl<T: Effect> Change for GiveEffect<T> {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients(), PhantomData)
    }

    fn handed(input: &T::Input, made: Option<&str>) -> Handed {
        match T::import(input, made) {
            Some((kind, id)) => Handed::Made(kind, id),
            None => Handed::ByItself(T::place(input)),
        }
    }
}

impl<T: Effect> Change for EndEffect<T> {
    fn new(kit: &Kit) -> Self {
        Self(kit.clients(), PhantomData)
    }

    fn handed(input: &T::Input, _: Option<&str>) -> Handed {
        Handed::Gone(T::place(input))
    }
}
