//! CLI: where everything stands, for people and for programs. Reads the log.

use crate::about::LeftOut;
use crate::approvals::{self, ApprovalView};
use crate::context::Context;
use crate::error::CliError;
use crate::estimate::Pace;
use crate::hint::Hints;
use crate::presence::Presence;
use crate::put::put;
use crate::render::overview::Waves;
use crate::source::Source;
use crate::view::{MoveView, State};
use crate::{estimate, hint_views, left_out, render, steering, store, wave_view, waves};
use rehome_orchestrator::{BatchLoaded, Clock, RunId, SystemClock, TimeScale};
use rehome_store::{Head, Position};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What was read of a log.
pub(crate) struct Read {
    pub(crate) head: Head,
    /// The batch, if one was named.
    pub(crate) batch: Option<String>,
    /// Moves as they stand by themselves.
    pub(crate) views: Vec<MoveView>,
    pub(crate) runner: Presence,
    /// At which time it is looked at, in milliseconds since 1970 UTC.
    pub(crate) now_ms: i64,
}

/// Where selected moves stand.
pub(crate) struct Standing {
    /// The end of the log that was read.
    pub(crate) head: Head,
    /// The batch, if one was named.
    batch: Option<String>,
    pub(crate) views: Vec<MoveView>,
    /// What the plan of each batch leaves out.
    pub(crate) left_out: BTreeMap<String, Vec<LeftOut>>,
    /// Who has approved each batch, and who is missing.
    pub(crate) approvals: BTreeMap<String, ApprovalView>,
    /// What people asked of batches and holds still.
    pub(crate) asked: Vec<steering::Asked>,
    pub(crate) runner: Presence,
    /// By how much the runner of each batch shortens its timers.
    pub(crate) scales: BTreeMap<String, TimeScale>,
    /// Where the waves of each batch stand; nothing of one without waves.
    waves: Waves,
    /// How fast each batch comes on.
    paces: BTreeMap<String, Pace>,
    /// Which part of Azure's limits each batch may use, in percent, where that is not all of them.
    shares: BTreeMap<String, u64>,
}

impl Standing {
    /// Reads it from the log.
    pub(crate) async fn read(
        c: &Context<'_>,
        source: &Source,
        select: Option<&str>,
    ) -> Result<Self, CliError> {
        let log = source.log();
        // Read first: what is appended meanwhile is read again.
        let head = log.head().await.map_err(|e| store::unreadable(&e))?;
        let (selection, runner) = (source.select(c, select).await?, source.presence());
        let views = store::views(log, &selection.runs).await?;
        let batches = waves::batches(log, &views).await?;
        // Whoever runs it next does so with the scale of this program.
        let own = c.global.cloud.time_scale.and_then(TimeScale::scaled).unwrap_or(TimeScale::REAL);
        let read = Read { head, batch: selection.batch, views, runner, now_ms: source.now_ms() };
        let mut standing = Self::of(read, &batches, c.output.hints(), own);
        source.withhold_commands(&mut standing.views);
        Ok(standing)
    }

    /// The same of what is read already. `own` is by how much a batch shortens its timers that nobody has run.
    pub(crate) fn of(
        read: Read,
        batches: &BTreeMap<String, BatchLoaded>,
        hints: &Hints,
        own: TimeScale,
    ) -> Self {
        let Read { head, batch, mut views, runner, now_ms } = read;
        runner.judge_views(&mut views);
        let mut asked = waves::mark_by(batches, &mut views);
        let complete = |command: &mut String| *command = hints.complete(command);
        asked.iter_mut().for_each(|one| complete(&mut one.withdraw_with));
        hint_views::complete(hints, &mut views);
        let scales = waves::time_scales(batches, &views, own);
        let approvals = approvals::of_batches(batches, now_ms);
        let left_out = left_out::of_batches(batches);
        let wave = |(name, batch): (&String, &BatchLoaded)| {
            let scale = scales.get(name).copied().unwrap_or(own);
            let mut waves = wave_view::waves(&batch.state, now_ms, scale);
            let is_shown = |run: &RunId| views.iter().any(|view| view.run == run.as_str());
            waves.retain(|wave| wave.runs.iter().any(is_shown));
            (!waves.is_empty()).then(|| (name.clone(), waves))
        };
        let waves = batches.iter().filter_map(wave).collect();
        let pace =
            |(name, of): (&String, &BatchLoaded)| Some((name.clone(), Pace::of(name, of, &views, now_ms)?));
        let paces = batches.iter().filter_map(pace).collect();
        let shares = batches.iter().map(|(name, batch)| (name.clone(), batch.state.share()));
        let shares = shares.filter(|(_, percent)| *percent < 100).collect();
        Self { head, batch, views, left_out, approvals, asked, runner, scales, waves, paces, shares }
    }

