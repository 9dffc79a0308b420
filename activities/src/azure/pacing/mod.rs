//! Azure: how fast may be asked. Buckets of tokens of this client's own, one for each limit that Azure publishes, so that
//! it waits before it is refused; what answers say is left corrects them. Sleeps, and sends nothing.

mod limits;

pub use limits::least_ms_of_writes;
pub(crate) use limits::{Limit, Question};

use super::transport::Answer;
use rehome_orchestrator::{TimeScale, aside};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How fast a bucket is taken to fill, as a part of what may be used: two clocks never agree, and who is a moment too
/// early is refused.
const CARE: f64 = 0.98;

/// By how much of a pause it may be longer, so that clients which were refused together do not come back together.
const LATER: f64 = 0.1;

/// The runtime's clock counts in these: a shorter wait is none.
const TICK: Duration = Duration::from_millis(1);

/// A bucket that has not been drawn from for so long is full, and is forgotten.
const FULL_AGAIN: Duration = Duration::from_secs(600);

/// Buckets are looked through for full ones whenever there are this many more.
const MANY: usize = 4_096;

/// The buckets of one client. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Pacing(Arc<Mutex<Buckets>>);

struct Buckets {
    all: BTreeMap<String, Bucket>,
    swept_at: usize,
    /// Which part of each limit this client may use: others work in the same subscriptions.
    share: f64,
    /// Where between nothing and one this client is among those who were refused together.
    late: f64,
    /// How many clients share the limits, this one among them.
    clients: f64,
    /// Who was there when this client came; `None` until that is known.
    joined: Option<Joined>,
}

#[derive(Clone, Copy)]
enum Joined {
    /// Nobody: what is in the buckets is for this client.
    First,
    /// Others, who know of this client from here on. Until then they may draw all that there is.
    Beside { from: Instant },
}

impl Default for Buckets {
    fn default() -> Self {
        let drawn = RandomState::new().build_hasher().finish() >> 32;
        #[expect(clippy::cast_precision_loss, reason = "below 2^32")]
        let late = drawn as f64 / f64::from(u32::MAX);
        Self { all: BTreeMap::new(), swept_at: 0, share: 1.0, late, clients: 1.0, joined: None }
    }
}

struct Bucket {
    /// Below zero, so many have been promised a token that is still to come.
    left: f64,
    /// When that was so. After a refusal it is the end of the pause: nobody goes before, and nothing fills until then.
    at: Instant,
}

impl Pacing {
    /// From now on only so much of each limit is used, in percent. Who has a turn already keeps it.
    pub(crate) fn share(&self, percent: u64) {
        let percent = u8::try_from(percent.clamp(1, 100)).unwrap_or(100);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).share = f64::from(percent) / 100.0;
    }

    /// Waits until a question may be sent. Who came first goes first.
    pub(crate) async fn wait(&self, limits: &[Limit], time_scale: TimeScale) {
        loop {
            let now = Instant::now();
            let until = self.draw(limits, time_scale, now);
            let left = until.saturating_duration_since(now);
            if left >= TICK {
                // Who waits to be allowed to ask is not in flight.
                aside(tokio::time::sleep(left)).await;
            }
            if !self.is_shut(limits) {
                return;
            }
            // Somebody was refused meanwhile: all who wait stand in line again, and not in front of a door that opens.
        }
    }

    /// How long it is until what has these limits may go, by these buckets; it has its place in them now.
    pub(crate) fn turn(&self, limits: &[Limit], time_scale: TimeScale) -> Option<Duration> {
        let now = Instant::now();
        let left = self.draw(limits, time_scale, now).saturating_duration_since(now);
        Some(left).filter(|left| *left >= TICK)
    }

    /// So many clients share the limits from here on, this one among them: each takes an equal part of what can be shared. The
    /// others know it when `known_in` has passed, and go on as before until then: whoever has just come begins after that, with
    /// nothing, because what is in the buckets may be drawn by them.
    pub(crate) fn divide(&self, clients: u32, known_in: Duration) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.clients = f64::from(clients.max(1));
        match buckets.joined {
            None if clients > 1 => {
                let from = Instant::now() + known_in;
                buckets.joined = Some(Joined::Beside { from });
                for bucket in buckets.all.values_mut() {
                    (bucket.left, bucket.at) = (bucket.left.min(0.0), bucket.at.max(from));
                }
            }
            None => buckets.joined = Some(Joined::First),
            Some(_) => {}
        }
    }

    fn is_shut(&self, limits: &[Limit]) -> bool {
        let (now, buckets) = (Instant::now(), self.0.lock().unwrap_or_else(PoisonError::into_inner));
        limits.iter().any(|limit| buckets.all.get(&limit.bucket).is_some_and(|bucket| bucket.at > now))
    }

    /// Takes a token out of each bucket: when all of them are there.
    fn draw(&self, limits: &[Limit], time_scale: TimeScale, now: Instant) -> Instant {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.sweep(time_scale, now);
        let mut until = now;
        for limit in limits {
            let per_second = limit.per_second * CARE * buckets.part(limit) * time_scale.scale();
            let bucket = buckets.filled(limit, per_second, now);
            bucket.left -= limit.cost;
            let missing = Duration::from_secs_f64((-bucket.left / per_second).clamp(0.0, 86_400.0));
            until = until.max(now.max(bucket.at) + missing);
        }
        until
    }

    /// Takes in what an answer says is left, and for how long nobody is to ask.
    pub(crate) fn learn(&self, limits: &[Limit], answer: &Answer, time_scale: TimeScale) {
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let late = buckets.late;
        for limit in limits {
            let part = buckets.part(limit);
            let per_second = limit.per_second * CARE * part * time_scale.scale();
            let bucket = buckets.filled(limit, per_second, now);
            if let Some(left) = limit.left(answer) {
                bucket.left = bucket.left.min(left * part);
            }
            if answer.status == 429 && limit.is_meant_by(answer) {
                // Those who come then come one after the other; and not at the same moment as those of other clients.
                let wish = answer.retry_after().unwrap_or_default();
                let until = now + wish.mul_f64(1.0 + LATER * late);
                if until >= bucket.at {
                    (bucket.left, bucket.at) = (0.0, until);
                }
            }
        }
    }
}

