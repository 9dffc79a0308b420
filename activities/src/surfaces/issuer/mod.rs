//! Activities: who stands behind a federated credential, and what a person changes there.

pub(crate) mod devops;
pub(crate) mod expression;
pub(crate) mod github;
mod gitlab;
mod grammar;
mod known;
mod list;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod subject;
mod surface;
mod terraform;

pub(crate) use surface::Issuers;
