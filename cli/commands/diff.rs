//! CLI: `rehome diff`. Reads two plan files.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::plan_diff::PlanDiff;
use crate::{plan_again, render};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Show where two plans differ, identity by identity.
///
/// Ends with 14 where they do. Works offline.
#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// The earlier plan file.
    pub(crate) before: PathBuf,
    /// The later plan file.
    pub(crate) after: PathBuf,
}

impl Execute for Diff {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let ((before, was), (after, is)) = (plan_again::load(&self.before)?, plan_again::load(&self.after)?);
        let diff = PlanDiff::of(&before, &after)?;
        let value = json!({"format_version": "1.0", "before": was, "after": is, "differ": !diff.is_nothing(), "diff": diff});
        c.output.result(&render::plan_diff::text(&diff), &value)?;
        Ok(if diff.is_nothing() { Exit::Done } else { Exit::Differences })
    }
}
