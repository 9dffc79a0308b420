//! Activities: every surface, in the order in which the new identity is given what the old one has.

use crate::surfaces::app_credential::AppCredentials;
use crate::surfaces::app_role::AppRoles;
use crate::surfaces::app_settings::Settings;
use crate::surfaces::callers::CallerLists;
use crate::surfaces::cluster::Clusters;
use crate::surfaces::database::DatabaseUsers;
use crate::surfaces::delegated_grant::DelegatedGrants;
use crate::surfaces::deny_assignment::DenyAssignments;
use crate::surfaces::directory_role::DirectoryRoles;
use crate::surfaces::federated_credential::FederatedCredentials;
use crate::surfaces::group_member::GroupMember;
use crate::surfaces::home::Homes;
use crate::surfaces::host::Hosts;
use crate::surfaces::identity::Identity;
use crate::surfaces::identity_extensions::IdentityExtensions;
use crate::surfaces::issuer::Issuers;
use crate::surfaces::key_vault_policy::KeyVaultPolicies;
use crate::surfaces::lock::Locks;
use crate::surfaces::manual_references::ManualReferences;
use crate::surfaces::owner::Ownership;
use crate::surfaces::pim::TimedEntra;
use crate::surfaces::resource_group::ResourceGroup;
use crate::surfaces::role_assignment::RoleAssignments;
use crate::surfaces::security_attributes::SecurityAttributes;
use crate::surfaces::service_grant::ServiceGrants;
use crate::surfaces::service_principal::ServicePrincipal;
use crate::surfaces::sign_ins::SignIns;
use crate::surfaces::surface::Surface;

/// Every surface.
pub(crate) static ALL: [&dyn Surface; 27] = [
    &Identity,
    &ResourceGroup,
    &RoleAssignments,
    &GroupMember,
    &AppRoles,
    &DirectoryRoles,
    &Ownership,
    &AppCredentials,
    &TimedEntra,
    &SecurityAttributes,
    &ServicePrincipal,
    &DelegatedGrants,
    &FederatedCredentials,
    &KeyVaultPolicies,
    &ServiceGrants,
    &DatabaseUsers,
    &ManualReferences,
    &IdentityExtensions,
    &CallerLists,
    &Hosts,
    &Settings,
    &Locks,
    &Issuers,
    &Clusters,
    &Homes,
    &DenyAssignments,
    &SignIns,
];
