//! Activities: what somebody should know of the code that names the identity. Pure.

use crate::code::Form;
use crate::relocate::facts::Facts;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::own_code::facts::scanned;

/// Says which code makes the identity again, and what of the code nobody has seen.
pub(crate) fn notices(facts: &Facts, out: &mut Preflight) {
    for one in scanned(facts) {
        for place in one.places.iter().filter(|place| place.form == Form::Declaration) {
            let target = format!("{}: {}:{}", one.repository, place.file, place.line);
            let text =
                format!("{} declares the old identity here: an apply would make it again", place.kind.word());
            let remedy = "write the new one beside it before its hosts are switched (`rehome handoff` has import blocks), \
                          and take the old one out of code and state before the clean-up";
            out.warnings.push(notice(NoticeCode::W392, &target, text, remedy));
        }
        if one.unread > 0 {
            let text =
                format!("{} of it could not be read by the scan: nobody knows what is there", one.unread);
            out.warnings.push(notice(
                NoticeCode::W393,
                &one.repository,
                text,
                "make it readable, scan and plan again",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{facts, scan};

    #[test]
    fn code_that_makes_the_identity_again_and_code_that_nobody_read_are_warned_of() {
        let mut facts = facts();
        let found = |facts: &Facts| {
            let mut out = Preflight::default();
            notices(facts, &mut out);
            out.warnings.into_iter().map(|one| (one.code, one.target)).collect::<Vec<_>>()
        };
        assert_eq!(found(&facts), []);
        scan(&mut facts, 2);
        let wanted = [("W392", "infra: envs/identity.tf:2"), ("W393", "infra")];
        assert_eq!(found(&facts), wanted.map(|(code, at)| (code.to_owned(), at.to_owned())));
    }
}
