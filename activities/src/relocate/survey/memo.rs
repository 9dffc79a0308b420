//! Activities: what several moves of a batch ask for is read once in a survey. Pure, but for what it is given to do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Answers by what was asked. It lives as long as one survey, so that no answer is older than that.
pub(crate) struct Memo<T>(Mutex<HashMap<String, Arc<OnceCell<T>>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Memo<T> {
    /// The answer to a question, without regard to its case: whoever asks first asks for all.
    pub(crate) async fn of(&self, asked: &str, ask: impl Future<Output = T>) -> T {
        let cell = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(asked.to_lowercase()).or_default().clone()
        };
        cell.get_or_init(|| ask).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn what_is_asked_at_the_same_time_is_read_once() {
        let (memo, asked) = (Memo::default(), AtomicUsize::new(0));
        let ask = |name: &'static str| {
            let asked = &asked;
            memo.of(name, async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                name.len()
            })
        };
        assert_eq!(futures_util::join!(ask("/a"), ask("/A"), ask("/bb")), (2, 2, 3));
        assert_eq!((ask("/a").await, asked.load(Ordering::Relaxed)), (2, 2));
    }
}
