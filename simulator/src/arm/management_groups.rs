//! Management-group room of the local Azure (`Microsoft.Management`): the tree above subscriptions, read and
//! changed. Pure rules over the objects of the estate.

use serde_json::{Value, json};

use crate::authorization::{Answer, Call, Objects, canonical};

const PREFIX: &str = "/providers/microsoft.management/managementgroups/";

/// Answers requests about management groups; `None` for any other path.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call) -> Option<Answer> {
    let path = canonical(call.path);
    if path == "/providers/microsoft.management/getentities" {
        return Some(if call.method == "POST" {
            entities(objects)
        } else {
            Answer::method_not_allowed(call.method)
        });
    }
    let rest = format!("{path}/");
    let rest = rest.strip_prefix(PREFIX)?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    Some(match (call.method, parts.as_slice()) {
        ("GET", []) => Answer::list(groups(objects).into_iter().map(summary).collect()),
        ("GET", [group]) => read(objects, call, group),
        ("PUT", [_]) => put(objects, call),
        ("DELETE", [group]) => delete(objects, call, group),
        ("GET", [group, "descendants"]) => descendants(objects, group),
        ("GET", [group, "subscriptions"]) => {
            Answer::list(subscriptions(objects, group).into_iter().cloned().collect())
        }
        ("GET", [group, "subscriptions", subscription]) => {
            match objects.get(&format!("{PREFIX}{group}/subscriptions/{subscription}")) {
                Some(found) => Answer::json(200, found.clone()),
                None => missing(subscription),
            }
        }
        ("PUT", [group, "subscriptions", subscription]) => adopt(objects, call, group, subscription),
        ("DELETE", [_, "subscriptions", _]) => match objects.remove(call.path) {
            Some(_) => Answer::empty(200),
            None => Answer::empty(204),
        },
        (_, [_, "providers", ..]) => return None,
        (method, _) => Answer::method_not_allowed(method),
    })
}

fn missing(name: &str) -> Answer {
    Answer::error(404, "NotFound", format!("'{name}' not found."))
}

/// The groups themselves, without the subscriptions and extension objects below them.
fn groups(objects: &dyn Objects) -> Vec<&Value> {
    let mut found = objects.below(PREFIX);
    found.retain(|object| !key(object).contains('/'));
    found
}

/// The canonical id of an object behind the prefix of management groups.
fn key(object: &Value) -> String {
    let id = canonical(object.get("id").and_then(Value::as_str).unwrap_or_default());
    id.strip_prefix(PREFIX).unwrap_or_default().to_owned()
}

fn subscriptions<'a>(objects: &'a dyn Objects, group: &str) -> Vec<&'a Value> {
    let mut found = objects.below(&format!("{PREFIX}{group}/subscriptions/"));
    found.retain(|object| key(object).split('/').count() == 3);
    found
}

fn parent(group: &Value) -> Option<String> {
    let id = group.pointer("/properties/details/parent/id")?.as_str()?;
    canonical(id).strip_prefix(PREFIX).map(str::to_owned)
}

fn children<'a>(objects: &'a dyn Objects, group: &str) -> Vec<&'a Value> {
    let mut found = groups(objects);
    found.retain(|object| parent(object).as_deref() == Some(group));
    found
}

fn field(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

fn name(object: &Value) -> Value {
    let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
    object.get("name").cloned().unwrap_or_else(|| json!(id.rsplit('/').next()))
}

fn summary(group: &Value) -> Value {
    json!({
        "id": field(group, "/id"), "type": "Microsoft.Management/managementGroups", "name": name(group),
        "properties": { "tenantId": field(group, "/properties/tenantId"), "displayName": field(group, "/properties/displayName") },
    })
}

/// One group, with `$expand=children`, all the way down with `$recurse=true`.
fn read(objects: &dyn Objects, call: &Call, group: &str) -> Answer {
    let Some(found) = objects.get(&format!("{PREFIX}{group}")) else {
        return missing(group);
    };
    let mut shown = found.clone();
    let expand = call.query.get("$expand").is_some_and(|expand| expand.eq_ignore_ascii_case("children"));
    let deep = call.query.get("$recurse").is_some_and(|recurse| recurse.eq_ignore_ascii_case("true"));
    if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
        let depth = if deep { DEPTH_MAX } else { 1 };
        properties
            .insert("children".to_owned(), if expand { below(objects, group, depth) } else { Value::Null });
    }
    Answer::json(200, shown)
}

