//! Activities: something that begins or ends by itself, as privileged identity management gives it: by requests, which
//! nobody can delete; what counts is the schedule that a request leaves. A copy never outlives what it is a copy of.

use crate::activity::effect::{Effect, EndEffect, GiveEffect};
use crate::activity::kept_lock::{KeptLock, below, lift};
use crate::activity::{Clients, finding, foreign, map, unread};
use rehome_orchestrator::{Call, Data, Difference, Fault, Finding, Operation, Outcome, Probe, Reversibility};
use serde_json::{Value, json};
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

/// What is particular to one kind.
pub(crate) trait Timed: Send + Sync + 'static {
    const GIVE: &'static str;
    const END: &'static str;
    type Input: Data;

    /// What people call it.
    fn fact(input: &Self::Input) -> String;
    /// Locks that are lifted where it is ended; whoever kept them puts them back.
    fn kept(_: &Self::Input) -> &[KeptLock] {
        &[]
    }
    /// When it begins and ends.
    fn times(input: &Self::Input) -> Times<'_>;
    /// How it stands.
    fn stands(clients: &Clients, input: &Self::Input) -> impl Future<Output = Result<Stands, Fault>> + Send;
    /// Sends a request to give or to end it; the first to give it has the name of the plan, where it has one.
    fn send(
        clients: &Clients,
        call: &Call,
        input: &Self::Input,
        request: Request,
    ) -> impl Future<Output = Outcome<()>> + Send;
    /// Cancels the request for what has not begun.
    fn cancel(
        clients: &Clients,
        call: &Call,
        input: &Self::Input,
        request: &str,
    ) -> impl Future<Output = Outcome<()>> + Send;
    /// Asks after a request that is not decided at once.
    fn poll(clients: &Clients, operation: &Operation) -> impl Future<Output = Outcome<()>> + Send;
    /// Where it is, for whoever keeps Azure as code.
    fn place(input: &Self::Input) -> String;
    /// The type of Terraform's that it is imported as, and by which id.
    fn import(_: &Self::Input) -> Option<(&'static str, String)> {
        None
    }
    /// What a person types to send such a request.
    fn by_hand(input: &Self::Input, request: Request) -> String;
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// To give it; the first time, or once more.
    Give { first: bool },
    /// To end it.
    End,
}

/// How it stands with what this principal has by a schedule.
pub(crate) enum Stands {
    Absent,
    /// As wanted; until it begins, with the request that made it, as far as that is known.
    AsWanted {
        waiting: Option<String>,
    },
    Otherwise(Difference),
}

/// When something begins and ends, as the plan says it.
#[derive(Clone, Copy)]
pub(crate) struct Times<'a> {
    pub(crate) start: Option<&'a str>,
    pub(crate) end: Option<&'a str>,
}

impl<'a> Times<'a> {
    /// When it begins, while that is still to come.
    pub(crate) fn ahead(self) -> Option<&'a str> {
        self.start.filter(|start| moment(start).is_ok_and(|start| start > now()))
    }

    /// Whether it would have ended by itself by now.
    fn is_over(self) -> bool {
        self.end.is_some_and(|end| moment(end).is_ok_and(|end| end <= now()))
    }

    /// The same in words.
    pub(crate) fn said(self) -> String {
        let end = self.end.map_or_else(|| "never ends".to_owned(), |end| format!("ends {end}"));
        self.ahead().map_or_else(|| end.clone(), |start| format!("begins {start}, {end}"))
    }

    /// How something stands that was found, with the request that made it. When it began is nobody's business any more
    /// once it has.
    pub(crate) fn judge(self, fact: String, found: Times<'_>, request: Option<String>) -> Stands {
        let start = self.ahead().and(found.start);
        if same(start, self.ahead()) && same(found.end, self.end) {
            return Stands::AsWanted { waiting: self.ahead().and(request) };
        }
        let end = found.end.map_or_else(|| "never ends".to_owned(), |end| format!("ends {end}"));
        let said = start.map_or_else(|| end.clone(), |start| format!("begins {start}, {end}"));
        Stands::Otherwise(Difference { fact, expected: Some(self.said()), found: Some(said) })
    }
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Whether two dates are one moment, or both are not there.
fn same(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(moment) == other.map(moment)
}

/// A date as a moment, however it is written; what is no date is compared as text.
pub(crate) fn moment(text: &str) -> Result<i64, String> {
    let date = text.parse::<chrono::DateTime<chrono::Utc>>();
    date.map(|date| date.timestamp_millis()).map_err(|_| text.to_owned())
}

/// Gives it.
pub(crate) type Give<T> = GiveEffect<OfTimed<T>>;

