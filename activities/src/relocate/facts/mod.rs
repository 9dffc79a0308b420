//! Activities: everything that was read about one identity before the first step. Pure data.

mod limits;
mod record;

pub use crate::relocate::map::facts::{Mapped, MappedGrant, MappedPlace};
pub use crate::surfaces::deny_assignment::facts::Denied;
pub use crate::surfaces::home::facts::{Home, HomeKind, Keeper};
pub use crate::surfaces::host::facts::{Strategy, Writing};
pub use crate::surfaces::identity::facts::Identity;
pub use crate::surfaces::manual_references::facts::{
    Deny, Eligible, Exemption, Named, NamedResource, OwnPolicy, Pim, PimKind,
};
pub use crate::surfaces::service_principal::facts::{DelegatedGrant, PrincipalSettings, SecurityAttribute};
pub use crate::surfaces::sign_ins::facts::Audience;
pub use limits::{Gap, GapCode, Right};
pub use record::*;
