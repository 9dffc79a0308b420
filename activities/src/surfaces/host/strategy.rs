//! Activities: how each host is re-pointed, and why. Pure.
//!
//! Attaching the new identity beside the old one is not always safe: the metadata service of machines gives
//! a caller that names no identity the only one there is, and refuses it when there are two. So code
//! that names none may be broken by an overlap, and is served by an exchange in one write. The endpoints of
//! App Service, Container Apps and Automation have another rule: whoever names no identity asks for the
//! system's, so code that gets tokens of a user-assigned one names it already, and an exchange would break it.

use crate::commands::shown;
use crate::references::known::{self, Code};
use crate::references::scan::Identifier;
use crate::references::writes;
use crate::relocate::facts::{Facts, Host, Strategy};
use crate::relocate::params::{Params, Unpinned};
use crate::surfaces::cluster::nodes;
use crate::surfaces::host::room;

/// How a host is re-pointed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// How.
    pub strategy: Strategy,
    /// Why, for people.
    pub reason: String,
    /// Whether the host runs code that names its identity nowhere that can be seen.
    pub unpinned: bool,
    /// Why something may be without an identity for a while; nothing is said where old and new overlap, or
    /// are exchanged in one write.
    pub gap: Option<String>,
}

/// How this host is re-pointed, and why.
pub fn choose(params: &Params, facts: &Facts, host: &Host) -> Choice {
    let choice = strategy(params, facts, host);
    Choice { gap: gap(facts, host, choice.strategy), ..choice }
}

/// Whether a host is the record of a run that has ended: nothing uses the identity there any more, and a write would
/// run it again, so it is left as it is; unless somebody chose otherwise.
pub(crate) fn is_record(params: &Params, host: &Host) -> bool {
    let chosen = params.options.strategies.contains_key(&host.id);
    host.readable && host.writing.ended && !chosen
}

/// Why a write of a host is a person's, as far as the host itself tells.
fn hazard(host: &Host) -> Option<String> {
    if let Some(runs) = &host.writing.runs {
        return Some(format!("each write of it runs {runs} again"));
    }
    let (first, more) = host.writing.hidden.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    Some(format!("a read hides {first}{more}, and a write would lose it"))
}

/// Why a program may not attach one more identity to what takes the place of a host.
pub(crate) fn attach_blocker(params: &Params, host: &Host) -> Option<String> {
    if host.writing.runs.is_some() {
        return Some("each write of it runs something again".to_owned());
    }
    if !host.writing.hidden.is_empty() {
        return Some("a read hides secrets of it, and a write would lose them".to_owned());
    }
    let known = known::of(&host.kind);
    if let Some(why) = known.and_then(|known| known.by_hand) {
        return Some(why.to_owned());
    }
    if let Some(why) = room::attach_blocker(host) {
        return Some(why);
    }
    let alone =
        host.attached.len() == 1 && !host.identity_type.to_ascii_lowercase().contains("systemassigned");
    let pinned = params.options.pinned.contains(&host.id);
    (known.and_then(|known| known.code) == Some(Code::Metadata) && alone && !pinned)
        .then(|| "with a second identity, code on it that names none would get no token".to_owned())
}

/// Whether the exchange takes more than one write, or the service more than a moment for it.
fn gap(facts: &Facts, host: &Host, strategy: Strategy) -> Option<String> {
    if strategy != Strategy::Swap {
        return None;
    }
    let settings = host.settings.iter().map(|s| format!("setting {}", s.name));
    let named = |h: &&Host| !h.carries && !h.references.is_empty() && !h.writing.ended;
    let children = facts.hosts.iter().filter(|h| h.id.is_below(&host.id) && named(h));
    let after: Vec<String> = settings.chain(children.map(|h| h.id.name().to_owned())).collect();
    if !after.is_empty() {
        return Some(format!(
            "the identity is exchanged first, and {} after it: in between it names one that is not attached",
            after.join(", ")
        ));
    }
    room::full(facts, host).map(|why| format!("{why}: old and new do not overlap on it"))
}

