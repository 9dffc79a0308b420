//! Activities: Data Explorer. Policies of managed identities, continuous exports and external tables name an identity by its
//! principal id. Pure data.
//! Source: <https://learn.microsoft.com/kusto/management/show-managed-identity-policy-command>,
//! <https://learn.microsoft.com/kusto/management/data-export/show-continuous-export>,
//! <https://learn.microsoft.com/kusto/management/show-external-tables>; hosts and audience: `wellKnownKustoEndpoints.json`
//! of azure-kusto-python and <https://learn.microsoft.com/kusto/api/rest/authentication>

use crate::commands::script::Language;
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service, nothing};
use serde_json::{Value, json};

/// What each identity of a policy is, and what it is allowed: what the command that sets a policy takes.
fn policy(entry: &Value) -> Value {
    let text = entry
        .as_object()
        .and_then(|all| all.values().filter_map(Value::as_str).find(|text| text.starts_with('[')));
    let all: Vec<Value> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let one = |one: &Value| match one["IsSystem"] == true {
        true => json!({"ObjectId": "system", "AllowedUsages": one["AllowedUsages"]}),
        false => json!({"ObjectId": one["ObjectId"], "AllowedUsages": one["AllowedUsages"]}),
    };
    Value::Array(all.iter().map(one).collect())
}

fn entity(change: &Change<'_>) -> String {
    match &change.object.database {
        Some(name) => format!("database ['{}']", Language::Kql.identifier(name)),
        None => "cluster".to_owned(),
    }
}

/// The new one is allowed beside the old, then alone: what still runs as the old one runs on between both.
fn set_policy(change: &Change<'_>) -> String {
    let (of, kept) = (entity(change), one_line(&change.object.kept));
    format!(
        "At https://{}, where these are old and new beside each other, run\n  \
         .alter-merge {of} policy managed_identity ```{kept}```\n\
         and, once no continuous export, external table or function names the old one,\n  \
         .alter {of} policy managed_identity ```{kept}```",
        change.host
    )
}

/// A text inside three backquotes, which nothing in it can end.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').collect()
}

fn export(change: &Change<'_>) -> String {
    let name = Language::Kql.identifier(&change.object.name);
    format!(
        "At https://{}, in {}, show it and make it again with the same query and this identity:\n  \
         .show continuous-export ['{name}']\n  \
         .create-or-alter continuous-export ['{name}'] to table TABLE with (managedIdentity = '{}') <| QUERY",
        change.host,
        entity(change),
        change.principal
    )
}

fn table(change: &Change<'_>) -> String {
    let name = Language::Kql.identifier(&change.object.name);
    format!(
        "At https://{}, in {}, show it and alter it with this identity in its connection strings:\n  \
         .show external table ['{name}'] cslschema\n  \
         .create-or-alter external table ['{name}'] … ( h@'…;managed_identity={}' )",
        change.host,
        entity(change),
        change.principal
    )
}

const fn list(what: &'static str, ask: Ask, name: &'static str, change: fn(&Change<'_>) -> String) -> List {
    List { what, ask, name, not: None, kept: nothing, change, by_principal: true }
}

pub(super) static SERVICE: Service = Service {
    word: "kusto",
    name: "Data Explorer",
    kind: "microsoft.kusto/clusters",
    carrier: "microsoft.kusto/clusters",
    api: "2023-08-15",
    host: |body| members::text(body, "/properties/uri"),
    clouds: [
        Some((".kusto.windows.net", "https://kusto.kusto.windows.net")),
        Some((".kusto.usgovcloudapi.net", "https://kusto.kusto.usgovcloudapi.net")),
        Some((".kusto.chinacloudapi.cn", "https://kusto.kusto.chinacloudapi.cn")),
    ],
    lists: &[
        List {
            kept: policy,
            ..list(
                "policy of managed identities",
                Ask::Cluster(".show cluster policy managed_identity"),
                "",
                set_policy,
            )
        },
        List {
            kept: policy,
            ..list(
                "database policy of managed identities",
                Ask::Database([".show database ", " policy managed_identity"]),
                "",
                set_policy,
            )
        },
        list("continuous export", Ask::Database([".show continuous-exports", ""]), "/Name", export),
        list("external table", Ask::Database([".show external tables", ""]), "/TableName", table),
    ],
    partial: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_kept_as_the_command_takes_it_and_hostile_text_does_not_end_it() {
        let policies = r#"[{"ObjectId":"o","ClientId":"c","IsSystem":false,"AllowedUsages":"NativeIngestion"},{"ObjectId":"s","IsSystem":true,"AllowedUsages":"All"}]"#;
        let kept = policy(&json!({"EntityName": "", "Policies": policies}));
        assert_eq!(
            kept,
            json!([{"ObjectId": "o", "AllowedUsages": "NativeIngestion"}, {"ObjectId": "system", "AllowedUsages": "All"}])
        );
        assert_eq!(policy(&json!({"Policies": "null"})), json!([]));
        assert_eq!(one_line("a```\n.drop table t"), "a.drop table t");
    }
}
