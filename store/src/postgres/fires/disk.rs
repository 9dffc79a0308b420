//! Store, tests: a server whose disk is full. Touches a file system of its own.

use super::cluster::Cluster;
use super::sound;
use crate::conformance::append;
use crate::log::{AppendError, Log};

/// So many letters that nothing makes shorter.
fn long(letters: usize) -> String {
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        char::from(b' ' + u8::try_from(x >> 32 & 63).unwrap_or(0))
    };
    (0..letters).map(next).collect()
}

#[expect(clippy::print_stderr, reason = "who reads the tests has to see what was not tried")]
fn skipped() {
    eprintln!(
        "SKIPPED: no server with a small disk here: a test may not mount a file system; the server's disk is never full"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_room_says_so_and_with_room_the_log_goes_on() {
    let Some(cluster) = Cluster::on_a_small_disk("full", 160) else {
        return skipped();
    };
    let log = cluster.log();
    log.append(append("a", 0, &["0"])).await.expect("appended");
    let folder = cluster.folder().display();
    cluster.shell(&format!("cat /dev/zero > {folder}/ballast 2> /dev/null || true"));
    let body = long(1 << 20);
    let refused = log.append(append("a", 1, &[&body])).await;
    assert!(matches!(refused, Err(AppendError::Full { .. })), "{refused:?}");
    cluster.shell(&format!("rm {folder}/ballast"));
    sound(&log, 1).await;
    log.append(append("a", 1, &[&body])).await.expect("there is room");
    log.append(append("a", 2, &["2"])).await.expect("it goes on");
    sound(&cluster.log(), 3).await;
}
