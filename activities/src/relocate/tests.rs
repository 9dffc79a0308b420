//! Tests of what is decided from facts: strategies, blockers, warnings, differences.

use super::differences::differences;
use super::facts::*;
use super::params::Unpinned;
use super::preflight::preflight;
use super::testing::*;
use crate::references::scan::Identifier;
use crate::surfaces::host::strategy::choose;
use std::collections::BTreeMap;

fn strategy_of(host: &Host) -> (Strategy, bool) {
    let choice = choose(&params(), &facts(), host);
    (choice.strategy, choice.unpinned)
}

fn codes(params: &super::params::Params, facts: &Facts) -> Vec<String> {
    let found = preflight(params, facts);
    let mut codes: Vec<String> = found.blockers.into_iter().chain(found.warnings).map(|n| n.code).collect();
    codes.dedup();
    codes
}

#[test]
fn only_machines_are_swapped_elsewhere_code_names_its_identity_and_an_overlap_serves_it() {
    for kind in [
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/virtualMachineScaleSets",
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
    ] {
        assert_eq!(strategy_of(&host(kind, "x")), (Strategy::Swap, true), "{kind}");
    }
    for kind in [
        "Microsoft.Web/sites",
        "Microsoft.Web/sites/slots",
        "Microsoft.App/containerApps",
        "Microsoft.App/jobs",
        "Microsoft.Automation/automationAccounts",
        "Microsoft.HybridCompute/machines",
    ] {
        let (params, mut facts) = (params(), facts());
        facts.hosts = vec![host(kind, "x")];
        let choice = choose(&params, &facts, &facts.hosts[0]);
        assert_eq!((choice.strategy, choice.unpinned), (Strategy::Overlap, true), "{kind}");
        let warned = preflight(&params, &facts).warnings;
        let warned = warned.iter().find(|n| n.code == "W203").expect("nothing that can be seen names it");
        assert!(!warned.text.contains("swap") && warned.remedy.contains("quiet"), "{warned:?}");
    }
}

#[test]
fn what_the_batch_file_says_of_code_that_names_no_identity_is_for_machines_and_a_strategy_for_any() {
    let (mut params, mut facts) = (params(), facts());
    let site = host("Microsoft.Web/sites", "app");
    facts.hosts = vec![site.clone(), host("Microsoft.Compute/virtualMachines", "vm")];
    params.options.unpinned_host = Unpinned::PinFirst;
    assert_eq!(choose(&params, &facts, &site).strategy, Strategy::Overlap);
    params.options.unpinned_host = Unpinned::Block;
    let blocked: Vec<String> = preflight(&params, &facts).blockers.into_iter().map(|n| n.target).collect();
    assert_eq!(blocked, [site.id.clone(), facts.hosts[1].id.clone()], "neither can be seen to name it");
    params.options.strategies.insert(site.id.to_lowercase().into(), Strategy::Swap);
    assert_eq!(choose(&params, &facts, &site).strategy, Strategy::Swap);
}

#[test]
fn code_that_names_no_identity_is_served_by_a_swap_and_pinned_code_by_an_overlap() {
    let mut vm = host("Microsoft.Compute/virtualMachines", "vm");
    assert_eq!(strategy_of(&vm), (Strategy::Swap, true));
    vm.identity_type = "SystemAssigned, UserAssigned".into();
    assert_eq!(strategy_of(&vm), (Strategy::Overlap, false));
    let mut site = host("microsoft.web/SITES", "app");
    assert_eq!(strategy_of(&site), (Strategy::Overlap, true));
    site.settings = vec![setting("AZURE_CLIENT_ID")];
    assert_eq!(strategy_of(&site), (Strategy::Overlap, false));
    let mut app = host("Microsoft.App/containerApps", "ca");
    let pointer = "/properties/configuration/registries/0/identity".to_owned();
    app.references = vec![Reference { pointer, identifier: Identifier::ResourceId }];
    assert_eq!(
        strategy_of(&app),
        (Strategy::Overlap, true),
        "a registry's identity is the platform's, not the code's"
    );
    let pointer = "/properties/template/containers/0/env/1/value".to_owned();
    app.references.push(Reference { pointer, identifier: Identifier::ClientId });
    assert_eq!(strategy_of(&app), (Strategy::Overlap, false));
}

