//! Activities: everything that was read about one identity before the first step. Pure data.

mod directory;
mod limits;
mod record;

pub use crate::relocate::map::facts::{Mapped, MappedGrant, MappedPlace};
pub use crate::surfaces::deny_assignment::facts::Denied;
pub use crate::surfaces::home::facts::{Home, HomeKind, Keeper};
pub use crate::surfaces::host::facts::{Counterpart, Host, Method, Reference, Setting, Strategy, Writing};
pub use crate::surfaces::identity::facts::Identity;
pub use crate::surfaces::key_vault_policy::facts::AccessPolicy;
pub use crate::surfaces::lock::facts::Lock;
pub use crate::surfaces::manual_references::facts::{
    Deny, Eligible, Exemption, ManualReference, NamedResource, OwnPolicy,
};
pub use crate::surfaces::pim::facts::{Pim, PimKind};
pub use crate::surfaces::role_assignment::facts::Assignment;
pub use crate::surfaces::security_attributes::facts::SecurityAttribute;
pub use crate::surfaces::service_grant::facts::ServiceGrant;
pub use crate::surfaces::service_principal::facts::PrincipalSettings;
pub use crate::surfaces::sign_ins::facts::Audience;
pub use directory::{
    AppCredential, AppRole, ClaimsMatching, DelegatedGrant, Directory, DirectoryRole, FederatedCredential,
    Group, Owned,
};
pub use limits::{Gap, GapCode, Right};
pub use record::*;
