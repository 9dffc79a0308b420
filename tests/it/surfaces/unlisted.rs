//! What names an identity below resources that need not carry it, by its name, or from outside; and a deny assignment that
//! would stop whoever is signed in half-way.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, signed_in, whole};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const OPERATOR: &str = "0b5ec7ed-0000-4000-8000-00000000c11e";
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn thing(id: &str, kind: &str, more: Value) -> Value {
    let mut body = json!({"id": at(id), "name": id.rsplit('/').next(), "type": kind});
    for (name, value) in more.as_object().expect("members") {
        body[name] = value.clone();
    }
    body
}

fn resource(id: &str, kind: &str, properties: Value) -> Value {
    thing(id, kind, json!({"location": "westeurope", "properties": properties}))
}

fn child(id: &str, kind: &str, properties: Value) -> Value {
    thing(id, kind, json!({"properties": properties}))
}

fn signs_in() -> Value {
    let text = format!(
        "<policies><inbound><authentication-managed-identity resource=\"https://x\" client-id=\"{CLIENT}\" /><set-header name=\"a\">\
         <value>@(context.Get(\"b\"))</value></set-header></inbound></policies>"
    );
    json!({"format": "rawxml", "value": text})
}

fn lets_in() -> Value {
    let text = format!(
        "<policies><inbound><validate-azure-ad-token tenant-id=\"t\"><client-application-ids>\n  \
         <application-id>{CLIENT}</application-id>\n</client-application-ids></validate-azure-ad-token></inbound></policies>"
    );
    json!({"format": "rawxml", "value": text})
}

fn allows() -> Value {
    json!({"identityProviders": {"azureActiveDirectory": {"validation": {"defaultAuthorizationPolicy": {
        "allowedPrincipals": {"identities": ["somebody", PRINCIPAL]}, "allowedApplications": [CLIENT]}}}}})
}

/// Nothing of this carries the identity.
fn things() -> Vec<Value> {
    const APIM: &str = "Microsoft.ApiManagement/service";
    const ENVIRONMENTS: &str = "Microsoft.App/managedEnvironments";
    let apim = |rest: &str| format!("{APIM}/apim/{rest}");
    let dapr = |name: &str, secrets: Value| {
        let metadata = json!([{"name": "azureClientId", "value": CLIENT}]);
        let properties =
            json!({"componentType": "state.azure.cosmosdb", "metadata": metadata, "secrets": secrets});
        child(
            &format!("{ENVIRONMENTS}/env/daprComponents/{name}"),
            &format!("{ENVIRONMENTS}/daprComponents"),
            properties,
        )
    };
    let parameters = json!({"userAssignedManagedIdentityName": {"value": "ID-SHOP"},
        "userAssignedManagedIdentityResourceGroup": {"value": "rg-shop-weu"}, "effect": {"value": "DeployIfNotExists"}});
    let definition =
        "/providers/Microsoft.Authorization/policyDefinitions/d367bd60-64ca-4364-98ea-276775bddd94";
    vec![
        resource("Microsoft.ApiManagement/service/apim", APIM, json!({"publisherName": "x"})),
        child(&apim("policies/policy"), &format!("{APIM}/policies"), lets_in()),
        child(&apim("apis/orders"), &format!("{APIM}/apis"), json!({"displayName": "orders"})),
        child(&apim("apis/orders/policies/policy"), &format!("{APIM}/apis/policies"), signs_in()),
        child(&apim("apis/orders/operations/get"), &format!("{APIM}/apis/operations"), json!({})),
        child(
            &apim("apis/orders/operations/get/policies/policy"),
            &format!("{APIM}/apis/operations/policies"),
            signs_in(),
        ),
        child(&apim("apis/orders;rev=2"), &format!("{APIM}/apis"), json!({"apiRevision": "2"})),
        child(&apim("apis/orders;rev=2/policies/policy"), &format!("{APIM}/apis/policies"), signs_in()),
        child(&apim("products/p"), &format!("{APIM}/products"), json!({})),
        child(&apim("products/p/policies/policy"), &format!("{APIM}/products/policies"), lets_in()),
        child(&apim("workspaces/w"), &format!("{APIM}/workspaces"), json!({})),
        child(
            &apim("workspaces/w/policyFragments/f"),
            &format!("{APIM}/workspaces/policyFragments"),
            signs_in(),
        ),
        child(
            &apim("backends/b"),
            &format!("{APIM}/backends"),
            json!({"url": "https://x", "protocol": "http", "credentials": {"managedIdentity": {"clientId": CLIENT, "resource": "https://x"}}}),
        ),
        child(
            &apim("namedValues/n"),
            &format!("{APIM}/namedValues"),
            json!({"displayName": "n", "value": CLIENT, "secret": false}),
        ),
        resource("Microsoft.Web/sites/called", "Microsoft.Web/sites", json!({"state": "Running"})),
        child("Microsoft.Web/sites/called/config/authsettingsV2", "Microsoft.Web/sites/config", allows()),
        resource(
            "Microsoft.App/containerApps/called",
            "Microsoft.App/containerApps",
            json!({"provisioningState": "Succeeded"}),
        ),
        child(
            "Microsoft.App/containerApps/called/authConfigs/current",
            "Microsoft.App/containerApps/authConfigs",
            allows(),
        ),
        resource(&format!("{ENVIRONMENTS}/env"), ENVIRONMENTS, json!({"provisioningState": "Succeeded"})),
        dapr("open", json!([])),
        dapr("sealed", json!([{"name": "key", "value": "planted-secret"}])),
        child(
            "Microsoft.Authorization/policyAssignments/ama",
            "Microsoft.Authorization/policyAssignments",
            json!({"policyDefinitionId": definition, "parameters": parameters, "enforcementMode": "DoNotEnforce"}),
        ),
    ]
}