fn strategy(params: &Params, facts: &Facts, host: &Host) -> Choice {
    let plain = |strategy, reason: String| Choice { strategy, reason, unpinned: false, gap: None };
    if let Some(strategy) = params.options.strategies.get(&host.id) {
        return plain(*strategy, "chosen in the batch file".into());
    }
    if !host.readable {
        return plain(Strategy::ByHand, "Azure knows this resource, but you cannot read it".into());
    }
    let known = known::of(&host.kind);
    if let Some(why) = known.and_then(|known| known.by_hand) {
        return plain(Strategy::ByHand, why.into());
    }
    if let Some(why) = hazard(host).or_else(|| fixed(host)) {
        return plain(Strategy::ByHand, why);
    }
    let own = nodes::set_by_service(host).len();
    if !host.carries && own > 0 && own == host.references.len() && host.settings.is_empty() {
        return plain(Strategy::ByHand, nodes::own_words(host));
    }
    if !host.carries {
        return plain(Strategy::Overlap, "it only names the identity".into());
    }
    if let Some(why) = room::full(facts, host) {
        return plain(Strategy::Swap, why);
    }
    if let Some(code) = known.and_then(|known| known.code) {
        return code_host(params, facts, host, code == Code::Metadata);
    }
    plain(Strategy::Overlap, "no code on it asks for tokens".into())
}

/// Why no write changes what names the identity here: it is set only when the resource is made.
fn fixed(host: &Host) -> Option<String> {
    let row = writes::row(&host.kind)?;
    let place = host.references.iter().find(|r| !row.changes(&r.pointer))?;
    Some(format!("{} is set only when it is made", place.pointer.rsplit('/').next().unwrap_or_default()))
}

fn code_host(params: &Params, facts: &Facts, host: &Host, asks_metadata: bool) -> Choice {
    let pinned = |reason: String| Choice { strategy: Strategy::Overlap, reason, unpinned: false, gap: None };
    if params.options.pinned.contains(&host.id) {
        return pinned("the batch file says that its code names its identity".into());
    }
    if let Some(evidence) = pin(facts, host) {
        return pinned(format!("its code names its identity in {evidence}"));
    }
    if !asks_metadata {
        let reason = "code on it gets its tokens only by naming it, and nothing that can be seen names it: such code \
                      uses the old one until somebody changes that";
        return Choice { unpinned: true, ..pinned(reason.into()) };
    }
    if host.attached.len() > 1 {
        return pinned(format!("it has {} identities, so callers name one already", host.attached.len()));
    }
    if host.identity_type.to_ascii_lowercase().contains("systemassigned") {
        return pinned("it has a system-assigned identity, which callers get who name none".into());
    }
    let named = match extension(facts, host) {
        Some(name) => {
            format!("only its extension {name} is seen to name it, which says nothing of other code")
        }
        None => "names it nowhere that can be seen".to_owned(),
    };
    let reason = format!(
        "it has one identity and {named}: with two attached, the metadata service would refuse callers that name none"
    );
    let strategy = match params.options.unpinned_host {
        Unpinned::Swap | Unpinned::Block => Strategy::Swap,
        Unpinned::PinFirst => Strategy::PinFirst,
    };
    Choice { strategy, reason, unpinned: true, gap: None }
}

/// Where the code on a host names its identity, as far as can be seen.
fn pin(facts: &Facts, host: &Host) -> Option<String> {
    if let Some(setting) = host.settings.first() {
        return Some(format!("setting {}", setting.name));
    }
    let named = |h: &Host| {
        h.references
            .iter()
            .find(|r| r.identifier != Identifier::PrincipalId && names_for_code(&r.pointer))
            .map(|r| r.pointer.clone())
    };
    named(host).or_else(|| {
        // Children carry the settings of code that runs on the parent; an extension those of its own alone.
        children(facts, host)
            .filter(|child| !is_extension(child))
            .find_map(|child| named(child).map(|pointer| format!("{} {pointer}", child.id.name())))
    })
}

fn children<'a>(facts: &'a Facts, host: &'a Host) -> impl Iterator<Item = &'a Host> {
    facts.hosts.iter().filter(|h| h.id.is_below(&host.id) && !h.carries)
}

fn is_extension(child: &Host) -> bool {
    child.id.folded().rsplit('/').nth(1) == Some("extensions")
}

/// The extension that names the identity: a child of a machine, or in the profile of a scale set.
fn extension(facts: &Facts, host: &Host) -> Option<String> {
    let own = host.references.iter().any(|r| in_extension(&r.pointer)).then(|| "in its profile".to_owned());
    own.or_else(|| children(facts, host).find(|child| is_extension(child)).map(|c| shown(c.id.name())))
}

fn in_extension(pointer: &str) -> bool {
    pointer.to_ascii_lowercase().contains("/extensionprofile/")
}

/// Whether a place is one from which code learns its identity, rather than the platform.
fn names_for_code(pointer: &str) -> bool {
    const PLACES: [&str; 5] =
        ["/env/", "/environmentvariables/", "/settings/", "/appsettings/", "/environmentsettings/"];
    let folded = pointer.to_ascii_lowercase();
    PLACES.iter().any(|place| folded.contains(place)) && !in_extension(pointer)
}
