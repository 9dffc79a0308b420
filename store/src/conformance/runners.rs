//! Store: the suite that every place must pass that keeps the runners of a log. Panics with the promise that was broken.

use crate::lease::LeaseHolder;
use crate::runners::{RunnerError, Runners, Token};

/// Longer than any test.
const LONG_MS: u32 = 3_600_000;

fn who(pid: u32) -> LeaseHolder {
    LeaseHolder { host: "desk".to_owned(), pid, actor: "ada".to_owned(), since_ms: 7 }
}

/// Holds what keeps runners to every promise of [`Runners`]. `runners` may know others already; names that begin with
/// `prefix` are new there. `passes` lets the storage's clock go on by a millisecond or more.
///
/// # Panics
///
/// When a promise is broken.
pub async fn check_runners(runners: &dyn Runners, prefix: &str, passes: impl Fn()) {
    let name = |nth: u8| format!("{prefix}-{nth}");
    one_is_at_work_until_it_goes(runners, &name(1)).await;
    each_sign_of_life_needs_the_last(runners, &name(2)).await;
    one_that_is_over_stays_over(runners, &name(3), passes).await;
    assert!(runners.end(&name(9)).await.expect("it answers"), "one that never was is at work for nobody");
}

async fn left_ms(runners: &dyn Runners, id: &str) -> Option<i64> {
    let all = runners.all().await.expect("they can be read");
    all.iter().find(|row| row.id == id).map(|row| row.left_ms)
}

async fn one_is_at_work_until_it_goes(runners: &dyn Runners, id: &str) {
    let first = runners.beat(id, &who(3), None, LONG_MS).await.expect("it begins");
    let all = runners.all().await.expect("they can be read");
    let row = all.iter().find(|row| row.id == id).expect("it is seen");
    assert_eq!(row.who, who(3));
    assert!((1..=i64::from(LONG_MS)).contains(&row.left_ms), "{} ms are left", row.left_ms);
    assert!(!runners.end(id).await.expect("it answers"), "nobody ends one that is at work");
    assert!(left_ms(runners, id).await.is_some());
    runners.leave(id, first).await.expect("it goes");
    assert_eq!(left_ms(runners, id).await, None);
    assert!(runners.end(id).await.expect("it answers"), "one that has gone is not at work");
    let over = runners.beat(id, &who(3), Some(first), LONG_MS).await;
    assert!(matches!(over, Err(RunnerError::Over { .. })), "one that has gone does not come back: {over:?}");
}

async fn each_sign_of_life_needs_the_last(runners: &dyn Runners, id: &str) {
    let first = runners.beat(id, &who(3), None, LONG_MS).await.expect("it begins");
    let again = runners.beat(id, &who(4), None, LONG_MS).await;
    assert!(matches!(again, Err(RunnerError::Over { .. })), "a name has one process: {again:?}");
    let second = runners.beat(id, &who(3), Some(first), LONG_MS).await.expect("it goes on");
    assert!(first != second, "each is another one");
    let stale = runners.beat(id, &who(3), Some(first), LONG_MS).await;
    assert!(matches!(stale, Err(RunnerError::Over { .. })), "only the last one counts: {stale:?}");
    runners.leave(id, Token::fresh()).await.expect("it is no error");
    assert!(left_ms(runners, id).await.is_some(), "nobody else says that it goes");
    runners.leave(id, second).await.expect("it goes");
}

async fn one_that_is_over_stays_over(runners: &dyn Runners, id: &str, passes: impl Fn()) {
    let token = runners.beat(id, &who(3), None, 1).await.expect("it begins");
    // In the last part of a millisecond it is not over yet.
    while left_ms(runners, id).await.is_some_and(|left| left >= 0) {
        passes();
    }
    let late = runners.beat(id, &who(3), Some(token), LONG_MS).await;
    assert!(matches!(late, Err(RunnerError::Over { .. })), "one whose time is over is too late: {late:?}");
    assert!(runners.end(id).await.expect("it answers"));
    assert_eq!(left_ms(runners, id).await, None);
    let ended = runners.beat(id, &who(3), Some(token), LONG_MS).await;
    assert!(matches!(ended, Err(RunnerError::Over { .. })), "one that was ended stays so: {ended:?}");
}