    /// The same a moment later: who is at work is looked at again, and the log is read where something is new.
    pub(crate) async fn renewed(
        self,
        c: &Context<'_>,
        source: &Source,
        select: Option<&str>,
    ) -> Result<Self, CliError> {
        let before = self.moment();
        let head = source.log().head().await.map_err(|e| store::unreadable(&e))?;
        let now = Self { head, runner: source.presence(), ..self };
        if now.moment() == before { Ok(now) } else { Self::read(c, source, select).await }
    }

    /// What it is told by whether something has changed: the end of the log, and whether nobody is at work.
    pub(crate) fn moment(&self) -> (Position, bool) {
        (self.head.position, self.runner.is_nobody())
    }

    /// Which approvals each batch lacks.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = (&str, String)> {
        self.approvals
            .iter()
            .flat_map(|(batch, of)| of.missing().map(move |lacking| (batch.as_str(), lacking)))
    }

    /// When the moves of a batch are through, if they come on as they did so far.
    pub(crate) fn pace_end_ms(&self, batch: &str) -> Option<i64> {
        self.paces.get(batch).map(|pace| pace.end_ms)
    }

    /// As people read it; `all` shows each move, however many there are.
    pub(crate) fn text(&self, c: &Context<'_>, all: bool) -> String {
        let line = self.runner.line(&self.views).map(|line| c.output.hints().complete(&line));
        let now_ms = SystemClock.now_ms();
        let mut text = if all {
            render::status::each(&self.views, line.as_deref())
        } else {
            render::status::text(&self.views, &self.waves, line.as_deref(), now_ms)
        };
        for (batch, scale) in &self.scales {
            if let Some(line) = estimate::line(batch, &self.views, now_ms, *scale) {
                put!(text, "\n{line}");
            }
        }
        for (batch, pace) in &self.paces {
            put!(text, "\n{}", pace.line(batch, now_ms));
        }
        for (batch, percent) in &self.shares {
            put!(text, "\nLIMITS {batch} uses {percent}% of what Azure allows");
        }
        for one in &self.asked {
            put!(text, "\n{}", one.line());
        }
        text
    }

    /// When each batch can be over at the earliest.
    fn ends(&self) -> BTreeMap<&str, i64> {
        let now_ms = SystemClock.now_ms();
        let end =
            |(batch, scale): (&String, &TimeScale)| estimate::end_of(batch, &self.views, now_ms, *scale);
        self.scales.iter().filter_map(|one| Some((one.0.as_str(), end(one)?))).collect()
    }

    /// As programs read it.
    pub(crate) fn value(&self) -> Value {
        json!({
            "format_version": "1.0",
            "batch": self.batch,
            "left_out": self.left_out,
            "approvals": self.approvals,
            "asked": self.asked,
            "runner": self.runner.value(),
            "log": {"events": self.head.position, "head": self.head.hash.to_string()},
            "counts": counts(&self.views),
            "not_before_ms": self.ends(),
            "pace": self.paces,
            "share": self.shares,
            "waves": self.waves,
            "moves": self.views,
        })
    }
}

/// How many moves are in each state; they add up to the total.
fn counts(views: &[MoveView]) -> Value {
    let mut counts = Map::new();
    counts.insert("total".to_owned(), views.len().into());
    for &state in State::ALL {
        let count = views.iter().filter(|v| v.state == state).count();
        counts.insert(state.word().replace('-', "_"), count.into());
    }
    Value::Object(counts)
}
