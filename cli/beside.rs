//! CLI: what goes on beside the work and never keeps it: people are told what happens, and it is measured. Touches nothing
//! by itself.

use crate::args::RunArgs;
use crate::aside::Aside;
use crate::cloud::Cloud;
use crate::context::Context;
use crate::drift::{LAST_LOOK, Watch};
use crate::error::CliError;
use crate::hooks::teller::Teller;
use crate::progress::Progress;
use crate::store;
use crate::telemetry::export::{Gauge, Measuring, Otlp, Outlets};
use crate::telemetry::otlp::Resource;
use rehome_orchestrator::{Clock, Registry, SystemClock};
use rehome_store::{Backend, LeaseHolder};
use std::sync::Arc;
use std::time::Duration;

/// When the work is over, what is due is told for so long at most.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The same, where somebody waits for the end.
const LAST_WORDS_STOPPED: Duration = Duration::from_secs(2);

/// What goes on beside the work.
pub(crate) struct Beside {
    telling: Option<Aside>,
    measuring: Option<Measuring>,
    watching: Aside,
}

impl Beside {
    /// Begins it.
    ///
    /// # Errors
    /// When an address or a file that was named cannot be used: nothing has begun then.
    pub(crate) async fn begin(
        c: &Context<'_>,
        log: &Arc<dyn Backend>,
        cloud: &Cloud,
        (actor, who, progress, registry): (&Arc<str>, &LeaseHolder, &Arc<Progress>, &Arc<Registry>),
        args: &RunArgs,
    ) -> Result<Self, CliError> {
        if let Some(place) = &args.metrics {
            place.check(args.metrics_open)?;
        }
        let watch = Watch {
            log: log.clone(),
            progress: progress.clone(),
            azure: cloud.azure.clone(),
            registry: registry.clone(),
            actor: actor.clone(),
            who: who.clone(),
            output: c.output.clone(),
            time_scale: cloud.time_scale,
        };
        // In a rehearsal nobody is told anything.
        if c.global.cloud.sign_in.is_some() {
            return Ok(Self { telling: None, measuring: None, watching: watch.begin() });
        }
        let otlp = Otlp::of(args.otlp.as_deref(), |name| std::env::var(name).ok())?;
        let outlets = Outlets::open(args.metrics.as_ref(), otlp, c.output).await?;
        let gauge = Gauge { log: log.clone(), progress: progress.clone(), azure: cloud.azure.clone() };
        let service = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
        let resource = Resource {
            service: service.unwrap_or_else(|| "rehome".to_owned()),
            host: store::host(),
            pid: std::process::id(),
            since_ms: SystemClock.now_ms(),
        };
        let measuring = Measuring::begin(gauge, outlets, resource, c.output.clone());
        let teller = Teller {
            log: log.clone(),
            actor: actor.clone(),
            output: c.output.clone(),
            ca: c.global.cloud.ca.clone(),
            time_scale: cloud.time_scale,
            only: None,
            who: Some(who.clone()),
        };
        Ok(Self { telling: Some(teller.begin()), measuring, watching: watch.begin() })
    }

    /// Lets what is due be told once more, and ends; `stopped` says that somebody waits for that.
    pub(crate) async fn finish(self, stopped: bool) {
        // What is found is told and measured too.
        self.watching.finish(if stopped { Duration::ZERO } else { LAST_LOOK }).await;
        if let Some(telling) = self.telling {
            telling.finish(if stopped { LAST_WORDS_STOPPED } else { LAST_WORDS }).await;
        }
        if let Some(measuring) = self.measuring {
            measuring.finish().await;
        }
    }
}
