//! CLI: `rehome schema`. Prints; touches nothing.

use crate::batch_file;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use clap::{Args, ValueEnum};
use serde_json::Value;

/// Print a JSON Schema of a file or of a result.
///
/// For editors, and for programs that read what this one writes (draft 2020-12).
#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// Of what.
    pub(crate) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Batch files.
    Batch,
    /// Plan files.
    Plan,
    /// What `status -o json` prints.
    Status,
    /// One event of `history -o json`.
    Event,
    /// What hooks are told.
    Hook,
    /// Files of signed approvals.
    Approval,
    /// Files that say whose approvals count.
    Approvers,
    /// What `report BATCH -o json` prints and `report --save` keeps.
    Report,
    /// What `scan -o json` prints and `scan --save` keeps.
    Scan,
}

impl Execute for Schema {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let schema = schema(self.of)?;
        let text = serde_json::to_string_pretty(&schema)
            .map_err(|e| CliError::because(Exit::Failed, "failed to write the schema", &e))?;
        c.output.result(&text, &schema)?;
        Ok(Exit::Done)
    }
}

fn schema(of: SchemaOf) -> Result<Value, CliError> {
    let text = match of {
        SchemaOf::Batch => return Ok(batch_file::schema()),
        SchemaOf::Approvers => return Ok(batch_file::approvers_schema()),
        SchemaOf::Approval => include_str!("../schemas/approval.json"),
        SchemaOf::Plan => include_str!("../schemas/plan.json"),
        SchemaOf::Status => include_str!("../schemas/status.json"),
        SchemaOf::Event => include_str!("../schemas/event.json"),
        SchemaOf::Hook => include_str!("../schemas/hook.json"),
        SchemaOf::Report => include_str!("../schemas/report.json"),
        SchemaOf::Scan => include_str!("../schemas/scan.json"),
    };
    serde_json::from_str(text).map_err(|e| CliError::because(Exit::Failed, "failed to read the schema", &e))
}
