//! Activities: what a read of a resource does not give and a write of it needs: secrets that stand as a mask, as
//! nothing, or not at all. Pure.
//!
//! What is looked at is the body that would be sent, whatever it was made from: a mask or a hole in it would take
//! the place of the secret. Some services give the values when they are asked for by themselves: those are read for
//! the write alone.

use crate::azure::ReadAction;
use serde_json::{Value, json};

/// A place in a body that would be sent without its value.
pub(crate) type Hole = String;

/// Every place in a body of this type that stands for a secret and does not hold it, as JSON pointers.
pub(crate) fn holes(kind: &str, body: &Value) -> Vec<Hole> {
    let mut out = Vec::new();
    walk(body, &mut String::new(), &mut out);
    let kind = kind.to_lowercase();
    for (_, list, lacks) in LISTS.iter().filter(|(name, _, _)| *name == kind) {
        each(body, list, &mut String::new(), &mut |item, at| {
            if lacks(item) {
                out.push(at.to_owned());
            }
        });
    }
    if kind == "microsoft.logic/workflows" {
        out.extend(secure_parameters(body));
    }
    out.sort();
    out.dedup();
    out
}

/// Whether a secret of some item is missing.
type Lacks = fn(&Value) -> bool;

/// Lists whose items hide something, by type in lower case; `[]` is every item, `*` every member.
///
/// Sources: the descriptions of these types, in which the value is marked as a secret or as one that is never returned:
/// app/2024-03-01, containerregistry/2019-04-01, apimanagement/2022-08-01, containerinstance/2023-05-01,
/// machinelearningservices/2024-04-01, cognitiveservices/2025-06-01, compute/2024-07-01, hybridcompute/2024-07-10,
/// eventgrid/2022-06-15, hdinsight/2021-06-01, web/2016-06-01 (connections).
const LISTS: [(&str, &str, Lacks); 36] = [
    ("microsoft.app/containerapps", "properties.configuration.secrets[]", no_secret),
    ("microsoft.app/jobs", "properties.configuration.secrets[]", no_secret),
    ("microsoft.app/sessionpools", "properties.secrets[]", no_secret),
    ("microsoft.app/managedenvironments/daprcomponents", "properties.secrets[]", no_secret),
    ("microsoft.app/connectedenvironments/daprcomponents", "properties.secrets[]", no_secret),
    ("microsoft.app/managedenvironments/storages", "properties.azureFile", no_account_key),
    ("microsoft.app/connectedenvironments/storages", "properties.azureFile", no_account_key),
    ("microsoft.app/managedenvironments/certificates", "properties", no_certificate),
    ("microsoft.app/connectedenvironments/certificates", "properties", no_certificate),
    ("microsoft.apimanagement/service", "properties.hostnameConfigurations[]", no_host_certificate),
    ("microsoft.apimanagement/service", "properties.certificates[]", no_encoded),
    ("microsoft.apimanagement/service/certificates", "properties", no_certificate_data),
    ("microsoft.apimanagement/service/workspaces/certificates", "properties", no_certificate_data),
    ("microsoft.apimanagement/service/namedvalues", "properties", no_named_value),
    ("microsoft.apimanagement/service/workspaces/namedvalues", "properties", no_named_value),
    ("microsoft.apimanagement/service/authorizationservers", "properties", no_client_secret),
    ("microsoft.apimanagement/service/identityproviders", "properties", no_client_secret),
    ("microsoft.apimanagement/service/openidconnectproviders", "properties", no_client_secret),
    ("microsoft.cognitiveservices/accounts/connections", "properties", no_credentials),
    ("microsoft.cognitiveservices/accounts/projects/connections", "properties", no_credentials),
    ("microsoft.machinelearningservices/workspaces/connections", "properties", no_credentials),
    ("microsoft.machinelearningservices/workspaces/datastores", "properties", no_credentials),
    ("microsoft.compute/virtualmachines/extensions", "properties", no_protected),
    ("microsoft.compute/virtualmachinescalesets/extensions", "properties", no_protected),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines/extensions", "properties", no_protected),
    (
        "microsoft.compute/virtualmachinescalesets",
        "properties.virtualMachineProfile.extensionProfile.extensions[].properties",
        no_protected,
    ),
    ("microsoft.compute/virtualmachines/runcommands", "properties", no_protected_parameters),
    ("microsoft.hybridcompute/machines/extensions", "properties", no_protected),
    ("microsoft.hybridcompute/machines/runcommands", "properties", no_protected_parameters),
    ("microsoft.containerregistry/registries/tasks", "properties.credentials.customRegistries.*", no_login),
    (
        "microsoft.containerregistry/registries/taskruns",
        "properties.runRequest.credentials.customRegistries.*",
        no_login,
    ),
    (
        "microsoft.containerinstance/containergroups",
        "properties.containers[].properties.environmentVariables[]",
        no_value,
    ),
    ("microsoft.containerinstance/containergroups", "properties.imageRegistryCredentials[]", no_password),
    ("microsoft.hdinsight/clusters", "properties.storageProfile.storageaccounts[]", no_storage_key),
    ("microsoft.web/connections", "properties", no_parameters),
    (
        "microsoft.containerinstance/containergroupprofiles",
        "properties.imageRegistryCredentials[]",
        no_password,
    ),
];

