//! Everything that exists, and what happened to it. In memory only.

mod deltas;
mod directory;
mod holders;
mod principals;
mod resources;
mod state;
mod texts;
mod view;

pub(crate) use deltas::State;
pub(crate) use directory::{Link, NAMES};
pub(crate) use state::{RequestLine, Wanted, World, is_identity};
