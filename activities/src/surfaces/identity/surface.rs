//! Activities: the identity itself, and the place where it goes.

use crate::activity::kit::Kind;
use crate::activity::object::{Object, Put};
use crate::relocate::facts::Facts;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::short::short;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::identity::create::MadeIdentity;
use crate::surfaces::identity::delete::DeleteIdentity;
use crate::surfaces::identity::look_up::LookUp;
use crate::surfaces::identity::revoke_tokens::RevokeTokens;
use crate::surfaces::row::{Row, moved, named};
use crate::surfaces::surface::Surface;

/// The fact of the group that the new identity goes into.
pub(crate) const TARGET_GROUP: &str = "target group";

/// The surface.
pub(crate) struct Identity;

impl Surface for Identity {
    fn rows(&self) -> Vec<Row> {
        let what = "the identity: name, tags, isolation, restrictions on providers, whether it may be assigned and federated";
        vec![
            moved(what, MadeIdentity::NAME),
            named(
                "properties of it and of its credentials that this program does not know",
                "B140 until the batch file answers for each (accept_unknown), then W354",
            ),
            named("its ids, its `systemData`", "the new one has its own: who made it, and when"),
            named("an identity that Azure Policy makes in each region by itself", NoticeCode::B143.code()),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![
            Kind::of::<Put<MadeIdentity>>(),
            Kind::of::<LookUp>(),
            Kind::of::<RevokeTokens>(),
            Kind::of::<DeleteIdentity>(),
        ]
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        let id = &facts.identity;
        put("identity".into(), id.identifiers.resource_id.folded());
        put("identity client id".into(), id.identifiers.client_id.to_string());
        put("identity principal id".into(), id.identifiers.principal_id.to_string());
        put("identity tenant".into(), id.tenant_id.folded());
        put("identity location".into(), id.location.to_ascii_lowercase());
        put("identity tags".into(), short(&id.tags));
        put("identity isolation".into(), short(&(&id.isolation_scope, &id.assignment_restrictions)));
        if !id.more.is_empty() || !id.unknown.is_empty() {
            put("identity other properties".into(), short(&(&id.more, &id.unknown)));
        }
        put("target".into(), facts.target.id.folded());
        if let Some(location) = &facts.target.group_location {
            put(TARGET_GROUP.into(), location.to_ascii_lowercase());
        }
        put("target taken".into(), facts.target.taken.to_string());
        for policy in &facts.target.policies {
            put(format!("target denied by {}", policy.folded()), "denied".into());
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let of = |verb: &str| format!("Microsoft.ManagedIdentity/userAssignedIdentities/{verb}");
        let (old, home) = (&facts.identity.identifiers.resource_id, wanted.home.clone());
        wanted.forward(&of("read"), old);
        if facts.target.group_location.is_some() {
            wanted.forward(&of("write"), &home);
            wanted.forward(&of("assign/action"), &home);
        }
        wanted.clean_up(&of("revokeTokens/action"), old);
        wanted.clean_up(&of("delete"), old);
    }
}
