//! The objects of a world as rules see them: ids taken apart, what is looked for by, and what whoever holds them offers.

mod id;
mod key;
mod scope;
mod view;

pub(crate) use id::ArmPath;
pub(crate) use key::{Key, keys};
pub(crate) use scope::canonical;
pub(crate) use view::{Delays, Objects, Principal};