fn has(item: &Value, name: &str) -> bool {
    item.get(name).is_some_and(|value| !value.is_null())
}

fn no_secret(item: &Value) -> bool {
    let in_vault = has(item, "keyVaultUrl") && has(item, "identity");
    !in_vault && !has(item, "value")
}

fn no_account_key(share: &Value) -> bool {
    share.is_object() && !has(share, "accountKey") && !has(share, "accountKeyVaultProperties")
}

fn no_certificate(properties: &Value) -> bool {
    !has(properties, "value") && !has(properties, "certificateKeyVaultProperties")
}

fn no_host_certificate(host: &Value) -> bool {
    let source = host["certificateSource"].as_str().unwrap_or_default();
    let own = ["BuiltIn", "Managed"].iter().any(|s| s.eq_ignore_ascii_case(source));
    !own && !has(host, "keyVaultId") && !has(host, "encodedCertificate")
}

fn no_encoded(certificate: &Value) -> bool {
    !has(certificate, "encodedCertificate")
}

fn no_certificate_data(properties: &Value) -> bool {
    !has(properties, "keyVault") && !has(properties, "data")
}

fn no_named_value(properties: &Value) -> bool {
    !has(properties, "keyVault") && !has(properties, "value")
}

fn no_client_secret(properties: &Value) -> bool {
    !has(properties, "clientSecret")
}

/// Ways to sign in that take no secret.
const NO_SECRET: [&str; 5] = ["AAD", "ManagedIdentity", "None", "ProjectManagedIdentity", "UserEntraToken"];

fn no_credentials(properties: &Value) -> bool {
    let way =
        properties["authType"].as_str().or_else(|| properties["credentials"]["credentialsType"].as_str());
    let needs = way.is_some_and(|way| !NO_SECRET.iter().any(|own| own.eq_ignore_ascii_case(way)));
    let credentials = properties.get("credentials").and_then(Value::as_object);
    needs && credentials.is_none_or(|c| c.is_empty() || c.values().any(Value::is_null))
}

/// Extensions that are made without protected settings, by their types in lower case: of no other can be known
/// whether it has some.
const OPEN: [&str; 6] = [
    "azuremonitorlinuxagent",
    "azuremonitorwindowsagent",
    "keyvaultforlinux",
    "keyvaultforwindows",
    "aadsshloginforlinux",
    "aadloginforwindows",
];

fn no_protected(properties: &Value) -> bool {
    let kind = properties["type"].as_str().unwrap_or_default().to_lowercase();
    properties.is_object()
        && !OPEN.contains(&kind.as_str())
        && !has(properties, "protectedSettings")
        && !has(properties, "protectedSettingsFromKeyVault")
}

fn no_protected_parameters(properties: &Value) -> bool {
    let unknown = properties["protectedParameters"].as_array();
    unknown.is_some_and(|list| list.iter().any(|one| !has(one, "value")))
        || has(properties, "runAsUser") && !has(properties, "runAsPassword")
}

fn no_login(registry: &Value) -> bool {
    ["userName", "password"].iter().any(|name| has(registry, name) && !has(&registry[*name], "value"))
}

