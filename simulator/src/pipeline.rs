//! Simulator: what every request goes through, whatever it asks: sign-in, limits, versions, rights,
//! locks; and the line that is written about it.

use crate::altered_write::SideEffect;
use crate::arm;
use crate::authorization::{self, Call, Objects};
use crate::faults::FaultEffect;
use crate::http::{Host, Reply, Request, decode, not_here, query as query_of};
use crate::login;
use crate::origin_check;
use crate::shared::Shared;
use crate::throttle;
use crate::world::{RequestLine, World};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

impl World {
    /// Does to other resources what a service does beside a write.
    pub(crate) fn apply_side_effects(&mut self, also: &[SideEffect]) {
        for one in also {
            if let Some(changed) = self.get(&one.id).map(|resource| one.of(resource)) {
                self.put(&one.id, changed);
            }
        }
    }

    /// What goes wrong with this request, if anything; requests about the simulation itself never fail.
    pub(crate) fn inject(&mut self, host: Host, request: &Request) -> Option<FaultEffect> {
        if request.path.starts_with("/sim/") {
            return None;
        }
        let seed = self.seed;
        self.faults.inject(seed, host.name(), &request.method, &request.path)
    }
}

/// Answers a request.
pub(crate) fn handle(shared: &Shared, host: Host, request: &Request) -> Reply {
    let mut world = shared.world();
    let before = world.changes;
    crate::graph::pass(&mut world);
    if world.changes != before {
        world.watch();
    }
    if host == Host::Arm && request.path.starts_with("/sim/") {
        let withheld = origin_check::withheld(shared.pages, &shared.places, request);
        return withheld.unwrap_or_else(|| sim(&mut world, request));
    }
    let before = world.changes;
    let reply = match host {
        Host::Login => login::handle(&world, &shared.places, request),
        Host::Plane => crate::planes::handle(&mut world, &shared.places, request),
        Host::Graph => guarded(&mut world, shared, request, host, |world, caller| {
            crate::graph::handle(world, request, caller, &shared.places.graph)
        }),
        Host::Arm if request.path.eq_ignore_ascii_case("/metadata/endpoints") => {
            login::endpoints(&world, &shared.places, request)
        }
        Host::Arm => guarded(&mut world, shared, request, host, |world, caller| {
            resource_manager(world, shared, request, caller)
        }),
    };
    let changed = world.changes != before;
    if changed {
        world.watch();
    }
    let caller = login::caller(&shared.places, request).ok();
    finish(&mut world, (host, caller), request, reply, changed)
}

/// Writes down a request that was refused before anything looked at it.
pub(crate) fn refuse(shared: &Shared, host: Host, request: &Request, reply: Reply) -> Reply {
    finish(&mut shared.world(), (host, None), request, reply, false)
}

fn finish(
    world: &mut World,
    (host, caller): (Host, Option<String>),
    request: &Request,
    reply: Reply,
    changed: bool,
) -> Reply {
    let id = world.guid("request");
    let date = world.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let reply = reply.with("date", date);
    let client = request.header("x-ms-client-request-id").or_else(|| request.header("client-request-id"));
    let correlation = match host {
        Host::Graph => client.unwrap_or(&id),
        Host::Arm | Host::Login | Host::Plane => request.header("x-ms-correlation-request-id").unwrap_or(&id),
    };
    world.requests.push(RequestLine {
        time: world.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        host: host.name(),
        method: request.method.clone(),
        path: shown(host, request),
        status: reply.status,
        changed,
        client_request_id: client.map(ToOwned::to_owned),
        correlation_id: correlation.to_owned(),
        caller,
        parts: match host == Host::Graph && request.path.ends_with("/$batch") {
            true => crate::graph::parts(&request.body),
            false => Vec::new(),
        },
    });
    if host == Host::Graph {
        return inner_error(reply, &id, correlation, world.now())
            .with("request-id", id.clone())
            .with("client-request-id", correlation);
    }
    reply.with("x-ms-request-id", id.clone()).with("x-ms-correlation-request-id", correlation)
}

