//! CLI: the command that was typed, as it is typed again. Reads the arguments of this process.

use crate::hint::quoted;
use rehome_orchestrator::without_secrets;

/// The command that was typed, with one more flag; as it was where nothing is added.
pub(crate) fn again(flag: &str) -> String {
    let typed = std::env::args().skip(1).map(|word| quoted(&without_secrets(&word)));
    let all: Vec<String> = typed.chain(Some(flag.to_owned()).filter(|flag| !flag.is_empty())).collect();
    format!("rehome {}", all.join(" "))
}
