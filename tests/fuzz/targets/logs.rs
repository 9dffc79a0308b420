//! Fuzz target: the bytes of a log file: opened, read, verified; damage is an error and nothing worse. It is slow,
//! wherever the file is.
#![no_main]

use rehome_store::{Log, Position, SqliteLog, verify_chain};
use std::path::PathBuf;
use std::sync::LazyLock;

static PLACE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("rehome-fuzz-{}.db", std::process::id())));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    std::fs::write(&*PLACE, data).expect("a file");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    if let Ok(log) = SqliteLog::open_read_only(&PLACE) {
        runtime.block_on(async {
            drop(verify_chain(&log, None).await);
            drop(log.head().await);
            drop(log.streams("").await);
            drop(log.read_all(Position(3), 10).await);
        });
    }
});
