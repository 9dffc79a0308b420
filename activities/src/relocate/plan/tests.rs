//! Tests of the plan: what stands in it, and in which order.

use super::*;
use crate::references::scan::Identifier;
use crate::relocate::facts::{Moving, Reference, ServiceGrant};
use crate::relocate::testing::*;
use rehome_orchestrator::{Node, Phase, Plan, Step, StepId, Template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn of_kind<'a>(plan: &'a Plan, kind: &str) -> Vec<&'a Step> {
    let named = |s: &&Step| matches!(&s.node, Node::Act { activity, .. } if activity == kind);
    plan.steps.iter().filter(named).collect()
}

fn input(step: &Step) -> Value {
    let Node::Act { input, .. } = &step.node else { panic!("{} is no act", step.title) };
    let made = json!({"resource_id": "new-rid", "client_id": "new-cid", "principal_id": "new-oid"});
    input.resolve(&|_| Some(&made)).unwrap()
}

/// All steps that must be done before this one.
fn before<'a>(plan: &'a Plan, step: &'a Step) -> BTreeSet<&'a StepId> {
    let mut out = BTreeSet::new();
    let mut open = vec![step];
    while let Some(step) = open.pop() {
        for need in &step.needs {
            if out.insert(need) {
                open.push(plan.steps.iter().find(|s| s.id == *need).unwrap());
            }
        }
    }
    out
}

#[test]
fn the_same_facts_give_the_same_plan_and_it_keeps_the_rules() {
    let facts = facts();
    let one = plan(&params(), &facts).unwrap();
    assert_eq!(one, plan(&params(), &facts).unwrap());
    assert_eq!(one.check(), Ok(()));
    assert_eq!(one.workflow, "relocate/1");
}

#[test]
fn groups_stand_in_the_order_that_people_expect() {
    let mut facts = facts();
    facts.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
    let plan = plan(&params(), &facts).unwrap();
    let mut groups: Vec<&str> = plan.steps.iter().map(|s| s.group.as_str()).collect();
    groups.dedup();
    assert_eq!(groups, ["CREATE", "GRANT", "RE-POINT", "CHECK", "SOAK", "CLEAN-UP"]);
    assert!(plan.steps.iter().all(|s| (s.phase == Phase::CleanUp) == (s.group == "CLEAN-UP")));
    let last = plan.steps.last().unwrap();
    assert_eq!(last.title, "identity rg-pay-weu/id-pay: POINT OF NO RETURN");
    let first_removal = plan.steps.iter().position(|s| s.group == "CLEAN-UP").unwrap();
    assert!(matches!(&plan.steps[first_removal].node, Node::Gate { name } if name == "cleanup"));
}

#[test]
fn nobody_may_ask_for_the_new_identity_before_every_grant_is_there() {
    let mut facts = facts();
    let mut site = host("Microsoft.Web/sites", "app");
    site.settings = vec![setting("AZURE_CLIENT_ID")];
    facts.hosts = vec![site, host("Microsoft.Compute/virtualMachineScaleSets", "vmss")];
    let plan = plan(&params(), &facts).unwrap();
    let grants: Vec<&StepId> = plan.steps.iter().filter(|s| s.group == "GRANT").map(|s| &s.id).collect();
    assert_eq!(grants.len(), 7, "four grants, two looks and a pause");
    let settings = of_kind(&plan, "app_settings.rewrite/1");
    assert_eq!(input(settings[0])["replace"], json!([{"from": CLIENT, "to": "new-cid"}]));
    let swap = of_kind(&plan, "host.rewrite/1").into_iter().find(|s| s.title.contains("swap")).unwrap();
    assert_eq!(input(swap)["attach"], json!([facts.target.id]));
    assert_eq!(input(swap)["detach"], json!([OLD]));
    for step in [settings[0], swap] {
        let before = before(&plan, step);
        assert!(grants.iter().all(|g| before.contains(g)), "{} does not wait", step.title);
    }
    let attach = of_kind(&plan, "host.rewrite/1").into_iter().find(|s| s.title.contains("attach")).unwrap();
    assert!(before(&plan, settings[0]).contains(&attach.id));
    assert!(!grants.iter().any(|g| before(&plan, attach).contains(g)), "attaching needs no grant");
}

fn pauses(plan: &Plan) -> Vec<(&Step, u64, u64)> {
    let steps = plan.steps.iter();
    let pauses = steps.filter_map(|s| match &s.node {
        Node::PropagationDelay { for_ms, back_ms } => Some((s, *for_ms, *back_ms)),
        _ => None,
    });
    pauses.collect()
}

