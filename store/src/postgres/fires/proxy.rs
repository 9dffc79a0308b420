//! Store, tests: something between a client and a server, that cuts connections where it is told to. Touches two sockets.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

/// What becomes of the next thing that a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes through, and so does the answer.
    Through,
    /// It never arrives.
    Lost,
    /// It arrives, and the answer is lost.
    Unanswered,
    /// It is lost for the client, and arrives just before the client says it again.
    Late,
}

/// Where something that is late is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    Never,
    Held,
    LetGo,
    Arrived,
}

struct Shared {
    fate: Mutex<Fate>,
    late: Mutex<Late>,
    changed: Condvar,
}

impl Shared {
    fn is_now(&self, late: Late) {
        *self.late.lock().expect("a lock") = late;
        self.changed.notify_all();
    }

    fn wait_while(&self, late: Late) {
        let now = self.late.lock().expect("a lock");
        drop(self.changed.wait_while(now, |now| *now == late).expect("a lock"));
    }
}

/// How a client begins that says something again.
const AGAIN: &[u8] = b"BEGIN ISOLATION";

pub(super) struct Proxy {
    folder: PathBuf,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Stands in front of the server whose socket is in this folder.
    pub(super) fn before(server: &Path) -> Self {
        let folder = server.with_extension("proxy");
        std::fs::create_dir(&folder).expect("a folder");
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).expect("a socket");
        let shared = Arc::new(Shared {
            fate: Mutex::new(Fate::Through),
            late: Mutex::new(Late::Never),
            changed: Condvar::new(),
        });
        let (at, of) = (server.join(".s.PGSQL.5432"), shared.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = UnixStream::connect(&at) else { continue };
                let pair = || (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
                let (there, back) = (pair(), pair());
                let lost = Arc::new(Mutex::new(false));
                let (shared, silent) = (of.clone(), lost.clone());
                std::thread::spawn(move || forth(there.0, there.1, &shared, &silent));
                std::thread::spawn(move || answers(back.1, back.0, &lost));
            }
        });
        Self { folder, shared }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The next thing that a client says has this fate, and what comes after it goes through.
    pub(super) fn next(&self, fate: Fate) {
        *self.shared.fate.lock().expect("a lock") = fate;
    }

    /// Whether the fate that was set has come to pass.
    pub(super) fn is_spent(&self) -> bool {
        *self.shared.fate.lock().expect("a lock") == Fate::Through
    }

    /// Whether what was late has arrived, and the server has done with it.
    pub(super) fn has_arrived(&self) -> bool {
        *self.shared.late.lock().expect("a lock") == Late::Arrived
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// What clients say.
fn forth(mut client: UnixStream, mut server: UnixStream, shared: &Shared, lost: &Mutex<bool>) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let held = *shared.late.lock().expect("a lock") == Late::Held;
        if held && bytes[..read].windows(AGAIN.len()).any(|said| said == AGAIN) {
            shared.is_now(Late::LetGo);
            shared.wait_while(Late::LetGo);
        }
        let fate = std::mem::replace(&mut *shared.fate.lock().expect("a lock"), Fate::Through);
        match fate {
            Fate::Through => {}
            Fate::Lost => break,
            Fate::Unanswered => *lost.lock().expect("a lock") = true,
            Fate::Late => {
                *lost.lock().expect("a lock") = true;
                drop(client.shutdown(Shutdown::Both));
                shared.is_now(Late::Held);
                shared.wait_while(Late::Held);
                drop(server.write_all(&bytes[..read]));
                // The server reads it before it reads the end, and closes when it has done what was said.
                drop(server.shutdown(Shutdown::Write));
                while let Ok(1..) = server.read(&mut bytes) {}
                shared.is_now(Late::Arrived);
                return;
            }
        }
        if server.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    drop((client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both)));
}

/// What the server answers.
fn answers(mut server: UnixStream, mut client: UnixStream, lost: &Mutex<bool>) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read @ 1..) = server.read(&mut bytes) {
        if *lost.lock().expect("a lock") || client.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    drop(client.shutdown(Shutdown::Both));
}
