//! Activities: where a team's own code names an identity: Terraform, Bicep, charts, pipelines, source. Pure.

mod context;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod key;
mod kind;
mod owners;
mod patch;
mod place;
mod sought;
mod spelt;
mod text;

pub use crate::surfaces::own_code::facts::{Owned, keep, owned, scanned};
pub use crate::surfaces::own_code::plan::title;
pub use kind::{CodeKind, kind};
pub use owners::{CODEOWNERS, Owners};
pub use patch::{AROUND, unified};
pub use place::{Form, Place, Scanned};
pub use sought::{Hit, Sought};
pub use text::{Content, Lines, content};