#[test]
fn what_azure_does_not_show_is_waited_for_once_before_the_hosts_and_again_on_the_way_back() {
    let mut facts = facts();
    facts.hosts = (0..9).map(|n| host("Microsoft.Compute/virtualMachines", &format!("vm-{n}"))).collect();
    let plan = plan(&params(), &facts).unwrap();
    let pauses = pauses(&plan);
    let lengths: Vec<(u64, u64)> = pauses.iter().map(|(_, there, back)| (*there, *back)).collect();
    assert_eq!(lengths, [(600_000, 600_000), (0, 600_000), (0, 86_400_000)], "one, for nine hosts");
    let of = |kind: &str| of_kind(&plan, kind)[0].needs.clone();
    assert_eq!(of("role_assignment.revoke/1"), [pauses[1].0.id.clone()]);
    assert_eq!(of("access_policy.remove/1"), [pauses[1].0.id.clone()]);
    assert_eq!(of("group_member.remove/1"), [pauses[2].0.id.clone()], "a claim lives as long as its token");
    assert!(pauses[0].0.title.starts_with("10m until the grants act everywhere"), "{}", pauses[0].0.title);
    assert!(pauses[2].0.undo.starts_with("24h until"), "{}", pauses[2].0.undo);
}

#[test]
fn data_roles_above_the_subscriptions_take_longer_and_a_person_may_know_better() {
    let group = "/providers/Microsoft.Management/managementGroups/mg";
    let mut facts = facts();
    facts.assignments_of = vec![assignment("reader", group)];
    assert_eq!(pauses(&plan(&params(), &facts).unwrap())[0].1, 600_000, "Reader holds no data actions");
    let blobs = "/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe";
    facts.assignments_of[0].role_definition_id = blobs.into();
    assert_eq!(pauses(&plan(&params(), &facts).unwrap())[0].1, 6 * 3_600_000);
    let mut params = params();
    params.options.waits =
        crate::relocate::Waits { grants_ms: 0, high_grants_ms: 60_000, claims_ms: 0, drain_ms: 0 };
    assert_eq!(pauses(&plan(&params, &facts).unwrap())[0].1, 60_000);
}

#[test]
fn what_was_swapped_is_not_detached_again_and_deletion_waits_for_everything() {
    let mut facts = facts();
    facts.hosts =
        vec![host("Microsoft.Compute/virtualMachines", "vm"), host("Microsoft.Search/searchServices", "se")];
    let plan = plan(&params(), &facts).unwrap();
    let detached: Vec<_> =
        of_kind(&plan, "host.rewrite/1").into_iter().filter(|s| s.phase == Phase::CleanUp).collect();
    assert_eq!(detached.len(), 1);
    assert!(detached[0].title.starts_with("se: detach old"));
    let delete = of_kind(&plan, "identity.delete/1")[0];
    assert_eq!(before(&plan, delete).len(), plan.steps.len() - 1);
    let revoke = of_kind(&plan, "role_assignment.revoke/1")[0];
    assert!(before(&plan, revoke).contains(&detached[0].id), "rights go after the hosts let go");
    assert_eq!(input(revoke)["expected"]["principalId"], PRINCIPAL);
}

#[test]
fn a_child_waits_for_its_parent_and_all_three_names_are_replaced() {
    let mut facts = facts();
    let factory = host("Microsoft.DataFactory/factories", "df");
    let mut child = host("Microsoft.DataFactory/factories", "df/credentials/c");
    child.carries = false;
    child.references = vec![
        Reference { pointer: "/properties/a".into(), identifier: Identifier::ClientId },
        Reference { pointer: "/properties/b".into(), identifier: Identifier::ResourceId },
    ];
    facts.hosts = vec![child, factory];
    let plan = plan(&params(), &facts).unwrap();
    let steps = of_kind(&plan, "host.rewrite/1");
    assert_eq!(steps[0].title, "df: attach [old] -> [old, NEW]");
    assert!(steps[1].needs.contains(&steps[0].id));
    let input = input(steps[1]);
    assert_eq!(input["pointers"], json!(["/properties/a", "/properties/b"]));
    assert_eq!(
        input["replace"],
        json!([{"from": OLD, "to": facts.target.id}, {"from": CLIENT, "to": "new-cid"}])
    );
}

