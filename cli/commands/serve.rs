//! CLI: `rehome serve`. Reads the log, and listens on loopback; what people ask for on its pages is appended where that is
//! allowed.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::interrupt::Handling;
use crate::serve::server::Server;
use crate::serve::site::Opened;
use crate::source::Source;
use crate::store;
use clap::Args;
use rehome_orchestrator::TimeScale;
use serde_json::json;

/// Show the log as pages in a browser, until interrupted.
///
/// On this machine alone, and for whoever has the link that it prints: it works once. The pages only show; they go on while
/// a runner works, and never stop it.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where it listens; loopback only.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: String,
    /// Let whoever is signed in pause, resume, hold, release and note; never approve, roll back or clean up.
    #[arg(long, conflicts_with = "bundle")]
    pub(crate) allow_actions: bool,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for Serve {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let source = Source::open(c, &self.from)?;
        let place = self.from.bundle.as_ref().unwrap_or(&c.global.db).display().to_string();
        let own = c.global.cloud.time_scale.and_then(TimeScale::scaled).unwrap_or(TimeScale::REAL);
        let of = Opened {
            source,
            place,
            db: c.global.db.clone(),
            hints: c.output.hints().clone(),
            own,
            actor: store::actor(c.global.actor.as_deref()),
            output: c.output.clone(),
            acts: self.allow_actions,
        };
        let server = Server::open(&self.listen, of).await?;
        // Whoever reads that it is ready may end it at once.
        let handling = Handling::begin();
        let link = server.link();
        let text = format!("{link}\n  works once, in one browser on this machine; Ctrl-C ends it");
        c.output
            .result(&text, &json!({"format_version": "1.0", "link": link, "actions": self.allow_actions}))?;
        server.serve(handling.next()).await;
        Ok(Exit::Done)
    }
}