/// What was asked, with the name of the host where that is not one of the three servers.
fn shown(host: Host, request: &Request) -> String {
    match (host, request.header("host")) {
        (Host::Plane, Some(name)) => format!("//{name}{}", request.target),
        _ => request.target.clone(),
    }
}

/// Graph's errors repeat by which names the exchange is known.
fn inner_error(mut reply: Reply, id: &str, client: &str, now: DateTime<Utc>) -> Reply {
    let error = reply.body.as_mut().and_then(|body| body.get_mut("error")).filter(|e| e.is_object());
    if let Some(error) = error {
        let date = now.format("%Y-%m-%dT%H:%M:%S").to_string();
        error["innerError"] = json!({"date": date, "request-id": id, "client-request-id": client});
    }
    reply
}

/// Sign-in and limits, in front of both Resource Manager and Graph.
fn guarded(
    world: &mut World,
    shared: &Shared,
    request: &Request,
    host: Host,
    next: impl FnOnce(&mut World, &str) -> Reply,
) -> Reply {
    let caller = match login::caller(&shared.places, request) {
        Ok(caller) => caller,
        Err(reply) => return reply,
    };
    if let Some(reply) = login::misdirected(&shared.places, host, request) {
        return reply;
    }
    if !world.settings.throttling {
        return next(world, &caller);
    }
    let limits = match host {
        Host::Graph => throttle::graph(&caller, &request.method, &request.path, &request.query),
        Host::Arm | Host::Login | Host::Plane => throttle::arm(&caller, request),
    };
    let now = world.now();
    match world.buckets.draw(&limits, now) {
        Ok(left) => {
            let reply = next(world, &caller);
            limits.iter().zip(left).fold(reply, |reply, (limit, left)| limit.show(reply, left))
        }
        Err((limit, wait)) => limit.refusal(world.clock.retry_after(wait)),
    }
}

/// More requests than this in one are answered later by Azure, which this one does not do.
const BATCH_MAX: usize = 20;

