//! Activities: resources that carry or name the identity.

pub(crate) mod activity;
pub(crate) mod by_hand;
pub(crate) mod candidates;
pub(crate) mod children;
pub(crate) mod facts;
pub(crate) mod faults;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod input;
pub(crate) mod inside;
pub(crate) mod obstacles;
pub(crate) mod opaque;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod remade;
pub(crate) mod repointed;
pub(crate) mod rewrite;
pub(crate) mod room;
pub(crate) mod strategy;
mod surface;
pub(crate) mod survey;
pub(crate) mod users;
pub(crate) mod writing;

pub(crate) use surface::Hosts;
