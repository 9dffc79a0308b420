//! Activities: takes the secrets out of a resource, and leaves what names an identity. Pure.
//!
//! Azure keeps most secrets to itself, but not all: settings, environments, connection strings, scripts and
//! tags come back as they were written. What is taken for a secret by its name or by what stands beside it is
//! replaced, and so is what the one masker of this program finds in a text (`rehome_orchestrator::has_secret`); too
//! much rather than too little, because a rehearsal needs none of it.
//! Masking twice is masking once.

use super::text::only_mentions;
use rehome_orchestrator::has_secret;
use serde_json::Value;

/// What stands where a secret stood.
pub const MASK: &str = "(masked)";

/// Parts of member names whose text is a secret, in lower case.
const NAMES: [&str; 24] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "connectionstring",
    "accesskey",
    "accountkey",
    "sharedkey",
    "primarykey",
    "secondarykey",
    "apikey",
    "privatekey",
    "masterkey",
    "functionkey",
    "adminkey",
    "storagekey",
    "licensekey",
    "token",
    "credential",
    "customdata",
    "userdata",
    "commandtoexecute",
    "script",
    "protectedsettings",
];

/// Endings of member names that say something about a secret without being one.
const ABOUT: [&str; 12] = [
    "uri",
    "url",
    "id",
    "name",
    "version",
    "type",
    "identifier",
    "reference",
    "source",
    "policy",
    "algorithm",
    "store",
];

/// Members that say what a thing is; they are never secrets, also inside something that is.
const STRUCTURE: [&str; 6] = ["id", "type", "name", "location", "kind", "@odata.type"];

/// Masks everything that may be a secret in a resource.
pub fn mask(resource: &mut Value, keep: &[String]) {
    let kind = resource["type"].as_str().unwrap_or_default().to_lowercase();
    // Grants, roles and locks are made of ids, names of actions and what people wrote about them; a policy has
    // parameters.
    let plain = kind.starts_with("microsoft.authorization/") && !kind.ends_with("/policyassignments");
    walk(resource, &Around { keep, plain, secret: false });
}

/// Masks every value of a map of settings: none is anybody's business but its application's.
pub fn mask_all(settings: &mut Value, keep: &[String]) {
    match settings {
        Value::String(text) => *text = only_mentions(text, keep, MASK),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_all(item, keep)),
        Value::Object(members) => members.values_mut().for_each(|member| match member {
            // A connection string: its type is one word of Azure's, and is wanted when it is written again.
            Value::Object(entry) if entry.contains_key("value") => {
                let word = |text: &str| text.len() < 20 && text.chars().all(|c| c.is_ascii_alphabetic());
                let texts = entry
                    .iter_mut()
                    .filter(|(name, text)| name.as_str() != "type" || !text.as_str().is_some_and(word));
                texts.for_each(|(_, text)| mask_all(text, keep));
            }
            other => mask_all(other, keep),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Clone, Copy)]
struct Around<'a> {
    keep: &'a [String],
    /// No name says that something is a secret here.
    plain: bool,
    /// Whether this stands where a secret is expected.
    secret: bool,
}

