//! Store: where on which server a log is, and how it is reached. Touches the environment that it is handed, and the files of libpq.

use super::libpq::{self, Whom};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

/// Where the tables are, where the address does not say it.
const SCHEMA: &str = "rehome";

const PORT: u16 = 5432;

/// A connection that is not there after this time is not waited for.
const CONNECT: Duration = Duration::from_secs(5);

/// A server that went away is waited for this long, where the address says nothing else: it starts again, or another takes its place.
const PATIENCE_S: u64 = 60;

/// What is sent and not taken for this long ends a connection. A runner has to know that before its time is over.
const UNANSWERED: Duration = Duration::from_secs(10);

/// Whether a place is an address of a server, and not a file.
pub fn is_postgres(place: &Path) -> bool {
    place.to_str().is_some_and(|text| ["postgres://", "postgresql://"].iter().any(|s| text.starts_with(s)))
}

/// Why an address cannot be used. It names no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub(super) String);

/// A password, which is never shown.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where a log is on a server: `postgres://user@host:port/database?schema=NAME`.
///
/// `patience=SECONDS` says how long a server that went away is waited for (60). What the address does not say comes from where libpq takes it: `PGSERVICE`, `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGSSLMODE`,
/// `PGSSLROOTCERT`. A password comes from `PGPASSWORD`, a service or `PGPASSFILE`, and never from the address, which is shown to people,
/// kept by shells and seen in lists of processes.
///
/// Beyond the machine the connection is always encrypted, and the server's certificate checked, whatever `sslmode` is but `disable`.
#[derive(Clone, Debug)]
pub struct Address {
    shown: String,
    hosts: Vec<(String, u16)>,
    user: String,
    database: String,
    schema: String,
    password: Option<Secret>,
    encrypted: bool,
    root: Option<PathBuf>,
    patience: Duration,
    state: PathBuf,
}

/// The parameters of an address that are ours or libpq's, and what the environment calls them.
const KNOWN: [(&str, &str); 10] = [
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("passfile", "PGPASSFILE"),
    ("service", "PGSERVICE"),
    ("schema", ""),
    ("patience", ""),
];

