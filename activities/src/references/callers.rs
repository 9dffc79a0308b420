//! Activities: lists of callers in a resource: who may call a site or an API names the identity as one entry among
//! others, and while hosts are switched both must be let in. Entries stand in arrays of texts (App Service, Container
//! Apps) or as elements of a policy's XML (API Management). Pure.
//!
//! Sources: web/2023-12-01 (`AllowedPrincipals`, `JwtClaimChecks`, `DefaultAuthorizationPolicy`),
//! <https://learn.microsoft.com/azure/api-management/validate-azure-ad-token-policy>

use super::text::occurrences;
use serde_json::Value;
use std::ops::Range;

/// Arrays whose entries are callers, by the end of their pointer in lower case.
const LISTS: [&str; 3] =
    ["/allowedprincipals/identities", "/allowedapplications", "/jwtclaimchecks/allowedclientapplications"];

/// The list that a place is an entry of: the pointer of the array, or of the text that the element stands in.
/// `None` where the place is something else, or the text names the identity as something else too.
pub(crate) fn list_of(kind: &str, body: &Value, pointer: &str, name: &str) -> Option<String> {
    let (list, last) = pointer.rsplit_once('/')?;
    let folded = list.to_ascii_lowercase();
    if last.chars().all(|c| c.is_ascii_digit()) && LISTS.iter().any(|end| folded.ends_with(end)) {
        let whole = body.pointer(pointer)?.as_str()?.eq_ignore_ascii_case(name);
        return whole.then(|| list.to_owned());
    }
    let text = body.pointer(pointer)?.as_str().filter(|_| is_policy(kind))?;
    let found = occurrences(text, name);
    (!found.is_empty() && elements(text, name).len() == found.len()).then(|| pointer.to_owned())
}

/// Whether a type is XML of API Management, at whatever scope.
pub(crate) fn is_policy(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("microsoft.apimanagement/service/")
        && (kind.ends_with("/policies") || kind.ends_with("/policyfragments"))
}

/// Whether somebody is in a list; `None` where there is no list.
pub(crate) fn lists(body: &Value, pointer: &str, who: &str) -> Option<bool> {
    match body.pointer(pointer)? {
        Value::String(text) => Some(!elements(text, who).is_empty()),
        Value::Array(items) => Some(items.iter().any(|item| is(item, who))),
        _ => None,
    }
}

fn is(item: &Value, who: &str) -> bool {
    item.as_str().is_some_and(|text| text.eq_ignore_ascii_case(who))
}

/// Lets somebody in beside somebody who is there; `false` where the latter is not.
pub(crate) fn admit(body: &mut Value, pointer: &str, beside: &str, who: &str) -> bool {
    if lists(body, pointer, who) == Some(true) {
        return true;
    }
    match body.pointer_mut(pointer) {
        Some(Value::String(text)) => {
            let found = elements(text, beside);
            for element in found.iter().rev() {
                let copy = &text[element.all.clone()];
                let at = element.name.start - element.all.start..element.name.end - element.all.start;
                let copy = format!("{}{who}{}", &copy[..at.start], &copy[at.end..]);
                text.insert_str(element.all.end, &copy);
            }
            !found.is_empty()
        }
        Some(Value::Array(items)) => {
            let at = items.iter().position(|item| is(item, beside));
            if let Some(at) = at {
                items.insert(at + 1, Value::from(who));
            }
            at.is_some()
        }
        _ => false,
    }
}

/// Takes somebody out of a list.
pub(crate) fn dismiss(body: &mut Value, pointer: &str, who: &str) {
    match body.pointer_mut(pointer) {
        Some(Value::String(text)) => {
            for element in elements(text, who).iter().rev() {
                text.replace_range(element.all.clone(), "");
            }
        }
        Some(Value::Array(items)) => items.retain(|item| !is(item, who)),
        _ => {}
    }
}

/// One element of XML whose whole content is a name.
struct Element {
    /// From the blanks before it to its end.
    all: Range<usize>,
    /// The name in it.
    name: Range<usize>,
}

