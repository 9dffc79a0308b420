//! CLI: the C library's allocator, kept to few arenas. Starts this program once more, in its own place, before it has done anything
//! but read its words.
//!
//! glibc gives up to eight arenas to each core, and what is free in one of them is used by no other. Here, what a move is read with on one
//! thread is kept and let go on others: a batch of 250 moves took 177 MB, and takes 101 MB with two arenas, in the same time
//! (docs/benchmarks.md). The library hears of it from the environment alone.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_few_arenas() {
    use std::os::unix::process::CommandExt;

    /// What glibc reads: <https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html>.
    const ARENAS: &str = "MALLOC_ARENA_MAX";
    /// The same with everything else that can be set; whoever sets that knows what they want.
    const TUNABLES: &str = "GLIBC_TUNABLES";
    /// A program with rights of its own is not told by the environment, and would start again for ever.
    const STARTED: &str = "REHOME_STARTED_AGAIN";

    let mut words = std::env::args_os();
    let known = [ARENAS, TUNABLES, STARTED].iter().any(|name| std::env::var_os(name).is_some());
    let (Ok(own), Some(called), false) = (std::env::current_exe(), words.next(), known) else { return };
    // It comes back only where that is not possible; then everything is done as well, with more memory.
    drop(
        std::process::Command::new(own).arg0(called).args(words).envs([(ARENAS, "2"), (STARTED, "1")]).exec(),
    );
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_few_arenas() {}