#[test]
fn settings_of_an_extension_say_nothing_of_other_code_on_its_machine_and_somebody_is_told() {
    let mut facts = facts();
    let vm = host("Microsoft.Compute/virtualMachines", "vm");
    let mut extension = host("Microsoft.Compute/virtualMachines", "vm/extensions/ama");
    extension.carries = false;
    let pointer = "/properties/settings/authentication/managedIdentity/identifier-value".to_owned();
    extension.references = vec![Reference { pointer, identifier: Identifier::ResourceId }];
    let mut set = host("Microsoft.Compute/virtualMachineScaleSets", "set");
    let pointer =
        "/properties/virtualMachineProfile/extensionProfile/extensions/0/properties/settings/id".to_owned();
    set.references = vec![Reference { pointer, identifier: Identifier::ClientId }];
    facts.hosts = vec![vm.clone(), extension, set.clone()];
    for (host, words) in
        [(&vm, "only its extension ama is seen"), (&set, "only its extension in its profile")]
    {
        let choice = choose(&params(), &facts, host);
        assert_eq!((choice.strategy, choice.unpinned), (Strategy::Swap, true), "{}", host.id);
        assert!(choice.reason.contains(words), "{}", choice.reason);
    }
    let told: Vec<(String, String)> =
        preflight(&params(), &facts).warnings.into_iter().map(|n| (n.code, n.target)).collect();
    for code in ["W203", "W205"] {
        assert!(told.contains(&(code.to_owned(), vm.id.to_string())), "{code}: {told:?}");
    }
}

#[test]
fn the_type_of_a_host_decides_where_no_code_asks() {
    assert_eq!(strategy_of(&host("Microsoft.Search/searchServices", "se")).0, Strategy::Overlap);
    assert_eq!(strategy_of(&host("Microsoft.Storage/storageAccounts", "st")).0, Strategy::Swap);
    assert_eq!(strategy_of(&host("Microsoft.ContainerService/managedClusters", "aks")).0, Strategy::Swap);
    assert_eq!(strategy_of(&host("Microsoft.BotService/botServices", "bot")).0, Strategy::ByHand);
    let mut kubelet = host("Microsoft.ContainerService/managedClusters", "aks");
    kubelet.carries = false;
    assert_eq!(strategy_of(&kubelet).0, Strategy::Overlap);
    let mut hidden = host("Microsoft.Storage/storageAccounts", "st");
    hidden.readable = false;
    assert_eq!(strategy_of(&hidden).0, Strategy::ByHand);
}

#[test]
fn a_person_who_knows_better_is_believed() {
    let (mut params, facts) = (params(), facts());
    let vm = host("Microsoft.Compute/virtualMachines", "vm");
    params.options.pinned.insert(vm.id.to_uppercase().into());
    assert_eq!(choose(&params, &facts, &vm).strategy, Strategy::Overlap);
    params.options.strategies.insert(vm.id.to_uppercase().into(), Strategy::ByHand);
    assert_eq!(choose(&params, &facts, &vm).strategy, Strategy::ByHand);
    params.options = super::params::Options { unpinned_host: Unpinned::PinFirst, ..Default::default() };
    assert_eq!(choose(&params, &facts, &vm).strategy, Strategy::PinFirst);
}

#[test]
fn a_move_without_obstacles_has_no_blockers() {
    assert_eq!(codes(&params(), &facts()), ["W311"]);
}

