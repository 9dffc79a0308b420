//! Activities: what speaks against a move, before anything is written. Pure.

use crate::azure::known_clouds::{KnownCloud, of_audience};
use crate::commands::shell::quoted;
use crate::relocate::facts::{Facts, Host, Moving, Strategy};
use crate::relocate::map::preflight as map;
use crate::relocate::params::{Params, Unpinned};
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Notice, Preflight, notice};
use crate::relocate::preflight::unread;
use crate::surfaces::ALL;
use crate::surfaces::cluster::bindings::copied;
use crate::surfaces::cluster::preflight as nodes;
use crate::surfaces::deny_assignment::preflight as denied;
use crate::surfaces::home::preflight as unseen;
use crate::surfaces::host::obstacles::obstacles;
use crate::surfaces::host::preflight as writes;
use crate::surfaces::host::strategy::{choose, is_record};
use crate::surfaces::identity::preflight as strange;
use crate::surfaces::lock::which as locks;
use crate::surfaces::manual_references::preflight as named;
use crate::surfaces::role_assignment::preflight as assignments;
use rehome_orchestrator::{Node, Phase, Plan};
use serde::{Deserialize, Serialize};

/// Azure's limit of federated credentials per identity.
const CREDENTIALS_MAX: usize = 20;

/// Looks at everything that may speak against the move.
pub fn preflight(params: &Params, facts: &Facts) -> Preflight {
    let mut out = Preflight::default();
    place(params, facts, &mut out);
    identity(params, facts, &mut out);
    hosts(params, facts, &mut out);
    partners(facts, &mut out);
    map::notices(params, facts, &mut out);
    named::notices(params, facts, &mut out);
    writes::notices(params, facts, &mut out);
    barriers(params, facts, &mut out);
    assignments::notices(facts, &mut out);
    rights(facts, &mut out);
    unread::notices(params, facts, &mut out);
    denied::notices(params, facts, &mut out);
    unseen::notices(params, facts, &mut out);
    out
}

fn place(params: &Params, facts: &Facts, out: &mut Preflight) {
    let (target, wanted) = (&facts.target, &params.target);
    let old = &facts.identity.identifiers.resource_id;
    let mut block =
        |code, text: String, remedy: &str| out.blockers.push(notice(code, &target.id, text, remedy));
    if target.id == *old {
        block(
            NoticeCode::B104,
            "the target is the identity itself: a name can be used once in a group, and deleting first would \
             break every host"
                .into(),
            "choose another name or another resource group",
        );
    } else if target.taken {
        block(
            NoticeCode::B103,
            "an identity of that name is there already".into(),
            "choose another name or group",
        );
    }
    if !name_is_legal(&wanted.name) {
        block(
            NoticeCode::B105,
            format!("{:?} is no name for an identity", wanted.name),
            "3 to 128 letters, digits, hyphens and underscores, beginning with a letter or digit",
        );
    }
    if old.subscription().as_ref() != Some(&wanted.subscription) {
        block(
            NoticeCode::B108,
            "the target is in another subscription".into(),
            "choose a group of the same subscription",
        );
    }
    if target.group_location.is_none() && !params.options.create_resource_group {
        block(
            NoticeCode::B106,
            format!("resource group {} does not exist", wanted.resource_group),
            "make it, or allow the move to make it: create_resource_group = true",
        );
    }
    if target.region_offered == Some(false) {
        block(
            NoticeCode::B115,
            format!("Azure offers no managed identities in {:?}", wanted.location),
            "choose another region: az provider show -n Microsoft.ManagedIdentity",
        );
    }
    for assignment in &target.policies {
        let text = format!("policy assignment {assignment} denies an identity like this there");
        block(
            NoticeCode::B125,
            text,
            "choose another group, region or tags, or ask its owner for an exemption",
        );
    }
    if target.registered == Some(false) {
        block(
            NoticeCode::B122,
            "Microsoft.ManagedIdentity is not registered in the subscription".into(),
            "az provider register -n Microsoft.ManagedIdentity --wait",
        );
    }
    if facts.identity.location.eq_ignore_ascii_case(&wanted.location) {
        block(NoticeCode::B107, format!("the identity is in {} already", wanted.location), "leave it out");
    }
}

