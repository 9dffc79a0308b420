//! CLI: why a log could not be opened or written to, and what a person does about it. Pure.

use crate::error::{CliError, Exit, causes, damaged};
use rehome_orchestrator::{CodecError, HistoryError, Illegal, RequestError};
use rehome_store::{AppendError, OpenError};
use std::path::Path;

/// What is told where a log could not be opened.
pub(crate) fn open_error(path: &Path, error: &OpenError) -> CliError {
    let place = path.display().to_string();
    match error {
        OpenError::NotFound(_) => CliError::new(Exit::NotFound, "there is no log here")
            .at(place)
            .next("name another one with --db FILE")
            .next("or make one, by approving a plan: rehome approve PLAN.json --reason TEXT"),
        OpenError::ManyNames { .. } => CliError::new(Exit::Usage, causes(error))
            .at(place)
            .next(format!("remove its other name (find it: find FOLDER -samefile {})", path.display()))
            .next("or work on a copy: rehome db backup FILE"),
        OpenError::NotOurs { .. } => {
            CliError::new(Exit::Usage, causes(error)).at(place).next("name another file with --db FILE")
        }
        OpenError::Full { .. } => CliError::new(Exit::Failed, causes(error))
            .at(place)
            .next("make room, and run the same command again: everything acknowledged is in the log"),
        OpenError::Damaged { .. } => CliError::new(Exit::Damaged, causes(error))
            .at(place)
            .next("compare with a backup: rehome audit verify --db BACKUP"),
        OpenError::ReadOnly { .. } => CliError::new(Exit::Failed, causes(error))
            .at(place)
            .next("make the file and its folder writable for you (the log keeps two files beside itself)")
            .next("or, to read only, copy the files of the log to a folder of your own"),
        OpenError::Network { .. } => CliError::new(Exit::Failed, causes(error))
            .at(place)
            .next("keep the log on a local disk, and copies elsewhere: rehome db backup FILE"),
        OpenError::Address { .. } => CliError::new(Exit::Usage, causes(error))
            .next("name it so: --db postgres://USER@HOST/DATABASE?schema=NAME"),
        OpenError::Unreachable { .. } => CliError::new(Exit::Failed, causes(error)).at(place).next(
            "look whether the server is up, and who may enter: psql with the same host, user and database",
        ),
        OpenError::Sync { .. } | OpenError::Pragma { .. } | OpenError::Storage { .. } => {
            CliError::new(Exit::Failed, causes(error)).at(place)
        }
    }
}

/// Something that could not be written to the log; a full disk has its own remedy.
pub(crate) fn write_error(e: &(dyn std::error::Error + 'static)) -> CliError {
    let causes_of = std::iter::successors(Some(e), |e| e.source());
    let full =
        |e: &(dyn std::error::Error + 'static)| matches!(e.downcast_ref(), Some(AppendError::Full { .. }));
    let error = CliError::new(Exit::Failed, causes(e));
    if causes_of.into_iter().any(full) { error.next("make room on the disk of the log") } else { error }
}

/// Why something cannot be asked of a move where it stands: the law of the record is nothing to tell people.
pub(crate) fn refused(e: &RequestError) -> String {
    match e {
        RequestError::Illegal { run, source: Illegal::Here { because, .. } } => {
            format!("that cannot be asked of {run} now: {because}")
        }
        _ => causes(e),
    }
}

/// A person's act that was not recorded.
pub(crate) fn request_error(e: &RequestError) -> CliError {
    match e {
        RequestError::History { source: HistoryError::NoRun(_), .. } => {
            CliError::new(Exit::NotFound, causes(e)).next("rehome status")
        }
        RequestError::History { .. } => damaged(&causes(e)),
        RequestError::Illegal { run, .. } => {
            CliError::new(Exit::Usage, refused(e)).next(format!("rehome show {run}"))
        }
        RequestError::Append(_) => write_error(e),
    }
}

/// Whether something could not be read because a bundle withholds it.
pub(crate) fn is_withheld(e: &(dyn std::error::Error + 'static)) -> bool {
    let withheld =
        |e: &(dyn std::error::Error + 'static)| matches!(e.downcast_ref(), Some(CodecError::Withheld { .. }));
    std::iter::successors(Some(e), |e| e.source()).any(withheld)
}

/// A record that cannot be read: it is damaged, or a bundle does not have it.
pub(crate) fn unreadable(e: &(dyn std::error::Error + 'static)) -> CliError {
    if !is_withheld(e) {
        return damaged(&causes(e));
    }
    CliError::new(Exit::NotFound, causes(e))
        .next("see what is withheld: rehome history --bundle FILE")
        .next("ask whoever made the bundle for one that has it: rehome audit bundle FILE MOVE")
}
