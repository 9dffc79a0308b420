//! Engine: an engine with what most programs want, and what else they say. Touches nothing.

use crate::activity::registry::Registry;
use crate::crew::Crew;
use crate::driver::engine::{Engine, Observer};
use crate::time::clock::{Clock, SystemClock};
use crate::time::scale::TimeScale;
use rehome_store::Log;
use std::sync::Arc;

/// An engine that is being put together; see [`Engine::builder`].
#[derive(Clone)]
pub struct EngineBuilder(Engine);

impl Engine {
    /// An engine over this log that knows these names: on the machine's clock and in real time, as the actor
    /// `engine`, with 16 things in flight at once, a look at the log each second, and nobody who is told.
    pub fn builder(log: Arc<dyn Log>, registry: Registry) -> EngineBuilder {
        EngineBuilder(Self {
            log,
            registry: Arc::new(registry),
            clock: Arc::new(SystemClock),
            time_scale: TimeScale::REAL,
            actor: "engine".into(),
            concurrency: 16,
            look_ms: 1_000,
            observer: Arc::new(()),
            crew: None,
        })
    }
}

impl EngineBuilder {
    /// Where time comes from.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.0.clock = clock;
        self
    }

    /// By how much own timers are shortened.
    #[must_use]
    pub fn time_scale(mut self, time_scale: TimeScale) -> Self {
        self.0.time_scale = time_scale;
        self
    }

    /// Who runs it, as they call themselves.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<Arc<str>>) -> Self {
        self.0.actor = actor.into();
        self
    }

    /// How many things may be in flight at once, reads and writes together.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.0.concurrency = concurrency;
        self
    }

    /// How often the log is looked at for what other processes asked, in wall milliseconds.
    #[must_use]
    pub fn look_ms(mut self, look_ms: i64) -> Self {
        self.0.look_ms = look_ms;
        self
    }

    /// Who is told what was written.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.0.observer = observer;
        self
    }

    /// With whom the log is shared.
    #[must_use]
    pub fn crew(mut self, crew: Crew) -> Self {
        self.0.crew = Some(crew);
        self
    }

    /// The engine.
    pub fn build(self) -> Engine {
        self.0
    }
}