fn no_value(variable: &Value) -> bool {
    !has(variable, "value") && !has(variable, "secureValue") && !has(variable, "secureValueReference")
}

fn no_password(registry: &Value) -> bool {
    has(registry, "username") && !has(registry, "password") && !has(registry, "passwordReference")
}

fn no_storage_key(account: &Value) -> bool {
    !has(account, "key") && !has(account, "msiResourceId")
}

fn no_parameters(properties: &Value) -> bool {
    properties.is_object() && !has(properties, "parameterValues") && !has(properties, "parameterValueSet")
}

/// Calls for everything that a path leads to.
fn each(value: &Value, path: &str, at: &mut String, call: &mut dyn FnMut(&Value, &str)) {
    let (part, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, list) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
    let Some(members) = value.as_object() else { return };
    for (key, member) in members.iter().filter(|(key, _)| name == "*" || key.eq_ignore_ascii_case(name)) {
        let items: Vec<(String, &Value)> = match member.as_array() {
            Some(items) if list => {
                items.iter().enumerate().map(|(n, item)| (format!("/{}/{n}", escaped(key)), item)).collect()
            }
            Some(_) | None => vec![(format!("/{}", escaped(key)), member)],
        };
        for (step, item) in items {
            let length = at.len();
            at.push_str(&step);
            if rest.is_empty() {
                call(item, at)
            } else {
                each(item, rest, at, call)
            }
            at.truncate(length);
        }
    }
}

/// A member's name inside a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Members in which people write what they like.
const PROSE: [&str; 6] = ["tags", "description", "displayName", "notes", "comments", "summary"];

/// Every place that gives itself away, in a body of any type.
fn walk(value: &Value, at: &mut String, out: &mut Vec<Hole>) {
    match value {
        Value::String(text) if is_mask(text) => out.push(at.clone()),
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                within(&n.to_string(), item, at, out);
            }
        }
        Value::Object(members) => {
            let says = |name: &str, word: &str| {
                members.get(name).and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case(word))
            };
            let secret = ["isSecret", "secure"].iter().any(|n| members.get(*n) == Some(&Value::Bool(true)));
            let lacks = |name: &str| members.get(name).is_none_or(Value::is_null);
            if secret && lacks("value") && lacks("keyVault") {
                out.push(format!("{at}/value"));
            }
            if says("endpointType", "WebHook") && lacks_inside(members, "endpointUrl") {
                out.push(format!("{at}/properties/endpointUrl"));
            }
            // A factory's text that is kept from readers; a workflow's declaration of one says no more either.
            if says("type", "SecureString") && lacks("value") && !at.contains("/definition/parameters/") {
                out.push(format!("{at}/value"));
            }
            for (name, member) in members.iter().filter(|(name, _)| !PROSE.contains(&name.as_str())) {
                if member.is_null() && is_secret(name) {
                    out.push(format!("{at}/{}", escaped(name)));
                }
                within(&escaped(name), member, at, out);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn lacks_inside(members: &serde_json::Map<String, Value>, name: &str) -> bool {
    members.get("properties").is_none_or(|properties| !has(properties, name))
}

fn within(step: &str, value: &Value, at: &mut String, out: &mut Vec<Hole>) {
    let length = at.len();
    at.push('/');
    at.push_str(step);
    walk(value, at, out);
    at.truncate(length);
}

/// Parts of names, in lower case, whose null is a secret that is not told.
const NAMES: [&str; 8] = [
    "password",
    "secret",
    "sharedaccesskey",
    "accountkey",
    "accesskey",
    "apikey",
    "connectionstring",
    "sharedkey",
];

/// Endings of names that lead to a secret without being one.
const LEADS: [&str; 8] = ["ref", "uri", "url", "id", "name", "version", "reference", "identity"];

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    NAMES.iter().any(|part| name.contains(part))
        && !LEADS.iter().any(|end| name.ends_with(end))
        && !name.ends_with("secrets")
}

/// Words that services write in the place of a secret.
const WORDS: [&str; 8] =
    ["<hidden>", "[hidden]", "<redacted>", "[redacted]", "<masked>", "<secret>", "<removed>", "hidden"];

