//! Activities: tests of how types are written.

use super::rows::*;
use crate::references::table;
use crate::references::table::Verb;
use std::path::Path;
use std::process::Command;

fn of(kind: &str, places: &[&str]) -> Verb {
    verb(kind, places.iter().copied())
}

#[test]
fn every_type_of_the_table_says_how_it_is_written_and_from_where_that_is_known() {
    let lines = include_str!("../writes.csv").lines().count() - 1;
    assert_eq!((ROWS.len(), table::rows().count()), (lines, lines));
    for known in table::rows() {
        let row = row(known.name).unwrap_or_else(|| panic!("{} is missing", known.name));
        let told = row.source.starts_with("documentation: ") || row.source.contains('@');
        assert!(told || row.patch == Patch::Unknown, "{}: {}", row.name, row.source);
        let by_people = row.whole_set || row.version.is_some() || row.most.is_some();
        assert_eq!(by_people, row.documented.starts_with("https://"), "{}: {}", row.name, row.documented);
    }
}

#[test]
fn a_place_that_a_patch_lacks_is_written_by_a_put_and_the_others_of_the_type_are_not() {
    let factory = "Microsoft.DataFactory/factories";
    assert_eq!(of(factory, &[MAP]), Verb::Patch);
    let key = "/properties/encryption/identity/userAssignedIdentity";
    assert_eq!(of(factory, &[key]), Verb::Put);
    assert_eq!(of(factory, &[MAP, key]), Verb::Put, "one write takes both");
    let assignment = "Microsoft.Authorization/policyAssignments";
    assert_eq!(of(assignment, &[MAP]), Verb::Patch);
    assert_eq!(of(assignment, &["/properties/parameters/id/value"]), Verb::Put);
    assert_eq!(of("Microsoft.KeyVault/vaults", &["/properties/accessPolicies/0/objectId"]), Verb::Patch);
}

#[test]
fn what_takes_tags_only_or_no_patch_at_all_is_written_by_a_put() {
    let put = [
        ("Microsoft.Devices/IotHubs", MAP),
        ("Microsoft.Devices/provisioningServices", MAP),
        ("Microsoft.Blueprint/blueprintAssignments", MAP),
        (
            "Microsoft.GuestConfiguration/guestConfigurationAssignments",
            "/properties/guestConfiguration/contentManagedIdentity",
        ),
        ("Microsoft.ManagedServices/registrationDefinitions", "/properties/authorizations/0/principalId"),
        ("Microsoft.DeviceUpdate/accounts", "/properties/encryption/userAssignedIdentity"),
        ("Microsoft.Databricks/accessConnectors", MAP),
        ("Microsoft.HealthcareApis/services", "/properties/accessPolicies/0/objectId"),
        ("Microsoft.Solutions/applicationDefinitions", "/properties/authorizations/0/principalId"),
        (
            "Microsoft.SqlVirtualMachine/sqlVirtualMachines",
            "/properties/serverConfigurationsManagementSettings/azureAdAuthenticationSettings/clientId",
        ),
        ("Microsoft.DBforPostgreSQL/serverGroupsv2", MAP),
        ("Microsoft.KubernetesConfiguration/extensions", "/properties/aksAssignedIdentity/clientId"),
        ("Microsoft.StorageCache/amlFilesystems", MAP),
        (
            "Microsoft.MachineLearningServices/workspaces",
            "/properties/encryption/identity/userAssignedIdentity",
        ),
        ("Microsoft.App/builders", "/properties/containerRegistries/0/identityResourceId"),
        ("Microsoft.ContainerService/managedClusters", MAP),
        ("Microsoft.Web/staticSites", MAP),
        ("Microsoft.Web/serverfarms", "/properties/planDefaultIdentity/userAssignedIdentityResourceId"),
        ("Microsoft.Resources/deploymentScripts", MAP),
        (
            "Microsoft.EventGrid/systemTopics/eventSubscriptions",
            "/properties/deliveryWithResourceIdentity/identity/userAssignedIdentity",
        ),
    ];
    for (kind, place) in put {
        assert_eq!(of(kind, &[place]), Verb::Put, "{kind} {place}");
    }
}

#[test]
fn a_patch_is_what_is_sent_wherever_it_takes_what_changes() {
    let patch = [
        ("Microsoft.Compute/virtualMachines", MAP),
        ("Microsoft.Storage/storageAccounts", "/properties/encryption/identity/userAssignedIdentity"),
        ("Microsoft.ElasticSan/elasticSans/volumegroups", MAP),
        ("Microsoft.AppPlatform/Spring/apps", MAP),
        ("Microsoft.Kusto/clusters/databases/dataConnections", "/properties/managedIdentityResourceId"),
        ("Microsoft.HDInsight/clusters", MAP),
        ("Microsoft.Nobody/knows", MAP),
    ];
    for (kind, place) in patch {
        assert_eq!(of(kind, &[place]), Verb::Patch, "{kind} {place}");
    }
    assert_eq!(of("Microsoft.Nobody/knows/this", &[MAP]), Verb::Put);
}

#[test]
fn policies_of_api_management_are_put_whole_at_every_scope_and_count_as_described() {
    for kind in [
        "Microsoft.ApiManagement/service/policies",
        "Microsoft.ApiManagement/service/workspaces/apis/operations/policies",
        "microsoft.apimanagement/service/policyFragments",
        "Microsoft.ApiManagement/service/backends",
        "Microsoft.App/containerApps/authConfigs",
    ] {
        assert_eq!(row(kind).map(|row| (row.put, row.patch.clone())), Some((true, Patch::Missing)), "{kind}");
        assert_eq!(verb(kind, ["/properties/value"]), Verb::Put);
    }
    assert_eq!(row("Microsoft.ApiManagement/service/policyRestrictions"), None);
    assert_eq!(row("Contoso.Api/service/policies"), None);
}

#[test]
fn places_are_compared_whatever_their_case_and_their_place_in_a_list() {
    assert!(is_within("/properties/list/12/A~1b/c", "properties.LIST.a/b"));
    assert!(is_within("/properties/map/anything/identity", "properties.map.{*}.identity"));
    assert!(!is_within("/properties/map", "properties.map.{*}.identity"));
    assert!(!is_within("/propertiesX/map", "properties"));
}

/// The descriptions, where they are at hand, still say what the table says.
#[test]
fn the_table_agrees_with_the_descriptions() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specs = room.join("../../shared/azure/specs");
    if !specs.is_dir() {
        eprintln!("SKIPPED: {} is not here, the table is compared with no description", specs.display());
        return;
    }
    let tool = Command::new("python3").arg(room.join("tools/writes.py")).arg("--check").arg(&specs).output();
    let tool = match tool {
        Ok(tool) => tool,
        Err(why) => {
            eprintln!("SKIPPED: python3 does not run ({why}), the table is compared with no description");
            return;
        }
    };
    assert!(tool.status.success(), "{}", String::from_utf8_lossy(&tool.stdout));
}
