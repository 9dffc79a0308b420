//! Store, tests: a PostgreSQL server of one's own, that can be killed, put back and started again. Touches processes and a folder.

use crate::postgres::{Address, PostgresLog};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What `tests/postgres/run` has prepared.
pub(super) struct Cluster {
    /// Whether its folder is a file system of its own.
    mounted: bool,
    folder: PathBuf,
    bin: PathBuf,
    user: String,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Cluster {
    /// A new server with these settings; nothing where `tests/postgres/run` did not prepare any.
    pub(super) fn begin(what: &str, settings: &[&str]) -> Option<Self> {
        let (mut cluster, template) = Self::of(what, settings)?;
        cluster.shell(&format!("mkdir {0} && cp -a {template} {0}/data", cluster.folder.display()));
        cluster.start();
        Some(cluster)
    }

    /// The same on a disk of so many megabytes; nothing also where a test may not mount one.
    pub(super) fn on_a_small_disk(what: &str, megabytes: u32) -> Option<Self> {
        let (mut cluster, template) = Self::of(what, &[])?;
        let folder = cluster.folder.display().to_string();
        cluster.shell(&format!("mkdir {folder}"));
        let size = format!("size={megabytes}m,mode=777");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none", &folder]).output();
        cluster.mounted = mount.is_ok_and(|mount| mount.status.success());
        if !cluster.mounted {
            return None;
        }
        cluster.shell(&format!("cp -a {template} {folder}/data"));
        cluster.start();
        Some(cluster)
    }

    /// A copy of another one that follows it.
    pub(super) fn following(what: &str, first: &Self) -> Option<Self> {
        let (mut cluster, _) = Self::of(what, &[])?;
        let (folder, of) = (cluster.folder.display(), first.folder.display());
        let copy = format!("{}/pg_basebackup", cluster.bin.display());
        cluster.shell(&format!(
            "mkdir {folder} && {copy} -h {of} -U rehome -D {folder}/data -R -X stream -c fast"
        ));
        cluster.start();
        Some(cluster)
    }

    /// What is to become one, and from what.
    fn of(what: &str, settings: &[&str]) -> Option<(Self, String)> {
        let template = std::env::var("REHOME_POSTGRES_TEMPLATE").ok()?;
        let bin = PathBuf::from(std::env::var("REHOME_POSTGRES_BIN").ok()?);
        let user = std::env::var("REHOME_POSTGRES_USER").unwrap_or_default();
        let folder =
            Path::new(&template).parent().expect("a folder").join(format!("{what}-{}", std::process::id()));
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Some((Self { mounted: false, folder, bin, user, settings, server: None }, template))
    }

    /// Starts it from now on with this setting too.
    pub(super) fn set(&mut self, setting: String) {
        self.settings.push(setting);
    }

    fn command(&self, program: &Path) -> Command {
        if self.user.is_empty() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={0}", self.user), format!("--regid={}", self.user)]);
        command.arg("--clear-groups").arg(program);
        command
    }

    pub(super) fn shell(&self, line: &str) {
        let done = self.command(Path::new("/bin/sh")).args(["-c", line]).status().expect("a shell");
        assert!(done.success(), "{line}");
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it, and waits until it answers.
    pub(super) fn start(&mut self) {
        let log = std::fs::File::create(self.folder.with_extension("log")).expect("a file");
        let mut command = self.command(&self.bin.join("postgres"));
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.folder).args(["-c", "listen_addresses="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        self.server = Some(command.spawn().expect("a server"));
        for _ in 0..600 {
            let ready =
                Command::new(self.bin.join("pg_isready")).arg("-q").arg("-h").arg(&self.folder).status();
            if ready.is_ok_and(|ready| ready.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the server does not start; see {}", self.folder.with_extension("log").display());
    }

    /// Kills it and all that it has started, at once.
    pub(super) fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let pid = server.id().to_string();
        let children = Command::new("pgrep").args(["-P", &pid]).output().expect("pgrep");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        for pid in std::iter::once(pid.as_str()).chain(children.split_whitespace()) {
            drop(Command::new("kill").args(["-KILL", pid]).status());
        }
        drop(server.wait());
    }

    /// Keeps a copy of all that it has, while it does not run.
    pub(super) fn keep(&self) {
        assert!(self.server.is_none(), "a copy of what is written to is none");
        self.shell(&format!("cp -a {0}/data {0}/kept", self.folder.display()));
    }

    /// Puts that copy in the place of what it has.
    pub(super) fn put_back(&self) {
        assert!(self.server.is_none(), "it runs");
        self.shell(&format!("rm -rf {0}/data && cp -a {0}/kept {0}/data", self.folder.display()));
    }

    /// Says something to it, as its owner.
    pub(super) fn say(&self, sql: &str) -> Result<String, String> {
        self.say_as("rehome", sql)
    }

    pub(super) fn say_as(&self, role: &str, sql: &str) -> Result<String, String> {
        let psql = Command::new(self.bin.join("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", "postgres", "-c", sql])
            .arg("-h")
            .arg(&self.folder)
            .output()
            .expect("psql");
        let (out, err) = (String::from_utf8_lossy(&psql.stdout), String::from_utf8_lossy(&psql.stderr));
        if psql.status.success() { Ok(out.trim().to_owned()) } else { Err(err.into_owned()) }
    }

    /// The folder with its socket.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn address(&self, more: &str) -> Address {
        address(&self.folder, more)
    }

    pub(super) fn log(&self) -> PostgresLog {
        PostgresLog::create_or_open(&self.address("")).expect("a new log")
    }
}

/// The address of a server whose socket is here.
pub(super) fn address(folder: &Path, more: &str) -> Address {
    let text = format!("postgres:///postgres?host={}&user=rehome{more}", folder.display());
    Address::of(Path::new(&text)).expect("an address")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        if self.mounted {
            drop(Command::new("umount").arg(&self.folder).status());
        }
        let folder = self.folder.display();
        drop(self.command(Path::new("/bin/rm")).arg("-rf").arg(&self.folder).status());
        assert!(std::thread::panicking() || !self.folder.exists(), "{folder} is left");
    }
}
