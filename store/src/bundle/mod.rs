//! Store: a bundle: the whole chain of a log in one file of text, in which bodies may be withheld. Touches what
//! it is handed to write to or to read.
//!
//! A bundle is JSON Lines: UTF-8, one object in a line, each line ended by a line feed. The first line is the
//! [`Header`]; then comes every event of the log up to the header's `head`, in order, with these members:
//!
//! | member | what it is |
//! |---|---|
//! | `position`, `sequence` | its place in the log and in its stream, both from 1 |
//! | `stream`, `kind`, `version` | of what it is an event, which one, and the version of that shape |
//! | `at_ms`, `actor` | when, in milliseconds since 1970 UTC, and who, as they call themselves |
//! | `salt`, and `body` or `body_hex` | sixteen bytes in hex; and the body as text, or in hex where it is none |
//! | or `withheld`, `digest` | why salt and body are not there, and the digest of both |
//! | and `told` | only where a credential is withheld: the body without it, which nothing proves |
//! | `hash` | the event's hash, which binds it to all events before it |
//!
//! Hashes are those of the log (`chain.rs`), over the same bytes, so that a bundle is proved by an end of the log
//! that somebody kept, and by nothing in itself. A salt is never there without its body: who has the salt
//! could try what a short body was until the digest fits. Columns other than salt and body are in the chain as
//! they are, and cannot be withheld.

mod line;
mod log;
mod reader;
mod writer;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use line::{read as read_line, write as write_line};
pub use log::{BundleLog, Redactions};
pub use reader::BundleReader;
pub use writer::{BundleWriter, Disclosure};

use crate::anchor::Anchor;
use crate::verify::VerifyError;
use serde::{Deserialize, Serialize};

/// The form of bundles that this program writes and reads.
pub const BUNDLE_FORMAT: u32 = 1;

/// The first line of a bundle. Of it, the chain proves only `head`, and `anchor` as far as it fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The form of the file.
    pub rehome_bundle: u32,
    /// The program that wrote it, and its version.
    pub program: String,
    /// The end of the log when the bundle was made: the last event that is in it.
    pub head: Anchor,
    /// The end that the record beside the log knew of then, if there was one.
    pub anchor: Option<Anchor>,
    /// The move or batch that it was made for, if not for all.
    pub selected: Option<String>,
}

/// Why a bundle cannot be written, or is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file is something else.
    #[error("this is not a bundle of this program: {what}")]
    NotOurs {
        /// What it is instead.
        what: String,
    },
    /// The file was written by a newer program.
    #[error("the bundle has format {found}, and this program reads only format {BUNDLE_FORMAT}")]
    NewerFormat {
        /// The format of the file.
        found: u32,
    },
    /// An event is not what was written.
    #[error(transparent)]
    Chain(#[from] VerifyError),
    /// There is more in it than any log has.
    #[error("the bundle has more than {max} {what}, which no log has")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
    /// The file could not be read or written.
    #[error("the file failed")]
    File(#[from] std::io::Error),
}
