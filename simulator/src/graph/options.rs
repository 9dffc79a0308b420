//! Graph: what a query string asks of a list: pages, order, how many there are. Pure.
//!
//! Source: <https://learn.microsoft.com/graph/query-parameters>, <https://learn.microsoft.com/graph/paging>,
//! <https://learn.microsoft.com/graph/aad-advanced-queries>

use super::bad;
use super::filter::{self, Filter};
use crate::http::Reply;
use serde_json::Value;
use std::collections::BTreeMap;

/// A page of directory objects where nothing is said, and the largest.
const PAGE: usize = 100;
const PAGE_MAX: usize = 999;

/// What this Azure makes of a query string; everything else in one is refused, never ignored.
const KNOWN: [&str; 8] =
    ["$filter", "$select", "$top", "$orderby", "$count", "$skiptoken", "$deltatoken", "$search"];

/// The refusal of an option that Graph may have and this Azure has not.
pub(super) fn unknown(query: &BTreeMap<String, String>) -> Option<Reply> {
    let option = query.keys().find(|name| name.starts_with('$') && !KNOWN.contains(&name.as_str()))?;
    Some(crate::http::not_here(&format!("the query option {option}")))
}

/// The filter of a question.
pub(super) fn filter(text: Option<&str>) -> Result<Option<Filter>, Reply> {
    let parsed = text.filter(|text| !text.trim().is_empty()).map(filter::parse).transpose();
    parsed.map_err(|why| crate::http::not_here(&format!("this $filter of Microsoft Graph ({why})")))
}

/// Puts a list in order, and cuts it to one page with the link to the next; anything else stays as it is.
pub(super) fn page(mut reply: Reply, url: &str, query: &BTreeMap<String, String>, advanced: bool) -> Reply {
    let Some(items) = reply.body.as_mut().and_then(|b| b.get_mut("value")).and_then(Value::as_array_mut)
    else {
        return reply;
    };
    let number = |name: &str| query.get(name).map(|text| text.parse::<usize>());
    let size = match number("$top") {
        None => PAGE,
        Some(Ok(top)) if (1..=PAGE_MAX).contains(&top) => top,
        Some(_) => {
            let asked = query.get("$top").map(String::as_str).unwrap_or_default();
            return bad(&format!(
                "Invalid page size specified: '{asked}'. Must be between 1 and 999 inclusive."
            ));
        }
    };
    let Ok(from) = number("$skiptoken").unwrap_or(Ok(0)) else { return bad("The skip token is not valid.") };
    if let Some(reply) = query.get("$search").and_then(|asked| search(items, asked, advanced)) {
        return reply;
    }
    if let Some(order) = query.get("$orderby") {
        sort(items, order);
    }
    let (total, next) = (items.len(), from.saturating_add(size));
    *items = items.drain(..).skip(from).take(size).collect();
    let Some(body) = &mut reply.body else { return reply };
    // Without the header that asks for it, the count is left out in silence, as by Graph.
    if advanced && query.get("$count").is_some_and(|count| count.eq_ignore_ascii_case("true")) {
        body["@odata.count"] = Value::from(total);
    }
    if next < total {
        let rest = query.iter().filter(|(name, _)| *name != "$skiptoken");
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(rest).append_pair("$skiptoken", &next.to_string());
        body["@odata.nextLink"] = Value::from(format!("{url}?{}", text.finish()));
    }
    reply
}

/// Keeps what a search finds: `"displayName:text"`, words of which begin so. It needs the header that lets the index answer.
fn search(items: &mut Vec<Value>, asked: &str, advanced: bool) -> Option<Reply> {
    if !advanced {
        return Some(bad(
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let term = asked.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some((name, text)) =
        term.and_then(|term| term.split_once(':')).filter(|(_, text)| !text.contains('"'))
    else {
        return Some(crate::http::not_here("this $search of Microsoft Graph"));
    };
    let wanted = text.to_lowercase();
    items.retain(|item| {
        let held = item[name].as_str().unwrap_or_default().to_lowercase();
        held.starts_with(&wanted)
            || held.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(&wanted))
    });
    None
}

fn sort(items: &mut [Value], order: &str) {
    let (name, descending) = match order.trim().split_once(' ') {
        Some((name, way)) => (name, way.trim().eq_ignore_ascii_case("desc")),
        None => (order.trim(), false),
    };
    items.sort_by_key(|item| item[name].as_str().unwrap_or_default().to_lowercase());
    if descending {
        items.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(text: &str, advanced: bool) -> Reply {
        let all: Vec<Value> =
            (0..250).map(|n| json!({"id": n, "displayName": format!("{:03}", 249 - n)})).collect();
        page(
            Reply::json(200, json!({"value": all})),
            "http://g/v1.0/groups",
            &crate::http::query(text),
            advanced,
        )
    }

    fn ids(reply: &Reply) -> Vec<i64> {
        let list = reply.body.as_ref().and_then(|b| b["value"].as_array().cloned()).unwrap_or_default();
        list.iter().filter_map(|item| item["id"].as_i64()).collect()
    }

    #[test]
    fn a_list_comes_in_pages_of_a_hundred_or_as_many_as_were_asked_for() {
        let (mut all, mut query) = (Vec::new(), "$select=id".to_owned());
        loop {
            let reply = asked(&query, false);
            all.extend(ids(&reply));
            match reply.body.as_ref().and_then(|b| b["@odata.nextLink"].as_str()) {
                Some(next) => query = next.split_once('?').map(|(_, q)| q.to_owned()).unwrap_or_default(),
                None => break,
            }
        }
        assert_eq!(all, (0..250).collect::<Vec<i64>>());
        assert_eq!(ids(&asked("$top=3", false)), [0, 1, 2]);
        for wrong in ["$top=0", "$top=1000", "$top=x", "$skiptoken=x"] {
            assert_eq!(asked(wrong, false).status, 400, "{wrong}");
        }
        assert_eq!(ids(&asked("$orderby=displayName&$top=2", false)), [249, 248]);
        assert_eq!(ids(&asked("$orderby=displayName desc&$top=2", false)), [0, 1]);
    }

    #[test]
    fn how_many_there_are_is_told_to_who_asks_for_it_as_graph_wants() {
        let count = |advanced| asked("$count=true", advanced).body.map(|b| b["@odata.count"].clone());
        assert_eq!((count(true), count(false)), (Some(json!(250)), Some(Value::Null)));
        assert!(unknown(&crate::http::query("$expand=owners")).is_some_and(|reply| reply.status == 501));
        assert!(unknown(&crate::http::query("$top=1&api-version=x")).is_none());
    }
}
