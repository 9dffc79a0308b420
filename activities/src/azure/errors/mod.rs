//! Azure: what each answer means for what may be done next.

mod row;
mod table;
#[cfg(test)]
mod tests;
mod verdict;

pub use row::{Meaning, On, Row};
pub use table::TABLE;
pub(crate) use verdict::{
    Asked, REPLICATION_RETRY, RetryAfter, SIGN_IN, broken, fault, is_over, is_spent, may_pass, row_of,
    says_there, sign_in_fault,
};
pub use verdict::{NO_LICENCE, advice};