/// Whether a text, or a part of it, stands for a secret that is not told: `****`, `SharedAccessKey=****`.
pub(crate) fn is_mask(text: &str) -> bool {
    let stars = text.len() >= 3 && text.bytes().all(|b| b == b'*');
    let given = ["=***", ":***", "= ***", ": ***"].iter().any(|part| text.contains(part));
    stars || given || text.contains("****") || WORDS.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Secure parameters of a workflow that it would be left without.
/// Source: <https://learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app>, secured parameters
fn secure_parameters(body: &Value) -> Vec<Hole> {
    let declared = body.pointer("/properties/definition/parameters").and_then(Value::as_object);
    let is_secure = |declaration: &Value| {
        let kind = declaration["type"].as_str().unwrap_or_default();
        ["SecureString", "SecureObject"].iter().any(|secure| secure.eq_ignore_ascii_case(kind))
    };
    let given = |name: &str| {
        let parameters = body.pointer("/properties/parameters").and_then(Value::as_object);
        let found = parameters.into_iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.is_some_and(|(_, parameter)| has(parameter, "value") || has(parameter, "reference"))
    };
    let missing = declared.into_iter().flatten().filter(|(name, d)| is_secure(d) && !given(name));
    missing.map(|(name, _)| format!("/properties/parameters/{}", escaped(name))).collect()
}

/// Types whose hidden values are given when they are asked for by themselves.
const GIVEN: [(&str, &str, ReadAction); 4] = [
    ("microsoft.app/containerapps", "/properties/configuration/secrets", ReadAction::ListContainerAppSecrets),
    ("microsoft.app/jobs", "/properties/configuration/secrets", ReadAction::ListContainerAppSecrets),
    (
        "microsoft.app/managedenvironments/daprcomponents",
        "/properties/secrets",
        ReadAction::ListContainerAppSecrets,
    ),
    (
        "microsoft.app/connectedenvironments/daprcomponents",
        "/properties/secrets",
        ReadAction::ListContainerAppSecrets,
    ),
];

/// Whether the value of a hole is given to who asks.
pub(crate) fn is_given(kind: &str, hole: &str) -> bool {
    let place = GIVEN.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(kind)).map(|(_, place, _)| *place);
    place.and_then(|place| hole.strip_prefix(place)).is_some_and(|rest| rest.matches('/').count() == 1)
}

/// What gives the hidden values of this type, and the action that whoever asks must be allowed.
pub(crate) fn given(kind: &str) -> Option<(ReadAction, String)> {
    let (_, _, read) = GIVEN.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(kind))?;
    Some((*read, format!("{kind}/listSecrets/action")))
}

