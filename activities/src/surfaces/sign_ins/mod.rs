//! Activities: the log of sign-ins.

pub(crate) mod facts;
pub(crate) mod log;
pub(crate) mod no_recent_sign_ins;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::SignIns;
