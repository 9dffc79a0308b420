//! What Entra ID gives for a time (PIM): membership and ownership of groups, and directory roles. A copy begins and
//! ends when the old one does, on every way, and nothing of it becomes permanent.

use crate::support::estates::at;
use crate::support::oracle::{differences, names, plain};
use crate::support::rehome::{Rehome, text};
use crate::surfaces::principal::{PRINCIPAL, ROLLBACK, estate, moved, stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NOW: &str = "0a1b2c3d-9999-4000-8000-000000000001";
const OWNED: &str = "0a1b2c3d-9999-4000-8000-000000000002";
const LATER: &str = "0a1b2c3d-9999-4000-8000-000000000003";
const ROLE: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
const LATER_ROLE: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const BEGUN: &str = "2024-01-01T00:00:00Z";
const START: &str = "2097-06-30T22:00:00Z";
const END: &str = "2098-12-31T23:00:00Z";

fn info(start: &str, end: Option<&str>) -> Value {
    let kind = if end.is_some() { "afterDateTime" } else { "noExpiration" };
    json!({"startDateTime": start, "recurrence": null, "expiration": {"type": kind, "endDateTime": end, "duration": null}})
}

fn group(id: &str, members: &[&str], owners: &[&str]) -> Value {
    json!({"@odata.type": "#microsoft.graph.group", "id": id, "displayName": id, "groupTypes": [], "securityEnabled": true,
        "members": members, "owners": owners})
}

fn of_group(id: &str, access: &str, info: &Value) -> Value {
    json!({"@odata.type": "#microsoft.graph.privilegedAccessGroupAssignmentSchedule", "id": format!("{id}_{access}_s"),
        "principalId": PRINCIPAL, "groupId": id, "accessId": access, "memberType": "Direct", "assignmentType": "Assigned",
        "status": "Provisioned", "createdDateTime": BEGUN, "scheduleInfo": info})
}

fn of_role(role: &str, info: &Value) -> Value {
    json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignmentSchedule", "id": format!("s-{role}"), "principalId": PRINCIPAL,
        "roleDefinitionId": role, "directoryScopeId": "/", "memberType": "Direct", "assignmentType": "Assigned",
        "status": "Provisioned", "createdDateTime": BEGUN, "scheduleInfo": info})
}

/// One of each that has begun and ends, and one of each that is still to begin.
fn everything() -> Vec<Value> {
    let (ends, later) = (info(BEGUN, Some(END)), info(START, Some(END)));
    vec![
        group(NOW, &[PRINCIPAL], &[]),
        group(OWNED, &[], &[PRINCIPAL]),
        group(LATER, &[], &[]),
        of_group(NOW, "member", &ends),
        of_group(OWNED, "owner", &ends),
        of_group(LATER, "member", &info(START, None)),
        json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "id": "plain", "principalId": PRINCIPAL,
            "roleDefinitionId": ROLE, "directoryScopeId": "/"}),
        of_role(ROLE, &ends),
        of_role(LATER_ROLE, &later),
    ]
}

/// Everything that a principal has by schedules, with the start of what is still to begin, and by plain links.
fn held(estate: &Value, principal: &str) -> BTreeSet<String> {
    let date = |value: &Value| text(value).chars().take(19).collect::<String>();
    let mut held = BTreeSet::new();
    for object in estate["graph"].as_array().expect("graph") {
        let kind = text(&object["@odata.type"]);
        let of_it = text(&object["principalId"]).eq_ignore_ascii_case(principal);
        let keys =
            ["groupId", "accessId", "roleDefinitionId", "directoryScopeId"].map(|key| text(&object[key]));
        if of_it && kind.ends_with("Schedule") {
            let info = &object["scheduleInfo"];
            let start = Some(date(&info["startDateTime"])).filter(|start| start.as_str() > "2090");
            held.insert(format!(
                "{keys:?} from {start:?} until {}",
                date(&info["expiration"]["endDateTime"])
            ));
        }
        if of_it && kind.ends_with("unifiedRoleAssignment") {
            held.insert(format!("plain {keys:?}"));
        }
        for list in ["members", "owners"] {
            let links = object[list].as_array().into_iter().flatten();
            if links.into_iter().any(|link| text(link).eq_ignore_ascii_case(principal)) {
                held.insert(format!("{list} of {}", text(&object["id"])));
            }
        }
    }
    held
}

