//! Activities: deny assignments, of the identity and of whoever is signed in.

pub(crate) mod denied;
pub(crate) mod facts;
pub(crate) mod preflight;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::DenyAssignments;
