// What reads a plan file in the command line, at the root of a target: its modules name each other from there.

#[path = "../../../../cli/error.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod error;
#[path = "../../../../cli/files.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod files;
#[path = "../../../../cli/hint.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod hint;
#[path = "../../../../cli/layout.rs"]
mod layout;
#[path = "../../../../cli/plan_file.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod plan_file;