fn walk(value: &mut Value, around: &Around<'_>) {
    match value {
        Value::String(text) => {
            let secret = if around.secret { !is_address(text) } else { looks_secret(text) };
            if secret {
                *text = only_mentions(text, around.keep, MASK);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, around)),
        Value::Object(members) => {
            let pair =
                ["name", "key", "displayName"].iter().any(|n| members.get(*n).is_some_and(Value::is_string));
            for (name, member) in members {
                // The entries of a vault say what may be done with secrets.
                if STRUCTURE.contains(&name.as_str()) || name == "accessPolicies" {
                    continue;
                }
                let named =
                    !around.plain && (is_secret_name(name) || pair && name.eq_ignore_ascii_case("value"));
                walk(member, &Around { secret: around.secret || named, ..*around });
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let secret = NAMES.iter().any(|part| name.contains(part)) || matches!(name.as_str(), "sasuri" | "sasurl");
    secret && (name.starts_with("sas") || !ABOUT.iter().any(|end| name.ends_with(end)))
}

/// An id of Azure's, or a thing in a vault: names where a secret is, and is none.
fn is_address(text: &str) -> bool {
    if text.contains(['?', ';', ' ']) {
        return false;
    }
    let host = text.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or_default());
    let vaults = ["vault.azure.net", "vault.usgovcloudapi.net", "vault.azure.cn", "managedhsm.azure.net"];
    text.starts_with("/subscriptions/")
        || host.is_some_and(|host| {
            !host.contains('@') && vaults.iter().any(|v| host.ends_with(&format!(".{v}")))
        })
}

/// Whether a text gives itself away.
fn looks_secret(text: &str) -> bool {
    !is_address(text) && has_secret(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) const RID: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a";
    pub(crate) const CID: &str = "11111111-0000-4000-8000-000000000001";

    /// What a mask leaves of a body in which both ids of an identity are kept.
    pub(crate) fn masked_by(mask: impl Fn(&mut Value, &[String]), mut value: Value) -> Value {
        let keep = [RID.to_owned(), CID.to_owned()];
        mask(&mut value, &keep);
        let once = value.clone();
        mask(&mut value, &keep);
        assert_eq!(value, once, "masking twice is masking once");
        value
    }

    fn masked(value: Value) -> Value {
        masked_by(mask, value)
    }

    /// Where secrets were seen in what Azure returns.
    fn planted() -> Vec<Value> {
        vec![
            json!({"properties": {"administratorLoginPassword": "PLANTED"}}),
            json!({"properties": {"siteConfig": {"appSettings": [{"name": "A", "value": "PLANTED"}]}}}),
            json!({"properties": {"template": {"containers": [{"env": [{"name": "A", "value": "PLANTED"}]}]}}}),
            json!({"properties": {"siteConfig": {"connectionStrings": [{"name": "db", "connectionString": "PLANTED"}]}}}),
            json!({"properties": {"configuration": {"secrets": [{"name": "s", "value": "PLANTED"}]}}}),
            json!({"properties": {"configuration": {"secrets": ["PLANTED"]}}}),
            json!({"properties": {"typeProperties": {"connectionString": {"type": "SecureString", "value": "PLANTED"}}}}),
            json!({"properties": {"displayName": "named value", "value": "PLANTED"}}),
            json!({"properties": {"settings": {"commandToExecute": "curl -H PLANTED"}}}),
            json!({"properties": {"osProfile": {"customData": "PLANTED"}}}),
            json!({"properties": {"source": {"script": "echo PLANTED"}}}),
            json!({"properties": {"azureStorageAccounts": {"m": {"accessKey": "PLANTED"}}}}),
            json!({"properties": {"url": "https://st.blob.core.windows.net/c?sv=1&sig=PLANTED"}}),
            json!({"properties": {"url": "https://user:PLANTED@git.example/x"}}),
            json!({"properties": {"hook": "https://x.example/api/f?code=PLANTED"}}),
            json!({"properties": {"text": "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=PLANTED"}}),
            json!({"properties": {"text": "DefaultEndpointsProtocol=https;AccountKey=PLANTED;"}}),
            json!({"properties": {"text": "Server=x;Pwd=PLANTED"}}),
            json!({"properties": {"header": "Authorization: Bearer PLANTED"}}),
            json!({"properties": {"pem": "-----BEGIN PRIVATE KEY-----\nPLANTED"}}),
            json!({"properties": {"definition": "{\"password\":\"PLANTED\"}"}}),
            json!({"tags": {"db-password": "PLANTED", "note": "pw: password=PLANTED"}}),
            json!({"properties": {"sasUri": "https://PLANTED"}}),
            json!({"properties": {"clientSecret": {"value": "PLANTED"}, "secretTokens": ["PLANTED"]}}),
            json!({"type": "Microsoft.Authorization/locks", "properties": {"notes": "password=PLANTED"}}),
        ]
    }

    #[test]
    fn a_planted_secret_is_found_wherever_it_stands() {
        for body in planted() {
            assert!(!masked(body.clone()).to_string().contains("PLANTED"), "{body}");
        }
    }

    #[test]
    fn a_secret_gives_itself_away_by_its_looks() {
        for secret in [
            "q83vEjRWeJq83v+SNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mg==",
            "kX9QwZ3vLr7TfY2mBc8NdHs5JgPe4UaR",
            "0123456789abcdef0123456789abcdef",
            "https://x.example/hooks/kX9QwZ3vLr7TfY2mBc8NdHs5JgPe4UaR",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ] {
            let body = masked(json!({"properties": {"plain": secret}}));
            assert_eq!(body["properties"]["plain"], MASK, "{secret}");
        }
    }

    #[test]
    fn what_a_rehearsal_needs_stays() {
        let body = json!({
            "id": RID, "name": "secret-store", "type": "Microsoft.Web/sites", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {RID: {"clientId": CID}}},
            "tags": {"cost-centre": "4711", "env": "prod"},
            "properties": {
                "provisioningState": "Succeeded", "defaultIdentity": format!("UserAssignedIdentity={RID}"),
                "keyVaultUri": "https://kv.vault.azure.net/keys/k/0123456789abcdef0123456789abcdef",
                "secretName": "s", "secretIdentity": {"userAssignedIdentity": RID},
                "accessPolicies": [{"objectId": CID, "permissions": {"secrets": ["get"], "keys": ["list"]}}],
                "registryCredentialType": "managedIdentity", "disablePasswordAuthentication": true,
                "endpoint": "https://st.blob.core.windows.net/", "vmId": "11111111-2222-4000-8000-000000000009",
                "settings": {"authentication": {"managedIdentity": {"identifier-name": "mi_res_id", "identifier-value": RID}}},
            },
        });
        assert_eq!(masked(body.clone()), body);
    }

    #[test]
    fn of_a_setting_only_the_identities_stay_as_they_were_spelt() {
        let url = RID.replace('/', "%2F").to_uppercase();
        let mut settings = json!({
            "CLIENT": CID, "DB": format!("Server=x;User Id={};Password=PLANTED", CID.to_uppercase()),
            "URL": format!("https://x/?id={url}&k=PLANTED"), "PLAIN": "1", "EMPTY": "",
            "OTHER": format!("{RID}-b"),
        });
        mask_all(&mut settings, &[RID.to_owned(), CID.to_owned()]);
        assert_eq!(
            settings,
            json!({
                "CLIENT": CID, "DB": format!("(masked){}(masked)", CID.to_uppercase()),
                "URL": format!("(masked){url}(masked)"), "PLAIN": "(masked)", "EMPTY": "",
                "OTHER": "(masked)",
            })
        );
        let again = settings.clone();
        mask_all(&mut settings, &[RID.to_owned(), CID.to_owned()]);
        assert_eq!(settings, again);
    }
}
