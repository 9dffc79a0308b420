//! Activities: deny assignments, of the identity and of whoever is signed in.

pub(crate) mod denied;
pub(crate) mod facts;
pub(crate) mod preflight;
pub(crate) mod survey;
