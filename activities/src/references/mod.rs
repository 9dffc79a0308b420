//! Activities: the pure engine for references to an identity. Touches nothing.
//!
//! A move changes all three names of an identity, and any property of any resource may hold one of
//! them. So the engine is generic: it finds them anywhere, and replaces exactly those.

pub(crate) mod by_name;
pub(crate) mod callers;
pub mod compare;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod hidden;
pub(crate) mod known;
pub(crate) mod members;
pub mod rehearsal;
pub(crate) mod rest;
pub mod rewrite;
pub(crate) mod runs;
pub mod scan;
pub mod secrets;
pub mod settings_key;
pub mod states;
pub mod table;
pub mod text;
pub(crate) mod words;
pub(crate) mod writable;
pub mod writes;