impl Address {
    /// Understands an address, with what the environment of this process adds.
    ///
    /// # Errors
    /// When it is none, has a password in it, or asks for what would not be safe.
    pub fn of(place: &Path) -> Result<Self, AddressError> {
        let text = place.to_str().ok_or_else(|| AddressError("the address is no text".to_owned()))?;
        Self::parse(text, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn parse(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, AddressError> {
        let mut said = in_text(text)?;
        let service = said.get("service").cloned().or_else(|| env("PGSERVICE"));
        let mut of_service = service.map_or_else(|| Ok(BTreeMap::new()), |name| read_service(&name, env))?;
        let password = env("PGPASSWORD").or_else(|| of_service.remove("password"));
        for (name, variable) in KNOWN {
            let value = of_service.remove(name).or_else(|| env(variable));
            if let (false, Some(value)) = (said.contains_key(name), value) {
                said.insert(name.to_owned(), value);
            }
        }
        let hosts = hosts(&said)?;
        let user = said.get("user").cloned().or_else(|| env("USER")).unwrap_or_else(|| "postgres".to_owned());
        let database = said.get("dbname").cloned().unwrap_or_else(|| user.clone());
        let schema = schema(&said)?;
        let encrypted = encrypted(&said, &hosts)?;
        let root = said.get("sslrootcert").filter(|root| *root != "system").map(PathBuf::from);
        let mut address = Self {
            shown: text.to_owned(),
            hosts,
            user,
            database,
            schema,
            password: password.map(Secret),
            encrypted,
            root,
            patience: patience(&said)?,
            state: state(env),
        };
        if address.password.is_none() {
            address.password = address.kept_password(said.get("passfile"), env)?.map(Secret);
        }
        Ok(address)
    }

    fn kept_password(
        &self,
        passfile: Option<&String>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<String>, AddressError> {
        let path =
            passfile.map(PathBuf::from).or_else(|| env("HOME").map(|home| Path::new(&home).join(".pgpass")));
        let Some(path) = path else { return Ok(None) };
        let text = libpq::read_passwords(&path).map_err(AddressError)?;
        let Some(text) = text else { return Ok(None) };
        let found = |(host, port): &(String, u16)| {
            let whom = Whom { host, port: *port, database: &self.database, user: &self.user };
            libpq::password(&text, &whom)
        };
        Ok(self.hosts.iter().find_map(found))
    }

    /// The address, as it was given.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// How long a server that went away is waited for.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// The statements that give a role the rights of a runner, and no others: events are inserted and read, never changed or removed.
    pub fn grants(&self, role: &str) -> String {
        super::grants::grants(&self.schema, role)
    }

    /// The schema that the tables are in.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    pub(super) fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// The certificates that the server's is checked with, where they are not those of the machine.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The folder in which this machine keeps what it knows of the log.
    pub(super) fn state(&self) -> PathBuf {
        self.state.join(self.folder())
    }

    /// Makes that folder, for its owner alone.
    pub(super) fn make_state(&self) -> std::io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(self.state())
    }

    /// A name to know the folder by, and a digest of what it is of.
    fn folder(&self) -> String {
        let of = format!("{:?} {} {}", self.hosts, self.database, self.schema);
        let digest = Sha256::digest(of.as_bytes());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
        let word: String = self.database.chars().filter(plain).take(40).collect();
        format!("{word}-{digest}")
    }

    /// How a connection is made.
    pub(super) fn config(&self, to_write: bool) -> Config {
        let mut config = Config::new();
        for (host, port) in &self.hosts {
            config.host(host).port(*port);
        }
        config.user(&self.user).dbname(&self.database).application_name("rehome");
        if let Some(password) = &self.password {
            config.password(&password.0);
        }
        config.ssl_mode(if self.encrypted { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT).tcp_user_timeout(UNANSWERED);
        config
            .keepalives(true)
            .keepalives_idle(UNANSWERED)
            .keepalives_interval(CONNECT)
            .keepalives_retries(2);
        if to_write && self.hosts.len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config
    }
}

/// What an address says itself.
fn in_text(text: &str) -> Result<BTreeMap<String, String>, AddressError> {
    let refused = |what: &str| AddressError(what.to_owned());
    let rest = text.split_once("://").map(|(_, rest)| rest).ok_or_else(|| refused("it is no address"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let secret = "the address has a password in it, which shells and lists of processes keep: leave it out, and put it into a file of passwords (PGPASSFILE, ~/.pgpass), a service (PGSERVICE) or PGPASSWORD";
    if user.contains(':') {
        return Err(refused(secret));
    }
    let mut said = BTreeMap::new();
    for (name, value) in [("user", user), ("dbname", database)] {
        if !value.is_empty() {
            said.insert(name.to_owned(), decoded(value)?);
        }
    }
    if !hosts.is_empty() {
        let mut names = Vec::new();
        let mut ports = Vec::new();
        for host in hosts.split(',') {
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.contains(']') => (name, port),
                Some(_) | None => (host, ""),
            };
            names.push(decoded(name.trim_start_matches('[').trim_end_matches(']'))?);
            ports.push(if port.is_empty() { PORT.to_string() } else { port.to_owned() });
        }
        said.insert("host".to_owned(), names.join(","));
        said.insert("port".to_owned(), ports.join(","));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == "password" {
            return Err(refused(secret));
        }
        if !KNOWN.iter().any(|(known, _)| *known == name) {
            let what = format!("the address has a parameter {name:?}, which this program does not know");
            return Err(AddressError(what));
        }
        said.insert(name.to_owned(), decoded(value)?);
    }
    Ok(said)
}

fn decoded(text: &str) -> Result<String, AddressError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|e| AddressError(e.to_string()))?;
    if text.contains('\0') {
        Err(AddressError("the address has a zero in it".to_owned()))
    } else {
        Ok(text.into())
    }
}

fn read_service(
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, AddressError> {
    let own = env("HOME").map(|home| Path::new(&home).join(".pg_service.conf"));
    let files = env("PGSERVICEFILE").map(PathBuf::from).or(own).into_iter();
    let files = files.chain(env("PGSYSCONFDIR").map(|folder| Path::new(&folder).join("pg_service.conf")));
    let found =
        files.filter_map(|file| std::fs::read_to_string(file).ok()).find_map(|t| libpq::service(&t, name));
    found.ok_or_else(|| AddressError(format!("there is no service {name:?} in the files of services")))
}

fn hosts(said: &BTreeMap<String, String>) -> Result<Vec<(String, u16)>, AddressError> {
    let names: Vec<&str> =
        said.get("host").map_or("/var/run/postgresql", String::as_str).split(',').collect();
    let ports: Vec<&str> = said.get("port").map(|ports| ports.split(',').collect()).unwrap_or_default();
    let port = |at: usize| {
        let text = ports.get(at).or_else(|| ports.first().filter(|_| ports.len() == 1));
        let port = text.filter(|text| !text.is_empty()).map(|text| text.parse());
        port.unwrap_or(Ok(PORT)).map_err(|_| AddressError(format!("{:?} is no port", ports.get(at))))
    };
    names.iter().enumerate().map(|(at, name)| Ok(((*name).to_owned(), port(at)?))).collect()
}

/// It stands in statements as it is, so nothing may need quotes.
fn schema(said: &BTreeMap<String, String>) -> Result<String, AddressError> {
    let name = said.get("schema").map_or(SCHEMA, String::as_str);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.starts_with("pg_");
    if begins && name.len() <= 40 && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(AddressError(
        "a schema has 1 to 40 of a-z, 0-9 and _, begins with a letter, and not with pg_".to_owned(),
    ))
}

fn patience(said: &BTreeMap<String, String>) -> Result<Duration, AddressError> {
    let seconds = said.get("patience").map_or(Ok(PATIENCE_S), |text| text.parse());
    let seconds = seconds.ok().filter(|s| *s <= 3_600);
    seconds.map(Duration::from_secs).ok_or_else(|| AddressError("patience is 0 to 3600 seconds".to_owned()))
}

/// Where this user keeps what programs know from one run to the next.
/// Source: <https://specifications.freedesktop.org/basedir-spec/latest/>.
fn state(env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    let usual = || {
        let home = env("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
        let state = env("XDG_STATE_HOME").map_or_else(|| home.join(".local/state"), PathBuf::from);
        state.join("rehome")
    };
    env("REHOME_STATE").map_or_else(usual, PathBuf::from)
}

/// Whether a host is on this machine.
fn is_here(host: &str) -> bool {
    host.starts_with('/')
        || host == "localhost"
        || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn encrypted(said: &BTreeMap<String, String>, hosts: &[(String, u16)]) -> Result<bool, AddressError> {
    let sockets = hosts.iter().all(|(host, _)| host.starts_with('/'));
    match said.get("sslmode").map(String::as_str) {
        None => Ok(!hosts.iter().all(|(host, _)| is_here(host))),
        Some("disable") => Ok(false),
        Some("require" | "verify-ca" | "verify-full") => Ok(!sockets),
        Some("allow" | "prefer") => {
            let what = "sslmode=allow and sslmode=prefer promise nothing: leave it out (encrypted, and the server's certificate checked), or say sslmode=disable";
            Err(AddressError(what.to_owned()))
        }
        Some(other) => Err(AddressError(format!("sslmode={other:?} is not known"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, env: &[(&str, &str)]) -> Result<Address, AddressError> {
        let env = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned());
        Address::parse(text, &env)
    }

    #[test]
    fn what_an_address_does_not_say_comes_from_the_environment() {
        let address = parsed(
            "postgres://ada@db.example:6432/work?schema=two",
            &[("PGHOST", "other"), ("PGDATABASE", "other"), ("PGPASSWORD", "s3cret")],
        )
        .expect("an address");
        assert_eq!(address.hosts, [("db.example".to_owned(), 6432)]);
        let found = (address.user.as_str(), address.database.as_str(), address.schema.as_str());
        assert_eq!(found, ("ada", "work", "two"));
        assert!(address.encrypted, "beyond the machine nothing goes in the clear");
        assert!(!format!("{address:?}").contains("s3cret"), "{address:?}");
        let address = parsed("postgres://", &[("PGHOST", "/run/pg"), ("PGUSER", "ada")]).expect("an address");
        assert_eq!(address.hosts, [("/run/pg".to_owned(), PORT)]);
        let found = (address.user.as_str(), address.database.as_str(), address.schema.as_str());
        assert_eq!(found, ("ada", "ada", SCHEMA));
        assert!(!address.encrypted);
        let two = parsed("postgresql://a:1,[::1]:2/db", &[]).expect("an address");
        assert_eq!(two.hosts, [("a".to_owned(), 1), ("::1".to_owned(), 2)]);
        let socket = parsed("postgres:///db?host=/tmp/a%20b&port=7", &[]).expect("an address");
        assert_eq!(socket.hosts, [("/tmp/a b".to_owned(), 7)]);
    }

    #[test]
    fn an_address_with_a_password_or_without_a_promise_is_refused_and_not_repeated() {
        for text in [
            "postgres://ada:s3cret@db/work",
            "postgres://db/work?password=s3cret",
            "postgres://db/work?sslmode=prefer",
            "postgres://db/work?options=-cfsync%3Doff",
            "postgres://db/work?schema=a%22b",
            "postgres://db/work?schema=pg_mine",
            "postgres://db:x/work",
            "postgres://db/work?service=none",
        ] {
            let error = parsed(text, &[]).expect_err(text);
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_service_and_a_file_of_passwords_are_read_and_one_that_others_may_read_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let (services, passwords) = (folder.path().join("services"), folder.path().join("passwords"));
        std::fs::write(&services, "[ours]\nhost=/run/pg\ndbname=work\nuser=ada\n").expect("written");
        crate::private_file::replace(&passwords, b"*:*:work:ada:s3cret\n").expect("written");
        let env = [
            ("PGSERVICEFILE", services.to_str().expect("text")),
            ("PGSERVICE", "ours"),
            ("PGPASSFILE", passwords.to_str().expect("text")),
        ];
        let address = parsed("postgres://", &env).expect("an address");
        assert_eq!((address.database.as_str(), address.user.as_str()), ("work", "ada"));
        assert_eq!(address.password.map(|password| password.0).as_deref(), Some("s3cret"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&passwords, std::fs::Permissions::from_mode(0o644)).expect("set");
            let error = parsed("postgres://", &env).expect_err("others may read it");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }
}
