//! Azure: which cloud it is, and who is signed in.

use super::counts::{Counts, RequestCount};
use super::exchange::{Caller, Inner};
use super::known_clouds::{self, KnownCloud};
use super::pacing::Pacing;
use super::reader::Reader;
use super::sanitize::plain;
use super::seal::Seal;
use super::sign_in::{LocalSignIn, SignIn, SignInError};
use super::together::{Servers, stranger};
use super::transport::{Sent, Transport, is_loopback};
use super::writer::Writer;
use crate::references::settings_key::SettingsKey;
use rehome_orchestrator::TimeScale;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// How to reach a cloud.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The URL of Resource Manager: `https://management.azure.com`, `https://management.usgovcloudapi.net`,
    /// `https://management.chinacloudapi.cn`, or a local Azure's.
    pub cloud: String,
    /// Where it is signed in to, where somebody was shown that: another server is refused.
    pub authority: Option<String>,
    /// A file with a certificate authority to trust beside the machine's.
    pub ca: Option<PathBuf>,
    /// What to sign in with to a cloud on this machine; the environment says it otherwise.
    pub sign_in: Option<LocalSignIn>,
    /// By how much own pauses are shortened; 1 but for rehearsals.
    pub time_scale: f64,
}

/// Why a cloud was not reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not one.
    #[error("{0:?} is not the URL of a cloud: https, or http on this machine")]
    Url(String),
    /// The certificate authority could not be read.
    #[error("failed to read the certificate authority {}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP client could not be set up.
    #[error("failed to set up the HTTP client")]
    Client(#[source] reqwest::Error),
    /// The cloud did not say what it is.
    #[error("{url} did not answer as a cloud does: {what}")]
    NotACloud {
        /// The URL.
        url: String,
        /// What came instead.
        what: String,
    },
    /// The cloud says that somebody else's servers are its own. Nothing was sent to any of them.
    #[error("{url} is not to be trusted with a sign-in: {what}")]
    NotTogether {
        /// The URL.
        url: String,
        /// What does not belong to it.
        what: String,
    },
    /// Nobody is signed in.
    #[error("failed to sign in")]
    SignIn(#[from] SignInError),
}

impl ConnectError {
    /// Whether signing in was refused, so that somebody has to do something about it.
    pub fn is_sign_in(&self) -> bool {
        match self {
            Self::SignIn(why) => !why.is_passing(),
            Self::NotTogether { .. } => true,
            Self::Url(_) | Self::Ca { .. } | Self::Client(_) | Self::NotACloud { .. } => false,
        }
    }

    /// What a person can do about it.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::SignIn(SignInError::Refused(why) | SignInError::Unavailable { why, .. }) => {
                super::errors::advice(why)
            }
            Self::NotTogether { .. } => Some(
                "name the Resource Manager that you mean: --cloud azure, usgov, china, or the URL of one whose sign-in server, Graph and audience are its own",
            ),
            _ => None,
        }
    }
}

/// A cloud that somebody is signed in to. Cheap to clone.
#[derive(Clone)]
pub struct Azure {
    inner: Arc<Inner>,
}

/// The version in which a cloud describes itself.
const METADATA: &str = "2022-09-01";

