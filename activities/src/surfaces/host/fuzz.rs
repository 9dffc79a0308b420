//! Activities: what must hold for every resource that is re-pointed; `tests/fuzz` looks for one where it does
//! not. Pure.

use crate::activity::spilt::Parts;
use crate::activity::splice::Splice;
use crate::azure::ResourceId;
use crate::references::compare::{differences, rest_digest};
use crate::references::fuzz::{CLIENTS, NEW, OLD, PRINCIPALS, expand};
use crate::references::rewrite::{Pair, rewrite_at};
use crate::references::scan::{Identifiers, scan};
use crate::references::table::Verb;
use crate::surfaces::host::input::{HostBefore, HostInput};
use crate::surfaces::host::rewrite::{backward, forward, identities, parts, shape};
use serde_json::Value;

/// A resource with our change has all of it, and without our change again it is what it was, to the byte.
pub fn rewrites(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let text = expand(rest);
    let replaced = text.replace(OLD, NEW);
    assert_eq!(Splice::of(&text, &replaced).back(&replaced).as_ref(), Some(&text));
    let Ok(live) = serde_json::from_str::<Value>(&text) else {
        // Whatever stands in a log under the name of a splice is a splice of this text or is not.
        if let Ok(splice) = serde_json::from_str::<Splice>(&text) {
            drop(splice.back("x"));
        }
        return;
    };
    if let Ok(splice) = serde_json::from_value::<Splice>(live.clone()) {
        drop(splice.back(""));
    }
    let input = input(&live, *choice);
    let before = before(&live, &input);
    let Ok(target) = forward(&live, &input, &before) else { return };
    assert_eq!(parts(&target, &input, &before), Ok(Parts::All), "{live}");
    for verb in [Verb::Patch, Verb::Put] {
        drop(shape(verb, &live, &target));
    }
    let mut back = backward(&target, &input, &before).expect("nobody changed it meanwhile");
    let mut was = live.clone();
    assert_eq!(rest_digest(&back, &["/identity".to_owned()]), rest_digest(&was, &["/identity".to_owned()]));
    assert!(differences(&was, &back, &["/identity".to_owned()]).is_empty(), "{was} came back as {back}");
    // What Azure computes for each identity in the map is lost on the way, and computed anew.
    for value in [&mut back, &mut was] {
        value.as_object_mut().map(|members| members.remove("identity"));
    }
    assert_eq!(back, was);
}

fn input(live: &Value, choice: u8) -> HostInput {
    let (client_id, principal_id) = (CLIENTS.0.into(), PRINCIPALS.0.into());
    let who = Identifiers { resource_id: OLD.into(), client_id, principal_id };
    let found = scan(live, &who);
    for mention in &found {
        assert!(live.pointer(&mention.pointer).is_some(), "{} leads nowhere in {live}", mention.pointer);
    }
    let some = |bit: u8, id: &str| (choice & bit != 0).then(|| ResourceId::from(id)).into_iter().collect();
    let pair = |(from, to): (&str, &str)| Pair { from: from.to_owned(), to: to.into() };
    HostInput {
        id: "/host".into(),
        api_version: "1".to_owned(),
        verb: Verb::Patch,
        leaves: Vec::new().into(),
        shared: false,
        attach: some(1, NEW),
        detach: some(2, OLD),
        replace: vec![pair((OLD, NEW)), pair(CLIENTS), pair(PRINCIPALS)],
        // What the map of identities repeats is not re-pointed; the map itself is.
        pointers: found
            .into_iter()
            .filter(|m| !m.key && !m.pointer.to_ascii_lowercase().starts_with("/identity"))
            .map(|m| m.pointer)
            .collect(),
    }
}

fn before(live: &Value, input: &HostInput) -> HostBefore {
    let (_, changes) = rewrite_at(live, &input.replace, &input.pointers);
    let values = changes.iter().filter(|change| !change.key);
    HostBefore {
        attached: identities(live),
        identity_type: live.pointer("/identity/type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        splices: values.map(|c| (c.pointer.clone(), Splice::of(&c.before, &c.after))).collect(),
        rest: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_no_resource_and_splices_that_lie_are_refused() {
        for data in ["1[]", "3null", "1\"\u{1}\"", "37", "1[{\"a\":\"\u{1}\"}]", "1{\"identity\":7}"] {
            rewrites(data.as_bytes());
        }
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (head, tail) in [(0, 1), (1, 0), (u64::MAX, u64::MAX)] {
            let lie = serde_json::json!({"head": head, "tail": tail, "was": "", "became": digest});
            let splice: Splice = serde_json::from_value(lie).expect("the form of a splice");
            assert_eq!(splice.back(""), None);
        }
    }
}
