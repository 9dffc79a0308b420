//! CLI: one thing that goes on beside the work until it is to end. Touches nothing by itself.

use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Something that goes on beside the work.
pub(crate) struct Aside {
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Aside {
    /// Begins it; it is told when it is to end.
    pub(crate) fn begin<F>(work: impl FnOnce(watch::Receiver<bool>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let closing = watch::Sender::new(false);
        let task = tokio::spawn(work(closing.subscribe()));
        Self { closing, task }
    }

    /// Says that it is to end, and waits for so long at most; then it is broken off.
    pub(crate) async fn finish(self, patience: Duration) {
        self.closing.send_replace(true);
        let mut task = self.task;
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Waits for the next turn, or until everything is to end.
pub(crate) async fn turn(closing: &mut watch::Receiver<bool>, after: Duration) {
    tokio::select! {
        () = tokio::time::sleep(after) => {}
        _ = closing.changed() => {}
    }
}
