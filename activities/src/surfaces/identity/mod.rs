//! Activities: the identity itself.

pub(crate) mod delete;
pub(crate) mod facts;
pub(crate) mod look_up;
pub(crate) mod preflight;
pub(crate) mod revoke_tokens;
pub(crate) mod survey;