impl Buckets {
    /// Which part of a limit this client takes: of what it may use, an equal part with the others, where they draw on it too.
    fn part(&self, limit: &Limit) -> f64 {
        if limit.is_shared { self.share / self.clients } else { self.share }
    }

    fn filled(&mut self, limit: &Limit, per_second: f64, now: Instant) -> &mut Bucket {
        let holds = limit.holds * self.part(limit);
        let first = match self.joined {
            Some(Joined::Beside { from }) if limit.is_shared => Bucket { left: 0.0, at: from },
            Some(_) | None => Bucket { left: holds, at: now },
        };
        let bucket = self.all.entry(limit.bucket.clone()).or_insert(first);
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + passed * per_second).min(holds);
        bucket.at = bucket.at.max(now);
        bucket
    }

    /// Each identity has buckets of its own: those that are full again need not be kept.
    fn sweep(&mut self, time_scale: TimeScale, now: Instant) {
        if self.all.len() < self.swept_at + MANY {
            return;
        }
        let age = FULL_AGAIN.div_f64(time_scale.scale());
        self.all.retain(|_, bucket| now.saturating_duration_since(bucket.at) < age);
        self.swept_at = self.all.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    const SITE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a";
    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";

    fn arm(method: &str, path: &str) -> Vec<Limit> {
        limits::arm(method, path)
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], code: &str) -> Answer {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().expect("a header"));
        }
        Answer::new(status, all, serde_json::json!({"error": {"code": code}}).to_string().into_bytes())
    }

    /// After how many seconds each of so many questions goes, all asked at once.
    fn when(pacing: &Pacing, limits: &[Limit], count: usize) -> Vec<f64> {
        let now = Instant::now();
        (0..count).map(|_| (pacing.draw(limits, TimeScale::REAL, now) - now).as_secs_f64()).collect()
    }

    #[test]
    fn a_full_bucket_is_emptied_at_once_and_then_as_fast_as_it_fills() {
        let at = when(&Pacing::default(), &arm("GET", SITE), 300);
        assert!(at[..250].iter().all(|s| *s == 0.0) && at[250] > 0.0);
        assert!((1.9..2.2).contains(&at[299]), "fifty more take two seconds: {}", at[299]);
    }

    #[test]
    fn a_share_of_a_limit_is_a_smaller_bucket_that_fills_more_slowly_and_may_be_changed_meanwhile() {
        let (pacing, limits) = (Pacing::default(), arm("GET", SITE));
        pacing.share(40);
        let at = when(&pacing, &limits, 120);
        assert!(at[..100].iter().all(|s| *s == 0.0) && at[100] > 0.0, "100 of 250 at once");
        assert!((1.8..2.3).contains(&at[119]), "and then ten a second: {}", at[119]);
        let few = answer(200, &[("x-ms-ratelimit-remaining-subscription-reads", "10")], "");
        let other = Pacing::default();
        other.share(40);
        other.learn(&limits, &few, TimeScale::REAL);
        assert_eq!(
            when(&other, &limits, 9).iter().filter(|s| **s == 0.0).count(),
            4,
            "of what is left, a part"
        );
        let whole = Pacing::default();
        when(&whole, &limits, 1);
        whole.share(10);
        let at = when(&whole, &limits, 30);
        assert_eq!(at.iter().filter(|s| **s == 0.0).count(), 25, "from now on, a tenth: {at:?}");
    }

    #[test]
    fn of_limits_that_three_clients_share_each_takes_a_third() {
        let pacing = Pacing::default();
        pacing.divide(1, Duration::from_secs(5));
        pacing.divide(3, Duration::from_secs(5));
        let at = when(&pacing, &arm("GET", SITE), 133);
        assert_eq!(at.iter().filter(|s| **s == 0.0).count(), 83);
        assert!((5.7..6.6).contains(&at[132]), "fifty more take six seconds: {}", at[132]);
    }

    #[test]
    fn whoever_comes_when_others_are_there_begins_with_nothing_when_they_know_of_it() {
        let pacing = Pacing::default();
        when(&pacing, &arm("PATCH", SITE), 1);
        pacing.divide(2, Duration::from_secs(5));
        for limits in [arm("GET", SITE), arm("PATCH", SITE)] {
            let at = when(&pacing, &limits, 20);
            assert!(at[0] > 4.9 && at.windows(2).all(|two| two[1] - two[0] > 0.05), "{at:?}");
        }
        pacing.divide(1, Duration::from_secs(5));
        let at = when(&pacing, &arm("DELETE", SITE), 5);
        assert!((5.0..5.7).contains(&at[4]), "nor does it get what the other one left behind: {at:?}");
    }

    #[test]
    fn an_identity_is_written_to_by_one_client_at_a_time_and_its_own_limit_is_not_divided() {
        let pacing = Pacing::default();
        pacing.divide(1, Duration::from_secs(5));
        pacing.divide(30, Duration::from_secs(5));
        let at = when(&pacing, &arm("PUT", &format!("{ID}/federatedIdentityCredentials/c")), 6);
        assert_eq!(at.iter().filter(|s| **s == 0.0).count(), 5, "{at:?}");
        assert!((3.9..4.3).contains(&at[5]), "and then one in four seconds: {at:?}");
    }

    #[test]
    fn writes_of_identities_wait_for_their_own_limits_and_other_writes_do_not() {
        let pacing = Pacing::default();
        let of = |n: usize| arm("PUT", &format!("{ID}{n}"));
        let waits: Vec<f64> = (0..60).map(|n| when(&pacing, &of(n), 1)[0]).collect();
        assert!(waits[39] == 0.0 && (9.0..11.5).contains(&waits[59]), "two a second: {waits:?}");
        let own: Vec<f64> = when(&Pacing::default(), &of(0), 7);
        assert!((7.0..9.0).contains(&own[6]), "one in four seconds for one identity: {own:?}");
        assert_eq!(when(&pacing, &arm("PATCH", SITE), 1), [0.0]);
    }

    #[test]
    fn what_is_left_by_an_answer_counts_and_a_refusal_shuts_until_it_says() {
        let (pacing, limits) = (Pacing::default(), arm("GET", SITE));
        when(&pacing, &limits, 1);
        let few = answer(200, &[("x-ms-ratelimit-remaining-subscription-reads", "3")], "");
        pacing.learn(&limits, &few, TimeScale::REAL);
        assert_eq!(when(&pacing, &limits, 5).iter().filter(|s| **s == 0.0).count(), 3);
        let refused = answer(429, &[("retry-after", "7")], "SubscriptionRequestsThrottled");
        pacing.learn(&limits, &refused, TimeScale::REAL);
        let after = when(&pacing, &limits, 40);
        assert!(after.iter().all(|s| *s >= 6.9), "nobody goes before: {after:?}");
        assert!(after.windows(2).all(|two| two[1] - two[0] > 0.03), "one after the other: {after:?}");
    }

    #[tokio::test]
    async fn who_waits_while_another_one_is_refused_stands_in_line_again() {
        let (pacing, limits) = (Pacing::default(), arm("GET", SITE));
        when(&pacing, &limits, 251);
        let mut waits = Box::pin(pacing.wait(&limits, TimeScale::REAL));
        assert!(futures_util::poll!(waits.as_mut()).is_pending() && !pacing.is_shut(&limits));
        let refused = answer(429, &[("retry-after", "900")], "SubscriptionRequestsThrottled");
        pacing.learn(&limits, &refused, TimeScale::REAL);
        assert!(pacing.is_shut(&limits), "its turn, which comes before, is none any more");
    }

    #[test]
    fn a_refusal_of_something_else_shuts_nothing() {
        let (pacing, limits) = (Pacing::default(), arm("PATCH", SITE));
        pacing.learn(&limits, &answer(429, &[("retry-after", "60")], "Conflict"), TimeScale::REAL);
        assert_eq!(when(&pacing, &limits, 1), [0.0], "one resource is busy, not the subscription");
    }

    #[test]
    fn a_batch_of_graph_costs_what_its_parts_do() {
        let parts: Vec<_> = (0..20)
            .map(|n| serde_json::json!({"method": "GET", "url": format!("/servicePrincipals/{n}/memberOf")}))
            .collect();
        let body = serde_json::json!({ "requests": parts });
        let limits = limits::graph("POST", "/v1.0/$batch", Some(&body));
        assert_eq!(limits.iter().map(|limit| limit.cost).sum::<f64>(), 40.0);
    }
}
