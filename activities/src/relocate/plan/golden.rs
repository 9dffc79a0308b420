//! Tests of the plan as a whole: of the same facts it is, to the byte, what it was.

use super::compared::everything;
use super::plan;
use crate::references::scan::Identifier;
use crate::relocate::facts::*;
use crate::relocate::testing::*;
use rehome_orchestrator::{OnFailure, digest};
use serde_json::json;

fn more_hosts() -> Vec<Host> {
    let mut vm = host("Microsoft.Compute/virtualMachines", "vm");
    vm.databases = ["sql-pay.database.windows.net".to_owned()].into();
    let mut cluster = host("Microsoft.ContainerService/managedClusters", "aks");
    cluster.references = vec![Reference {
        pointer: "/properties/identityProfile/kubeletidentity/resourceId".into(),
        identifier: Identifier::ResourceId,
    }];
    let mut pool = host("Microsoft.Batch/batchAccounts/pools", "p");
    pool.id = format!("{GROUP}/providers/Microsoft.Batch/batchAccounts/b/pools/p").into();
    let mut api = host("Microsoft.Web/sites", "api");
    api.carries = false;
    api.callers = vec![Reference { pointer: "/properties/list".into(), identifier: Identifier::PrincipalId }];
    api.settings = vec![setting("AZURE_CLIENT_ID")];
    let mut strings = setting("Db");
    strings.list = "connectionstrings".into();
    api.settings.push(strings);
    let mut ended = host("Microsoft.Resources/deploymentScripts", "ds");
    ended.writing.ended = true;
    vec![vm, cluster, pool, api, ended]
}

fn named() -> Vec<ManualReference> {
    vec![
        ManualReference::Hsm(format!("{GROUP}/providers/Microsoft.KeyVault/managedHSMs/h").into()),
        ManualReference::Workspace(format!("{GROUP}/providers/Microsoft.Synapse/workspaces/w").into()),
        ManualReference::Home(Home {
            id: format!("{GROUP}/providers/Microsoft.DataFactory/factories/f").into(),
            kind: HomeKind::Repository,
            place: "https://git/x main /".into(),
            of: Vec::new(),
        }),
        ManualReference::Keeper(Keeper {
            id: format!("{GROUP}/providers/Microsoft.Search/searchServices/s").into(),
            kind: "Microsoft.Search/searchServices".into(),
            carries: true,
        }),
    ]
}

/// One of everything that a person does, that a cluster keeps or that another move of the batch makes.
fn and_the_rest() -> Facts {
    let mut facts = everything();
    facts.target.group_location = None;
    facts.directory.groups.push(Group {
        id: "g9".into(),
        name: "grp-rule".into(),
        dynamic: true,
        synced: false,
        role_assignable: false,
    });
    let pim = |kind, role: &str, from: Option<&str>| Pim {
        kind,
        role: role.into(),
        name: role.into(),
        at: "at1".into(),
        eligible: false,
        until: Some("2098-12-31T23:00:00Z".into()),
        from: from.map(Into::into),
    };
    facts.directory.scheduled = vec![
        pim(PimKind::Group, "member", None),
        pim(PimKind::Group, "owner", Some("2097-01-01T00:00:00Z")),
        pim(PimKind::DirectoryRole, "d2", None),
    ];
    facts.directory.settings.disabled = true;
    facts.directory.settings.notes = Some("n".into());
    facts.moving = vec![Moving {
        from: format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-other").into(),
        to: "/subscriptions/s1/resourceGroups/rg-o/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-other".into(),
        principal_id: "0a1b2c3d-9999-4000-8000-000000000001".into(),
    }];
    let mut on_other = assignment("a7", &facts.moving[0].from);
    on_other.condition = Some("x 0a1b2c3d-9999-4000-8000-000000000001 y".into());
    facts.assignments_of.push(on_other);
    let mut begins = assignment("a8", "/providers/Microsoft.Management/managementGroups/mg");
    begins.from = Some("2097-01-01T00:00:00Z".into());
    facts.assignments_of.push(begins);
    facts.credentials[0].claims_matching =
        Some(ClaimsMatching { value: "claims['sub'] matches 'x'".into(), language_version: 1 });
    facts.hosts.extend(more_hosts());
    facts.identity_extensions.push(IdentityExtension {
        id: format!("{OLD}/providers/Microsoft.Authorization/policyAssignments/pa").into(),
        api_version: "2024-04-01".into(),
        body: json!({"properties": {"p": CLIENT}, "identity": {"type": "UserAssigned", "userAssignedIdentities": {OLD: {}}}}),
    });
    facts.service_grants.push(ServiceGrant {
        id: format!(
            "{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg/administrators/{PRINCIPAL}"
        )
        .into(),
        api_version: "2024-08-01".into(),
        body: json!({"properties": {"principalName": "somebody", "principalType": "ServicePrincipal"}}),
    });
    facts.mapped.places = vec![MappedPlace {
        of: facts.access_policies[0].vault.clone(),
        id: format!("{GROUP}-2/providers/Microsoft.KeyVault/vaults/kv-2").into(),
        there: true,
        by_roles: true,
        lacks: Vec::new(),
    }];
    facts.mapped.grants = vec![MappedGrant {
        of: facts.service_grants[0].id.clone(),
        grant: facts.service_grants[1].clone(),
        there: true,
        lacks: Vec::new(),
    }];
    facts.manual_references = named();
    facts
}

#[test]
fn the_plan_of_one_of_everything_is_to_the_byte_what_it_was() {
    let mut digests = Vec::new();
    for facts in [facts(), everything(), and_the_rest()] {
        for all in [false, true] {
            let mut params = params();
            params.options.lift_locks = all;
            params.options.create_resource_group = all;
            params.options.replace_nodes = all;
            params.options.quiet_ms = if all { 86_400_000 } else { 0 };
            params.on_failure = if all { OnFailure::RollBack } else { OnFailure::Park };
            let plan = plan(&params, &facts).unwrap();
            digests.push(format!(
                "{} steps {}",
                plan.steps.len(),
                digest(&serde_json::to_value(&plan).unwrap())
            ));
            if let Ok(folder) = std::env::var("REHOME_PLANS") {
                let text = serde_json::to_string_pretty(&plan).unwrap();
                std::fs::write(format!("{folder}/{}.json", digests.len()), text).unwrap();
            }
        }
    }
    let was = [
        "22 steps sha256:a3b9b3306decc719284c3cf1a1f060036c539bc244c3450982343f3433925ee8",
        "23 steps sha256:1c228f611ad741f78a6fbac1be8d1f73bd218e360d1c8abf70ba2be46735f399",
        "53 steps sha256:29cd47b455d64bbe059d5af2fb8a603e730021c904f30cbd349ff0f8d2869dfd",
        "59 steps sha256:f4fbef7b29a94078f2c7588604034f5862266f8e0a0e98d5fd67ac47a645077d",
        "89 steps sha256:7943f6c7777fda699ee82d7dcfa6c52ce30ded30134d31f7474fae7adf99256b",
        "95 steps sha256:1931c4572e95ba0f989d0252de95f5583e3a8b63f1203eb506bc744071346559",
    ];
    assert_eq!(digests, was);
}
