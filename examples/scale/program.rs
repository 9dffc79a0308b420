//! The program that is measured: built like this example, and as optimised as it.

use crate::Failed;
use std::path::PathBuf;
use std::process::Command;

/// Builds the program, and says where it is. Both are named, so that their dependencies are built once.
pub(crate) fn built() -> Result<PathBuf, Failed> {
    let cargo = std::env::var_os("CARGO").ok_or("run it with cargo, or name the program: --rehome FILE")?;
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    build.args(["build", "--quiet", "--bin", "rehome", "--example", "scale"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err("the program was not built".into());
    }
    // This file is `target/PROFILE/examples/scale`.
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|examples| examples.parent()).ok_or("it is nowhere")?;
    Ok(folder.join(format!("rehome{}", std::env::consts::EXE_SUFFIX)))
}