/// Puts values that were given into the items of a body that lack them: `{value: [{name, value}]}`. Returns what it
/// has put in.
pub(crate) fn fill(kind: &str, body: &mut Value, given: &Value) -> Vec<String> {
    let mut put_in = Vec::new();
    let place = GIVEN.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(kind)).map(|(_, place, _)| *place);
    let Some(items) = place.and_then(|place| body.pointer_mut(place)?.as_array_mut()) else { return put_in };
    let values = given["value"].as_array();
    for item in items.iter_mut().filter(|item| no_secret(item)) {
        let found = values.into_iter().flatten().find(|v| v["name"].is_string() && v["name"] == item["name"]);
        if let Some(value) = found.and_then(|v| v["value"].as_str()) {
            item["value"] = json!(value);
            put_in.push(value.to_owned());
        }
    }
    put_in
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_one_in_any_of_its_forms_and_a_schedule_or_a_glob_is_none() {
        for mask in
            ["****", "********", "***", "HostName=h;SharedAccessKey=****", "key=***", "<Hidden>", "a: ***"]
        {
            assert!(is_mask(mask), "{mask}");
        }
        for text in ["", "*", "**", "0 */5 * * * *", "src/**/*.cs", "* * * * *", "hidden-host", "2 ** 3"] {
            assert!(!is_mask(text), "{text}");
        }
    }

    #[test]
    fn each_kind_of_hidden_value_is_a_hole_where_it_is_missing_and_none_where_it_is_there() {
        let table = [
            (
                "Microsoft.App/containerApps",
                json!({"properties": {"configuration": {"secrets": [{"name": "a"}]}}}),
                json!({"properties": {"configuration": {"secrets": [{"name": "a", "value": "v"},
                    {"name": "b", "keyVaultUrl": "https://kv", "identity": "/i"}]}}}),
            ),
            (
                "Microsoft.Logic/workflows",
                json!({"properties": {"definition": {"parameters": {"k": {"type": "securestring"}}}}}),
                json!({"properties": {"definition": {"parameters": {"k": {"type": "SecureString"}}},
                    "parameters": {"k": {"value": "v"}}}}),
            ),
            (
                "Microsoft.Devices/provisioningServices",
                json!({"properties": {"iotHubs": [{"connectionString": "HostName=h;SharedAccessKey=****"}]}}),
                json!({"properties": {"iotHubs": [{"connectionString": "HostName=h;SharedAccessKey=abc"}]}}),
            ),
            (
                "Microsoft.ContainerRegistry/registries/tasks",
                json!({"properties": {"step": {"arguments": [{"name": "T", "value": null, "isSecret": true}]}}}),
                json!({"properties": {"step": {"arguments": [{"name": "T", "value": "x", "isSecret": false}]}}}),
            ),
            (
                "Microsoft.ApiManagement/service",
                json!({"properties": {"hostnameConfigurations": [{"certificateSource": "Custom"}]}}),
                json!({"properties": {"hostnameConfigurations": [{"certificateSource": "KeyVault", "keyVaultId": "u"}]}}),
            ),
            (
                "Microsoft.MachineLearningServices/workspaces/connections",
                json!({"properties": {"authType": "ApiKey", "credentials": null}}),
                json!({"properties": {"authType": "ManagedIdentity", "credentials": {"clientId": "c"}}}),
            ),
            (
                "Microsoft.ContainerInstance/containerGroups",
                json!({"properties": {"containers": [{"properties": {"environmentVariables": [{"name": "S"}]}}]}}),
                json!({"properties": {"containers": [{"properties": {"environmentVariables": [{"name": "S", "value": ""}]}}]}}),
            ),
            (
                "Microsoft.Compute/virtualMachines/extensions",
                json!({"properties": {"type": "CustomScript", "settings": {}}}),
                json!({"properties": {"type": "KeyVaultForLinux", "settings": {}}}),
            ),
            (
                "Microsoft.EventGrid/eventSubscriptions",
                json!({"properties": {"destination": {"endpointType": "WebHook", "properties": {"endpointBaseUrl": "u"}}}}),
                json!({"properties": {"destination": {"endpointType": "EventHub", "properties": {"resourceId": "r"}}}}),
            ),
            (
                "Microsoft.DataFactory/factories/linkedservices",
                json!({"properties": {"typeProperties": {"password": {"type": "SecureString"}}}}),
                json!({"properties": {"typeProperties": {"password": {"type": "AzureKeyVaultSecret", "secretName": "n"}}}}),
            ),
            (
                "Contoso.New/things",
                json!({"properties": {"adminPassword": null}}),
                json!({"properties": {"secretRef": null}}),
            ),
        ];
        for (kind, hides, tells) in table {
            assert_eq!(holes(kind, &hides).len(), 1, "{kind}: {:?}", holes(kind, &hides));
            assert_eq!(holes(kind, &tells), Vec::<String>::new(), "{kind}");
        }
    }

    #[test]
    fn what_is_given_goes_where_it_is_missing_and_nowhere_else() {
        let kind = "Microsoft.App/jobs";
        let secrets =
            json!([{"name": "a"}, {"name": "b", "keyVaultUrl": "u", "identity": "i"}, {"name": "c"}]);
        let mut body = json!({"properties": {"configuration": {"secrets": secrets}}});
        let given = json!({"value": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]});
        assert_eq!(fill(kind, &mut body, &given), ["1"]);
        let secrets = &body["properties"]["configuration"]["secrets"];
        assert_eq!((&secrets[0]["value"], secrets[1].get("value")), (&json!("1"), None));
        assert_eq!(holes(kind, &body), ["/properties/configuration/secrets/2"]);
    }
}
