//! Azure: tokens. Held in memory, shown to nobody.

use super::errors::{self, Meaning, RetryAfter};
use super::sanitize::plain;
use super::transport::is_loopback;
use super::transport::{Sent, Transport};
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::http::ClientOptions;
use azure_identity::{
    AzureCliCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use rehome_orchestrator::{Fault, FaultKind};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use url::Url;

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The environment does not say as whom.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A credential could not be made.
    #[error("no credential can be used: {0}")]
    Credential(String),
    /// The sign-in server refused.
    #[error("the sign-in server refused: {0}")]
    Refused(Fault),
    /// The sign-in server did not answer, or not for now.
    #[error("the sign-in server is out of reach for now: {why}")]
    Unavailable {
        /// What came instead of a token.
        why: Fault,
        /// How long it asked to be left alone.
        after: RetryAfter,
    },
}

impl SignInError {
    /// Whether the same may work later, without anybody doing anything.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// The same for a log: which exchange it kept from being sent.
    pub(crate) fn fault(self, target: &str) -> Fault {
        let mut why = match self {
            Self::Refused(why) | Self::Unavailable { why, .. } => why,
            Self::Missing(_) | Self::Credential(_) => {
                Fault::new(FaultKind::Denied, "NotSignedIn", plain(&self.to_string()))
            }
        };
        why.message = format!("nothing was sent, because signing in failed: {}", why.message);
        why.at(target)
    }

    /// What an answer that holds no token means.
    fn answered(status: u16, body: &Value, text: &str, after: RetryAfter) -> Self {
        let why = errors::sign_in_fault(status, body, text);
        match errors::row_of(errors::SIGN_IN, &why).meaning {
            Meaning::Later | Meaning::Doubt | Meaning::Settles { .. } => Self::Unavailable { why, after },
            Meaning::Never | Meaning::Rights { .. } | Meaning::There => Self::Refused(why),
        }
    }

    fn unreachable(what: &str) -> Self {
        let why = Fault::new(FaultKind::Unavailable, "SignInUnavailable", plain(what));
        Self::Unavailable { why, after: None }
    }

    /// What the official library says, as far as it says it in fields.
    fn of_library(error: &azure_core::Error) -> Self {
        let text = super::sanitize::causes(error);
        match error.kind() {
            ErrorKind::HttpResponse { status, .. } => {
                Self::answered(u16::from(*status), &Value::Null, &text, None)
            }
            ErrorKind::Io | ErrorKind::Connection => Self::unreachable(&text),
            // Its credentials wrap what the server said in words.
            _ => Self::answered(400, &Value::Null, &text, None),
        }
    }
}

/// What to sign in to a cloud on this machine with, where the environment does not say it.
#[derive(Clone)]
pub struct LocalSignIn {
    tenant: String,
    client: String,
    secret: Secret,
}

impl LocalSignIn {
    /// From tenant, client id and client secret, in this order.
    pub fn new([tenant, client, secret]: [String; 3]) -> Self {
        Self { tenant, client, secret: Secret::new(secret) }
    }

    fn of_environment() -> Result<Self, SignInError> {
        let tenant = variable("AZURE_TENANT_ID")?;
        let client = variable("AZURE_CLIENT_ID")?;
        Ok(Self::new([tenant, client, variable("AZURE_CLIENT_SECRET")?]))
    }
}

impl std::fmt::Debug for LocalSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalSignIn(..)")
    }
}

/// No token is kept for longer, whatever the sign-in server says of it.
const LONGEST: Duration = Duration::from_secs(86_400);

/// A token is renewed when less than this is left of it.
const EARLY: Duration = Duration::from_secs(300);

/// Gets tokens, and keeps them as long as they are good.
pub(crate) struct SignIn {
    source: Source,
    /// One renewal at a time; the others wait for it.
    tokens: Mutex<BTreeMap<String, Token>>,
}

enum Source {
    /// A sign-in server on this machine, asked by ourselves: `azure_identity` takes https only.
    Local {
        transport: Transport,
        login: Url,
        as_whom: LocalSignIn,
    },
    Credential(Arc<dyn TokenCredential>),
}

struct Token {
    text: Arc<str>,
    until: Instant,
}

fn variable(name: &'static str) -> Result<String, SignInError> {
    std::env::var(name).ok().filter(|v| !v.is_empty()).ok_or(SignInError::Missing(name))
}

impl SignIn {
    pub(crate) fn new(
        transport: Transport,
        login: &Url,
        given: Option<LocalSignIn>,
    ) -> Result<Self, SignInError> {
        let source = if is_loopback(login) {
            let as_whom = given.map_or_else(LocalSignIn::of_environment, Ok)?;
            Source::Local { transport, login: login.clone(), as_whom }
        } else {
            Source::Credential(credential(login)?)
        };
        Ok(Self { source, tokens: Mutex::default() })
    }

