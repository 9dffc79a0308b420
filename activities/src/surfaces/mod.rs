//! Activities: the surfaces on which an identity may be something to somebody, each with what it reads, plans and does.

pub(crate) mod app_credential;
pub(crate) mod app_role;
pub(crate) mod app_settings;
pub(crate) mod callers;
pub(crate) mod cluster;
pub(crate) mod data_plane;
pub(crate) mod database;
pub(crate) mod delegated_grant;
pub(crate) mod deny_assignment;
pub(crate) mod directory_role;
pub(crate) mod federated_credential;
pub(crate) mod group_member;
pub(crate) mod home;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod identity_extensions;
pub(crate) mod issuer;
pub(crate) mod key_vault_policy;
pub(crate) mod lock;
pub(crate) mod mailbox;
pub(crate) mod manual_references;
pub(crate) mod own_code;
pub(crate) mod owner;
pub(crate) mod pim;
mod played;
pub(crate) mod registry;
pub(crate) mod resource_group;
pub(crate) mod role_assignment;
pub(crate) mod row;
pub(crate) mod schedule;
pub(crate) mod security_attributes;
pub(crate) mod service_grant;
pub(crate) mod service_principal;
pub(crate) mod sign_ins;
pub(crate) mod surface;
mod table;

pub use data_plane::words as data_planes;
pub use played::{PlayedAt, PlayedByHand, played_by_hand};
pub use row::{Handling, Row};
pub use table::{surfaces, text};

use surface::Surface;

/// Every surface, in the order in which the new identity is given what the old one has.
pub(crate) static ALL: &[&dyn Surface] = &[
    &identity::Identity,
    &resource_group::ResourceGroup,
    &role_assignment::RoleAssignments,
    &group_member::GroupMember,
    &app_role::AppRoles,
    &directory_role::DirectoryRoles,
    &owner::Ownership,
    &app_credential::AppCredentials,
    &pim::TimedEntra,
    &security_attributes::SecurityAttributes,
    &service_principal::ServicePrincipal,
    &delegated_grant::DelegatedGrants,
    &federated_credential::FederatedCredentials,
    &key_vault_policy::KeyVaultPolicies,
    &service_grant::ServiceGrants,
    &database::DatabaseUsers,
    &manual_references::ManualReferences,
    &identity_extensions::IdentityExtensions,
    &callers::CallerLists,
    &host::Hosts,
    &app_settings::Settings,
    &lock::Locks,
    &issuer::Issuers,
    &cluster::Clusters,
    &home::Homes,
    &data_plane::DataPlanes,
    &own_code::OwnCode,
    &deny_assignment::DenyAssignments,
    &sign_ins::SignIns,
];
