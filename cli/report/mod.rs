//! CLI: what became of a batch, for somebody who was not there: who, what, when, and what was out of the ordinary. Pure.

mod account;
mod clocks;
mod duties;
mod exceptions;
mod gather;
mod statement;
mod tables;

pub(crate) use account::{Account, LogEnd};
pub(crate) use duties::Held;
pub(crate) use gather::{Gatherer, Source};
pub(crate) use statement::{Subject, envelope};
pub(crate) use tables::{TABLES, Table};
