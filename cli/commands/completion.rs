//! CLI: `rehome completion`. Prints a script for a shell.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use clap::{Args, Command};
use clap_complete::Shell;

/// Print a completion script for a shell.
///
/// For bash: `source <(rehome completion bash)`. Bash, zsh and fish complete the names of batches and moves of the log too.
#[derive(Args, Debug)]
pub(crate) struct Completion {
    /// The shell.
    pub(crate) shell: Shell,
}

impl Execute for Completion {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut c.words.clone(), "rehome", &mut script);
        let script = String::from_utf8_lossy(&script);
        c.output.line(&with_names(self.shell, &script, &naming(c.words)))?;
        Ok(Exit::Done)
    }
}

/// Arguments that name something in the log.
const NAMING: [&str; 6] = ["select", "step", "steps", "what", "plan", "batch"];

/// The commands that take a name of the log.
fn naming(words: &Command) -> Vec<&str> {
    let takes =
        |command: &&Command| command.get_positionals().any(|arg| NAMING.contains(&arg.get_id().as_str()));
    words.get_subcommands().filter(takes).map(Command::get_name).collect()
}

/// The script, and what completes the names that are in the log when somebody asks.
fn with_names(shell: Shell, script: &str, commands: &[&str]) -> String {
    let any = commands.join("|");
    match shell {
        Shell::Bash => format!(
            "{script}
_rehome_named() {{
    _rehome \"$@\"
    case \"${{COMP_WORDS[1]}}\" in
        {any})
            if [[ \"${{COMP_WORDS[COMP_CWORD]}}\" != -* ]]; then
                COMPREPLY+=( $(compgen -W \"$(\"${{COMP_WORDS[0]}}\" names 2>/dev/null)\" -- \"${{COMP_WORDS[COMP_CWORD]}}\") )
            fi ;;
    esac
}}
complete -F _rehome_named -o nosort -o bashdefault -o default rehome"
        ),
        Shell::Zsh => format!(
            "{script}
_rehome_named() {{
    _rehome \"$@\"
    [[ \"$words[CURRENT]\" != -* ]] && case \"$words[2]\" in
        {any}) compadd -- ${{(f)\"$(rehome names 2>/dev/null)\"}} ;;
    esac
}}
compdef _rehome_named rehome"
        ),
        Shell::Fish => {
            let seen = commands.join(" ");
            format!(
                "{script}complete -c rehome -n \"__fish_seen_subcommand_from {seen}\" -f -a \"(rehome names 2>/dev/null)\""
            )
        }
        _ => script.to_owned(),
    }
}
