//! CLI: results as text for people. Pure. The text is not an interface; `-o json` is.

/// Adds to a `String`, which cannot fail.
macro_rules! put {
    ($out:expr, $($rest:tt)*) => { write!($out, $($rest)*).expect("a String takes everything") };
}

/// Adds a line to a `String`, which cannot fail.
macro_rules! putln {
    ($out:expr, $($rest:tt)*) => { writeln!($out, $($rest)*).expect("a String takes everything") };
}

pub(crate) mod bundle;
pub(crate) mod discover;
pub(crate) mod history;
pub(crate) mod plan;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod verify;
