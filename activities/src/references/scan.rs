//! Activities: finds the three identifiers of an identity anywhere in a resource. Pure.

use super::text::mentions;
use crate::azure::{ClientId, PrincipalId, ResourceId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The three names of one identity; none of them survives a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifiers {
    /// The ARM resource id.
    pub resource_id: ResourceId,
    /// The client id (application id), a GUID.
    pub client_id: ClientId,
    /// The principal id (object id of the service principal), a GUID.
    pub principal_id: PrincipalId,
}

/// Which of the three was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// The ARM resource id.
    ResourceId,
    /// The client id.
    ClientId,
    /// The principal id.
    PrincipalId,
    /// The name, where the group stands beside it.
    Name,
    /// The resource group, where the name stands beside it.
    Group,
}

impl Identifiers {
    /// The identifiers that the text mentions.
    pub fn in_text(&self, text: &str) -> Vec<Identifier> {
        let all = [
            (Identifier::ResourceId, self.resource_id.as_str()),
            (Identifier::ClientId, &self.client_id),
            (Identifier::PrincipalId, &self.principal_id),
        ];
        all.into_iter()
            .filter(|(_, name)| !name.is_empty() && mentions(text, name))
            .map(|(which, _)| which)
            .collect()
    }
}

/// One mention: where, and of what. Never the text around it, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mention {
    /// JSON pointer (RFC 6901) of the value, or of the member whose name mentions it.
    pub pointer: String,
    /// Which identifier.
    pub identifier: Identifier,
    /// Whether the member's name mentions it rather than its value.
    pub key: bool,
}

/// Every mention in the value, in document order of names.
pub fn scan(value: &Value, wanted: &Identifiers) -> Vec<Mention> {
    let mut found = Vec::new();
    walk(value, &mut String::new(), &mut |pointer, text, key| {
        found.extend(wanted.in_text(text).into_iter().map(|identifier| Mention {
            pointer: pointer.to_owned(),
            identifier,
            key,
        }));
    });
    found.sort();
    found
}

/// One pointer segment, escaped.
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn walk(value: &Value, at: &mut String, see: &mut impl FnMut(&str, &str, bool)) {
    let here = at.len();
    match value {
        Value::String(text) => see(at, text, false),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                walk(item, at, see);
                at.truncate(here);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                at.push('/');
                at.push_str(&escape(name));
                see(at, name, true);
                walk(member, at, see);
                at.truncate(here);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identity() -> Identifiers {
        Identifiers {
            resource_id: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a".into(),
            client_id: "11111111-0000-4000-8000-000000000001".into(),
            principal_id: "22222222-0000-4000-8000-000000000002".into(),
        }
    }

    #[test]
    fn values_member_names_and_texts_around_are_found() {
        let who = identity();
        let mut body = json!({
            "properties": {
                "defaultIdentity": format!("UserAssignedIdentity={}", who.resource_id.to_uppercase()),
                "list": [{"x": 1}, {"clientId": who.client_id}],
                "other": format!("{}b", who.client_id),
            }
        });
        body["identity"]["userAssignedIdentities"][who.resource_id.as_str()] =
            json!({"principalId": who.principal_id});
        let found = scan(&body, &who);
        let key = format!("/identity/userAssignedIdentities/{}", escape(&who.resource_id));
        let places: Vec<_> = found.iter().map(|m| (m.pointer.as_str(), m.identifier, m.key)).collect();
        assert_eq!(
            places,
            [
                (key.as_str(), Identifier::ResourceId, true),
                (format!("{key}/principalId").as_str(), Identifier::PrincipalId, false),
                ("/properties/defaultIdentity", Identifier::ResourceId, false),
                ("/properties/list/1/clientId", Identifier::ClientId, false),
            ]
        );
        assert_eq!(body.pointer(&found[2].pointer), Some(&body["properties"]["defaultIdentity"]));
    }

    #[test]
    fn an_identifier_that_is_not_known_is_found_nowhere() {
        let nobody = Identifiers { resource_id: "".into(), client_id: "".into(), principal_id: "".into() };
        assert!(scan(&json!({"a": "", "": "b"}), &nobody).is_empty());
    }
}
