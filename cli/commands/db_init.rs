//! CLI: `rehome db init`: makes the log, and prints what its runners may do. Offline but for the server of the log.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::store;
use clap::Args;
use serde_json::json;

/// Make the log where there is none, as the owner of its tables.
///
/// With --grants it prints the rights of a role that runs: what psql takes, as the owner.
#[derive(Args, Debug)]
pub(crate) struct DbInit {
    /// Print the rights of this role on a server, and change nothing.
    #[arg(long, value_name = "ROLE")]
    pub(crate) grants: Option<String>,
}

impl Execute for DbInit {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let db = &c.global.db;
        if let Some(role) = &self.grants {
            let grants = store::grants(db, role)?;
            c.output.result(&grants, &json!({"format_version": "1.0", "grants": grants, "role": role}))?;
            return Ok(Exit::Done);
        }
        let log = store::create_or_open(db).await?;
        let text = format!("the log {} is at {}", log.id(), db.display());
        c.output.result(&text, &json!({"format_version": "1.0", "log": log.id(), "place": db}))?;
        Ok(Exit::Done)
    }
}