/// Azure's rule for names of identities.
fn name_is_legal(name: &str) -> bool {
    (3..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn identity(params: &Params, facts: &Facts, out: &mut Preflight) {
    let old = &facts.identity.identifiers.resource_id;
    let regional =
        facts.identity.isolation_scope.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("Regional"));
    if regional {
        let stay = |h: &&Host| facts.counterpart_of(h).is_some() || is_record(params, h);
        let carry = facts.hosts.iter().filter(|h| h.carries && !stay(h));
        let carry = carry.chain(facts.counterparts.iter().map(|c| &c.host));
        for host in carry.filter(|h| !same_region(&h.location, &params.target.location)) {
            out.blockers.push(notice(
                NoticeCode::B101,
                &host.id,
                format!("isolation is Regional and this host is in {:?}", host.location),
                "move the host first, or set the isolation scope to None",
            ));
        }
    }
    if facts.credentials.len() > CREDENTIALS_MAX {
        let text =
            format!("{} federated credentials; Azure takes {CREDENTIALS_MAX}", facts.credentials.len());
        out.blockers.push(notice(NoticeCode::B114, old, text, "remove some that are not needed"));
    }
    strange::notices(params, facts, out);
    out.warnings.extend(nodes::left_over(facts));
    for orphan in facts.assignments_on.iter().filter(|a| facts.is_gone(a)) {
        let text =
            format!("{} on it is of {}, whom the directory does not know", orphan.role, orphan.principal_id);
        let remedy = format!(
            "it is neither copied nor removed: az role assignment delete --ids {}",
            quoted(&orphan.id)
        );
        out.warnings.push(notice(NoticeCode::W353, &orphan.id, text, remedy));
    }
    let same_name = facts.target.id.name() == old.name();
    if same_name && facts.hosts.iter().any(|h| h.kind.to_ascii_lowercase().starts_with("microsoft.sql/")) {
        out.warnings.push(notice(
            NoticeCode::W330,
            &facts.target.id,
            "old and new have one display name: CREATE USER … FROM EXTERNAL PROVIDER fails with Msg 33131",
            "use WITH OBJECT_ID in the T-SQL, or give the new identity another name",
        ));
    }
    let directory = &facts.directory;
    let by_token =
        [directory.groups.is_empty(), directory.app_roles.is_empty(), directory.scheduled.is_empty()];
    if by_token.contains(&false) {
        out.warnings.push(notice(
            NoticeCode::W311,
            old,
            "access through groups and application permissions sits in tokens for up to about 24 h",
            "let it soak for at least 24h",
        ));
    }
    for surface in ALL {
        surface.preflight(params, facts, out);
    }
}

fn same_region(one: &str, other: &str) -> bool {
    let plain = |s: &str| s.replace(' ', "").to_ascii_lowercase();
    plain(one) == plain(other)
}

/// Identities of the same batch that may do something with this one: what they may is gone when this one is.
fn partners(facts: &Facts, out: &mut Preflight) {
    let holds = |m: &&Moving| {
        !m.principal_id.is_empty() && facts.roles_on().any(|a| a.principal_id == m.principal_id)
    };
    for partner in facts.moving.iter().filter(holds) {
        let text = "it has a role on this identity, and moves too: once this one is deleted, its move cannot be taken back whole";
        let remedy = "clean both up together, when neither is to go back any more";
        out.warnings.push(notice(NoticeCode::W312, &partner.from, text.to_owned(), remedy));
    }
}

/// Hosts that the batch file names and nothing here uses: a slip of the pen would let the plan choose by itself.
fn unknown_hosts(params: &Params, facts: &Facts, out: &mut Preflight) {
    let options = &params.options;
    let named = options.strategies.keys().map(|id| ("strategies", id));
    for (key, id) in named.chain(options.pinned.iter().map(|id| ("pinned", id))) {
        if !facts.hosts.iter().any(|host| host.id == *id) {
            let text = format!("{key} in the batch file names it, and it does not use the identity");
            out.warnings.push(notice(NoticeCode::W211, id, text, "correct its id, or leave it out"));
        }
    }
}

fn hosts(params: &Params, facts: &Facts, out: &mut Preflight) {
    unknown_hosts(params, facts, out);
    // What has a counterpart is left alone.
    for host in facts.hosts.iter().filter(|h| facts.counterpart_of(h).is_none()) {
        let choice = choose(params, facts, host);
        out.warnings.extend(nodes::notice(params, host, choice.strategy));
        if let Some(cluster) = nodes::cluster_of(facts, host) {
            out.warnings.push(nodes::left(host, cluster));
            continue;
        }
        if is_record(params, host) {
            out.warnings.push(record(host));
            continue;
        }
        if choice.unpinned {
            let remedy = match choice.strategy {
                Strategy::Overlap => {
                    "change it before the clean-up (quiet in the batch file waits until nobody signs in as the old one); \
                     or name the host in pinned"
                }
                _ => "know better? name the host in pinned, or choose its strategy in the batch file",
            };
            let text = match choice.strategy {
                Strategy::Swap => format!("{}, so this plan swaps instead of attaching", choice.reason),
                _ => choice.reason.clone(),
            };
            if params.options.unpinned_host == Unpinned::Block {
                out.blockers.push(notice(NoticeCode::B117, &host.id, text, remedy));
            } else {
                out.warnings.push(notice(NoticeCode::W203, &host.id, text, remedy));
            }
        }
        if let Some(gap) = choice.gap {
            out.warnings.push(notice(
                NoticeCode::W205,
                &host.id,
                format!("no overlap is promised: {gap}"),
                "choose a quiet hour for it, or another strategy in the batch file",
            ));
        }
        if choice.strategy == Strategy::ByHand && host.readable {
            out.warnings.push(notice(
                NoticeCode::W204,
                &host.id,
                choice.reason,
                "a person re-points it when its step comes",
            ));
        }
        obstacles(host, out);
        if !host.readable && !params.options.accepts(&host.id) {
            out.blockers.push(notice(
                NoticeCode::B118,
                &host.id,
                "Azure says that this resource uses the identity, but you cannot read it",
                "get the right to read it, or answer for it: accept_unseen in the batch file",
            ));
        }
    }
}

/// A run that has ended.
fn record(host: &Host) -> Notice {
    let what = host.writing.runs.as_deref().unwrap_or("a run");
    let text = format!("{what} that has ended: it is left as it is, because a write would run it again");
    notice(
        NoticeCode::W220,
        &host.id,
        text,
        "nothing there uses the identity any more; delete it if nobody wants its record",
    )
}

fn barriers(params: &Params, facts: &Facts, out: &mut Preflight) {
    if !params.options.lift_locks {
        for lock in locks::forward(facts) {
            let text = format!("lock {} ({}) refuses changes that this move makes", lock.id, lock.level);
            out.blockers.push(notice(
                NoticeCode::B116,
                &lock.scope,
                text,
                "lift it, or let the move do so: lift_locks = true",
            ));
        }
        for lock in locks::clean_up(facts).into_iter().filter(|l| !l.level.eq_ignore_ascii_case("ReadOnly")) {
            let text = format!("lock {} ({}) will refuse the clean-up", lock.id, lock.level);
            out.warnings.push(notice(
                NoticeCode::W340,
                &lock.scope,
                text,
                "lift it before the clean-up: lift_locks = true",
            ));
        }
    }
    kept(params, facts, out);
}

/// So many things are named in a warning.
const NAMED_MAX: usize = 4;

/// Locks that let things be made and refuse to let them be taken away.
fn kept(params: &Params, facts: &Facts, out: &mut Preflight) {
    if params.options.lift_locks {
        return;
    }
    for lock in locks::way_back(facts) {
        let made = locks::made_below(facts, lock);
        let more = made.len().saturating_sub(NAMED_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let made = made[..made.len().min(NAMED_MAX)].join(", ");
        let text = format!(
            "lock {} ({}) refuses the way back: a rollback cannot take back {made}{more}",
            lock.id, lock.level
        );
        out.warnings.push(notice(
            NoticeCode::W342,
            &lock.scope,
            text,
            "lift it before a rollback, or let the way back do so: lift_locks = true",
        ));
    }
}

fn rights(facts: &Facts, out: &mut Preflight) {
    for right in &facts.rights {
        let target = if right.scope.is_empty() { "/" } else { &right.scope };
        match right.held {
            Some(true) => {}
            Some(false) if right.later => out.warnings.push(notice(
                NoticeCode::W361,
                target,
                format!("you lack {}, which the clean-up or the way back needs", right.action),
                "get the right before the clean-up, or leave that to somebody who has it",
            )),
            Some(false) => out.blockers.push(notice(
                NoticeCode::B110,
                target,
                format!("you lack {}", right.action),
                "get the right, or leave the identity out",
            )),
            None => out.warnings.push(notice(
                NoticeCode::W360,
                target,
                format!("it could not be read whether you have {}", right.action),
                "make sure of it before the run",
            )),
        }
    }
}

/// Audiences that another cloud has by default: Azure takes any, and no token is ever exchanged with them.
/// Audiences that somebody chose are not judged.
pub fn audiences(facts: &Facts, cloud: &KnownCloud) -> Vec<Notice> {
    let own = copied(facts).map(|c| (c.name.clone(), &c.audiences));
    let trusts = facts.directory.app_credentials.iter();
    let trusts = trusts.map(|c| (format!("{} of application {}", c.name, c.application_name), &c.audiences));
    let mut out = Vec::new();
    for (name, audiences) in own.chain(trusts) {
        for audience in audiences {
            if of_audience(audience).is_some_and(|meant| meant != cloud) {
                let text =
                    format!("federated credential {name} is for {audience}, which is of another cloud");
                let remedy = format!("in this cloud it is {}: it is copied as it is", cloud.exchange);
                out.push(notice(NoticeCode::W331, &facts.identity.identifiers.resource_id, text, remedy));
            }
        }
    }
    out
}

/// How many steps of each kind a plan has, for the line at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Changes before the soak.
    pub changes: usize,
    /// Steps that a person does.
    pub by_hand: usize,
    /// Waits, checks and the soak.
    pub waits: usize,
    /// Changes behind the gate.
    pub removals: usize,
}

/// Counts the steps of a plan.
pub fn tally(plan: &Plan) -> Tally {
    let mut out = Tally::default();
    for step in &plan.steps {
        match (&step.node, step.phase) {
            (Node::Act { .. }, Phase::Forward) => out.changes += 1,
            (Node::Act { .. }, Phase::CleanUp) => out.removals += 1,
            (Node::ByHand { .. }, _) => out.by_hand += 1,
            (
                Node::Wait { .. } | Node::Soak { .. } | Node::PropagationDelay { .. } | Node::Check { .. },
                _,
            ) => {
                out.waits += 1;
            }
            (Node::Gate { .. }, _) => {}
        }
    }
    out
}
