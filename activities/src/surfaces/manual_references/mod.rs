//! Activities: what names the identity and is said, or done by a person.

pub(crate) mod facts;
pub(crate) mod manual_only_types;
pub(crate) mod plan;
pub(crate) mod preflight;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::ManualReferences;
