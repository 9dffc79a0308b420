//! CLI: what a batch file says of who is told what. Pure.

use super::mistakes::Mistakes;
use super::section::{Section, choice};
use crate::hooks::config::Hooks;

/// Who is told what; nobody without it.
pub(super) fn hooks(file: Section<'_>, found: &mut Mistakes) -> Option<Hooks> {
    let said = file.given("hooks")?;
    let hooks = Hooks {
        events: said.texts("events").filter_map(|word| choice(&word)).collect(),
        command: said.texts("command").collect(),
        url: said.owned("url"),
        secret_env: said.owned("secret_env"),
        secret_file: said.owned("secret_file"),
        allow_http: said.flag("allow_http"),
    };
    for flaw in hooks.flaws() {
        let at = if flaw.key == "hooks" { said.at } else { said.place(flaw.key) };
        found.add(at, flaw.what, flaw.remedy);
    }
    Some(hooks)
}