/// Azure's limit of levels below the root group.
const DEPTH_MAX: usize = 6;

fn below(objects: &dyn Objects, group: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let groups = children(objects, group).into_iter().map(|child| {
        json!({
            "type": "Microsoft.Management/managementGroups", "id": field(child, "/id"), "name": name(child),
            "displayName": field(child, "/properties/displayName"), "children": below(objects, &key(child), depth - 1),
        })
    });
    let subscriptions = subscriptions(objects, group).into_iter().map(|child| {
        let id = name(child);
        json!({
            "type": "/subscriptions", "id": format!("/subscriptions/{}", id.as_str().unwrap_or_default()), "name": id,
            "displayName": field(child, "/properties/displayName"),
        })
    });
    Value::Array(groups.chain(subscriptions).collect())
}

fn descendants(objects: &dyn Objects, group: &str) -> Answer {
    if objects.get(&format!("{PREFIX}{group}")).is_none() {
        return missing(group);
    }
    let (mut found, mut open, mut seen) = (Vec::new(), vec![group.to_owned()], Vec::new());
    while let Some(at) = open.pop().filter(|at| !seen.contains(at)) {
        let parent = json!({ "id": objects.get(&format!("{PREFIX}{at}")).map(|group| field(group, "/id")) });
        for child in children(objects, &at) {
            open.push(key(child));
            let mut shown = summary(child);
            shown["properties"] =
                json!({"displayName": field(child, "/properties/displayName"), "parent": parent});
            found.push(shown);
        }
        for child in subscriptions(objects, &at) {
            let id = name(child);
            found.push(json!({
                "id": format!("/subscriptions/{}", id.as_str().unwrap_or_default()), "name": id,
                "type": "Microsoft.Management/managementGroups/subscriptions",
                "properties": {"displayName": field(child, "/properties/displayName"), "parent": parent},
            }));
        }
        seen.push(at);
    }
    Answer::list(found)
}

fn entities(objects: &dyn Objects) -> Answer {
    let entity = |object: &Value, kind: &str, id: Value, parent: Value| {
        json!({
            "id": id, "type": kind, "name": name(object),
            "properties": {
                "tenantId": field(object, "/properties/tenantId"), "displayName": field(object, "/properties/displayName"),
                "parent": { "id": parent }, "permissions": "edit", "inheritedPermissions": "edit",
            },
        })
    };
    let mut found = Vec::new();
    for group in groups(objects) {
        let above = field(group, "/properties/details/parent/id");
        found.push(entity(group, "Microsoft.Management/managementGroups", field(group, "/id"), above));
        for child in subscriptions(objects, &key(group)) {
            let id = json!(format!("/subscriptions/{}", name(child).as_str().unwrap_or_default()));
            found.push(entity(child, "/subscriptions", id, field(group, "/id")));
        }
    }
    let count = found.len();
    Answer::json(200, json!({ "value": found, "count": count }))
}

fn put(objects: &mut dyn Objects, call: &Call) -> Answer {
    let id = format!(
        "/providers/Microsoft.Management/managementGroups/{}",
        call.path.rsplit('/').next().unwrap_or_default()
    );
    let group = id.rsplit('/').next().unwrap_or_default();
    let sent = field(call.body, "/properties/details/parent/id");
    let above = if sent.is_null() {
        json!(format!("/providers/Microsoft.Management/managementGroups/{}", call.tenant))
    } else if sent.as_str().is_some_and(|sent| objects.get(sent).is_some()) {
        sent
    } else {
        return missing(sent.as_str().unwrap_or_default());
    };
    let title = match field(call.body, "/properties/displayName") {
        Value::String(title) => title,
        _ => group.to_owned(),
    };
    let body = json!({
        "id": id, "type": "Microsoft.Management/managementGroups", "name": group,
        "properties": { "tenantId": call.tenant, "displayName": title, "details": { "version": 1, "parent": { "id": above } } },
    });
    objects.put(&id, body.clone());
    Answer::json(200, body)
}

/// A group goes when nothing hangs below it.
fn delete(objects: &mut dyn Objects, call: &Call, group: &str) -> Answer {
    if !children(objects, group).is_empty() || !subscriptions(objects, group).is_empty() {
        let message = format!("The management group '{group}' has children and cannot be deleted.");
        return Answer::error(400, "BadRequest", message);
    }
    objects.remove(call.path);
    Answer::empty(204)
}

