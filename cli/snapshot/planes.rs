//! CLI: what data planes of services answered, as what they keep. Pure.

use rehome_activities::azure::{ApiEndpoint, RecordedResponse};
use rehome_activities::references::rehearsal::mask_for_rehearsal;
use rehome_simulator::PlaneObject;

/// The members in which things say what they are called, and what they are for.
const NAMES: [&str; 6] = ["name", "Name", "TableName", "testId", "id", "purpose"];

/// Everything that was heard of; no secret is in it. `keep` stays of what is masked.
pub(super) fn objects(heard: &[RecordedResponse], keep: &[String]) -> Vec<PlaneObject> {
    let mut out: Vec<PlaneObject> = Vec::new();
    for one in heard.iter().filter(|one| matches!(one.side, ApiEndpoint::Plane { .. })) {
        let Some((host, list)) = one.path.strip_prefix("//").and_then(|path| path.split_once('/')) else {
            continue;
        };
        let answer = one.answer.as_ref().ok();
        for item in answer.and_then(|answer| answer["value"].as_array()).into_iter().flatten() {
            let mut body = item.clone();
            mask_for_rehearsal(&mut body, keep);
            for name in NAMES.into_iter().filter(|name| item[*name].is_string()) {
                body[name] = item[name].clone();
            }
            let object = PlaneObject { host: host.to_owned(), list: list.to_owned(), body };
            // Several identities of a batch may have asked for the same.
            if !out.contains(&object) {
                out.push(object);
            }
        }
    }
    // The same tenant gives the same bytes, in whatever order it answered.
    out.sort_by_cached_key(|object| (object.host.clone(), object.list.clone(), object.body.to_string()));
    out
}
