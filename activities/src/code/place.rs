//! Activities: a place in a team's code that names an identity, and what was scanned. Pure data.

use crate::code::kind::CodeKind;
use crate::references::scan::Identifier;
use serde::{Deserialize, Serialize};

/// How an identity is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One of its ids, whole.
    Whole,
    /// Its name, and its resource group beside it.
    Parts,
    /// Its name as that of an identity; the group is not said there, so it may be another one.
    NameOnly,
    /// Its name, in what makes the identity: whoever applies this makes it again, or changes it.
    Declaration,
}

/// A place that names an identity. Never the text around it, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, from the root of its repository, with slashes.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Which id; of a name, that of the resource.
    pub identifier: Identifier,
    /// How it is named.
    pub form: Form,
    /// What the file is.
    pub kind: CodeKind,
    /// The key that it is the value of, where one can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose the file is, as CODEOWNERS says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

impl Place {
    /// Why a person changes it, where a replaced id would not be the whole of it.
    pub fn by_hand(&self) -> Option<&'static str> {
        match self.form {
            Form::Declaration => Some("declares the identity: an apply would make it again, or take it away"),
            Form::Parts | Form::NameOnly => Some("name and resource group stand apart"),
            Form::Whole => self.kind.by_hand(),
        }
    }
}

/// What was scanned of one repository, and where it names one identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanned {
    /// What the repository is called: the name of its folder.
    pub repository: String,
    /// How many files were searched.
    pub files: u64,
    /// How many could not be read.
    pub unread: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The places.
    pub places: Vec<Place>,
}
