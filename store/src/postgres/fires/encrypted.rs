//! Store, tests: an encrypted way to a server, and a certificate that is not the server's. Touches certificates of its own.

use super::cluster::Cluster;
use super::sound;
use crate::conformance::append;
use crate::log::Log;
use crate::postgres::{Address, PostgresLog};
use std::path::Path;
use std::process::Command;

/// Where such a server listens: nobody else does. Its certificate is for the first alone.
const HOST: &str = "127.0.54.32";
const OTHER: &str = "127.0.54.33";

/// Makes an authority with the name `of`, and a certificate of it for the server.
fn certificates(folder: &Path, of: &str) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let done = command.current_dir(folder).args(arguments.split(' ')).output().expect("openssl");
        assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 {key} -days 2 -subj /CN={of} -keyout {of}.key -out {of}.pem \
         -addext basicConstraints=critical,CA:TRUE"
    ));
    openssl(&format!("req {key} -subj /CN=server -keyout {of}-server.key -out {of}-server.csr"));
    std::fs::write(folder.join("names"), format!("subjectAltName=IP:{HOST}\nbasicConstraints=CA:FALSE\n"))
        .expect("written");
    openssl(&format!(
        "x509 -req -in {of}-server.csr -CA {of}.pem -CAkey {of}.key -CAcreateserial -days 2 \
         -extfile names -out {of}-server.pem"
    ));
}

fn address(host: &str, root: &Path) -> Address {
    let root = root.display();
    let text = format!("postgres://rehome@{host}/postgres?sslmode=verify-full&sslrootcert={root}&patience=1");
    Address::of(Path::new(&text)).expect("an address")
}

fn refused(address: &Address) -> String {
    let error = PostgresLog::open(address).map(drop).expect_err("it is not the server");
    format!("{error:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_reached_encrypted_and_a_server_that_cannot_show_who_it_is_is_refused() {
    let Some(mut cluster) = Cluster::begin("encrypted", &[&format!("listen_addresses={HOST},{OTHER}")])
    else {
        return;
    };
    let made = tempfile::tempdir().expect("a folder");
    certificates(made.path(), "ours");
    certificates(made.path(), "theirs");
    let (ours, theirs) = (made.path().join("ours.pem"), made.path().join("theirs.pem"));
    let folder = cluster.folder().display().to_string();
    cluster.shell(&format!("echo 'host all all 127.0.54.0/24 trust' >> {folder}/data/pg_hba.conf"));
    cluster.say("SELECT pg_reload_conf()").expect("read again");
    let plain = refused(&address(HOST, &ours));
    assert!(plain.contains("TLS"), "one that does not encrypt is refused: {plain}");
    cluster.kill();
    for file in ["pem", "key"] {
        let bytes = std::fs::read(made.path().join(format!("ours-server.{file}"))).expect("made");
        let text = String::from_utf8(bytes).expect("text");
        cluster.shell(&format!("umask 077; cat > {folder}/server.{file} << 'END'\n{text}END\n"));
    }
    for setting in [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={folder}/server.pem"),
        format!("ssl_key_file={folder}/server.key"),
    ] {
        cluster.set(setting);
    }
    cluster.start();
    let log = PostgresLog::create_or_open(&address(HOST, &ours)).expect("a new log");
    log.append(append("a", 0, &["0"])).await.expect("appended");
    sound(&log, 1).await;
    let open = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl";
    assert_eq!(cluster.say(open).expect("shown"), "0", "nothing goes unencrypted");
    let other = refused(&address(HOST, &theirs));
    assert!(other.contains("certificate") || other.contains("UnknownIssuer"), "another authority: {other}");
    let named = refused(&address(OTHER, &ours));
    assert!(named.contains("certificate"), "another name: {named}");
}
