//! Activities: what must hold for everything that comes from Azure; `tests/fuzz` tries it. Pure.

pub use crate::azure::fuzz::{answer, link};
pub use crate::code::fuzz::code;
pub use crate::commands::fuzz::{scripts, subjects, words};
pub use crate::references::fuzz::{OLD, references};
pub use crate::relocate::survey::fuzz::resource;
pub use crate::surfaces::host::fuzz::rewrites;
