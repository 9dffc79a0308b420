//! Activities: who stands behind a federated credential, and what a person changes there.

pub(crate) mod devops;
pub(crate) mod expression;
pub(crate) mod github;
mod grammar;
mod known;
mod listed;
pub(crate) mod outside;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod subject;
mod surface;

pub(crate) use surface::Issuers;
