//! CLI: what was heard of a real tenant, as an estate for the local Azure. Pure: a tape in, an estate out.
//!
//! The tape is the clients' and the estate the simulator's; only this room may know both. Whatever was read is
//! in the estate, because it is made of the very answers: there is no list of surfaces to forget one of. What
//! was refused is refused again. The same tenant gives the same bytes, and so does the estate itself when a
//! local Azure that was loaded with it is read in turn.

use super::{arm, directory, planes, unread};
use rehome_activities::azure::known_clouds::KnownCloud;
use rehome_activities::azure::{ApiEndpoint, Caller, RecordedResponse};
use rehome_activities::references::rehearsal::mask_for_rehearsal;
use rehome_activities::references::secrets::mask_all;
use rehome_simulator::{Estate, Settings};
use serde_json::Value;

/// The estate of everything that was heard; no secret is in it.
pub(crate) fn estate(heard: &[RecordedResponse], caller: &Caller, national: Option<&KnownCloud>) -> Estate {
    let of = |side: ApiEndpoint| heard.iter().filter(|h| h.side == side).collect::<Vec<_>>();
    let (of_arm, of_graph) = (of(ApiEndpoint::Arm), of(ApiEndpoint::Graph));
    let mut arm = arm::objects(&of_arm);
    let unread = unread::unread(heard, &mut arm);
    let mut arm = arm.chosen();
    let keep = names(&arm);
    for object in &mut arm {
        match arm::is_settings(object) {
            true => mask_all(&mut object["properties"], &keep),
            false => mask_for_rehearsal(object, &keep),
        }
    }
    Estate {
        graph: directory::objects(&of_graph, &arm, &caller.object_id),
        arm,
        planes: planes::objects(heard, &keep),
        workloads: Vec::new(),
        unread,
        settings: Settings {
            tenant: caller.tenant_id.clone(),
            client_id: caller.app_id.clone(),
            object_id: caller.object_id.clone(),
            cloud: national.map_or(Settings::default().cloud, |cloud| cloud.own_name.to_owned()),
            ..Settings::default()
        },
    }
}

/// The text of a file that keeps an estate.
pub(crate) fn text_of(estate: &Estate) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(estate).map(|text| text + "\n")
}

/// Whether a file has the bytes that a snapshot of what it says would have: somebody's own estate has its own form,
/// or workloads, which no snapshot knows.
pub(crate) fn is_snapshot(bytes: &[u8]) -> bool {
    let Ok(estate) = std::str::from_utf8(bytes).map_err(drop).and_then(|t| Estate::parse(t).map_err(drop))
    else {
        return false;
    };
    estate.workloads.is_empty() && text_of(&estate).is_ok_and(|text| text.as_bytes() == bytes)
}

/// What stays of a text that is masked: the names of every identity that was read.
fn names(arm: &[Value]) -> Vec<String> {
    let identities = arm.iter().filter(|object| arm::is_identity(object));
    let pointers = ["/id", "/properties/clientId", "/properties/principalId"];
    let names = identities.flat_map(|i| pointers.map(|p| i.pointer(p).and_then(Value::as_str)));
    names.flatten().filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}
