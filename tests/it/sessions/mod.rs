//! Sessions of an operator from the first look to the end, as they are typed: each command with its code, and what its screen
//! says, from top to bottom.

mod auditor;
mod many_identities;
mod one_identity;

use crate::support::rehome::{Rehome, Said};

/// Types a command; its screen has these parts, one after the other.
pub(crate) fn typed(rehome: &Rehome, command: &str, code: i32, parts: &[&str]) -> Said {
    let arguments: Vec<&str> = command.split(' ').collect();
    let said = rehome.say(&arguments).expect(code);
    let screen = format!("{}\n{}", said.out, said.err);
    let mut rest = screen.as_str();
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("$ rehome {command}\nhas no {part:?} where it should:\n{screen}");
        };
        rest = after;
    }
    said
}