#[test]
fn each_obstacle_has_its_own_code() {
    let blocked = |code: &str, change: &dyn Fn(&mut super::params::Params, &mut Facts)| {
        let (mut params, mut facts) = (params(), facts());
        change(&mut params, &mut facts);
        let found: Vec<String> = preflight(&params, &facts).blockers.into_iter().map(|n| n.code).collect();
        assert_eq!(found, [code]);
    };
    blocked("B101", &|_, f| {
        f.identity.isolation_scope = Some("Regional".into());
        f.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
    });
    blocked("B103", &|_, f| f.target.taken = true);
    blocked("B104", &|_, f| f.target.id = OLD.to_uppercase().into());
    blocked("B105", &|p, _| p.target.name = "-x".into());
    blocked("B106", &|_, f| f.target.group_location = None);
    blocked("B107", &|p, _| p.target.location = "WestEurope".into());
    blocked("B108", &|p, _| p.target.subscription = "s2".into());
    blocked("B109", &|_, f| {
        f.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
        f.hosts[0].state = Some("Updating".into());
    });
    blocked("B110", &|_, f| {
        let right = |held| Right { action: "x/write".into(), scope: GROUP.into(), held, later: false };
        f.rights = vec![right(Some(false)), right(None), right(Some(true))];
    });
    blocked("B112", &|_, f| f.assignment_counts = BTreeMap::from([("s1".into(), 4_000)]));
    blocked("B114", &|_, f| f.credentials = vec![f.credentials[0].clone(); 21]);
    blocked("B115", &|_, f| f.target.region_offered = Some(false));
    blocked("B125", &|_, f| f.target.policies = vec!["/p".into()]);
    blocked("B122", &|_, f| f.target.registered = Some(false));
    blocked("B121", &|_, f| {
        let scope = "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignmentSchedules";
        f.gaps = vec![Gap { code: GapCode::Denied, scope: scope.into(), why: "no".into() }];
    });
    blocked("B123", &|_, f| {
        f.hosts = vec![host("Microsoft.DBforMySQL/flexibleServers", "my")];
        let pointer = "/properties/dataEncryption/geoBackupUserAssignedIdentityId".to_owned();
        f.hosts[0].references = vec![Reference { pointer, identifier: Identifier::ResourceId }];
    });
    blocked("B124", &|_, f| {
        f.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
        f.hosts[0].dead = vec![OLD.replace("id-pay", "id-gone").into()];
    });
    blocked("B116", &|_, f| f.locks = vec![lock(GROUP, "ReadOnly")]);
    blocked("B117", &|p, f| {
        p.options.unpinned_host = Unpinned::Block;
        f.hosts = vec![host("Microsoft.Compute/virtualMachines", "vm")];
    });
    blocked("B118", &|_, f| {
        f.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
        f.hosts[0].readable = false;
    });
}

#[test]
fn a_role_of_who_is_gone_is_named_and_neither_copied_nor_revoked() {
    let mut facts = facts();
    let mut role = assignment("on", OLD);
    role.principal_id = "AAAA0000-0000-4000-8000-00000000dead".into();
    facts.assignments_on = vec![role];
    let steps = |facts: &Facts| super::plan(&params(), facts).unwrap().steps.len();
    let all = steps(&facts);
    facts.orphaned_principals.insert("aaaa0000-0000-4000-8000-00000000dead".into());
    assert_eq!(steps(&facts), all - 2);
    let found = preflight(&params(), &facts).warnings;
    let named = found.iter().find(|n| n.code == "W353").unwrap();
    assert!(
        named.remedy.contains("az role assignment delete --ids") && named.remedy.contains("/on"),
        "{named:?}"
    );
}

#[test]
fn a_right_that_only_the_clean_up_needs_stops_nobody_before_it() {
    let mut facts = facts();
    let right = |held| Right { action: "x/delete".into(), scope: GROUP.into(), held, later: true };
    facts.rights = vec![right(Some(false)), right(Some(true))];
    let found = preflight(&params(), &facts);
    assert!(found.blockers.is_empty());
    let about = found.warnings.iter().filter(|n| n.text.contains("x/delete"));
    assert_eq!(about.map(|n| n.code.as_str()).collect::<Vec<_>>(), ["W361"]);
}

#[test]
fn an_audience_of_another_cloud_is_warned_of_and_one_that_somebody_chose_is_not() {
    let usgov = crate::azure::known_clouds::named("usgov").unwrap();
    let with = |audience: &str| {
        let mut facts = facts();
        facts.credentials[0].audiences = vec![audience.to_owned()];
        super::preflight::audiences(&facts, usgov).into_iter().map(|n| n.code).collect::<Vec<_>>()
    };
    assert_eq!(with("api://AzureADTokenExchange"), ["W331"]);
    assert_eq!(with("api://AzureADTokenExchangeChina"), ["W331"]);
    assert!(with("api://AzureADTokenExchangeUSGov").is_empty());
    assert!(with("https://contoso.example/ours").is_empty());
}