fn stage(more: Vec<Value>, unread: Value, batch: &str) -> (Azure, Rehome) {
    let azure = Azure::serve(whole(more, Vec::new(), unread).path(), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), format!("{}{batch}", minimal_without_soak())).expect("written");
    (azure, rehome)
}

/// The things that were put into the estate, as they are now, with what they name of the old identity.
fn now(azure: &Azure) -> Vec<(String, Value, bool)> {
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm");
    let now = |one: &Value| {
        let found = all.iter().find(|o| o["id"] == one["id"]).expect("it is there");
        let text = found.to_string().to_lowercase();
        let by_name = text.contains("\"id-shop\"") && text.contains("\"rg-shop-weu\"");
        (
            text_of(one),
            found["properties"].clone(),
            text.contains(CLIENT) || text.contains(PRINCIPAL) || by_name,
        )
    };
    things().iter().map(now).collect()
}

fn text_of(one: &Value) -> String {
    text(&one["id"]).rsplit_once("/providers/").expect("an id").1.to_owned()
}

#[test]
fn what_names_it_below_hosts_that_do_not_carry_it_is_moved_and_callers_are_let_in_beside_each_other() {
    let (azure, rehome) = stage(things(), json!([]), "");
    let before = azure.estate();
    let plan = rehome.say(&PLAN).expect(0).out;
    for part in [
        "apim/policies/policy: let NEW in beside old",
        "apim/apis/orders/operations/get/policies/policy: value old -> NEW",
        "apim/apis/orders;rev=2/policies/policy: value old -> NEW",
        "called/config/authsettingsV2: let NEW in beside old",
        "ama: ",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let lists = ["policies/policy", "products/p/policies/policy", "authsettingsV2", "authConfigs/current"];
    for (id, properties, old) in now(&azure) {
        let list = lists.iter().any(|end| id.ends_with(end)) && !id.contains("/apis/");
        assert_eq!(old, list, "{id}: {properties}");
        if id.ends_with("/authConfigs/current") {
            let who = properties.pointer("/identityProviders/azureActiveDirectory/validation/defaultAuthorizationPolicy/allowedPrincipals/identities");
            assert_eq!(who.and_then(Value::as_array).map(Vec::len), Some(3), "both are let in: {properties}");
        }
        assert!(
            !id.ends_with("/apis/orders/policies/policy")
                || text(&properties["value"]).contains("Get(\"b\")"),
            "{properties}"
        );
    }
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn after_the_clean_up_nothing_lets_the_old_one_in() {
    let (azure, rehome) = stage(things(), json!([]), "");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let estate = rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal"]);
    assert_eq!(estate.code, 0, "{}", estate.err);
    let left = azure.estate();
    for one in left["arm"].as_array().expect("arm") {
        let text = one.to_string().to_lowercase();
        assert!(!text.contains(CLIENT) && !text.contains(PRINCIPAL), "{text}");
    }
}

#[test]
fn what_would_put_the_old_one_back_from_outside_has_a_step_and_what_only_sign_ins_show_a_warning() {
    let id = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let carries = |mut body: Value| {
        body["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {}});
        body["identity"]["userAssignedIdentities"][&id] =
            json!({"clientId": CLIENT, "principalId": PRINCIPAL});
        body
    };
    let git = json!({"type": "FactoryGitHubConfiguration", "accountName": "contoso", "repositoryName": "adf",
        "collaborationBranch": "main", "rootFolder": "/"});
    let stack = json!({"denySettings": {"mode": "none"}, "resources": [{"id": at("Microsoft.DataFactory/factories/adf")}]});
    let more = vec![
        carries(resource(
            "Microsoft.Databricks/accessConnectors/dbc",
            "Microsoft.Databricks/accessConnectors",
            json!({}),
        )),
        carries(resource(
            "Microsoft.DataFactory/factories/adf",
            "Microsoft.DataFactory/factories",
            json!({"repoConfiguration": git}),
        )),
        resource("Microsoft.Resources/deploymentStacks/stack", "Microsoft.Resources/deploymentStacks", stack),
    ];
    let (_azure, rehome) = stage(more, json!([]), "");
    let plan = rehome.say(&PLAN).expect(0).out;
    for part in [
        "rg-shop-weu/adf: its repository contoso/adf, branch main, folder / puts old back when it is published",
        "deployment stack stack: its next deployment puts old back",
        "rg-shop-weu/dbc: storage credentials and service credentials of Unity Catalog that use it, if they name old",
        "databricks storage-credentials list --output json",
        "W390",
        "NOTHING HERE CAN SEE ITS STORAGE CREDENTIALS",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
}

#[test]
fn a_deny_assignment_that_denies_whoever_is_signed_in_blocks_the_plan_before_anything_is_written() {
    let name = "de000000-0000-4000-8000-000000000003";
    let deny = |spared: Value| {
        child(
            &format!("Microsoft.Authorization/denyAssignments/{name}"),
            "Microsoft.Authorization/denyAssignments",
            json!({
            "denyAssignmentName": "managed application", "scope": at("").trim_end_matches("/providers/"),
            "permissions": [{"actions": ["*/write"], "notActions": [], "dataActions": [], "notDataActions": []}],
            "principals": [{"id": EVERYBODY, "type": "SystemDefined"}], "excludePrincipals": spared, "isSystemProtected": true}),
        )
    };
    let (azure, rehome) =
        stage(vec![deny(json!([{"id": PRINCIPAL, "type": "ServicePrincipal"}]))], json!([]), "");
    let said = rehome.say(&PLAN).expect(12);
    for part in ["B142", name, "managed application", "Microsoft.Compute/virtualMachines/write"] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    assert!(azure.requests().iter().all(|request| request["changed"] == false));
    let spared =
        json!([{"id": PRINCIPAL, "type": "ServicePrincipal"}, {"id": OPERATOR, "type": "ServicePrincipal"}]);
    let (_azure, rehome) = stage(vec![deny(spared)], json!([]), "");
    assert!(!rehome.say(&PLAN).out.contains("B142"), "who is excluded is not denied");
}

#[test]
fn a_configuration_that_every_site_has_and_that_is_answered_as_not_there_blocks_the_plan() {
    for name in ["web", "authsettingsV2"] {
        let path = at(&format!("Microsoft.Web/sites/app-shop/config/{name}"));
        let unread = json!([{"path": path, "status": 404, "code": "ResourceNotFound"}]);
        let (_azure, rehome) = signed_in(whole(Vec::new(), Vec::new(), unread).path(), None);
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
        assert!(said.contains("B133") && said.contains(&path), "{name}: {said}");
    }
}

#[test]
fn what_gives_the_identity_by_its_name_what_hides_it_and_what_is_deployed_again_each_has_a_step() {
    let by_name =
        json!({"IDENTITY_NAME": "id-shop", "IDENTITY_GROUP": "rg-shop-weu", "OTHER": "rg-shop-weu"});
    let template = json!({"parameters": {"identityName": {"type": "string", "defaultValue": "id-shop"},
        "identityGroup": {"type": "string", "defaultValue": "RG-SHOP-WEU"}}, "resources": []});
    let mut service = thing(
        "Microsoft.ApiManagement/service/apim",
        "Microsoft.ApiManagement/service",
        json!({"location": "westeurope", "properties": {"provisioningState": "Succeeded"}}),
    );
    let id = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    service["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {id: {"clientId": CLIENT, "principalId": PRINCIPAL}}});
    let child =
        |id: &str, kind: &str, properties: Value| thing(id, kind, json!({ "properties": properties }));
    let more = vec![
        thing(
            "Microsoft.Web/sites/named",
            "Microsoft.Web/sites",
            json!({"location": "westeurope", "properties": {}}),
        ),
        child("Microsoft.Web/sites/named/config/appsettings", "Microsoft.Web/sites/config", by_name),
        child(
            "Microsoft.Web/sites/app-shop/sourcecontrols/web",
            "Microsoft.Web/sites/sourcecontrols",
            json!({"repoUrl": "https://github.com/contoso/shop", "branch": "main"}),
        ),
        thing(
            "Microsoft.Resources/templateSpecs/spec",
            "Microsoft.Resources/templateSpecs",
            json!({"location": "westeurope", "properties": {}}),
        ),
        child(
            "Microsoft.Resources/templateSpecs/spec/versions/1.0",
            "Microsoft.Resources/templateSpecs/versions",
            json!({"mainTemplate": template}),
        ),
        service,
        child(
            "Microsoft.ApiManagement/service/apim/namedValues/nv",
            "Microsoft.ApiManagement/service/namedValues",
            json!({"displayName": "signs-in-as", "secret": true}),
        ),
    ];
    let (_azure, rehome) = signed_in(whole(more, Vec::new(), json!([])).path(), None);
    let plan = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0).out;
    for part in [
        "named: settings IDENTITY_GROUP, IDENTITY_NAME, OTHER give old by its name and group",
        "app-shop: https://github.com/contoso/shop, branch main, which it is deployed from, may put old back",
        "what is deployed from it uses old",
        "secret value signs-in-as, if it is of old",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
}
