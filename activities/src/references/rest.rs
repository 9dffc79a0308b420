//! Activities: what a write has to leave as it is: a resource without the places that are written, kept in a form that
//! names no secret and still gives back everything else. Pure.

use super::compare::left_out;
use super::scan::escape;
use super::secrets::{MASK, mask};
use super::settings_key::SettingsKey;
use super::writable::without_computed;
use crate::azure::ResourceId;
use rehome_orchestrator::{Difference, Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The image of a resource: stamps, states and what Azure computes are left out, empty members are none, and a
/// text that may be a secret is an object with one member, [`MASK`], that holds its mark.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Rest(Value);

/// One place that is not as it was, and is not one that was to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spill {
    /// JSON pointer in the resource; of an attached identity, one that ends with its id.
    pub(crate) pointer: String,
    /// What was there before the write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) was: Option<Value>,
    /// What was there directly after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<Value>,
}

/// What the pointers of attached identities begin with.
const ATTACHED: &str = "/identity/userAssignedIdentities/";

/// What an image is made with.
pub(crate) struct Lens<'a> {
    /// The key of the marks, and the id of what they are made for.
    pub(crate) key: &'a SettingsKey,
    pub(crate) id: &'a str,
    /// Pointers of the places that are written.
    pub(crate) places: &'a [String],
    /// Identities that are put into the map or taken out of it.
    pub(crate) identities: Vec<&'a ResourceId>,
}

/// Members of a resource that say what it is, or are resources of their own.
const NOT_WRITTEN: [&str; 7] = ["/id", "/name", "/type", "/etag", "/systemData", "/resources", "/identity"];

impl Rest {
    /// The image of a resource.
    pub(crate) fn of(resource: &Value, lens: &Lens<'_>) -> Self {
        let mut plain = resource.clone();
        without_computed(resource["type"].as_str().unwrap_or_default(), &mut plain);
        let mut masked = plain.clone();
        mask(&mut masked, &[]);
        let ignored: Vec<String> =
            NOT_WRITTEN.iter().map(|at| (*at).to_owned()).chain(lens.places.iter().cloned()).collect();
        let image = image(&plain, &masked, &mut String::new(), "", lens, &ignored);
        let mut image = image.unwrap_or_else(|| json!({}));
        if let (Some(members), Some(block)) = (image.as_object_mut(), identity(&resource["identity"], lens)) {
            members.insert("identity".to_owned(), block);
        }
        Self(image)
    }

    /// An image that was recorded when less of this type was known to be computed, without what is known of it now.
    pub(crate) fn of_type(&self, resource: &Value) -> Self {
        let mut image = self.0.clone();
        without_computed(resource["type"].as_str().unwrap_or_default(), &mut image);
        Self(image)
    }

    /// The image of a map of texts that are nobody's business, by the mark of each.
    pub(crate) fn of_marks(marks: impl Iterator<Item = (String, String)>) -> Self {
        let marks: Map<String, Value> = marks.map(|(name, mark)| (name, json!({ MASK: mark }))).collect();
        Self(json!({ "properties": marks }))
    }

    /// The image of a map of values that are no secrets.
    pub(crate) fn of_values(values: impl Iterator<Item = (String, Value)>) -> Self {
        Self(Value::Object(values.collect()))
    }

    /// Where another image of the same resource differs.
    pub(crate) fn spilt(&self, now: &Self) -> Vec<Spill> {
        let mut out = Vec::new();
        compare(Some(&self.0), Some(&now.0), &mut String::new(), &mut out);
        out
    }

    /// Whether a place is as a write has left it, so that nobody has changed it since.
    pub(crate) fn has_still(&self, spill: &Spill) -> bool {
        same(self.0.pointer(&spill.pointer), spill.now.as_ref())
    }

    /// The image without the identities and with every GUID and every id of one blurred: other moves exchange
    /// these in the same resource, each for its own.
    pub(crate) fn blurred(&self) -> Self {
        let mut image = self.0.clone();
        if let Some(members) = image.as_object_mut() {
            members.remove("identity");
        }
        blur(&mut image);
        Self(image)
    }
}

/// Whether a value is the mark of a secret.
fn is_mark(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key(MASK))
}

