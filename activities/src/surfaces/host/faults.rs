//! Activities: what is said where a host was not written as it was to be. Pure.

use crate::activity::spilt::left_out;
use crate::references::secrets::mask;
use crate::references::table;
use crate::surfaces::host::input::HostInput;
use crate::surfaces::host::rewrite::{Shape, missed};
use rehome_orchestrator::{Difference, Fault, FaultKind};
use serde_json::Value;

/// The service has answered that it did what was asked, and some of it is not there.
pub(crate) fn not_as_written(input: &HostInput, live: &Value, target: &Value) -> Fault {
    let missed = missed(live, target, input);
    let lacks = |at: &String| Difference {
        fact: format!("{}#{at}", input.id),
        expected: Some("as it was written".to_owned()),
        found: Some("not as it was written".to_owned()),
    };
    left_out("200", &missed.join(", "), &input.id).differing(missed.iter().map(lacks).collect())
}

/// What a person would send where the service does not take what most services take: path and body, but for
/// what may be a secret in it. Only of types that nobody described: of the others the way is known.
pub(crate) fn by_hand(input: &HostInput, shape: Shape, why: Fault) -> Fault {
    let (verb, mut body) = match shape {
        Shape::Patch(body) => ("PATCH", body),
        Shape::Put(body) => ("PUT", body),
    };
    let described = input.id.kind().is_some_and(|kind| table::row(&kind).is_some());
    let words = matches!(why.kind, FaultKind::Invalid | FaultKind::Missing | FaultKind::Differs);
    if described || !words || why.needs.is_some() {
        return why;
    }
    let mut keep: Vec<String> = input.attach.iter().chain(&input.detach).map(ToString::to_string).collect();
    keep.extend(input.replace.iter().flat_map(|pair| [pair.from.clone(), pair.to.to_string()]));
    mask(&mut body, &keep);
    let (id, api) = (&input.id, &input.api_version);
    why.needing(format!(
        "somebody who does by hand what {verb} {id}?api-version={api} was to do with this body, and then says so \
         (rehome mark-done): {body}"
    ))
}
