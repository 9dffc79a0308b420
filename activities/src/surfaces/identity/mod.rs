//! Activities: the identity itself.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod facts;
pub(crate) mod look_up;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod revoke_tokens;
pub(crate) mod surface;
pub(crate) mod survey;

pub(crate) use surface::Identity;
