//! Engine: what counts as in flight. A piece of work has a permit, and lends it to others for as long as it waits its turn.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permit of the work that is done.
struct Held {
    permits: Arc<Semaphore>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

tokio::task_local! {
    static HELD: Arc<Held>;
}

impl Held {
    fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, permit: OwnedSemaphorePermit) {
        *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
    }
}

async fn acquired(permits: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    permits.clone().acquire_owned().await.expect("the semaphore is never closed")
}

/// Does a piece of work that has a permit, which [`aside`] may lend meanwhile, and gives back both.
pub(super) async fn with<T>(
    permit: OwnedSemaphorePermit,
    work: impl Future<Output = T>,
) -> (T, OwnedSemaphorePermit) {
    let permits = permit.semaphore().clone();
    let held = Arc::new(Held { permits: permits.clone(), permit: Mutex::new(Some(permit)) });
    let done = HELD.scope(held.clone(), work).await;
    let permit = match held.take() {
        Some(permit) => permit,
        // Part of the work was given up while it waited.
        None => acquired(&permits).await,
    };
    (done, permit)
}

/// Waits for a turn at a limit, a date, or whatever else is no work: as long as that lasts, an activity or a condition does
/// not count as in flight, and others go on in its place. Outside of any work it only waits.
pub async fn aside<T>(wait: impl Future<Output = T>) -> T {
    let held = HELD.try_with(Arc::clone).ok();
    let lent = held.and_then(|held| held.take().map(|_| held));
    let done = wait.await;
    if let Some(held) = lent {
        let permit = acquired(&held.permits).await;
        held.put(permit);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn who_waits_aside_lends_the_permit_and_goes_on_when_it_is_free_again() {
        let permits = Arc::new(Semaphore::new(1));
        let (turn, waits) = oneshot::channel::<()>();
        let mut first = Box::pin(with(acquired(&permits).await, async {
            aside(waits).await.expect("its turn comes");
            permits.available_permits()
        }));
        assert!(first.as_mut().now_or_never().is_none());
        let other = permits.clone().try_acquire_owned().expect("it is lent");
        turn.send(()).expect("it waits");
        assert!(first.as_mut().now_or_never().is_none(), "somebody else has it");
        drop(other);
        let (left, permit) = first.await;
        assert_eq!((left, permits.available_permits()), (0, 0));
        drop(permit);
        assert_eq!(permits.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_waits_twice_at_once_and_is_given_up_leaves_one_permit() {
        let permits = Arc::new(Semaphore::new(1));
        let work = async {
            let never = || aside(std::future::pending::<()>());
            tokio::select! {
                _ = futures_util::future::join(never(), never()) => {}
                () = tokio::task::yield_now() => {}
            }
        };
        let ((), permit) = with(acquired(&permits).await, work).await;
        assert_eq!(permits.available_permits(), 0);
        drop(permit);
        assert_eq!((aside(async { 7 }).await, permits.available_permits()), (7, 1));
    }
}
