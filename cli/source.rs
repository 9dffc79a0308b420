//! CLI: what a reading command reads: the log, or a bundle in its place. Touches the one that it is, reading.

use crate::args::{AsOf, ReadFrom};
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes};
use crate::hint_views;
use crate::past::Past;
use crate::presence::Presence;
use crate::store::{self, Selection};
use crate::view::MoveView;
use rehome_orchestrator::{Clock, SystemClock, mask_flaw};
use rehome_store::{Backend, BundleError, BundleLog, Log};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// A log, wherever it is.
pub(crate) enum Source {
    /// The database.
    Database(Arc<dyn Backend>),
    /// A bundle, which was verified when it was opened.
    Bundle(Arc<BundleLog>),
    /// One of both, and what it was once.
    Past(Box<Self>, Past),
}

impl Source {
    /// Opens the bundle, if one is named, and the database otherwise.
    pub(crate) fn open(c: &Context<'_>, from: &ReadFrom) -> Result<Self, CliError> {
        match &from.bundle {
            Some(path) => open_bundle(path).map(Arc::new).map(Self::Bundle),
            None => {
                let log = store::open_to_read(&c.global.db)?;
                if let Some(format) = log.newer_format() {
                    c.output.note(&format!(
                        "note: {}; it is read as far as that goes",
                        store::newer(format).what
                    ));
                }
                Ok(Self::Database(log))
            }
        }
    }

    /// The same as it was at a moment, where one is named.
    pub(crate) async fn open_at(c: &Context<'_>, from: &ReadFrom, when: &AsOf) -> Result<Self, CliError> {
        let now = Self::open(c, from)?;
        match &when.at {
            Some(at) => {
                let past = Past::of(now.shared(), at).await?;
                Ok(Self::Past(Box::new(now), past))
            }
            None => Ok(now),
        }
    }

    fn shared(&self) -> Arc<dyn Log> {
        match self {
            Self::Database(log) => log.clone(),
            Self::Bundle(log) => log.clone(),
            Self::Past(of, _) => of.shared(),
        }
    }

    /// What time it is there.
    pub(crate) fn now_ms(&self) -> i64 {
        match self {
            Self::Past(_, past) => past.at_ms,
            Self::Database(_) | Self::Bundle(_) => SystemClock.now_ms(),
        }
    }

    /// Completes the commands that are good for now.
    pub(crate) fn complete_views(&self, c: &Context<'_>, views: &mut [MoveView]) {
        hint_views::complete(c.output.hints(), views);
        self.withhold_commands(views);
    }

    /// Takes commands away that were good for then, and may not be for now.
    pub(crate) fn withhold_commands(&self, views: &mut [MoveView]) {
        if matches!(self, Self::Past(..)) {
            let waits = views.iter_mut().flat_map(|view| &mut view.waiting_for);
            waits.for_each(|wait| wait.unblock_with.clear());
        }
    }

    pub(crate) fn log(&self) -> &dyn Log {
        match self {
            Self::Database(log) => &**log,
            Self::Bundle(log) => &**log,
            Self::Past(_, past) => past,
        }
    }

    /// The name that the log keeps in every copy.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Database(log) => log.id(),
            Self::Bundle(log) => &log.header().head.log,
            Self::Past(of, _) => of.id(),
        }
    }

    /// Who is at work on it; of a bundle nobody says so.
    pub(crate) fn presence(&self) -> Presence {
        match self {
            Self::Database(log) => Presence::of(log.beside().lease()),
            Self::Bundle(_) | Self::Past(..) => Presence::Unknown,
        }
    }

    /// Finds what is called so; without a name everything, but for what a bundle withholds.
    pub(crate) async fn select(&self, c: &Context<'_>, what: Option<&str>) -> Result<Selection, CliError> {
        let mut selection = store::select(self.log(), what).await?;
        let bundle = match self {
            Self::Past(of, _) => of,
            Self::Database(_) | Self::Bundle(_) => self,
        };
        let (Self::Bundle(log), None) = (bundle, what) else { return Ok(selection) };
        let all = selection.runs.len();
        selection.runs.retain(|run| !log.withheld().streams.contains(&run.stream()));
        let withheld = all - selection.runs.len();
        if withheld > 0 {
            c.output.note(&format!(
                "note: the bundle withholds events of {withheld} of {}; they are not shown",
                counted(all, "move")
            ));
        }
        Ok(selection)
    }
}

/// Opens a bundle and checks the whole of it.
pub(crate) fn open_bundle(path: &Path) -> Result<BundleLog, CliError> {
    BundleLog::open(path, mask_flaw).map_err(|e| bundle_error(path, &e))
}

fn bundle_error(path: &Path, error: &BundleError) -> CliError {
    let named = "name a file that `rehome audit bundle FILE` wrote";
    let error = match error {
        BundleError::File(e) if e.kind() == ErrorKind::NotFound => {
            CliError::new(Exit::NotFound, "there is no such bundle").next(named)
        }
        BundleError::File(e) => CliError::because(Exit::Failed, "failed to read the bundle", e),
        BundleError::NotOurs { .. } | BundleError::TooMany { .. } => {
            CliError::new(Exit::Usage, causes(error)).next(named)
        }
        BundleError::NewerFormat { .. } => {
            CliError::new(Exit::Failed, causes(error)).next("read it with a newer version of this program")
        }
        BundleError::Chain(_) => store::damaged(&causes(error))
            .next("ask for the bundle once more, and for the end of the log: rehome audit head"),
    };
    error.at(path.display().to_string())
}
