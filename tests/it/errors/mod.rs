//! What Azure answers, and what comes of each answer.

pub(crate) mod answers;
pub(crate) mod rules;
pub(crate) mod sign_in;
pub(crate) mod words;
pub(crate) mod world;