/// Ends it.
pub(crate) type End<T> = EndEffect<OfTimed<T>>;

/// The effect that a kind of schedule is.
pub(crate) struct OfTimed<T>(PhantomData<T>);

impl<T: Timed> Effect for OfTimed<T> {
    const NAMES: [&'static str; 2] = [T::GIVE, T::END];
    const REVERSIBILITY: [Reversibility; 2] = [Reversibility::Compensable; 2];
    type Input = T::Input;

    fn fact(input: &T::Input) -> String {
        T::fact(input)
    }

    async fn look(clients: &Clients, input: &T::Input) -> Probe<Value> {
        match T::stands(clients, input).await {
            Ok(Stands::Absent) => Probe::NotApplied,
            Ok(Stands::AsWanted { .. }) => Probe::Applied(json!({"id": T::fact(input)})),
            Ok(Stands::Otherwise(difference)) => Probe::Foreign(difference),
            Err(why) => Probe::Unsettled { after: None, why },
        }
    }

    async fn give(clients: &Clients, call: &Call, input: &T::Input, first: bool) -> Outcome<Value> {
        // What would have ended by itself meanwhile is not given again.
        let there = || Outcome::Applied(json!({"id": T::fact(input)}));
        if !first && T::times(input).is_over() {
            return there();
        }
        match T::stands(clients, input).await {
            Ok(Stands::AsWanted { .. }) => there(),
            Ok(Stands::Absent) => match T::send(clients, call, input, Request::Give { first }).await {
                // The replica that was read is behind the one that answered.
                Outcome::Refused(why) if why.code.eq_ignore_ascii_case("RoleAssignmentExists") => {
                    match T::stands(clients, input).await {
                        Ok(Stands::AsWanted { .. }) => there(),
                        _ => Outcome::Refused(why),
                    }
                }
                outcome => map(outcome, |()| json!({"id": T::fact(input)})),
            },
            Ok(Stands::Otherwise(difference)) => foreign(&difference),
            Err(why) => unread(why),
        }
    }

    /// What has not begun is ended by cancelling the request for it, or like any other: which of these Azure takes is not
    /// published for every state of a request, so they are tried in turn.
    async fn end(clients: &Clients, call: &Call, input: &T::Input) -> Outcome<()> {
        match T::stands(clients, input).await {
            Ok(Stands::Absent) => Outcome::Applied(()),
            Ok(Stands::AsWanted { waiting: Some(request) }) if call.attempt() % 2 == 1 => {
                match T::cancel(clients, call, input, &request).await {
                    Outcome::Refused(why) if matches!(why.status, Some(400 | 404 | 409)) => {
                        Outcome::Retry { after: None, why }
                    }
                    outcome => outcome,
                }
            }
            Ok(Stands::AsWanted { .. }) => {
                // What takes it away is refused where it may not be deleted.
                let kept = T::kept(input);
                if let Err(not_now) = lift(clients, call, kept).await {
                    return not_now;
                }
                match below(call, kept, T::send(clients, call, input, Request::End).await) {
                    // None is ended that is younger than five minutes.
                    Outcome::Refused(why) if why.code.eq_ignore_ascii_case("ActiveDurationTooShort") => {
                        Outcome::Retry { after: Some(Duration::from_secs(60)), why }
                    }
                    outcome => outcome,
                }
            }
            Ok(Stands::Otherwise(difference)) => foreign(&difference),
            Err(why) => unread(why),
        }
    }

    async fn poll(clients: &Clients, operation: &Operation) -> Outcome<()> {
        T::poll(clients, operation).await
    }

    async fn verify(clients: &Clients, input: &T::Input, there: bool) -> Result<Vec<Finding>, Fault> {
        let (fact, times) = (T::fact(input), T::times(input));
        // What would have ended by itself is no longer promised.
        let promised = there && !times.is_over();
        let (expected, found) =
            if promised { (Some(times.said()), None) } else { (None, Some(times.said())) };
        let other = Difference { fact: fact.clone(), expected, found };
        let difference = match T::stands(clients, input).await? {
            Stands::Otherwise(difference) => Some(difference),
            Stands::AsWanted { .. } => (!promised).then_some(other),
            Stands::Absent => promised.then_some(other),
        };
        let word = if promised { "present" } else { "absent" };
        Ok(vec![finding(&fact, word, difference.as_ref())])
    }

    fn by_hand(input: &T::Input, give: bool) -> String {
        T::by_hand(input, if give { Request::Give { first: false } } else { Request::End })
    }

    fn place(input: &T::Input) -> String {
        T::place(input)
    }

    fn import(input: &T::Input, _: Option<&str>) -> Option<(&'static str, String)> {
        T::import(input)
    }
}