fn elements(text: &str, who: &str) -> Vec<Element> {
    let element = |name: Range<usize>| {
        let (before, after) = (text[..name.start].trim_end(), text[name.end..].trim_start());
        let open = before.strip_suffix('>')?;
        let begins = open.rfind('<')?;
        let tag = open[begins + 1..].split(|c: char| c.is_whitespace()).next()?;
        let closing = format!("</{tag}>");
        let named = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        (named && after.starts_with(&closing)).then(|| {
            let end = text.len() - after.len() + closing.len();
            Element { all: text[..begins].trim_end().len()..end, name }
        })
    };
    occurrences(text, who).into_iter().filter_map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OLD: &str = "1c0e0000-0000-4000-8000-0000000000a4";
    const NEW: &str = "2c0e0000-0000-4000-8000-0000000000a5";
    const KIND: &str = "Microsoft.ApiManagement/service/apis/policies";

    fn policy(ids: &str) -> Value {
        json!({"properties": {"format": "rawxml", "value": format!(
            "<inbound>\n  <validate-azure-ad-token tenant-id=\"t\">\n    <client-application-ids>{ids}\n    </client-application-ids></validate-azure-ad-token>\n</inbound>")}})
    }

    #[test]
    fn both_are_let_in_and_whoever_goes_leaves_every_other_byte() {
        let at = "/properties/value";
        let entry = |id: &str| format!("\n      <application-id> {id} </application-id>");
        let was = policy(&format!("{}{}", entry(&OLD.to_uppercase()), entry("x")));
        assert_eq!(list_of(KIND, &was, at, OLD).as_deref(), Some(at));
        let mut both = was.clone();
        assert!(admit(&mut both, at, OLD, NEW) && admit(&mut both, at, OLD, NEW), "once is enough");
        assert_eq!(both, policy(&format!("{}{}{}", entry(&OLD.to_uppercase()), entry(NEW), entry("x"))));
        let mut back = both.clone();
        dismiss(&mut back, at, NEW);
        assert_eq!(back, was);
        dismiss(&mut both, at, OLD);
        assert_eq!(both, policy(&format!("{}{}", entry(NEW), entry("x"))));
        assert!(!admit(&mut policy(&entry("x")), at, OLD, NEW), "there is nobody to stand beside");
    }

    #[test]
    fn an_array_of_callers_is_told_from_every_other_place() {
        let list = "/properties/validation/defaultAuthorizationPolicy/allowedPrincipals/identities";
        let mut body = json!({"properties": {"validation": {"defaultAuthorizationPolicy": {
            "allowedPrincipals": {"identities": ["a", OLD]}, "other": [OLD]}}}});
        let site = "Microsoft.Web/sites/config";
        assert_eq!(list_of(site, &body, &format!("{list}/1"), OLD).as_deref(), Some(list));
        let other = "/properties/validation/defaultAuthorizationPolicy/other/0";
        assert_eq!(list_of(site, &body, other, OLD), None);
        assert!(admit(&mut body, list, OLD, NEW));
        assert_eq!(body.pointer(list), Some(&json!(["a", OLD, NEW])));
        dismiss(&mut body, list, &OLD.to_uppercase());
        assert_eq!((lists(&body, list, OLD), lists(&body, list, NEW)), (Some(false), Some(true)));
    }

    #[test]
    fn a_text_that_names_the_identity_as_something_else_too_is_no_list() {
        let at = "/properties/value";
        let mixed = |more: &str| json!({"properties": {"value": format!("<application-id>{OLD}</application-id>{more}")}});
        assert!(list_of(KIND, &mixed(""), at, OLD).is_some());
        for more in [
            format!("<authentication-managed-identity client-id=\"{OLD}\"/>"),
            format!("@(context.User == \"{OLD}\")"),
            format!("<a>{OLD}</b>"),
        ] {
            assert_eq!(list_of(KIND, &mixed(&more), at, OLD), None, "{more}");
        }
    }
}
