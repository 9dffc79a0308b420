//! Activities: where a team's own code names the identity, as a scan found it: a person changes it there.

pub(crate) mod facts;
pub(crate) mod plan;
pub(crate) mod preflight;
mod surface;

pub(crate) use surface::OwnCode;
