//! Activities: the log of sign-ins.

pub(crate) mod facts;
pub(crate) mod log;
pub(crate) mod no_recent_sign_ins;
pub(crate) mod survey;
