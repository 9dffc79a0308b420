//! The program under test, as a person or a script calls it.

use crate::support::azure::Azure;
use crate::support::preload::library;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(crate) struct Rehome {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

/// A folder in memory, where there is such a place. What a disk keeps is for the tests of the store; here each sync would
/// be waited for.
fn temporary() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

impl Rehome {
    pub(crate) fn at(azure: &Azure) -> Self {
        let mut rehome = Self::offline();
        rehome.turn_to(azure);
        rehome
    }

    /// Signs in to this Azure from now on.
    pub(crate) fn turn_to(&mut self, azure: &Azure) {
        self.environment = vec![
            ("AZURE_TENANT_ID", azure.text("tenant").to_owned()),
            ("AZURE_CLIENT_ID", azure.text("client_id").to_owned()),
            ("AZURE_CLIENT_SECRET", azure.text("client_secret").to_owned()),
            ("REHOME_CLOUD", azure.text("arm").to_owned()),
            ("REHOME_TIME_SCALE", azure.scale.to_owned()),
            ("REHOME_ACTOR", "tester@contoso.example".to_owned()),
        ];
    }

    /// Another folder with the same files, signed in to nothing.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::offline();
        for file in std::fs::read_dir(self.folder.path()).expect("the folder") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), copy.path(&file.file_name().to_string_lossy())).expect("copied");
        }
        copy
    }

    /// On a machine whose clock is so many seconds ahead of this one's.
    pub(crate) fn set_clock(&mut self, ahead: i64) {
        self.forget("LD_PRELOAD");
        self.forget("CLOCK_AHEAD_S");
        let library = library("clock_ahead").to_string_lossy().into_owned();
        self.environment.extend([("LD_PRELOAD", library), ("CLOCK_AHEAD_S", ahead.to_string())]);
    }

    /// One command on such a machine.
    pub(crate) fn say_ahead(&mut self, ahead: i64, arguments: &[&str]) -> Said {
        self.set_clock(ahead);
        let said = self.say(arguments);
        self.set_clock(0);
        said
    }

    /// Keeps the log on the server of `tests/postgres/run`, in a schema of its own, and what this machine knows of it in this folder;
    /// whether there is a server.
    pub(crate) fn on_server(&mut self, schema: &str) -> bool {
        let Ok(server) = std::env::var("REHOME_POSTGRES") else { return false };
        self.forget("REHOME_DB");
        self.forget("REHOME_STATE");
        let db = format!("{server}&schema={schema}_{}", std::process::id());
        let state = self.path("state").to_string_lossy().into_owned();
        self.environment.extend([("REHOME_DB", db), ("REHOME_STATE", state)]);
        true
    }

    /// Can be cut off from Azure and from a server of the log, each alone: as long as the file `network` or `socket` is in the
    /// folder that this gives.
    pub(crate) fn can_be_cut_off(&mut self) -> PathBuf {
        let folder = self.path("cut");
        std::fs::create_dir_all(&folder).expect("a folder");
        let library = library("cut_off").to_string_lossy().into_owned();
        let place = folder.to_string_lossy().into_owned();
        self.environment.extend([("LD_PRELOAD", library), ("CUT_OFF", place)]);
        folder
    }

    /// Where its log is, by the address that it is given.
    pub(crate) fn db(&self) -> String {
        let db = self.environment.iter().find(|(name, _)| *name == "REHOME_DB");
        db.map(|(_, db)| db.clone()).expect("a log on a server")
    }

    /// Leaves a name out of the environment.
    pub(crate) fn forget(&mut self, name: &str) {
        self.environment.retain(|(known, _)| *known != name);
    }

    /// Without any cloud.
    pub(crate) fn offline() -> Self {
        Self { folder: temporary(), environment: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        self.dressed(command.args(arguments));
        command
    }

    /// A command in this folder, where it leaves what it makes for a while too, with this sign-in.
    pub(crate) fn dressed<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("REHOME_DB");
        command.env("TMPDIR", self.folder.path());
        command.envs(self.environment.iter().map(|(k, v)| (*k, v.as_str())))
    }

    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().expect("the program starts");
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    }

    /// Plans and approves the batch of a folder.
    pub(crate) fn approve(&self, batch: &Path) {
        let batch = batch.to_str().expect("a plain path");
        self.say(&["plan", "-f", batch, "--save", "plan.json"]).expect(0);
        self.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    }

    /// Runs until nothing goes on by itself, doing what people would do by hand.
    pub(crate) fn run_with_people(&self) -> i32 {
        self.say_with_people(&["run", "plan.json", "--yes"]).code
    }

    /// Says the same again as long as people have something to do, which they do in between.
    pub(crate) fn say_with_people(&self, arguments: &[&str]) -> Said {
        for _ in 0..20 {
            let said = self.say(arguments);
            if said.code != 11 || !self.acknowledge() {
                return said;
            }
        }
        panic!("{arguments:?} does not come to an end");
    }

    /// Acknowledges what waits for people; whether there was anything.
    pub(crate) fn acknowledge(&self) -> bool {
        let status = self.json(&["status"]);
        let mut any = false;
        for entry in status["moves"].as_array().expect("moves") {
            for wait in entry["waiting_for"].as_array().into_iter().flatten() {
                if wait["kind"] == "by-hand" {
                    let step = format!("{}:{}", text(&entry["run"]), text(&wait["step"]));
                    self.say(&["ack", &step, "--note", "done in a test"]).expect(0);
                    any = true;
                }
            }
        }
        any
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let mut all = arguments.to_vec();
        all.extend(["-o", "json"]);
        let said = self.say(&all).expect(0);
        serde_json::from_str(&said.out).expect("JSON on stdout")
    }

    /// Every byte that the program left on the disk.
    pub(crate) fn remains(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        files.flat_map(|f| std::fs::read(f.expect("a file").path()).unwrap_or_default()).collect()
    }
}

pub(crate) fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether these bytes are somewhere in those.
pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
