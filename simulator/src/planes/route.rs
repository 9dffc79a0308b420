//! Simulator: requests to hosts that are none of the three servers. Pure over the world.
//!
//! Each host is reached where Resource Manager is, under its own name in `Host`: nothing on this machine resolves it.

use crate::estate::PlaneObject;
use crate::http::{Host, Reply, Request, not_here};
use crate::login::{self, Places};
use crate::objects::{Key, Objects};
use crate::planes::table::{self, Form, List, PLANES, Plane};
use crate::rewritten::rewritten;
use crate::world::World;
use serde_json::{Value, json};

/// The server that a request is for: a name below the domain of a service is asked where Resource Manager is.
pub(crate) fn host_of(host: Host, request: &Request) -> Host {
    let is_plane = host == Host::Arm && PLANES.iter().any(|plane| plane.cloud_of(name(request)).is_some());
    if is_plane { Host::Plane } else { host }
}

/// The name that was asked, without its port.
fn name(request: &Request) -> &str {
    let asked = request.header("host").unwrap_or_default();
    asked.split_once(':').map_or(asked, |(name, _)| name)
}

/// For whom tokens are at the data plane that has this name.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn audience(host: &str) -> Option<&'static str> {
    PLANES.iter().find_map(|plane| Some(plane.audiences[plane.cloud_of(host)?]))
}

/// Answers a request to a data plane.
pub(crate) fn handle(world: &mut World, places: &Places, request: &Request) -> Reply {
    let host = name(request).to_ascii_lowercase();
    let found = PLANES.iter().find_map(|plane| Some((plane, plane.cloud_of(&host)?)));
    let Some((plane, cloud)) = found.filter(|(plane, _)| is_there(world, plane, &host)) else {
        return Reply::error(421, "MisdirectedRequest", "There is no service of this name.");
    };
    if let Err(reply) = login::caller(places, request) {
        return reply;
    }
    if login::audience(places, request).as_deref() != Some(plane.audiences[cloud]) {
        let message = "The access token has been obtained for the wrong audience.";
        return Reply::error(401, "InvalidAuthenticationTokenAudience", message)
            .with("www-authenticate", "Bearer");
    }
    match plane.form {
        Form::Lists(lists) => listed(world, lists, &host, request),
        Form::Commands => command(world, &host, request),
    }
}

/// Whether some resource says that this is its host.
fn is_there(world: &World, plane: &Plane, host: &str) -> bool {
    let all = world.found_below(&Key::Kind(plane.kind.to_owned()), "/subscriptions/");
    all.into_iter().filter_map(|object| (plane.host)(object)).any(|own| own.eq_ignore_ascii_case(host))
}

/// What whoever is signed in may not read, as a path that begins with the host.
fn refused(world: &World, host: &str, path: &str) -> Option<Reply> {
    let unread = world.unread(&format!("//{host}/{}", path.trim_start_matches('/')))?;
    Some(Reply::error(unread.status, &unread.code, "The estate says that you may not read this."))
}

fn listed(world: &mut World, lists: &[List], host: &str, request: &Request) -> Reply {
    let path = request.path.trim_start_matches('/');
    let is_of = |rest: &str| rest.is_empty() || rest.starts_with("('") && rest.ends_with("')");
    let of = |list| path.strip_prefix(list).filter(|rest| is_of(rest));
    let Some((list, rest)) = lists.iter().find_map(|list| Some((list, of(list.path)?))) else {
        return not_here("this part of the data plane");
    };
    if !list.version.is_empty() && request.query.get("api-version").map(String::as_str) != Some(list.version)
    {
        return Reply::error(400, "InvalidApiVersionParameter", "This version is not one of this service.");
    }
    if let Some(reply) = refused(world, host, list.path) {
        return reply;
    }
    match (request.method.as_str(), rest) {
        ("GET", "") => page(world, list, host, request),
        ("PUT", one) if list.put && !one.is_empty() => {
            put(world, list, host, &one[2..one.len() - 2], request)
        }
        _ => not_here("this verb of the data plane"),
    }
}

/// One page, of which the next is told as the service tells it.
fn page(world: &World, list: &List, host: &str, request: &Request) -> Reply {
    let all: Vec<&Value> = world
        .planes
        .iter()
        .filter(|one| one.host.eq_ignore_ascii_case(host) && one.list == list.path)
        .map(|one| &one.body)
        .collect();
    let from = request.query.get(table::SKIP).or_else(|| request.query.get("page_token"));
    let from = from.and_then(|text| text.parse::<usize>().ok()).unwrap_or_default();
    let size = world.settings.page_size.max(1);
    let mut body = json!({});
    let items: Vec<&Value> = all.iter().skip(from).take(size).copied().collect();
    // Databricks leaves an empty list out.
    if !items.is_empty() || list.items == "value" {
        body[list.items] = json!(items);
    }
    if from + size < all.len() {
        let next = from + size;
        body[list.next] = match list.next {
            "next_page_token" => json!(next.to_string()),
            _ => json!(format!(
                "https://{host}/{}?api-version={}&{}={next}",
                list.path,
                list.version,
                table::SKIP
            )),
        };
    }
    Reply::json(200, body)
}

fn put(world: &mut World, list: &List, host: &str, name: &str, request: &Request) -> Reply {
    let body = match request.json() {
        Ok(body) if body["name"].as_str() == Some(name) => body,
        Ok(_) => return Reply::error(400, "InvalidRequest", "The name in the body is another one."),
        Err(reply) => return reply,
    };
    let is = |one: &PlaneObject| {
        one.host.eq_ignore_ascii_case(host) && one.list == list.path && one.body["name"] == name
    };
    let status = if world.planes.iter().any(is) { 200 } else { 201 };
    world.planes.retain(|one| !is(one));
    world.planes.push(PlaneObject { host: host.to_owned(), list: list.path.to_owned(), body: body.clone() });
    world.changes += 1;
    Reply::json(status, body)
}

/// A command of Data Explorer that shows something; the answer has its columns beside its rows.
/// Source: <https://learn.microsoft.com/kusto/api/rest/response-http>
fn command(world: &World, host: &str, request: &Request) -> Reply {
    let body = match request.json() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let (database, command) = (text("db"), text("csl").trim());
    if request.method != "POST" || request.path != "/v1/rest/mgmt" || !command.starts_with(".show ") {
        return not_here("this command of Data Explorer");
    }
    let list = format!("{database}/{command}");
    if let Some(reply) = refused(world, host, &list) {
        return reply;
    }
    let rows: Vec<&Value> = world
        .planes
        .iter()
        .filter(|one| one.host.eq_ignore_ascii_case(host) && one.list.eq_ignore_ascii_case(&list))
        .map(|one| &one.body)
        .collect();
    let mut names: Vec<&String> =
        rows.iter().flat_map(|row| row.as_object().into_iter().flatten()).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let columns: Vec<Value> = names
        .iter()
        .map(|name| json!({"ColumnName": name, "DataType": "String", "ColumnType": "string"}))
        .collect();
    let rows: Vec<Vec<&Value>> =
        rows.iter().map(|row| names.iter().map(|name| &row[name.as_str()]).collect()).collect();
    Reply::json(200, json!({"Tables": [{"TableName": "Table_0", "Columns": columns, "Rows": rows}]}))
}

/// Puts texts in the place of others in everything that a host keeps, as a person does who changes it.
pub(crate) fn rewrite(world: &mut World, host: &str, pairs: &[(String, String)]) {
    for one in world.planes.iter_mut().filter(|one| one.host.eq_ignore_ascii_case(host)) {
        one.body = rewritten(&one.body, pairs);
    }
    world.changes += 1;
}
