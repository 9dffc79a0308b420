//! Activities: what somebody should know of how hosts are written. Pure.

use crate::references::writes;
use crate::references::writes::Patch;
use crate::relocate::facts::{Facts, Strategy};
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::host::room;
use crate::surfaces::host::strategy::choose;

/// Where there is no room for a second identity, and where no description says what a write takes.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    for host in facts.hosts.iter().filter(|h| h.readable && facts.counterpart_of(h).is_none()) {
        let strategy = choose(params, facts, host).strategy;
        let beside = matches!(strategy, Strategy::Overlap | Strategy::PinFirst) && host.carries;
        if let Some(why) = room::full(facts, host).filter(|_| beside) {
            out.blockers.push(notice(
                NoticeCode::B141,
                &host.id,
                format!("{why}, so that the new one cannot be attached beside the old one"),
                "choose swap for it in the batch file, or take an identity out of it that nothing needs",
            ));
        }
        let undescribed = writes::row(&host.kind).is_none_or(|row| row.patch == Patch::Unknown);
        if undescribed && strategy != Strategy::ByHand {
            out.warnings.push(notice(
                NoticeCode::W221,
                &host.id,
                format!("no description says what a write of {} takes", host.kind),
                "its steps look whether they had their effect, and stop where they had none",
            ));
        }
    }
}