#[test]
fn a_lock_against_deletion_is_only_in_the_way_of_the_clean_up() {
    let mut facts = facts();
    facts.locks = vec![lock(GROUP, "CanNotDelete")];
    assert_eq!(codes(&params(), &facts), ["W311", "W340", "W342"]);
    facts.locks = vec![lock("/subscriptions/other", "ReadOnly")];
    assert_eq!(codes(&params(), &facts), ["W311"]);
}

#[test]
fn facts_that_matter_are_compared_and_others_are_not() {
    let mut was = facts();
    was.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
    let mut is = was.clone();
    is.hosts[0].rest = "sha256:1".into();
    is.hosts[0].id = is.hosts[0].id.to_uppercase().into();
    is.assignment_counts = BTreeMap::from([("s1".into(), 7)]);
    is.assignments_of[0].role_definition_id = "/providers/x/ACDD72A7-3385-48ef-bd42-f606fba81ae7".into();
    assert_eq!(differences(&was, &is), []);
    is.assignments_of.clear();
    is.directory.groups[0].id = "g2".into();
    let names: Vec<String> = differences(&was, &is).into_iter().map(|d| d.fact).collect();
    let role = format!("role of it {}", was.assignments_of[0].id.to_ascii_lowercase());
    assert_eq!(names, ["member of group g1".to_owned(), role, "member of group g2".to_owned()]);
}

#[test]
fn what_ends_by_itself_is_the_same_under_another_name_and_a_siblings_copy_of_it_is_the_siblings() {
    let end = |text: &str| Some(text.to_owned());
    let mut was = facts();
    was.moving = vec![Moving { from: "/a".into(), to: "/b".into(), principal_id: "sibling".into() }];
    let mut on = assignment("on", OLD);
    (on.principal_id, on.until) = ("sibling".into(), end("2098-12-31T23:00:00Z"));
    was.assignments_on = vec![on.clone()];
    let mut is = was.clone();
    is.assignments_on[0].id = format!("{OLD}/given-again").into();
    is.assignments_on[0].until = end("2098-12-31T23:00:00.000Z");
    assert_eq!(differences(&was, &is), []);
    is.assignments_on.push(Assignment { principal_id: "its-new-principal".into(), ..on.clone() });
    assert_eq!(differences(&was, &is), [], "its own move answers for that");
    is.assignments_on[0].until = None;
    assert!(!differences(&was, &is).is_empty(), "it has become permanent");
}

#[test]
fn what_cannot_be_seen_is_never_an_empty_list() {
    let unseen = super::cannot_see::cannot_see(&facts());
    assert!(unseen.len() >= 5);
    assert!(unseen[0].what.contains(CLIENT));
}

#[test]
fn facts_survive_being_written_and_read() {
    let mut facts = facts();
    facts.hosts = vec![host("Microsoft.Web/sites", "app")];
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    let text = serde_json::to_string(&params()).unwrap();
    assert_eq!(serde_json::from_str::<super::params::Params>(&text).unwrap(), params());
}

#[test]
fn a_regional_identity_moves_where_counterparts_take_the_place_of_its_hosts() {
    let mut facts = facts();
    facts.identity.isolation_scope = Some("Regional".into());
    facts.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
    let mut counterpart = facts.hosts[0].clone();
    counterpart.id = counterpart.id.replace("weu", "sdc").into();
    counterpart.location = "Sweden Central".into();
    facts.counterparts = vec![Counterpart { of: facts.hosts[0].id.clone(), host: counterpart }];
    assert_eq!(codes(&params(), &facts), ["W311"]);
    facts.counterparts[0].host.location = "westeurope".into();
    assert_eq!(codes(&params(), &facts), ["B101", "W311"]);
    facts.counterparts[0].host.state = Some("Updating".into());
    facts.identity.isolation_scope = None;
    assert_eq!(codes(&params(), &facts), ["B109", "W311"], "somebody is at work on what is written");
}

