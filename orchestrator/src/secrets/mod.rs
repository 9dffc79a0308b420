//! Engine: hides secrets in text that comes from outside, for everything that is recorded or printed. Pure.
//!
//! There is one such masker, because two would know different things. A secret gives itself away by the form that it
//! stands in (`forms`: what is called a password, a header, a part of a connection string), or by its looks (`looks`: a
//! key that a machine made, a token with a known beginning, a PEM block). Names, ids, roles and digests stay, because a
//! log is read for them. Masking twice is masking once.

mod forms;
mod looks;
mod masker;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;

pub use looks::HIDDEN;
pub use masker::{has_secret, is_secret_name, without_secrets};