fn has_mark(value: &Value) -> bool {
    match value {
        Value::Object(members) => is_mark(value) || members.values().any(has_mark),
        Value::Array(items) => items.iter().any(has_mark),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn image(
    plain: &Value,
    masked: &Value,
    at: &mut String,
    name: &str,
    lens: &Lens<'_>,
    ignored: &[String],
) -> Option<Value> {
    if left_out(at, ignored) {
        return None;
    }
    let here = at.len();
    match plain {
        Value::Null => None,
        Value::String(text) if plain != masked => Some(json!({ MASK: lens.key.mark(lens.id, name, text) })),
        Value::Array(items) => {
            let mut out = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                out.push(image(item, &masked[index], at, name, lens, ignored).unwrap_or(Value::Null));
                at.truncate(here);
            }
            (!out.is_empty()).then_some(Value::Array(out))
        }
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, member) in members {
                at.push('/');
                at.push_str(&escape(name));
                let member = image(member, &masked[name.as_str()], at, name, lens, ignored);
                out.extend(member.map(|member| (name.clone(), member)));
                at.truncate(here);
            }
            (!out.is_empty() || at.is_empty()).then_some(Value::Object(out))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(plain.clone()),
    }
}

/// What a block of identities says of others than those that are written: the system's, and the map's.
fn identity(block: &Value, lens: &Lens<'_>) -> Option<Value> {
    let mut out = Map::new();
    let kind = block["type"].as_str().unwrap_or_default().to_lowercase();
    if kind.contains("systemassigned") {
        let who = block["principalId"].as_str().map_or(Value::Bool(true), Value::from);
        out.insert("systemAssigned".to_owned(), who);
    }
    let written = |id: &String| lens.identities.iter().any(|one| *one == id.as_str());
    let map = block["userAssignedIdentities"].as_object().into_iter().flatten();
    let others = map.filter(|(id, _)| !written(id)).map(|(id, _)| (id.to_lowercase(), Value::Bool(true)));
    let others: Map<String, Value> = others.collect();
    if !others.is_empty() {
        out.insert("userAssignedIdentities".to_owned(), Value::Object(others));
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

fn compare(was: Option<&Value>, now: Option<&Value>, at: &mut String, out: &mut Vec<Spill>) {
    if same(was, now) {
        return;
    }
    match (was, now) {
        (Some(Value::Object(left)), Some(Value::Object(right)))
            if ![was, now].into_iter().flatten().any(is_mark) =>
        {
            members(left, right, at, out);
        }
        // Of a map of identities, or of a vault's entries, each is a place of its own, also where none is left.
        (Some(Value::Object(left)), None) if is_map(at) => {
            members(left, &Map::new(), at, out);
        }
        (None, Some(Value::Object(right))) if is_map(at) => {
            members(&Map::new(), right, at, out);
        }
        (_, _) => out.push(Spill { pointer: at.clone(), was: was.cloned(), now: now.cloned() }),
    }
}

fn is_map(at: &str) -> bool {
    at.is_empty() || at.starts_with("/identity") || at == "/properties/accessPolicies"
}

fn members(left: &Map<String, Value>, right: &Map<String, Value>, at: &mut String, out: &mut Vec<Spill>) {
    let here = at.len();
    let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for name in names {
        at.push('/');
        at.push_str(&escape(name));
        compare(left.get(name), right.get(name), at, out);
        at.truncate(here);
    }
}

/// Whether two values say the same: the order of a list, and the case and the blanks of ids and regions, are
/// Azure's to choose.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => equal(left, right),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(a), Value::String(b)) => {
            let plain = |text: &str| text.replace(' ', "").to_lowercase();
            a == b || plain(a) == plain(b)
        }
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            let mut rest: Vec<&Value> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|one| {
                    let at = rest.iter().position(|other| equal(one, other));
                    at.map(|at| rest.swap_remove(at)).is_some()
                })
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, one)| b.get(name).is_some_and(|other| equal(one, other)))
        }
        (a, b) => a == b,
    }
}

