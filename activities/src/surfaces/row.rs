//! Activities: a row of the table of surfaces. Pure data.

/// What becomes of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handling {
    /// The plan has a step that does it, and one that takes it back.
    Moved,
    /// The plan has a step with what a person has to do, and waits for them.
    ByHand,
    /// It is found, and the plan says so; there is no step for it.
    Named,
    /// It is not looked for, or nobody can.
    NotVisible,
}

impl Handling {
    /// The same in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::ByHand => "by hand",
            Self::Named => "found, and named",
            Self::NotVisible => "**not visible**",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the surface is.
    pub what: String,
    /// What becomes of it.
    pub handling: Handling,
    /// The kind of change, or what else there is to say.
    pub by: String,
}

fn row(what: &str, handling: Handling, by: &str) -> Row {
    Row { what: what.to_owned(), handling, by: by.to_owned() }
}

/// What is moved by this kind of change.
pub(crate) fn moved(what: &str, by: &str) -> Row {
    row(what, Handling::Moved, by)
}

/// What a person does, and with what the plan helps.
pub(crate) fn by_hand(what: &str, how: &str) -> Row {
    row(what, Handling::ByHand, how)
}

/// What is found and said.
pub(crate) fn named(what: &str, by: &str) -> Row {
    row(what, Handling::Named, by)
}

/// What is not looked for, or cannot be seen.
pub(crate) fn not_visible(what: &str, why: &str) -> Row {
    row(what, Handling::NotVisible, why)
}
