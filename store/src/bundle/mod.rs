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
//! that somebody kept, and by nothing in itself. A salt is never there without its body: a reader who has the salt
//! could try what a short body was until the digest fits. Columns other than salt and body are in the chain as
//! they are, and cannot be withheld.

mod format;
mod line;
mod log;
mod reader;
mod writer;

pub use format::{BUNDLE_FORMAT, BundleError, Header};
pub(crate) use line::{read as read_line, write as write_line};
pub use log::{BundleLog, Redactions};
pub use reader::BundleReader;
pub use writer::{BundleWriter, Disclosure};
