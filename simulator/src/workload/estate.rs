//! Workload room of the local Azure: how an estate writes a workload down. Reads JSON, says where it is wrong.

use serde_json::{Map, Value};

/// Something that runs on a host and uses an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) name: String,
    /// Resource id of the host.
    pub(crate) host: String,
    pub(crate) asks: Asks,
    pub(crate) needs: Vec<Need>,
}

/// Which identity the workload asks its host for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// None: the host's default.
    Default,
    /// A client id written into the program.
    Client(String),
    /// The client id in a setting of the host; the default where the setting is missing.
    Setting(String),
    /// What a place of the host names (a JSON pointer): a client id, or a resource id as it is or inside a
    /// text. This is how services themselves use an identity.
    Reference(String),
}

/// What a workload must be able to do to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A control or data action at a scope.
    Action { action: String, scope: String },
    /// Membership of a group, by object id, in the token.
    Group(String),
    /// An app role of a resource's service principal, both by id, in the token.
    AppRole { resource: String, role: String },
    /// `secrets/get` and the like in a vault, by resource id.
    Vault { vault: String, permission: String },
}

/// A part of `workloads` in an estate that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to read {place} of the estate: {what}")]
pub(crate) struct Invalid {
    /// Such as `workloads[3].needs[0]`.
    pub(crate) place: String,
    pub(crate) what: String,
}

fn invalid(place: &str, what: impl Into<String>) -> Invalid {
    Invalid { place: place.to_owned(), what: what.into() }
}

/// Reads the list; null is no workload.
pub(crate) fn read(list: &Value) -> Result<Vec<Workload>, Invalid> {
    let mut workloads: Vec<Workload> = Vec::new();
    for (number, item) in array(list, "workloads")?.iter().enumerate() {
        let place = format!("workloads[{number}]");
        let workload = workload(item, &place)?;
        if workloads.iter().any(|other| other.name == workload.name) {
            return Err(invalid(&place, format!("the name '{}' is taken", workload.name)));
        }
        workloads.push(workload);
    }
    Ok(workloads)
}

fn array<'a>(value: &'a Value, place: &str) -> Result<&'a [Value], Invalid> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(invalid(place, "not a list")),
    }
}

fn object<'a>(value: &'a Value, place: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Invalid> {
    let object = value.as_object().ok_or_else(|| invalid(place, "not an object"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(invalid(place, format!("unknown key '{key}'"))),
        None => Ok(object),
    }
}

fn text(object: &Map<String, Value>, key: &str, place: &str) -> Result<String, Invalid> {
    let value = object.get(key).and_then(Value::as_str).filter(|value| !value.is_empty());
    value
        .map(str::to_owned)
        .ok_or_else(|| invalid(place, format!("'{key}' must be a text that is not empty")))
}

fn workload(item: &Value, place: &str) -> Result<Workload, Invalid> {
    let fields = object(item, place, &["name", "host", "asks", "needs"])?;
    let asks = match fields.get("asks") {
        None | Some(Value::Null) => Asks::Default,
        Some(Value::String(client)) => Asks::Client(client.clone()),
        Some(other) => {
            let place = format!("{place}.asks");
            let fields = object(other, &place, &["setting", "reference"])?;
            match fields.contains_key("reference") {
                true => Asks::Reference(text(fields, "reference", &place)?),
                false => Asks::Setting(text(fields, "setting", &place)?),
            }
        }
    };
    let needs = array(fields.get("needs").unwrap_or(&Value::Null), &format!("{place}.needs"))?;
    let needs =
        needs.iter().enumerate().map(|(number, item)| need(item, &format!("{place}.needs[{number}]")));
    Ok(Workload {
        name: text(fields, "name", place)?,
        host: text(fields, "host", place)?,
        asks,
        needs: needs.collect::<Result<_, _>>()?,
    })
}

fn need(item: &Value, place: &str) -> Result<Need, Invalid> {
    let known = ["action", "scope", "group", "app_role", "resource", "vault", "permission"];
    let fields = object(item, place, &known)?;
    let keys: Vec<&str> = fields.keys().map(String::as_str).collect();
    let field = |key: &str| text(fields, key, place);
    let has = |wanted: &[&str]| keys.len() == wanted.len() && wanted.iter().all(|key| keys.contains(key));
    if has(&["action", "scope"]) {
        Ok(Need::Action { action: field("action")?, scope: field("scope")? })
    } else if has(&["group"]) {
        Ok(Need::Group(field("group")?))
    } else if has(&["app_role", "resource"]) {
        Ok(Need::AppRole { resource: field("resource")?, role: field("app_role")? })
    } else if has(&["vault", "permission"]) {
        Ok(Need::Vault { vault: field("vault")?, permission: field("permission")? })
    } else {
        Err(invalid(
            place,
            "expected action and scope, group, app_role and resource, or vault and permission",
        ))
    }
}