/// Many requests in one, each with an answer of its own.
/// Source: what the portal sends, <https://learn.microsoft.com/rest/api/resources> does not describe it.
fn batch(world: &mut World, shared: &Shared, request: &Request, caller: &str) -> Reply {
    let body = match request.json() {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let Some(parts) = body["requests"].as_array() else {
        return Reply::error(400, "InvalidRequestContent", "The requests are missing.");
    };
    if parts.len() > BATCH_MAX {
        return not_here("a batch of more than 20 requests");
    }
    let mut responses = Vec::new();
    for part in parts {
        let url = part["url"].as_str().or_else(|| part["relativeUrl"].as_str()).unwrap_or_default();
        let target = url.strip_prefix(shared.places.arm.as_str()).unwrap_or(url);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let one = Request {
            method: part["httpMethod"].as_str().unwrap_or("GET").to_ascii_uppercase(),
            path: decode(path),
            target: target.to_owned(),
            query: query_of(query),
            headers: request.headers.clone(),
            body: part.get("content").map(|content| content.to_string().into_bytes()).unwrap_or_default(),
        };
        let reply = if is_batch(&one) {
            not_here("a batch in a batch")
        } else {
            resource_manager(world, shared, &one, caller)
        };
        let headers: serde_json::Map<String, Value> =
            reply.headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        responses.push(json!({"name": part["name"], "httpStatusCode": reply.status, "headers": headers, "content": reply.body}));
    }
    Reply::json(200, json!({ "responses": responses }))
}

fn is_batch(request: &Request) -> bool {
    request.method == "POST" && request.path.trim_end_matches('/').eq_ignore_ascii_case("/batch")
}

/// The rules of Resource Manager that are the same for every provider.
fn resource_manager(world: &mut World, shared: &Shared, request: &Request, caller: &str) -> Reply {
    if let Some(reply) = version_flaw(request) {
        return reply;
    }
    if is_batch(request) {
        return batch(world, shared, request, caller);
    }
    let deploys = request.path.to_lowercase().contains("/providers/microsoft.resources/deployments/");
    let body = match if deploys { request.template() } else { request.json() } {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let now = world.now();
    authorization::expire(world, now);
    let tenant = world.settings.tenant.clone();
    let call = Call {
        method: &request.method,
        path: &request.path,
        query: &request.query,
        body: &body,
        caller,
        tenant: &tenant,
        origin: &shared.places.arm,
        now: world.now(),
    };
    if !is_open(&request.path) {
        let (action, scope) = authorization::needed(call.method, call.path);
        if let Err(answer) = authorization::authorize(world, caller, &action, &scope, call.now) {
            return answer.into();
        }
    }
    let reads = matches!(call.method, "GET" | "HEAD")
        || call.method == "POST" && throttle::is_read(&call.path.to_lowercase());
    if let Some(unread) = world.unread(call.path).filter(|_| reads) {
        return Reply::error(unread.status, &unread.code, "The estate says that you may not read this.");
    }
    if let Some(answer) = authorization::forbids(world, call.method, call.path) {
        return answer.into();
    }
    if let Some(reply) = arm::refusals::refused(world, &call, request) {
        return reply;
    }
    arm::answer(world, &call, request)
}

/// Paths that everybody who is signed in may ask; what they show is filtered, or harmless.
fn is_open(path: &str) -> bool {
    let path = path.to_lowercase();
    let path = path.trim_end_matches('/');
    ["/subscriptions", "/tenants", "/providers/microsoft.resourcegraph/resources"].contains(&path)
        || path == "/providers"
        || path.starts_with("/providers/") && path.split('/').count() == 3
        || path.starts_with("/providers/microsoft.authorization/policydefinitions")
        || path.starts_with("/providers/microsoft.management/managementgroups")
        || path.ends_with("/providers/microsoft.authorization/permissions")
}

fn version_flaw(request: &Request) -> Option<Reply> {
    let Some(version) = request.query.get("api-version").filter(|v| !v.is_empty()) else {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Some(Reply::error(400, "MissingApiVersionParameter", message));
    };
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = version.splitn(4, '-');
    let (year, month, day, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let dated = digits(year.unwrap_or_default(), 4)
        && digits(month.unwrap_or_default(), 2)
        && digits(day.unwrap_or_default(), 2)
        && rest.is_none_or(|r| matches!(r, "preview" | "privatepreview" | "alpha" | "beta" | "rc"));
    if dated {
        return None;
    }
    let message = format!(
        "The api-version '{version}' is invalid. The supported versions are dates of the form 'yyyy-MM-dd', with or without '-preview'."
    );
    Some(Reply::error(400, "InvalidApiVersionParameter", &message))
}

fn sim(world: &mut World, request: &Request) -> Reply {
    match request.path.as_str() {
        "/sim/estate" => {
            let estate = serde_json::to_value(world.dump());
            Reply::json(200, estate.unwrap_or_default())
        }
        "/sim/workloads" => Reply::json(200, world.workloads()),
        "/sim/requests" => {
            let lines = world.requests.iter().filter_map(|line| serde_json::to_string(line).ok());
            Reply::json(200, Value::String(lines.map(|line| line + "\n").collect()))
                .with("content-type", "application/x-ndjson")
        }
        "/sim/limits" => Reply::json(200, world.buckets.told()),
        "/sim/clock" => clock(world, request),
        _ => Reply::error(
            404,
            "NotFound",
            "The simulator has /sim/estate, /sim/requests, /sim/limits, /sim/workloads and /sim/clock.",
        ),
    }
}

/// Its time; a POST with `ahead_s` moves it forward by so many seconds.
fn clock(world: &mut World, request: &Request) -> Reply {
    if request.method == "POST" {
        let ahead = request.query.get("ahead_s").and_then(|seconds| seconds.parse::<u32>().ok());
        let Some(ahead) = ahead else {
            return Reply::error(400, "InvalidRequest", "ahead_s is a whole number of seconds.");
        };
        world.clock.advance(chrono::TimeDelta::seconds(i64::from(ahead)));
        world.watch();
    }
    Reply::json(200, json!({"now": world.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)}))
}
