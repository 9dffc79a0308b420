//! The clouds of the US Government and of China, as far as a local Azure can play them: it says that it is one, with
//! servers of its own. What is for whom, what people are told to do and where, and what a copy of it plays.

use crate::support::azure::Azure;
use crate::support::estates::{minimal, signed_in_to};
use crate::support::rehome::text;
use serde_json::{Value, json};

const TENANT: &str = "7a1c9f52-0000-4000-8000-00000000c0de";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const APPLICATION: &str = "0a1b2c3d-9999-4000-8000-0000000000aa";
const PUBLIC: &str = "api://AzureADTokenExchange";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

/// A cloud as everybody else writes about it.
struct Cloud {
    calls_itself: &'static str,
    audience: &'static str,
    graph: &'static str,
    login: &'static str,
    sql: &'static str,
}

const CLOUDS: [Cloud; 2] = [
    Cloud {
        calls_itself: "AzureUSGovernment",
        audience: "api://AzureADTokenExchangeUSGov",
        graph: "https://graph.microsoft.us",
        login: "https://login.microsoftonline.us",
        sql: "database.usgovcloudapi.net",
    },
    Cloud {
        calls_itself: "AzureChinaCloud",
        audience: "api://AzureADTokenExchangeChina",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        login: "https://login.partner.microsoftonline.cn",
        sql: "database.chinacloudapi.cn",
    },
];

/// The smallest estate in a cloud: a credential and an application that trusts, for this audience, a database, and
/// roles that end and that would have to be activated.
fn estate(cloud: &Cloud, audience: &str) -> Value {
    let mut estate = minimal();
    estate["settings"] = json!({ "cloud": cloud.calls_itself });
    for object in estate["arm"].as_array_mut().expect("arm") {
        if text(&object["id"]).contains("/federatedIdentityCredentials/") {
            object["properties"]["audiences"] = json!([audience]);
        } else if text(&object["name"]) == "vm-batch" {
            object["tags"]["db"] = json!(format!("sql-shop.{}", cloud.sql));
        }
    }
    let ends = json!({"expiration": {"type": "afterDateTime", "endDateTime": "2098-12-31T23:00:00Z"}});
    estate["graph"].as_array_mut().expect("graph").extend([
        json!({"@odata.type": "#microsoft.graph.application", "id": APPLICATION, "appId": "0a1b2c3d-9999-4000-8000-0000000000ab",
            "displayName": "trusting", "owners": [], "federatedIdentityCredentials": [{"id": "0a1b2c3d-9999-4000-8000-0000000000ac",
                "name": "shop", "issuer": format!("{}/{TENANT}/v2.0", cloud.login), "subject": PRINCIPAL, "audiences": [audience]}]}),
        json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignmentSchedule", "id": "5c-role", "principalId": PRINCIPAL,
            "roleDefinitionId": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "directoryScopeId": "/", "memberType": "Direct", "scheduleInfo": ends}),
        json!({"@odata.type": "#microsoft.graph.unifiedRoleEligibilitySchedule", "id": "5c-eligible", "principalId": PRINCIPAL,
            "roleDefinitionId": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "directoryScopeId": "/", "memberType": "Direct", "scheduleInfo": ends}),
    ]);
    estate
}

/// The audiences of the new identity's credential, and those of the application with the issuer of each.
fn trusted(azure: &Azure) -> (Value, Vec<(String, Value)>) {
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm").iter();
    let credential = all.clone().find(|o| {
        let id = text(&o["id"]).to_lowercase();
        id.contains("/rg-shop-sdc/") && id.contains("/federatedidentitycredentials/")
    });
    let credential = credential.expect("it was copied")["properties"]["audiences"].clone();
    let application = estate["graph"].as_array().expect("graph").iter().find(|o| o["id"] == APPLICATION);
    let all = application.expect("there")["federatedIdentityCredentials"].as_array().expect("a list").clone();
    (credential, all.iter().map(|c| (text(&c["issuer"]).to_owned(), c["audiences"].clone())).collect())
}

#[test]
fn credentials_keep_the_audience_of_their_cloud_and_people_are_sent_to_its_graph() {
    for cloud in &CLOUDS {
        let (azure, rehome) = signed_in_to(&estate(cloud, cloud.audience));
        let plan = rehome.say(&PLAN).expect(0).out;
        assert!(!plan.contains("W331"), "nothing is wrong with it: {plan}");
        let eligible =
            format!("POST {}/v1.0/roleManagement/directory/roleEligibilityScheduleRequests", cloud.graph);
        for part in [eligible.as_str(), "Azure SQL sql-shop"] {
            assert!(plan.contains(part), "{part}: {plan}");
        }
        for public in ["graph.microsoft.com", "management.azure.com"] {
            assert!(!plan.contains(public), "{}: {plan}", cloud.calls_itself);
        }
        rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
        assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
        rehome.say(&["verify"]).expect(0);
        let (credential, application) = trusted(&azure);
        assert_eq!(credential, json!([cloud.audience]));
        let issuer = format!("{}/{TENANT}/v2.0", cloud.login);
        assert_eq!(application, vec![(issuer, json!([cloud.audience])); 2], "the old and the new one");
    }
}

#[test]
fn an_audience_of_another_cloud_is_copied_as_it_is_and_somebody_is_told() {
    for cloud in &CLOUDS {
        let (azure, rehome) = signed_in_to(&estate(cloud, PUBLIC));
        let plan = rehome.say(&PLAN).expect(0).out;
        for part in
            ["W331", "federated credential gh-main is for", "shop of application trusting", cloud.audience]
        {
            assert!(plan.contains(part), "{part}: {plan}");
        }
        rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
        assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
        assert_eq!(trusted(&azure).0, json!([PUBLIC]));
    }
}

#[test]
fn a_copy_of_an_estate_plays_the_same_cloud_and_its_rehearsal_says_the_same() {
    let cloud = &CLOUDS[0];
    let (_azure, rehome) = signed_in_to(&estate(cloud, PUBLIC));
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "copy.json"]).expect(0);
    let copy: Value =
        serde_json::from_slice(&std::fs::read(rehome.path("copy.json")).expect("a copy")).expect("JSON");
    assert_eq!(copy["settings"]["cloud"], cloud.calls_itself);
    let said = rehome.say(&["rehearse", "batch.toml", "--estate", "copy.json", "--keep-old", "-v"]);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("W331") && all.contains(cloud.graph), "{all}");
    assert!(!all.contains("graph.microsoft.com"), "{all}");
}