/// Puts a subscription below a group and takes it from where it was.
fn adopt(objects: &mut dyn Objects, call: &Call, group: &str, subscription: &str) -> Answer {
    let Some(above) = objects.get(&format!("{PREFIX}{group}")).map(|group| field(group, "/id")) else {
        return missing(group);
    };
    let Some(title) =
        objects.get(&format!("/subscriptions/{subscription}")).map(|found| field(found, "/displayName"))
    else {
        return missing(subscription);
    };
    let ending = format!("/subscriptions/{subscription}");
    let former: Vec<String> =
        objects.below(PREFIX).iter().map(|object| key(object)).filter(|key| key.ends_with(&ending)).collect();
    for key in former {
        objects.remove(&format!("{PREFIX}{key}"));
    }
    let id = format!("{}/subscriptions/{subscription}", above.as_str().unwrap_or_default());
    let body = json!({
        "id": id, "type": "Microsoft.Management/managementGroups/subscriptions", "name": subscription,
        "properties": { "tenant": call.tenant, "displayName": title, "parent": { "id": above }, "state": "Active" },
    });
    objects.put(&id, body.clone());
    Answer::json(200, body)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::authorization::{Small, with_call};

    const BASE: &str = "/providers/Microsoft.Management/managementGroups";

    fn send(world: &mut Small, method: &str, url: &str, body: Value) -> Answer {
        with_call(method, url, &body, DateTime::UNIX_EPOCH, |call| handle(world, call).unwrap())
    }

    fn world() -> Small {
        let group = |name: &str, above: &str| {
            json!({"id": format!("{BASE}/{name}"), "name": name,
                   "properties": {"displayName": name, "details": {"parent": {"id": format!("{BASE}/{above}")}}}})
        };
        Small::with(vec![
            json!({"id": format!("{BASE}/root"), "name": "root", "properties": {"displayName": "root"}}),
            group("corp", "ROOT"),
            group("pay", "corp"),
            json!({"id": format!("{BASE}/pay/subscriptions/s1"), "name": "s1", "properties": {"displayName": "one"}}),
            json!({"id": "/subscriptions/s1", "displayName": "one"}),
        ])
    }

    fn names(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn groups_are_listed_without_what_hangs_below_them() {
        let listed = send(&mut world(), "GET", BASE, Value::Null).body.unwrap();
        assert_eq!(names(&listed["value"]), ["corp", "pay", "root"]);
        assert_eq!(send(&mut world(), "GET", &format!("{BASE}/none"), Value::Null).status, 404);
    }

    #[test]
    fn descendants_and_children_reach_down_to_the_subscriptions() {
        let below = send(&mut world(), "GET", &format!("{BASE}/root/descendants"), Value::Null).body.unwrap();
        assert_eq!(names(&below["value"]), ["corp", "pay", "s1"]);
        let url = format!("{BASE}/corp?$expand=children&$recurse=true");
        let shown = send(&mut world(), "GET", &url, Value::Null).body.unwrap();
        let pay = &shown["properties"]["children"][0];
        assert_eq!((pay["name"].clone(), names(&pay["children"])), (json!("pay"), vec!["s1"]));
        let entities = with_call(
            "POST",
            "/providers/Microsoft.Management/getEntities",
            &Value::Null,
            DateTime::UNIX_EPOCH,
            |call| handle(&mut world(), call).unwrap(),
        );
        assert_eq!(entities.body.unwrap()["count"], 4);
    }

    #[test]
    fn a_subscription_hangs_below_one_group_only() {
        let mut world = world();
        assert_eq!(
            send(&mut world, "PUT", &format!("{BASE}/corp/subscriptions/s1"), Value::Null).status,
            200
        );
        assert!(world.get(&format!("{BASE}/pay/subscriptions/s1")).is_none());
        assert_eq!(
            send(&mut world, "PUT", &format!("{BASE}/corp/subscriptions/s2"), Value::Null).status,
            404
        );
    }

    #[test]
    fn a_new_group_needs_a_parent_that_exists() {
        let mut world = world();
        let below =
            |parent: &str| json!({"properties": {"details": {"parent": {"id": format!("{BASE}/{parent}")}}}});
        assert_eq!(send(&mut world, "PUT", &format!("{BASE}/new"), below("none")).status, 404);
        assert_eq!(send(&mut world, "PUT", &format!("{BASE}/new"), below("corp")).status, 200);
        assert_eq!(world.get(&format!("{BASE}/new")).unwrap()["properties"]["displayName"], "new");
    }
}
