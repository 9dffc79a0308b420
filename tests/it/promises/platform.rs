//! The estate of a platform team: what names identities where no list of Azure shows it. Rehearsed once, with every workload
//! up and each thing that people do said with its place.

use crate::support::azure::example;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

/// What people do in it, by the beginnings of the titles.
const BY_HAND: [&str; 12] = [
    "rg-plat-weu/srch-plat: data sources, skillsets and vectorizers",
    "rg-plat-weu/dbc-plat: storage credentials and service credentials of Unity Catalog",
    "rg-plat-weu/aks-plat: secret providers, KEDA triggers",
    "service account pay/worker: annotation client-id",
    "GitOps rg-plat-weu/apps: https://github.com/contoso/clusters may put old back",
    "GitHub contoso/platform: client id",
    "GitHub contoso/network: client id",
    "Azure DevOps service connection contoso/platform/azure-prod: client id",
    "Azure DevOps service connection ",
    "Dataverse environment ",
    "Exchange Online: mailboxes and roles of its own",
    "rg-plat-weu/adf-plat: its repository contoso/adf, branch main, folder / puts old back",
];

/// What is moved there beside hosts and roles.
const MOVED: [&str; 7] = [
    "apim-plat/policies/policy: let NEW in beside old",
    "apim-plat/apis/orders/operations/get/policies/policy: value old -> NEW",
    "apim-plat/policyFragments/sign-in: value old -> NEW",
    "cae-plat/daprComponents/orders-state: value old -> NEW",
    "app-orders/config/authsettingsV2: let NEW in beside old",
    "ama-agent: 2 places old -> NEW",
    "Reader on management group mg-platform",
];

#[test]
fn the_estate_of_a_platform_team_is_rehearsed_with_every_workload_up_and_each_thing_by_hand_said() {
    let rehome = Rehome::offline();
    let folder = example("platform");
    let folder = folder.to_str().expect("a plain path");
    let rehearsed = rehome.json(&["rehearse", folder, "--time-scale", "20000"]);
    let watched = rehearsed["workloads"].to_string();
    assert!(watched.contains("\"watched\":6"), "{watched}");
    let plan = &rehearsed["commands"][0]["result"]["document"];
    let steps: Vec<&Value> = plan["moves"]
        .as_array()
        .expect("moves")
        .iter()
        .flat_map(|m| m["plan"]["steps"].as_array())
        .flatten()
        .collect();
    let by_hand: Vec<&str> =
        steps.iter().filter(|s| s["node"].get("by_hand").is_some()).map(|s| text(&s["title"])).collect();
    for begins in BY_HAND {
        assert!(by_hand.iter().any(|title| title.starts_with(begins)), "{begins}: {by_hand:#?}");
    }
    let unsaid: Vec<&&str> =
        by_hand.iter().filter(|title| !BY_HAND.iter().any(|begins| title.starts_with(begins))).collect();
    assert_eq!(unsaid, Vec::<&&str>::new(), "somebody has to do this too");
    for part in MOVED {
        assert!(steps.iter().any(|step| text(&step["title"]).contains(part)), "{part}");
    }
}
