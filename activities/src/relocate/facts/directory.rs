//! Activities: what an identity has in Entra ID, and whom it trusts. Pure data.

use crate::azure::{DirectoryId, PrincipalId};
use crate::relocate::facts::{Pim, PrincipalSettings, SecurityAttribute};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Grants in Entra ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Directory {
    /// Groups it is a direct member of.
    pub groups: Vec<Group>,
    /// Application permissions.
    pub app_roles: Vec<AppRole>,
    /// What it owns.
    pub owned: Vec<Owned>,
    /// Directory roles.
    pub roles: Vec<DirectoryRole>,
    /// Applications that trust it as their credential.
    pub app_credentials: Vec<AppCredential>,
    /// Membership and ownership of groups and directory roles that begin or end by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduled: Vec<Pim>,
    /// What it may do on behalf of those who are signed in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegated: Vec<DelegatedGrant>,
    /// Custom security attributes, which conditions may ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<SecurityAttribute>,
    /// What is set on its service principal.
    #[serde(skip_serializing_if = "PrincipalSettings::are_fresh")]
    pub settings: PrincipalSettings,
    /// Things found that are not copied: administrative units.
    pub by_hand: Vec<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its object id.
    pub id: PrincipalId,
    /// Its name, or its id where the name may not be read.
    pub name: String,
    /// Members come from a rule: nobody can be added.
    pub dynamic: bool,
    /// Members come from on-premises: nobody can be added here.
    pub synced: bool,
    /// The group may hold directory roles: adding to it needs more rights.
    pub role_assignable: bool,
}

impl Group {
    /// Whether anybody can be added: members do not come from a rule or from on-premises.
    pub fn can_be_joined(&self) -> bool {
        !self.dynamic && !self.synced
    }
}

/// An application permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppRole {
    /// The service principal of the application that gives it.
    pub resource_id: PrincipalId,
    /// That application's name.
    pub resource: String,
    /// The role's id.
    pub app_role_id: DirectoryId,
}

/// Something that the identity owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    /// `groups`, `applications` or `servicePrincipals`.
    pub collection: String,
    /// Its object id.
    pub id: DirectoryId,
    /// Its name.
    pub name: String,
}

/// A directory role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryRole {
    /// The role definition's id.
    pub role_definition_id: DirectoryId,
    /// Where it holds: `/`, an administrative unit, an application.
    pub scope: DirectoryId,
}

/// A credential of an application that trusts the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppCredential {
    /// The application's object id.
    pub application: DirectoryId,
    /// The application's name.
    pub application_name: String,
    /// The credential's name.
    pub name: String,
    /// Who issues the tokens: this tenant.
    pub issuer: String,
    /// Whose tokens: the identity's principal id.
    pub subject: String,
    /// For whom.
    pub audiences: Vec<String>,
    /// What it says about itself.
    pub description: Option<String>,
    /// Whether the application is a blueprint of agent identities.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blueprint: bool,
}

/// What it may do on behalf of those who are signed in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegatedGrant {
    /// The service principal of the application that it may use.
    pub resource_id: PrincipalId,
    /// `AllPrincipals` or `Principal`.
    pub consent_type: String,
    /// On whose behalf, where not on everybody's.
    pub principal_id: Option<PrincipalId>,
    /// The permissions, as Graph has them.
    pub scope: String,
}

/// A federated credential.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FederatedCredential {
    /// Its name.
    pub name: String,
    /// Who issues the outside tokens.
    pub issuer: String,
    /// Whose tokens; absent where an expression matches claims instead.
    pub subject: Option<String>,
    /// For whom the tokens are meant: exactly one.
    pub audiences: Vec<String>,
    /// The expression, in the preview's form `{value, languageVersion}`.
    pub claims_matching: Option<ClaimsMatching>,
    /// What Azure tells of it and this program does not know, as `properties.name`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown: BTreeSet<String>,
}

/// An expression that matches the claims of outside tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimsMatching {
    /// The expression.
    pub value: String,
    /// The version of its language.
    pub language_version: i64,
}
