//! Activities: what an issuer of tokens is, whose subjects are known by a grammar of their own. Pure.

use crate::surfaces::row::Row;

/// One issuer, or all servers of one product.
pub(crate) trait Issuer: Sync {
    /// Its row of the table of surfaces.
    fn row(&self) -> Row;

    /// Who a subject is of, in as many names as it takes to say so; `None` where it does not follow the grammar. What does
    /// not was not understood, and no command is made of it.
    fn names(&self, host: &str, path: &str, subject: &str) -> Option<Vec<String>>;

    /// What a person changes there, by these names.
    fn told(&self, names: &[String]) -> Told;
}

/// What a person changes: what is said before the client id, and after it.
pub(crate) struct Told {
    pub(crate) title: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The names, as many as are wanted.
pub(crate) fn each<const N: usize>(names: &[String]) -> [&str; N] {
    std::array::from_fn(|at| names.get(at).map_or("", String::as_str))
}