/// The estate without the requests, which nobody can delete, and the names that the directory draws.
fn settled(estate: &Value) -> Value {
    let mut estate = plain(estate);
    let graph = estate["graph"].as_object_mut().expect("graph");
    let drawn = |o: &Value| {
        ["Schedule", "ScheduleRequest", "unifiedRoleAssignment"]
            .iter()
            .any(|k| text(&o["@odata.type"]).ends_with(k))
    };
    graph.retain(|_, object| !drawn(object));
    estate
}

fn new_principal(estate: &Value) -> String {
    let new = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop").replace("weu", "sdc");
    names(estate, &new).expect("the new one").principal
}

#[test]
fn copies_begin_and_end_when_the_old_ones_do_and_are_taken_back() {
    let (azure, rehome) = stage(&estate(&everything(), json!([])), None);
    let before = azure.estate();
    let there = moved(&azure, &rehome);
    let (had, has) = (held(&before, PRINCIPAL), held(&there, &new_principal(&there)));
    assert_eq!(had, has);
    assert_eq!(has.iter().filter(|one| one.contains("until 2098-12-31T23:00:00")).count(), 4, "{has:?}");
    assert_eq!(
        has.iter().filter(|one| one.contains("from Some(\"2097-06-30T22:00:00\")")).count(),
        2,
        "{has:?}"
    );
    assert!(!has.contains(&format!("members of {LATER}")), "nobody is a member before it begins");
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    for part in [
        "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "W311",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    let after = azure.estate();
    assert_eq!(held(&after, PRINCIPAL), had);
    assert_eq!(differences(&settled(&before), &settled(&after), ""), Vec::<String>::new());
    let schedules = after["graph"].as_array().expect("graph").iter();
    assert_eq!(
        schedules.filter(|o| text(&o["@odata.type"]).ends_with("Schedule")).count(),
        5,
        "only the old ones"
    );
}

fn clean_up(rehome: &Rehome) -> i32 {
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).code
}

#[test]
fn the_clean_up_ends_what_the_old_one_has_and_the_new_one_keeps_it_until_its_end() {
    let (azure, rehome) = stage(&estate(&everything(), json!([])), None);
    let before = azure.estate();
    moved(&azure, &rehome);
    assert_eq!(clean_up(&rehome), 0, "{}", rehome.say(&["status"]).out);
    let after = azure.estate();
    assert_eq!(held(&after, &new_principal(&after)), held(&before, PRINCIPAL));
    assert_eq!(held(&after, PRINCIPAL), BTreeSet::new());
    let said = azure.requests();
    let sent =
        |path: &str| said.iter().filter(|r| r["changed"] == true && text(&r["path"]).contains(path)).count();
    assert_eq!(sent("cheduleRequests"), 5 + 5, "each is given, and each of the old ones ended or called off");
    assert_eq!(sent("/cancel"), 2);
    assert_eq!(sent("/$ref"), 2, "only the permanent group is joined and left plainly");
}

#[test]
fn what_was_ended_is_given_again_only_until_its_own_end() {
    let (azure, rehome) = stage(&estate(&everything(), json!([])), None);
    let before = azure.estate();
    moved(&azure, &rehome);
    // The last step of the clean-up cannot be done, so all before it is there to be taken back.
    let lock = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
        + "/providers/Microsoft.Authorization/locks/keep";
    let lock = format!("{lock}?api-version=2020-05-01");
    azure.write("PUT", &lock, &json!({"properties": {"level": "CanNotDelete"}}));
    assert_ne!(clean_up(&rehome), 0);
    assert!(held(&azure.estate(), PRINCIPAL).is_empty(), "it was ended");
    azure.write("DELETE", &lock, &json!({}));
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    assert_eq!(held(&azure.estate(), PRINCIPAL), held(&before, PRINCIPAL), "nothing became permanent");
}

#[test]
fn an_end_that_nobody_can_tell_blocks_the_plan() {
    let mut graph = everything();
    graph.push(of_group(
        LATER,
        "owner",
        &json!({"startDateTime": BEGUN, "expiration": {"type": "afterDuration", "duration": "P1Y"}}),
    ));
    let (azure, rehome) = stage(&estate(&graph, json!([])), None);
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
    assert!(said.contains("B131") && said.contains("which of its groups end is not known"), "{said}");
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "nothing was done");
}
