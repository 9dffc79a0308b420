//! CLI: what a batch file says of who keeps the signed ends of the log. Pure.

use super::mistakes::Mistakes;
use super::section::Section;
use crate::witness::config::Witnesses;

/// Who keeps them; nobody but this machine without it.
pub(super) fn witness(file: Section<'_>, found: &mut Mistakes) -> Option<Witnesses> {
    let said = file.given("witness")?;
    let witnesses = Witnesses {
        folder: said.owned("folder"),
        git: said.owned("git"),
        command: said.texts("command").collect(),
        url: said.owned("url"),
    };
    for flaw in witnesses.flaws() {
        let at = if flaw.key == "witness" { said.at } else { said.place(flaw.key) };
        found.add(at, flaw.what, flaw.remedy);
    }
    Some(witnesses)
}
