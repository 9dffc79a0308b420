//! Activities: what the map of a batch names and cannot be used, before anything is written. Pure.

use crate::azure::ResourceId;
use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::host::obstacles::obstacles;

/// What is not there is a blocker where the map names it itself, and else a warning: not everything in a group
/// moves with it. What is there and lacks something that a grant needs would refuse it in the middle of the run.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    const HOST: &str = "as it is, the host itself is re-pointed in place";
    const GRANT: &str = "as it is, the grant is made in place only";
    for host in facts.hosts.iter().filter(|h| facts.counterpart_of(h).is_none()) {
        if let Some(id) = params.options.counterpart(&host.id) {
            absent(params, &host.id, &id, HOST, out);
        }
    }
    for counterpart in &facts.counterparts {
        obstacles(&counterpart.host, out);
    }
    for place in &facts.mapped.places {
        if place.there {
            lacking(&place.id, &place.lacks, out);
        } else {
            absent(params, &place.of, &place.id, GRANT, out);
        }
    }
    for mapped in &facts.mapped.grants {
        if mapped.there {
            lacking(&mapped.grant.id, &mapped.lacks, out);
        } else {
            absent(params, &mapped.of, &mapped.grant.id, GRANT, out);
        }
    }
}

fn absent(params: &Params, of: &ResourceId, id: &ResourceId, else_what: &str, out: &mut Preflight) {
    let text = format!("its counterpart {id} is not there, or you may not read it");
    // A grant is named by the account that keeps it; a group names much that may stay.
    let is = |from: &ResourceId| of == from || from.kind().is_some() && of.is_below(from);
    if params.options.scope_map.keys().any(is) {
        out.blockers.push(notice(NoticeCode::B119, of, text, "make it first, or take it out of scope_map"));
    } else {
        out.warnings.push(notice(NoticeCode::W206, of, text, format!("make it first; {else_what}")));
    }
}

fn lacking(id: &str, lacks: &[String], out: &mut Preflight) {
    for what in lacks {
        let text = format!("the counterpart lacks what the grant needs: {what}");
        let remedy = "make it there first, or map the source to itself in scope_map to leave it out";
        out.blockers.push(notice(NoticeCode::B120, id, text, remedy));
    }
}