#[test]
fn a_lock_on_a_counterpart_is_in_the_way_and_one_on_what_is_left_alone_is_not() {
    let mut facts = facts();
    facts.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
    let mut counterpart = facts.hosts[0].clone();
    counterpart.id = counterpart.id.replace("weu", "sdc").into();
    facts.counterparts = vec![Counterpart { of: facts.hosts[0].id.clone(), host: counterpart }];
    facts.locks = vec![lock(&facts.hosts[0].id, "ReadOnly")];
    assert!(!codes(&params(), &facts).contains(&"B116".to_owned()));
    facts.locks = vec![lock(&facts.counterparts[0].host.id, "ReadOnly")];
    assert!(codes(&params(), &facts).contains(&"B116".to_owned()));
}

fn cluster_with_kubelets() -> Host {
    let mut cluster = host("Microsoft.ContainerService/managedClusters", "aks");
    let pointer = "/properties/identityProfile/kubeletidentity/resourceId".to_owned();
    cluster.references = vec![Reference { pointer, identifier: Identifier::ResourceId }];
    cluster.nodes_in = Some("MC_pay_aks".into());
    cluster
}

#[test]
fn a_kubelets_identity_costs_every_node_and_is_left_to_a_person_unless_somebody_allows_it() {
    let mut facts = facts();
    facts.hosts = vec![cluster_with_kubelets()];
    let found = codes(&params(), &facts);
    assert!(found.contains(&"W208".to_owned()) && !found.contains(&"W207".to_owned()));
    let mut allowed = params();
    allowed.options.replace_nodes = true;
    let found = codes(&allowed, &facts);
    assert!(found.contains(&"W207".to_owned()) && !found.contains(&"W208".to_owned()));
    let mut by_hand = params();
    by_hand.options.strategies = BTreeMap::from([(facts.hosts[0].id.clone(), Strategy::ByHand)]);
    let found = codes(&by_hand, &facts);
    assert!(!found.contains(&"W207".to_owned()) && !found.contains(&"W208".to_owned()));
}

#[test]
fn the_nodes_of_a_cluster_are_the_clusters_where_its_kubelets_have_the_identity() {
    let mut facts = facts();
    let mut nodes = host("Microsoft.Compute/virtualMachineScaleSets", "aks-pool");
    nodes.id = nodes.id.replace("rg-pay-weu", "mc_PAY_aks").into();
    let (cluster, other) = (cluster_with_kubelets(), host("Microsoft.Compute/virtualMachines", "vm"));
    facts.hosts = vec![cluster.clone(), nodes.clone(), other.clone()];
    let owner = crate::surfaces::cluster::nodes::cluster_of(&facts, &nodes);
    assert_eq!(owner.map(|owner| &owner.id), Some(&cluster.id));
    assert_eq!(crate::surfaces::cluster::nodes::cluster_of(&facts, &other), None, "it is in another group");
    let warned = preflight(&params(), &facts).warnings;
    let about = warned.iter().filter(|n| n.target == nodes.id).map(|n| n.code.as_str());
    assert_eq!(about.collect::<Vec<_>>(), ["W209"]);
    facts.hosts[0].references.clear();
    assert_eq!(
        crate::surfaces::cluster::nodes::cluster_of(&facts, &nodes),
        None,
        "somebody else gave it to these machines"
    );
}

#[test]
fn an_exemption_that_was_only_said_when_the_plan_was_made_has_not_changed_by_being_a_fact_of_its_own() {
    let (mut was, mut is) = (facts(), facts());
    let id = format!("{OLD}/providers/Microsoft.Authorization/policyExemptions/e");
    let (assignment, category) = ("/a".to_owned(), "Waiver".to_owned());
    was.manual_references = vec![ManualReference::Exemption(Exemption {
        id: id.clone().into(),
        assignment: assignment.into(),
        category,
        until: None,
    })];
    assert_eq!(differences(&was, &is).len(), 1, "it is gone");
    is.identity_extensions =
        vec![IdentityExtension { id: id.into(), api_version: "v".into(), body: serde_json::json!({}) }];
    assert_eq!(differences(&was, &is), []);
}