#[test]
fn conditions_and_grants_inside_services_name_the_new_principal() {
    let mut facts = facts();
    facts.assignments_of[0].condition = Some(format!("x GuidEquals {{{PRINCIPAL}, other}}"));
    let account = format!("{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg");
    facts.service_grants = vec![ServiceGrant {
        id: format!("{account}/administrators/{PRINCIPAL}").into(),
        api_version: "2025-08-01".into(),
        body: json!({"properties": {"principalName": "id-pay", "tenantId": "t"}}),
    }];
    let plan = plan(&params(), &facts).unwrap();
    let grant = input(of_kind(&plan, "role_assignment.grant/1")[0]);
    assert_eq!(grant["condition"], "x GuidEquals {new-oid, other}");
    assert_eq!(grant["principal_id"], "new-oid");
    let put = input(of_kind(&plan, "grant.put/1")[0]);
    assert_eq!(put["id"], format!("{account}/administrators/new-oid"));
    assert_eq!(
        put["body"]["properties"]["principalName"], "id-pay-swedencentral",
        "one server, no name twice"
    );
    let mut other = params();
    other.target.name = "id-pay-sdc".into();
    facts.target.id = other.target.id();
    let plan = super::plan(&other, &facts).unwrap();
    let put = input(of_kind(&plan, "grant.put/1")[0]);
    assert_eq!(put["body"]["properties"]["principalName"], "id-pay-sdc");
}

#[test]
fn an_assignment_on_the_identity_itself_moves_with_it_and_batches_are_joined() {
    let mut facts = facts();
    let other = OLD.replace("id-pay", "id-kubelet");
    let moved = other.replace("weu", "sdc");
    facts.assignments_of = vec![assignment("self", OLD), assignment("kubelet", &other)];
    facts.moving =
        vec![Moving { from: other.clone().into(), to: moved.clone().into(), principal_id: "".into() }];
    let plan = plan(&params(), &facts).unwrap();
    let scopes: Vec<Value> =
        of_kind(&plan, "role_assignment.grant/1").iter().map(|s| input(s)["scope"].clone()).collect();
    assert_eq!(scopes, [json!(facts.target.id), json!(other), json!(moved)]);
    let waits = plan
        .steps
        .iter()
        .filter(|s| matches!(&s.node, Node::Wait { condition, .. } if condition == "identity.known/1"));
    assert_eq!(waits.count(), 1);
}

#[test]
fn locks_are_lifted_only_when_that_was_allowed_and_are_put_back() {
    let mut facts = facts();
    facts.locks = vec![lock(GROUP, "CanNotDelete"), lock(OLD, "CanNotDelete")];
    let kept = plan(&params(), &facts).unwrap();
    assert!(of_kind(&kept, "lock.lift/1").is_empty());
    // The identity's own lock is copied in any case.
    assert_eq!(of_kind(&kept, "lock.restore/1").len(), 1);
    let mut params = params();
    params.options.lift_locks = true;
    let lifted = plan(&params, &facts).unwrap();
    assert_eq!(of_kind(&lifted, "lock.lift/1").len(), 2);
    let restored: Vec<_> =
        of_kind(&lifted, "lock.restore/1").iter().map(|s| input(s)["id"].clone()).collect();
    assert_eq!(restored.len(), 2);
    assert!(restored[0].as_str().unwrap().starts_with(&*facts.target.id));
    assert_eq!(restored[1], json!(lock(GROUP, "CanNotDelete").id));
}

#[test]
fn what_only_a_person_can_do_is_written_out_with_the_real_ids() {
    let mut facts = facts();
    facts.hosts = vec![host("Microsoft.ContainerInstance/containerGroups", "aci")];
    let plan = plan(&params(), &facts).unwrap();
    let hands: Vec<(String, String)> = plan
        .steps
        .iter()
        .filter_map(|s| match &s.node {
            Node::ByHand { instruction, .. } => {
                Some((s.title.clone(), instruction.render().as_str().unwrap().to_owned()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(hands.len(), 2);
    assert!(hands[0].1.contains(&*facts.hosts[0].id), "{}", hands[0].1);
    assert!(hands[1].1.contains("kubectl -n pay annotate serviceaccount pay-worker"), "{}", hands[1].1);
}

#[test]
fn the_connections_of_a_standard_logic_app_are_a_persons_once_the_new_identity_is_attached() {
    let mut facts = facts();
    let mut app = host("Microsoft.Web/sites", "flows");
    app.workflow_app = true;
    facts.hosts = vec![app, host("Microsoft.Web/sites", "shop")];
    let plan = plan(&params(), &facts).unwrap();
    let by_hand: Vec<&Step> = plan.steps.iter().filter(|s| s.title.contains("connections.json")).collect();
    assert_eq!(by_hand.len(), 1);
    let carries = |s: &&Step| s.title.starts_with("flows: ") && matches!(s.node, Node::Act { .. });
    let attached = plan.steps.iter().find(carries).unwrap();
    assert!(before(&plan, by_hand[0]).contains(&attached.id));
    let Node::ByHand { instruction: Template::Known(text), undo } = &by_hand[0].node else {
        panic!("a person's")
    };
    assert!(text.get().contains("flows/hostruntime/admin/vfs/connections.json?api-version="));
    assert_ne!(undo, &Template::known(Value::Null));
}