    /// A token for an audience.
    pub(crate) async fn token(&self, audience: &str) -> Result<Arc<str>, SignInError> {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(audience).filter(|t| t.until > Instant::now()) {
            return Ok(token.text.clone());
        }
        let (text, lives) = match &self.source {
            Source::Local { transport, login, as_whom } => local(transport, login, as_whom, audience).await?,
            Source::Credential(credential) => {
                let scope = format!("{}/.default", audience.trim_end_matches('/'));
                let token = credential.get_token(&[&scope], None).await;
                let token = token.map_err(|e| SignInError::of_library(&e))?;
                let left = token.expires_on.unix_timestamp() - chrono::Utc::now().timestamp();
                let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
                (Arc::from(token.token.secret()), left)
            }
        };
        let until = kept_until(Instant::now(), lives);
        tokens.insert(audience.to_owned(), Token { text: Arc::clone(&text), until });
        Ok(text)
    }

    /// Forgets a token that was refused.
    pub(crate) async fn forget(&self, audience: &str) {
        self.tokens.lock().await.remove(audience);
    }
}

fn kept_until(now: Instant, lives: Duration) -> Instant {
    now + lives.min(LONGEST).saturating_sub(EARLY)
}

/// The first of the credentials that the environment allows: a secret, workload identity, the
/// identity of this machine where it is told to, and else the Azure CLI's sign-in.
fn credential(login: &Url) -> Result<Arc<dyn TokenCredential>, SignInError> {
    let failed = |e: azure_core::Error| SignInError::Credential(e.to_string());
    if let Ok(secret) = variable("AZURE_CLIENT_SECRET") {
        let (tenant, client) = (variable("AZURE_TENANT_ID")?, variable("AZURE_CLIENT_ID")?);
        let credential = ClientSecretCredential::new(
            &tenant,
            client,
            Secret::new(secret),
            Some(ClientSecretCredentialOptions { client_options: options(login) }),
        );
        return Ok(credential.map_err(failed)?);
    }
    if variable("AZURE_FEDERATED_TOKEN_FILE").is_ok() {
        let credential_options = ClientAssertionCredentialOptions { client_options: options(login) };
        let options = WorkloadIdentityCredentialOptions { credential_options, ..Default::default() };
        return Ok(WorkloadIdentityCredential::new(Some(options)).map_err(failed)?);
    }
    if variable("IDENTITY_ENDPOINT").is_ok() || variable("MSI_ENDPOINT").is_ok() {
        return Ok(ManagedIdentityCredential::new(None).map_err(failed)?);
    }
    Ok(AzureCliCredential::new(None).map_err(failed)?)
}

/// Signs in where this cloud says, and not where the library would: each cloud has a server of its own.
fn options(login: &Url) -> ClientOptions {
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = login.as_str().trim_end_matches('/').to_owned();
    ClientOptions { cloud: Some(Arc::new(cloud.into())), ..Default::default() }
}

async fn local(
    transport: &Transport,
    login: &Url,
    as_whom: &LocalSignIn,
    audience: &str,
) -> Result<(Arc<str>, Duration), SignInError> {
    let LocalSignIn { tenant, client, secret } = as_whom;
    let mut url = login.clone();
    url.set_path(&format!("/{tenant}/oauth2/v2.0/token"));
    let scope = format!("{}/.default", audience.trim_end_matches('/'));
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", client)
        .append_pair("client_secret", secret.secret())
        .append_pair("scope", &scope)
        .finish();
    let request = transport
        .request(Method::POST, url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = match transport.send(request).await {
        Sent::Answer(answer) => answer,
        Sent::Unsent(what) | Sent::Lost(what) => return Err(SignInError::unreachable(&what)),
    };
    let body = answer.json().unwrap_or_default();
    let text = |name: &str| body[name].as_str().map(ToOwned::to_owned);
    match text("access_token").filter(|_| answer.status == 200) {
        Some(token) => {
            let lives = body["expires_in"].as_u64().unwrap_or_default();
            Ok((Arc::from(token), Duration::from_secs(lives)))
        }
        None => Err(SignInError::answered(answer.status, &body, "", answer.retry_after())),
    }
}

/// Says what it is, and nothing of what it holds.
impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn")
    }
}

/// The claim `exp` is not looked at: a token that is refused is forgotten and asked for again.
pub(crate) fn is_refused(status: u16, body: &Value) -> bool {
    status == 401 && body.pointer("/error/code").and_then(Value::as_str) != Some("AuthorizationFailed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::cloud::CloudConfiguration;

    #[test]
    fn each_cloud_is_signed_in_to_at_its_own_server() {
        for login in ["https://login.microsoftonline.us", "https://login.chinacloudapi.cn"] {
            let options = options(&Url::parse(login).expect("a URL"));
            let Some(CloudConfiguration::Custom(cloud)) = options.cloud.as_deref() else { panic!("a cloud") };
            assert_eq!(cloud.authority_host, login);
        }
    }

    #[test]
    fn a_token_that_claims_to_live_for_ever_is_kept_for_a_day() {
        let now = Instant::now();
        assert_eq!(kept_until(now, Duration::from_secs(u64::MAX)), now + LONGEST - EARLY);
        assert_eq!(kept_until(now, Duration::from_secs(1)), now);
    }
}
