//! CLI: what Resource Manager and its index answered, as ARM objects. Pure.

use super::text::text;
use rehome_activities::azure::RecordedResponse;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Whose path the index has.
pub(super) const INDEX: &str = "/providers/microsoft.resourcegraph/resources";

/// How much of a thing an answer shows; the most telling one is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// That it is there.
    Shell,
    /// As an item of a list.
    Item,
    /// The thing itself.
    Itself,
}

/// ARM objects by lower-case id.
#[derive(Default)]
pub(super) struct Objects(BTreeMap<String, (Shown, String, Value)>);

/// Everything that was heard of.
pub(super) fn objects(heard: &[&RecordedResponse]) -> Objects {
    let mut objects = Objects::default();
    for one in heard {
        let Ok(answer) = &one.answer else { continue };
        let path = one.path.to_lowercase();
        if path == INDEX {
            answer["data"].as_array().into_iter().flatten().for_each(|row| objects.row(row));
        } else if let Some(config) = path.strip_suffix("/list") {
            // A map of settings says nothing of the id that it is written under.
            objects.add(Shown::Itself, shell(&one.path[..config.len()], answer));
        } else if let Some(items) = answer["value"].as_array() {
            // What uses an identity is told in another shape than that of resources.
            let items = items.iter().filter(|_| !path.ends_with("/listassociatedresources"));
            items.for_each(|item| objects.add(Shown::Item, item.clone()));
        } else {
            objects.add(Shown::Itself, answer.clone());
        }
    }
    objects.scopes();
    objects
}

impl Objects {
    /// Whatever a role was assigned on is there: Azure takes assignments away with it.
    fn scopes(&mut self) {
        let scope = |id: &str| id.to_lowercase().find(ASSIGNMENTS).map(|at| id[..at].to_owned());
        let scopes: Vec<String> =
            self.0.values().filter_map(|(.., object)| scope(text(object, "/id"))).collect();
        for scope in scopes.iter().filter(|scope| scope.to_lowercase().contains("/providers/")) {
            self.add(Shown::Shell, shell(scope, &Value::Null));
        }
    }

    /// Adds one object, if it has an id and nothing more telling is known.
    pub(super) fn add(&mut self, shown: Shown, object: Value) {
        let id = text(&object, "/id").trim_end_matches('/').to_lowercase();
        if !id.starts_with('/') {
            return;
        }
        // Of two that tell as much the order of answers must not decide.
        let weight = object.to_string();
        let found = (shown, weight, object);
        let better = self
            .0
            .get(&id)
            .is_none_or(|known| (known.0, known.1.len(), &known.1) < (found.0, found.1.len(), &found.1));
        if better {
            self.0.insert(id, found);
        }
    }

    fn row(&mut self, row: &Value) {
        let shown = if row["properties"].is_object() { Shown::Item } else { Shown::Shell };
        self.add(shown, shell(text(row, "/id"), row));
    }

    /// Whether something is known by more than its place.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.0.get(&id.to_lowercase()).is_some_and(|(shown, ..)| *shown > Shown::Shell)
    }

    /// What belongs into an estate: roles that somebody has or that are custom, and groups with something in them.
    pub(super) fn chosen(self) -> Vec<Value> {
        let all: Vec<(String, Shown, Value)> =
            self.0.into_iter().map(|(id, (shown, _, object))| (id, shown, object)).collect();
        let of = |kind: &str| -> Vec<&Value> {
            all.iter().filter(|(id, ..)| id.contains(kind)).map(|(.., object)| object).collect()
        };
        let role = |object: &Value| last(text(object, "/properties/roleDefinitionId")).to_lowercase();
        let mut roles: BTreeSet<String> = of(ASSIGNMENTS).into_iter().map(role).collect();
        roles.extend(of(SCHEDULES).into_iter().map(role));
        roles.extend(of(ELIGIBLE).into_iter().map(role));
        let custom = |object: &&Value| text(object, "/properties/type").eq_ignore_ascii_case("CustomRole");
        roles.extend(of(ROLES).into_iter().filter(custom).map(|o| last(text(o, "/id")).to_lowercase()));
        let mut kept = Vec::new();
        for (id, shown, object) in &all {
            let wanted = match (id.contains(ROLES), parts(id)) {
                // One role is shown by every subscription, under an id of its own.
                (true, _) => roles.remove(&last(id).to_lowercase()),
                // A group that was asked for by itself is where an identity goes.
                (false, 4) if id.contains("/resourcegroups/") => {
                    let inside = format!("{id}/");
                    *shown == Shown::Itself || all.iter().any(|(other, ..)| other.starts_with(&inside))
                }
                (false, _) => true,
            };
            if wanted {
                kept.push(trimmed(id, object.clone()));
            }
        }
        kept
    }
}

const ASSIGNMENTS: &str = "/providers/microsoft.authorization/roleassignments/";
const SCHEDULES: &str = "/providers/microsoft.authorization/roleassignmentschedules/";
const ELIGIBLE: &str = "/providers/microsoft.authorization/roleeligibilityschedules/";
const ROLES: &str = "/providers/microsoft.authorization/roledefinitions/";

fn parts(id: &str) -> usize {
    id.split('/').filter(|part| !part.is_empty()).count()
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// A provider has hundreds of types with dozens of versions; what is asked of it stays.
fn trimmed(id: &str, object: Value) -> Value {
    if parts(id) != 4 || !id.contains("/providers/") || !id.starts_with("/subscriptions/") {
        return object;
    }
    let kept = |of: &Value, names: &[&str]| -> Value {
        let members = of.as_object().into_iter().flatten().filter(|(name, _)| names.contains(&name.as_str()));
        Value::Object(members.map(|(name, member)| (name.clone(), member.clone())).collect::<Map<_, _>>())
    };
    let types = object["resourceTypes"].as_array().into_iter().flatten();
    let types: Vec<Value> =
        types.map(|kind| kept(kind, &["resourceType", "locations", "apiVersions"])).collect();
    let mut provider = kept(&object, &["id", "namespace", "registrationState", "registrationPolicy"]);
    provider["resourceTypes"] = Value::from(types);
    provider
}

/// That something is there, from what the index says of it; types are spelt by their ids.
pub(super) fn shell(id: &str, row: &Value) -> Value {
    let mut shell = json!({"id": id, "name": last(id), "type": kind(id)});
    for name in ["location", "properties"] {
        if row.get(name).is_some_and(|member| !member.is_null()) {
            shell[name] = row[name].clone();
        }
    }
    shell
}

/// The type that an id names.
fn kind(id: &str) -> String {
    let behind = id.to_lowercase().rfind("/providers/").map_or("", |at| &id[at + "/providers/".len()..]);
    let mut parts = behind.split('/');
    let namespace = parts.next().unwrap_or_default();
    std::iter::once(namespace).chain(parts.step_by(2)).collect::<Vec<_>>().join("/")
}

/// Whether this is a map of settings.
pub(super) fn is_settings(object: &Value) -> bool {
    let id = text(object, "/id").to_lowercase();
    id.contains("/providers/microsoft.web/")
        && ["/config/appsettings", "/config/connectionstrings", "/config/metadata"]
            .iter()
            .any(|e| id.ends_with(e))
}

/// Whether this is an identity itself.
pub(super) fn is_identity(object: &Value) -> bool {
    kind(text(object, "/id")).eq_ignore_ascii_case("Microsoft.ManagedIdentity/userAssignedIdentities")
}
