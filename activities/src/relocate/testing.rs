//! Activities: facts for tests: one identity with one of everything. Pure.

use super::facts::*;
use super::params::{Options, Params, Target};
use crate::code::{CodeKind, Form, Place, Scanned, keep};
use crate::references::scan::{Identifier, Identifiers};
use crate::references::table::Verb;
use rehome_orchestrator::OnFailure;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const GROUP: &str = "/subscriptions/s1/resourceGroups/rg-pay-weu";
pub(crate) const OLD: &str = "/subscriptions/s1/resourceGroups/rg-pay-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay";
pub(crate) const CLIENT: &str = "1c0e0000-0000-4000-8000-0000000000a4";
pub(crate) const PRINCIPAL: &str = "9b2f0000-0000-4000-8000-000000000017";

pub(crate) fn params() -> Params {
    Params {
        identity: OLD.into(),
        target: Target {
            subscription: "s1".into(),
            resource_group: "rg-pay-sdc".into(),
            name: "id-pay".into(),
            location: "swedencentral".into(),
        },
        soak_ms: 86_400_000,
        on_failure: OnFailure::Park,
        options: Options::default(),
    }
}

pub(crate) fn assignment(name: &str, scope: &str) -> Assignment {
    Assignment {
        id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}").into(),
        scope: scope.into(),
        role_definition_id: "/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7".into(),
        role: "Reader".into(),
        principal_id: PRINCIPAL.into(),
        principal_type: "ServicePrincipal".into(),
        condition: None,
        condition_version: None,
        description: None,
        delegated_identity: None,
        until: None,
        from: None,
    }
}

pub(crate) fn host(kind: &str, name: &str) -> Host {
    Host {
        id: format!("{GROUP}/providers/{kind}/{name}").into(),
        kind: kind.into(),
        api_version: "2025-03-01".into(),
        location: "westeurope".into(),
        verb: Verb::Patch,
        identity_type: "UserAssigned".into(),
        attached: vec![OLD.into()],
        dead: Vec::new(),
        carries: true,
        references: Vec::new(),
        callers: Vec::new(),
        settings: Vec::new(),
        databases: BTreeSet::new(),
        found_by: BTreeSet::from([Method::GraphMap]),
        nodes_in: None,
        workflow_app: false,
        readable: true,
        state: Some("Succeeded".into()),
        writing: Writing::default(),
        rest: "sha256:0".into(),
    }
}

pub(crate) fn setting(name: &str) -> Setting {
    Setting { name: name.into(), list: "appsettings".into(), identifiers: vec![Identifier::ClientId] }
}

pub(crate) fn facts() -> Facts {
    Facts {
        identity: Identity {
            identifiers: Identifiers {
                resource_id: OLD.into(),
                client_id: CLIENT.into(),
                principal_id: PRINCIPAL.into(),
            },
            location: "westeurope".into(),
            tenant_id: "t".into(),
            tags: BTreeMap::from([("app".into(), "pay".into())]),
            isolation_scope: None,
            assignment_restrictions: None,
            more: BTreeMap::new(),
            api_version: None,
            unknown: BTreeSet::new(),
        },
        target: TargetFacts {
            id: params().target.id(),
            group_location: Some("swedencentral".into()),
            taken: false,
            region_offered: Some(true),
            registered: Some(true),
            policies: Vec::new(),
        },
        graph: "https://graph.microsoft.us".into(),
        credentials: vec![FederatedCredential {
            name: "aks-pay".into(),
            issuer: "https://westeurope.oic.prod-aks.azure.com/t/c/".into(),
            subject: Some("system:serviceaccount:pay:pay-worker".into()),
            audiences: vec!["api://AzureADTokenExchange".into()],
            claims_matching: None,
            unknown: BTreeSet::new(),
        }],
        assignments_of: vec![assignment("a1", GROUP)],
        assignments_on: Vec::new(),
        orphaned_principals: BTreeSet::new(),
        conditions_naming: Vec::new(),
        directory: Directory {
            groups: vec![Group {
                id: "g1".into(),
                name: "grp-pay".into(),
                dynamic: false,
                synced: false,
                role_assignable: false,
            }],
            ..Directory::default()
        },
        access_policies: vec![AccessPolicy {
            vault: format!("{GROUP}/providers/Microsoft.KeyVault/vaults/kv-pay").into(),
            tenant_id: "t".into(),
            application_id: None,
            permissions: json!({"secrets": ["get"]}),
            ignored: false,
        }],
        service_grants: Vec::new(),
        hosts: Vec::new(),
        counterparts: Vec::new(),
        mapped: Mapped::default(),
        manual_references: Vec::new(),
        identity_extensions: Vec::new(),
        locks: Vec::new(),
        moving: Vec::new(),
        rights: Vec::new(),
        denied: Vec::new(),
        signs_in_to: None,
        assignment_counts: BTreeMap::new(),
        others: BTreeMap::new(),
        gaps: Vec::new(),
    }
}

pub(crate) fn lock(scope: &str, level: &str) -> Lock {
    Lock {
        id: format!("{scope}/providers/Microsoft.Authorization/locks/keep").into(),
        scope: scope.into(),
        level: level.into(),
        notes: Some("kept".into()),
    }
}

/// A scan of one repository, of which so much was not read.
pub(crate) fn scan(facts: &mut Facts, unread: u64) {
    let place = |file: &str, form, owner: Option<&str>| Place {
        file: file.to_owned(),
        line: 2,
        column: 9,
        identifier: if form == Form::Whole { Identifier::ClientId } else { Identifier::ResourceId },
        form,
        kind: CodeKind::Terraform,
        key: Some("client_id".to_owned()),
        owner: owner.map(ToOwned::to_owned),
    };
    let places = vec![
        place("envs/prod.tf", Form::Whole, Some("@contoso/infra")),
        place("envs/identity.tf", Form::Declaration, Some("@contoso/infra")),
        place("it's\n\u{1b}[2J", Form::Parts, None),
    ];
    let (repository, at_ms) = ("infra".to_owned(), 1_800_000_000_000);
    keep(facts, vec![Scanned { repository, files: 3, unread, at_ms, places }]);
}