impl Azure {
    /// Asks the cloud what it is, and signs in.
    ///
    /// # Errors
    /// When the cloud cannot be reached or nobody is signed in.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let arm = checked(&options.cloud)?;
        let ca = match &options.ca {
            None => None,
            Some(path) => {
                Some(std::fs::read(path).map_err(|source| ConnectError::Ca { path: path.clone(), source })?)
            }
        };
        let transport = Transport::new(ca.as_deref(), is_loopback(&arm)).map_err(ConnectError::Client)?;
        let metadata = metadata(&transport, &arm).await?;
        let not_a_cloud =
            |what: &str| ConnectError::NotACloud { url: arm.to_string(), what: what.to_owned() };
        let text = |pointer: &str| metadata.pointer(pointer).and_then(Value::as_str);
        let login =
            text("/authentication/loginEndpoint").ok_or_else(|| not_a_cloud("no sign-in endpoint"))?;
        let login = checked(login)?;
        let national = known_clouds::known(text("/name").unwrap_or_default(), &arm);
        // A token of one cloud must not be sent to the Graph of another: there is no default.
        let graph = text("/microsoftGraphResourceId").or(national.map(|cloud| cloud.graph));
        let graph = checked(graph.ok_or_else(|| not_a_cloud("no Microsoft Graph"))?)?;
        let arm_audience = text("/authentication/audiences/0").unwrap_or(arm.as_str()).to_owned();
        let servers = Servers { arm: &arm, login: &login, graph: &graph, audience: &arm_audience };
        let shown =
            options.authority.as_deref().filter(|shown| *shown != login.as_str().trim_end_matches('/'));
        let another =
            shown.map(|shown| format!("it is signed in to at {login} now, and {shown} is what was approved"));
        if let Some(what) = stranger(servers).or(another) {
            return Err(ConnectError::NotTogether { url: arm.to_string(), what: plain(&what) });
        }
        let sign_in = SignIn::new(transport.clone(), &login, options.sign_in)?;
        let time_scale = TimeScale::scaled(options.time_scale).unwrap_or(TimeScale::REAL);
        let token = patiently(&sign_in, &arm_audience, time_scale).await?;
        let caller = caller(&token);
        let graph_audience = graph.as_str().trim_end_matches('/').to_owned();
        let inner = Inner {
            arm,
            graph,
            login,
            transport,
            pacing: Pacing::default(),
            counts: Counts::default(),
            turns: Pacing::default(),
            sign_in,
            arm_audience,
            graph_audience,
            time_scale,
            caller,
            national,
            seal: OnceLock::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What can only read.
    pub fn reader(&self) -> Reader {
        Reader::new(self.inner.clone())
    }

    /// What can write, for who holds a `Call`.
    pub fn writer(&self) -> Writer {
        Writer::new(self.inner.clone())
    }

    /// From now on, the addresses of operations are sealed with this key before anybody may write them down.
    pub(crate) fn seal_with(&self, key: &SettingsKey) {
        self.inner.seal.get_or_init(|| Seal::new(key));
    }

    /// So many programs share the limits of this cloud from here on, this one among them: each takes an equal part. The others know
    /// it when `known_in` has passed; where they were there first, this one sends nothing before that counts against a limit.
    pub fn share_limits(&self, programs: u32, known_in: std::time::Duration) {
        self.inner.pacing.divide(programs, known_in);
        self.inner.turns.divide(programs, known_in);
    }

    /// The tenant of who is signed in.
    pub fn tenant(&self) -> &str {
        &self.inner.caller.tenant_id
    }

    /// What time it is in the cloud, in milliseconds since 1970 UTC, by the date of its last answer; `None` before one.
    pub fn now_ms(&self) -> Option<i64> {
        self.inner.transport.heard.now_ms(self.inner.time_scale.scale())
    }

    /// From now on only so much of each limit that Azure publishes is used, in percent: others work there too.
    pub fn use_share(&self, percent: u64) {
        self.inner.pacing.share(percent);
        self.inner.turns.share(percent);
    }

    /// Who is to be told when a request waits because the cloud asked to be left alone for long.
    pub fn tell(&self, told: super::Told) {
        self.inner.transport.heard.tell(told);
    }

    /// Who is signed in.
    pub fn caller(&self) -> &Caller {
        &self.inner.caller
    }

    /// The URL of the server that is signed in at, without a slash at its end.
    pub fn authority(&self) -> &str {
        self.inner.login.as_str().trim_end_matches('/')
    }

    /// Which of the clouds with a name this is, or presents itself as.
    pub fn national(&self) -> Option<&'static KnownCloud> {
        self.inner.national
    }

    /// The URL of Microsoft Graph, without a slash at its end: `@odata.id` values begin with it.
    pub fn graph_url(&self) -> &str {
        self.inner.graph.as_str().trim_end_matches('/')
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> u64 {
        self.inner.transport.sent()
    }

    /// The same by class, but for those that sign in: what Azure counts together is one class.
    pub fn request_counts(&self) -> BTreeMap<&'static str, RequestCount> {
        self.inner.counts.all()
    }
}

/// Signing in is tried this often before the program gives up: nothing has begun, nothing is lost.
const SIGN_INS: u32 = 4;

/// Where the sign-in asks for a longer pause, nothing was begun yet: that is said, and nobody waits in silence.
const PATIENCE: Duration = Duration::from_secs(60);

