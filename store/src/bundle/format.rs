//! Store: the first line of a bundle, and why a bundle is refused. Touches nothing.

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