fn blur(value: &mut Value) {
    match value {
        Value::String(text) => {
            let guid = |part: &str| uuid::Uuid::try_parse(part).is_ok();
            let names = text.to_ascii_lowercase().contains("/userassignedidentities/");
            let parts = |c: char| !c.is_ascii_alphanumeric() && c != '-';
            if names || text.split(parts).any(guid) {
                *text = "an identity".to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blur),
        Value::Object(members) => members.values_mut().for_each(blur),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A value is shown with at most so many characters.
const SHOWN_MAX: usize = 160;

fn shown(value: &Value) -> String {
    let text = if is_mark(value) { MASK.to_owned() } else { unmarked(value).to_string() };
    if text.chars().count() <= SHOWN_MAX {
        return text;
    }
    format!("{}…", text.chars().take(SHOWN_MAX).collect::<String>())
}

/// A value with the mask in the place of each mark.
fn unmarked(value: &Value) -> Value {
    match value {
        value if is_mark(value) => Value::from(MASK),
        Value::Array(items) => items.iter().map(unmarked).collect(),
        Value::Object(members) => members.iter().map(|(name, m)| (name.clone(), unmarked(m))).collect(),
        plain => plain.clone(),
    }
}

impl Spill {
    /// Whether what was there may be a secret, so that nobody but its owner can put it back.
    pub(crate) fn is_secret(&self) -> bool {
        self.was.as_ref().is_some_and(has_mark)
    }

    /// What differs, for people.
    pub(crate) fn difference(&self, id: &str) -> Difference {
        let show = |value: &Value| if self.is_attached() { "attached".to_owned() } else { shown(value) };
        let [expected, found] = [&self.was, &self.now].map(|value| value.as_ref().map(show));
        let found = match found {
            Some(text) if expected.as_ref() == Some(&text) => Some(format!("{text}, another one")),
            found => found,
        };
        Difference { fact: format!("{id}#{}", self.pointer), expected, found }
    }

    /// Whether a value became another, rather than that it came or went.
    pub(crate) fn is_change(&self) -> bool {
        self.was.is_some() && self.now.is_some()
    }

    /// Whether another one is about the same place, or one below it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let below = other.pointer.strip_prefix(self.pointer.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }

    /// How many entries a list has less than it had.
    pub(crate) fn entries_lost(&self) -> Option<usize> {
        let was = self.was.as_ref()?.as_array()?.len();
        let now = self.now.as_ref().map_or(Some(0), |now| now.as_array().map(Vec::len))?;
        Some(was.saturating_sub(now))
    }

    /// Puts back what was there; not of identities, whose map has rules of its own.
    pub(crate) fn put_back(&self, resource: &mut Value) {
        let Some((around, name)) = self.pointer.rsplit_once('/') else { return };
        let mut place = resource;
        for segment in around.split('/').skip(1).map(unescaped) {
            if !place.is_object() && !place.is_array() {
                *place = json!({});
            }
            place = match place {
                Value::Array(items) => {
                    let Some(item) = segment.parse().ok().and_then(|at: usize| items.get_mut(at)) else {
                        return;
                    };
                    item
                }
                other => &mut other[segment.as_str()],
            };
        }
        if !place.is_object() {
            *place = json!({});
        }
        if let Some(members) = place.as_object_mut() {
            match &self.was {
                Some(was) => members.insert(unescaped(name), was.clone()),
                None => members.remove(&unescaped(name)),
            };
        }
    }

    /// The identity that is not attached any more.
    pub(crate) fn lost_identity(&self) -> Option<ResourceId> {
        let id = self.pointer.strip_prefix(ATTACHED)?;
        self.was.as_ref().map(|_| unescaped(id).into())
    }

    fn is_attached(&self) -> bool {
        self.pointer.starts_with(ATTACHED)
    }

    /// Whether it is about this identity in the map.
    pub(crate) fn is_of(&self, id: &ResourceId) -> bool {
        self.pointer.strip_prefix(ATTACHED).is_some_and(|own| *id == *unescaped(own))
    }

    /// Whether it is about the block of identities.
    pub(crate) fn is_identity(&self) -> bool {
        self.pointer.starts_with("/identity/")
    }
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// So many places are named in a sentence; all of them are in the fields.
const NAMED_MAX: usize = 6;

/// A fault that names places with what was there and what is there.
pub(crate) fn naming(code: &str, what: &str, id: &str, spilt: &[Spill]) -> Fault {
    let one = |spill: &Spill| {
        let Difference { fact, expected, found } = spill.difference(id);
        let at = fact.strip_prefix(id).map_or(fact.clone(), |at| at.trim_start_matches('#').to_owned());
        let side = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
        format!(
            "{} was {}, is {}",
            spill.lost_identity().map_or(at, |id| id.to_string()),
            side(expected),
            side(found)
        )
    };
    let named: Vec<String> = spilt.iter().take(NAMED_MAX).map(one).collect();
    let more = spilt.len().saturating_sub(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let secret = if spilt.iter().any(Spill::is_secret) {
        "; what is masked is not in the log, and only its owner can put it back"
    } else {
        ""
    };
    Fault::new(FaultKind::Differs, code, format!("{what}: {}{more}{secret}", named.join("; ")))
        .at(id)
        .differing(spilt.iter().map(|spill| spill.difference(id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(resource: &Value, places: &[&str], identities: &[&str]) -> Rest {
        let places: Vec<String> = places.iter().map(|at| (*at).to_owned()).collect();
        let key = SettingsKey::new([7; 32]);
        let identities: Vec<ResourceId> = identities.iter().copied().map(ResourceId::from).collect();
        let identities = identities.iter().collect();
        Rest::of(resource, &Lens { key: &key, id: "/host", places: &places, identities })
    }

    fn host() -> Value {
        json!({
            "id": "/host", "type": "Microsoft.Search/searchServices", "etag": "1", "location": "West Europe",
            "tags": {"etag": "kept", "empty": ""},
            "identity": {"type": "SystemAssigned, UserAssigned", "principalId": "sys",
                "userAssignedIdentities": {"/Old": {"clientId": "c"}, "/Other": {}}},
            "properties": {"provisioningState": "Updating", "mine": "old", "list": [{"v": "a"}, {"v": "b"}],
                "script": "planted", "rules": {"ip": [1]}, "none": null},
        })
    }

    #[test]
    fn what_azure_changes_by_itself_and_our_own_places_are_no_difference() {
        let was = rest(&host(), &["/properties/mine"], &["/old", "/new"]);
        let mut now = host();
        now["etag"] = json!("2");
        now["location"] = json!("westeurope");
        now["identity"]["userAssignedIdentities"] = json!({"/other": {"clientId": "d"}, "/NEW": {}});
        now["properties"]["mine"] = json!("new");
        now["properties"]["provisioningState"] = json!("Succeeded");
        now["properties"]["list"] = json!([{"v": "b"}, {"v": "a"}]);
        now["properties"]["empty"] = json!([]);
        assert_eq!(was.spilt(&rest(&now, &["/properties/mine"], &["/old", "/new"])), []);
    }

    #[test]
    fn what_is_lost_is_named_and_put_back_but_for_secrets_which_are_not_there() {
        let was = rest(&host(), &["/properties/mine"], &["/old", "/new"]);
        assert!(!serde_json::to_string(&was).expect("a text").contains("planted"));
        let mut now = host();
        now["tags"] = json!({"empty": ""});
        now["identity"]["userAssignedIdentities"] = json!({"/new": {}});
        now["properties"].as_object_mut().expect("members").remove("script");
        now["properties"]["rules"] = Value::Null;
        now["properties"]["list"] = json!([{"v": "a"}]);
        let image = rest(&now, &["/properties/mine"], &["/old", "/new"]);
        let spilt = was.spilt(&image);
        let at: Vec<_> = spilt.iter().map(|spill| spill.pointer.as_str()).collect();
        let other = "/identity/userAssignedIdentities/~1other";
        assert_eq!(at, [other, "/properties/list", "/properties/rules", "/properties/script", "/tags/etag"]);
        assert_eq!(spilt[0].lost_identity().as_deref(), Some("/other"));
        assert_eq!(spilt.iter().filter(|spill| spill.is_secret()).count(), 1);
        assert!(spilt.iter().all(|spill| image.has_still(spill) && !was.has_still(spill)));
        let mut back = now.clone();
        spilt.iter().filter(|s| !s.is_secret() && !s.is_identity()).for_each(|s| s.put_back(&mut back));
        let left = was.spilt(&rest(&back, &["/properties/mine"], &["/old", "/new"]));
        assert_eq!(
            left.iter().map(|s| s.pointer.as_str()).collect::<Vec<_>>(),
            [other, "/properties/script"]
        );
        let said = naming("MoreChanged", "lost", "/host", &spilt);
        assert!(said.message.contains("/other was attached, is nothing"), "{said}");
        assert_eq!(said.differences.len(), 5);
        assert!(!format!("{said:?}").contains("planted"));
    }

    #[test]
    fn a_secret_that_became_another_is_seen_and_neither_is_told() {
        let (was, mut now) = (rest(&host(), &[], &[]), host());
        now["properties"]["script"] = json!("another plant");
        let spilt = was.spilt(&rest(&now, &[], &[]));
        assert_eq!(spilt.len(), 1);
        let told = spilt[0].difference("/host");
        assert_eq!(told.fact, "/host#/properties/script");
        assert_eq!(told.expected.as_deref(), Some(MASK));
        assert!(!format!("{spilt:?}{told:?}").contains("plant\""));
    }

    #[test]
    fn what_other_moves_exchange_in_the_same_resource_is_blurred() {
        let id = |name: &str| {
            format!(
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
            )
        };
        let of = |id: &str, client: &str, mode: &str| {
            rest(&json!({"properties": {"key": id, "client": client, "mode": mode}}), &[], &[]).blurred()
        };
        let was = of(&id("a"), "6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40", "closed");
        assert_eq!(was.spilt(&of(&id("b"), "7f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40", "closed")), []);
        assert_eq!(was.spilt(&of(&id("a"), "6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40", "open")).len(), 1);
    }
}
