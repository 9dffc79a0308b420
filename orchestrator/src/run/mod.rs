//! Engine: one run: what happens to it, where it stands, and what is done next.

pub(crate) mod codec;
pub(crate) mod decide;
mod decide_back;
pub(crate) mod event;
pub(crate) mod event_lost;
pub(crate) mod fold;
pub(crate) mod hold;
pub(crate) mod mask;
pub(crate) mod progress;
pub(crate) mod requests;
pub(crate) mod soak;
pub(crate) mod state;
pub(crate) mod wait;