async fn patiently(sign_in: &SignIn, audience: &str, time_scale: TimeScale) -> Result<Arc<str>, SignInError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let said = sign_in.token(audience).await;
        match &said {
            Err(SignInError::Unavailable { after, .. })
                if tries < SIGN_INS && after.is_none_or(|wish| wish <= PATIENCE) =>
            {
                let own = u64::try_from(time_scale.wall_ms(1_000 << tries)).unwrap_or_default();
                let own = Duration::from_millis(own);
                tokio::time::sleep(after.map_or(own, |wish| wish.max(own))).await;
            }
            Ok(_) | Err(_) => return said,
        }
    }
}

/// A URL that secrets may be sent to: https, or this machine.
pub(super) fn checked(text: &str) -> Result<Url, ConnectError> {
    let bad = || ConnectError::Url(text.to_owned());
    let url = Url::parse(text).map_err(|_| bad())?;
    let fits = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(&url),
        _ => false,
    };
    let nobody = url.username().is_empty() && url.password().is_none();
    if fits && nobody { Ok(url) } else { Err(bad()) }
}

async fn metadata(transport: &Transport, arm: &Url) -> Result<Value, ConnectError> {
    let not_a_cloud = |what: String| ConnectError::NotACloud { url: arm.to_string(), what };
    let mut url = arm.clone();
    url.set_path("/metadata/endpoints");
    url.set_query(Some(&format!("api-version={METADATA}")));
    match transport.send(transport.request(reqwest::Method::GET, url)).await {
        Sent::Answer(answer) if answer.status == 200 => {
            let body = answer.json().map_err(not_a_cloud)?;
            described(body, arm).ok_or_else(|| not_a_cloud("it describes other clouds only".to_owned()))
        }
        Sent::Answer(answer) => Err(not_a_cloud(format!("status {}", answer.status))),
        Sent::Unsent(what) | Sent::Lost(what) => Err(not_a_cloud(what)),
    }
}

/// What is said of this cloud: some answer with a list of all clouds, in any order.
pub(super) fn described(body: Value, arm: &Url) -> Option<Value> {
    let Value::Array(clouds) = body else { return Some(body) };
    clouds.into_iter().find(|cloud| {
        let manager = cloud["resourceManager"].as_str().and_then(|url| Url::parse(url).ok());
        manager.is_some_and(|m| {
            m.host() == arm.host() && m.port_or_known_default() == arm.port_or_known_default()
        })
    })
}

/// The claims of a token, without trust: they are shown and compared, and prove nothing.
pub(super) fn caller(token: &str) -> Caller {
    use base64::Engine;
    let claims = token.split('.').nth(1).and_then(|part| {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
    });
    let claims: Value = claims.and_then(|c| serde_json::from_slice(&c).ok()).unwrap_or_default();
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    Caller { object_id: text("oid"), app_id: text("appid"), tenant_id: text("tid") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cloud_is_found_among_all_that_are_described() {
        let cloud = |manager: &str, login: &str| json!({"resourceManager": manager, "authentication": {"loginEndpoint": login}});
        let all = json!([
            cloud("https://management.azure.com/", "https://login.microsoftonline.com"),
            cloud("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
            cloud("https://management.chinacloudapi.cn/", "https://login.chinacloudapi.cn"),
        ]);
        for (name, login) in [
            ("https://management.usgovcloudapi.net/", "https://login.microsoftonline.us"),
            ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
            ("https://management.azure.com", "https://login.microsoftonline.com"),
        ] {
            let found = described(all.clone(), &checked(name).expect("https")).expect("it is described");
            assert_eq!(found["authentication"]["loginEndpoint"], login);
        }
        assert!(described(all, &checked("https://management.other.example").expect("https")).is_none());
    }

    #[test]
    fn a_cloud_is_known_by_its_name_and_by_its_manager() {
        let url = |text| checked(text).expect("https");
        let local = url("http://127.0.0.1:9");
        assert_eq!(known_clouds::known("AzureUSGovernment", &local).map(|c| c.name), Some("usgov"));
        for cloud in known_clouds::CLOUDS {
            assert_eq!(known_clouds::known("", &url(cloud.manager)), known_clouds::named(cloud.name));
            assert_eq!(known_clouds::of_audience(cloud.exchange), known_clouds::named(cloud.name));
        }
        assert_eq!(known_clouds::known("RehomeLocal", &local), None);
    }

    #[test]
    fn secrets_go_over_https_or_stay_on_this_machine() {
        for good in
            ["https://management.azure.com", "http://127.0.0.1:9", "http://[::1]:9", "http://localhost:1"]
        {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in
            ["http://management.azure.com", "ftp://x", "http://127.0.0.1.example:9", "x", "http://10.0.0.1"]
        {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
