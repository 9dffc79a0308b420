//! Azure: what an answer must look like to count as one. Pure.
//!
//! A success without the thing that was asked for is a failure: nothing may be concluded from what it does not say.

use super::errors::{self, Asked};
use super::sanitize::plain;
use rehome_orchestrator::{Fault, FaultKind};
use serde_json::Value;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Anything at all: whoever asks reads it by itself.
    Any,
    /// One resource or object, which says its id.
    One,
    /// An object with another object under this name.
    Object(&'static str),
    /// An object with a list under this name.
    List(&'static str),
}

impl Shape {
    /// The answer, if it is what was asked for.
    pub(super) fn checked(self, status: u16, body: Value, path: &str) -> Result<Value, Fault> {
        let flaw = match self {
            Self::Any => None,
            _ if body.is_null() => Some("nothing".to_owned()),
            _ if says_an_error(&body) => {
                let why = errors::fault(Asked { method: "GET", path }, status, &body, None);
                Some(format!("an error, {}: {}", why.code, why.message))
            }
            Self::One => {
                body["id"].as_str().is_none_or(str::is_empty).then(|| "no object with an id".to_owned())
            }
            Self::Object(name) => (!body[name].is_object()).then(|| format!("no object in {name:?}")),
            Self::List(name) => {
                let items = body[name].as_array();
                let fits = items.is_some_and(|items| items.iter().all(Value::is_object));
                (!fits).then(|| format!("no list of objects in {name:?}"))
            }
        };
        flaw.map_or(Ok(body), |flaw| Err(unfit(status, &flaw, path)))
    }
}

/// No resource and no list has an error beside what it is.
fn says_an_error(body: &Value) -> bool {
    let says = |name: &str| body.get(name).is_some_and(|error| error.is_object() || error.is_string());
    body.get("id").is_none() && (says("error") || says("odata.error"))
}

fn unfit(status: u16, flaw: &str, path: &str) -> Fault {
    let what = plain(&format!("answered with status {status} and {flaw}: this is not what was asked for"));
    Fault::new(FaultKind::Broken, NO_ANSWER, what).at(plain(path))
}

/// The code of a success that is none.
pub(crate) const NO_ANSWER: &str = "NotAnAnswer";

/// A list that says itself how much is in it, and has less.
pub(super) fn incomplete(has: usize, said: Option<&Value>, path: &str) -> Result<(), Fault> {
    match said.and_then(Value::as_u64) {
        Some(said) if said > u64::try_from(has).unwrap_or(u64::MAX) => {
            let what = format!("the list says that it has {said} entries, and has {has}");
            Err(Fault::new(FaultKind::Broken, NO_ANSWER, what).at(plain(path)))
        }
        Some(_) | None => Ok(()),
    }
}

/// The items of a list that was read as a part of something else.
///
/// # Errors
/// When it is no list.
pub fn items(body: &Value, path: &str) -> Result<Vec<Value>, Fault> {
    let mut body = Shape::List("value").checked(200, body.clone(), path)?;
    Ok(body["value"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// Whether a refusal says for certain that what was named is not there. A front, a wrong tenant or a right that is
/// lacking answers with the same status, and then nothing is known.
pub(crate) fn says_gone(why: &Fault) -> bool {
    let code = why.code.to_ascii_lowercase();
    let gone = ["notfound", "doesnotexist", "notexist"].iter().any(|end| code.ends_with(end));
    why.status == Some(404) && gone && !UNCERTAIN.contains(&code.as_str())
}

/// Codes that say "not found" of what may be there, and may only not be seen.
const UNCERTAIN: [&str; 2] = ["subscriptionnotfound", "tenantnotfound"];

/// Whether a refusal says for certain that there is no such thing: neither here nor of any name.
/// Source: Resource Manager's common errors, and what providers say of kinds that a resource cannot have.
pub(crate) fn says_never(why: &Fault) -> bool {
    const CODES: [&str; 10] = [
        "NoRegisteredProviderFound",
        "InvalidResourceType",
        "InvalidResourceNamespace",
        "ResourceTypeNotSupported",
        "UnsupportedHttpMethod",
        "MethodNotAllowed",
        "UnsupportedOperation",
        "OperationNotSupported",
        "NotSupported",
        "FeatureNotSupported",
    ];
    let said = why.message.to_lowercase();
    let words = ["not support", "unsupported"].iter().any(|words| said.contains(words));
    let coded = CODES.iter().any(|code| code.eq_ignore_ascii_case(&why.code));
    matches!(why.status, Some(400 | 404 | 405 | 409)) && (coded || words)
}

/// Whether a refusal says for certain that there is no such version of a type here: previews are not in every cloud.
pub(crate) fn says_no_version(why: &Fault) -> bool {
    let codes = [
        "NoRegisteredProviderFound",
        "InvalidApiVersionParameter",
        "InvalidResourceType",
        "UnsupportedApiVersion",
    ];
    matches!(why.status, Some(400 | 404)) && codes.iter().any(|code| code.eq_ignore_ascii_case(&why.code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(shape: Shape, body: Value) -> bool {
        shape.checked(200, body, "/x").is_ok()
    }

    #[test]
    fn a_list_is_a_list_of_objects_and_nothing_else_is() {
        let list = |body| fits(Shape::List("value"), body);
        assert!(list(json!({"value": []})) && list(json!({"value": [{"id": "a"}], "nextLink": null})));
        for none in [
            Value::Null,
            json!([]),
            json!("text"),
            json!(7),
            json!({}),
            json!({"value": null}),
            json!({"value": {}}),
            json!({"value": "x"}),
            json!({"value": [1]}),
            json!({"value": [null]}),
            json!({"error": {"code": "AuthorizationFailed", "message": "no"}, "value": []}),
            json!({"error": {"code": "AuthorizationFailed", "message": "no"}}),
        ] {
            assert!(!list(none.clone()), "{none}");
        }
    }

    #[test]
    fn a_resource_says_its_id_and_an_error_is_told_with_its_own_words() {
        assert!(fits(Shape::One, json!({"id": "/a", "error": {"code": "of the resource itself"}})));
        for none in [Value::Null, json!({}), json!({"id": 7}), json!([{"id": "a"}]), json!({"id": ""})] {
            assert!(!fits(Shape::One, none.clone()), "{none}");
        }
        let error = json!({"error": {"code": "AuthorizationFailed", "message": "no right"}});
        let why = Shape::One.checked(200, error, "/x").unwrap_err();
        assert!(why.message.contains("AuthorizationFailed: no right"), "{why}");
        assert_eq!((why.code.as_str(), why.target.as_deref()), (NO_ANSWER, Some("/x")));
        assert!(fits(Shape::Object("properties"), json!({"properties": {}})));
        assert!(!fits(Shape::Object("properties"), json!({"id": "a"})));
    }

    #[test]
    fn a_list_that_says_more_than_it_has_is_not_whole() {
        assert!(incomplete(2, Some(&json!(3)), "/x").is_err());
        assert!(incomplete(2, Some(&json!(2)), "/x").is_ok() && incomplete(2, None, "/x").is_ok());
    }

    #[test]
    fn what_is_gone_and_what_cannot_be_are_told_from_what_cannot_be_read() {
        let why = |status, code: &str, message: &str| {
            let mut why = Fault::new(FaultKind::Missing, code, message);
            why.status = Some(status);
            why
        };
        for code in ["ResourceNotFound", "Request_ResourceNotFound", "RoleDefinitionDoesNotExist", "notfound"]
        {
            assert!(says_gone(&why(404, code, "x")), "{code}");
        }
        for (status, code) in [
            (404, "Http404"),
            (403, "NotFound"),
            (404, "SubscriptionNotFound"),
            (404, "NoRegisteredProviderFound"),
        ] {
            assert!(!says_gone(&why(status, code, "x")), "{code}");
        }
        assert!(
            says_never(&why(404, "InvalidResourceType", "x"))
                && says_never(&why(405, "MethodNotAllowed", "x"))
        );
        assert!(says_never(&why(404, "NotFound", "The type does not support diagnostic settings.")));
        assert!(!says_never(&why(404, "NotFound", "x")) && !says_never(&why(403, "NotSupported", "x")));
        assert!(!says_never(&why(400, "InvalidApiVersionParameter", "x")));
    }
}
