//! CLI: `rehome audit head`. Offline.

use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit, causes};
use crate::source::Source;
use clap::Args;
use serde_json::json;

/// Print the end of the log as one line, to keep elsewhere.
///
/// Works offline.
#[derive(Args, Debug)]
pub(crate) struct AuditHead {
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

impl Execute for AuditHead {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let from = &self.from;
        let source = Source::open_at(c, from, &self.when).await?;
        let head = source.log().head().await.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
        let hash = head.hash.to_string();
        let value =
            json!({"format_version": "1.0", "log": source.id(), "position": head.position, "hash": hash});
        c.output.result(&format!("{}:{hash}", head.position), &value)?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.when.at.is_none()
    }
}
