//! Store: a log in memory with everything that belongs to it. Touches nothing.

use super::log::MemoryLog;
use crate::backend::{Backend, Beside, OpenError};
use std::path::Path;

impl Backend for MemoryLog {
    fn id(&self) -> &str {
        &self.id
    }

    fn beside(&self) -> &dyn Beside {
        &self.beside
    }

    fn backup(&self, to: &Path) -> Result<Box<dyn Backend>, OpenError> {
        if !self.beside.is_new_copy(to) {
            let what = "it exists already".to_owned();
            return Err(OpenError::NotOurs { path: to.to_owned(), what });
        }
        Ok(Box::new(self.copy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_in_memory_keeps_every_promise_of_a_backend() {
        crate::conformance::check_backend(Path::new("copies"), || async { MemoryLog::default() }).await;
    }
}
