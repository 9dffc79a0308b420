//! What is for this machine goes to no proxy, whatever the environment names.

use crate::support::azure::example;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A proxy that counts who comes, and refuses everybody.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::new(AtomicUsize::new(0));
    let counted = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream;
            drop(stream.write_all(b"HTTP/1.1 502 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
        }
    });
    (url, heard)
}

#[test]
fn a_rehearsal_asks_no_proxy_that_the_environment_names() {
    let (url, heard) = proxy();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, &url);
    }
    let done = command
        .arg("rehearse")
        .arg(example("minimal"))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REHOME_DB")
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(heard.load(Ordering::SeqCst), 0, "the proxy was asked");
}
