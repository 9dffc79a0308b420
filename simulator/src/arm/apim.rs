//! ARM: policies and fragments of API Management, which are XML in a property: read in one of two forms, and written in
//! the form that the writer names. Between the two only expressions differ: in XML they are escaped, as people write
//! them they are not. And the revisions of an API, of which the list of APIs has the current one. Pure.
//! Source: apimanagement/2022-08-01 (`PolicyExportFormat`, `PolicyContentFormat`, `PolicyContractProperties`),
//! apimanagement/2024-05-01 (`ApiRevision_ListByService`, `ApiRevisionContract`)

use super::{answers, resources};
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Value, json};

/// Whether a lower-case type is one that this room answers for.
pub(crate) fn owns(kind: &str) -> bool {
    kind.starts_with("microsoft.apimanagement/service/")
        && ["/policies", "/policyfragments", "/apis", "/apis/revisions"].iter().any(|end| kind.ends_with(end))
}

/// Answers a request about a policy or a fragment.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let kind = path.kind.to_lowercase();
    if kind.ends_with("/apis/revisions") {
        return if call.method == "GET" { revisions(world, path) } else { answers::no_method(call) };
    }
    if kind.ends_with("/apis") {
        return match call.method {
            "GET" if !path.is_instance() => current(resources::list(world, path)),
            _ => resources::handle(world, call, path),
        };
    }
    match call.method {
        "GET" if path.is_instance() => shown(resources::handle(world, call, path), call),
        "PUT" if path.is_instance() => match unfit(call, path) {
            Some(reply) => reply,
            None => resources::handle(world, call, path),
        },
        // A policy is replaced as a whole.
        "PATCH" => answers::no_method(call),
        _ => resources::handle(world, call, path),
    }
}

/// What stands between the name of an API and the number of a revision that is not the current one.
const REVISION: &str = ";rev=";

/// A list of APIs: each in its current revision.
fn current(mut reply: Reply) -> Reply {
    if let Some(list) = reply.body.as_mut().and_then(|body| body["value"].as_array_mut()) {
        list.retain(|api| !api["id"].as_str().is_some_and(|id| id.contains(REVISION)));
    }
    reply
}

/// The revisions of an API, the current one among them.
fn revisions(world: &World, path: &ArmPath) -> Reply {
    let api = path.parent_path();
    let Some(found) = world.get(api) else { return answers::no_parent(api) };
    let name = api.rsplit('/').next().unwrap_or_default();
    let entry = |number: &str, is_current: bool| {
        json!({"apiId": format!("/apis/{name}{REVISION}{number}"), "apiRevision": number, "isOnline": true,
            "isCurrent": is_current})
    };
    let number = found["properties"]["apiRevision"].as_str().unwrap_or("1");
    let mut all = vec![entry(number, true)];
    let below = format!("{}{REVISION}", api.to_lowercase());
    let folder = api.rsplit_once('/').map_or("", |(folder, _)| folder).to_lowercase();
    for one in world.below(&format!("{folder}/")) {
        let id = one["id"].as_str().unwrap_or_default().to_lowercase();
        if let Some(number) = id.strip_prefix(&below).filter(|number| !number.contains('/')) {
            all.push(entry(number, false));
        }
    }
    Reply::json(200, json!({ "value": all, "count": all.len() }))
}

fn invalid(message: &str) -> Reply {
    Reply::error(400, "ValidationError", message)
}

/// Why a policy cannot be written so.
fn unfit(call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let kind = path.kind.to_lowercase();
    if kind.ends_with("/policies") && !path.name().eq_ignore_ascii_case("policy") {
        return Some(invalid("The identifier of a policy is 'policy'."));
    }
    let text = |name: &str| call.body["properties"][name].as_str();
    if text("value").is_none_or(str::is_empty) {
        return Some(invalid("The value of the policy is required."));
    }
    let format = text("format").unwrap_or("xml");
    (!matches!(format, "xml" | "rawxml"))
        .then(|| invalid("The format of the policy is not one of xml and rawxml."))
}

/// The policy in the form that was asked for; XML where nothing was.
fn shown(mut reply: Reply, call: &Call<'_>) -> Reply {
    let wanted = call.query.get("format").map_or("xml", String::as_str).to_owned();
    if !matches!(wanted.as_str(), "xml" | "rawxml") {
        return invalid("The format is not one of xml and rawxml.");
    }
    let Some(properties) = reply.body.as_mut().and_then(|body| body.get_mut("properties")) else {
        return reply;
    };
    let kept = properties["format"].as_str().unwrap_or("xml").to_owned();
    if let Some(text) = properties["value"].as_str().filter(|_| kept != wanted) {
        properties["value"] = Value::from(expressions(text, wanted == "xml"));
    }
    properties["format"] = Value::from(wanted);
    reply
}

/// A policy with each of its expressions, `@(…)` or `@{…}`, escaped for XML or as people write it.
fn expressions(text: &str, escaped: bool) -> String {
    const PAIRS: [(&str, &str); 4] = [("&", "&amp;"), ("\"", "&quot;"), ("<", "&lt;"), (">", "&gt;")];
    let form = |text: &str| match escaped {
        true => PAIRS.iter().fold(text.to_owned(), |text, (plain, code)| text.replace(plain, code)),
        false => PAIRS.iter().rev().fold(text.to_owned(), |text, (plain, code)| text.replace(code, plain)),
    };
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = ["@(", "@{"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (open, close) = if rest[at + 1..].starts_with('(') { ('(', ')') } else { ('{', '}') };
        let mut depth = 0;
        let end = rest[at + 1..].char_indices().find_map(|(n, c)| {
            depth += i32::from(c == open) - i32::from(c == close);
            (depth == 0).then_some(at + 1 + n + 1)
        });
        let end = end.unwrap_or(rest.len());
        out.push_str(&rest[..at]);
        out.push_str(&form(&rest[at..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expressions_differ_between_the_two_forms() {
        let raw = "<set-header name=\"x\"><value>@(context.Get(\"a\") > 1 && f(\"b\"))</value></set-header> @{ return \"c\"; }";
        let xml = expressions(raw, true);
        assert!(xml.contains("@(context.Get(&quot;a&quot;) &gt; 1 &amp;&amp; f(&quot;b&quot;))"), "{xml}");
        assert!(
            xml.starts_with("<set-header name=\"x\">") && xml.ends_with("@{ return &quot;c&quot;; }"),
            "{xml}"
        );
        assert_eq!(expressions(&xml, false), raw);
        assert_eq!(expressions("no end @(a", true), "no end @(a");
    }
}
