//! Activities: how each type is written: which of PUT and PATCH takes which place, how many identities it may carry.

mod inside;
mod rows;
#[cfg(test)]
mod tests;

pub use rows::{MAP, Patch, WriteRow, row, rows, verb};
