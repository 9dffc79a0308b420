//! A client that knows nothing but HTTP.

use chrono::TimeDelta;
use rehome_simulator::{Estate, Faults, Options, Pace, PageAccess, Running, serve};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
pub(crate) const GROUP: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg";
pub(crate) const OLD_PRINCIPAL: &str = "aaaaaaaa-0000-4000-8000-0000000000f1";

pub(crate) fn identity(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}")
}

pub(crate) fn machine(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}")
}

/// A subscription, a group, an identity, a machine without one.
pub(crate) fn estate() -> Value {
    json!({
        "arm": [
            {"id": SUB, "subscriptionId": SUB.rsplit('/').next(), "displayName": "one", "state": "Enabled"},
            {"id": GROUP, "name": "rg", "type": "Microsoft.Resources/resourceGroups", "location": "westeurope",
             "properties": {"provisioningState": "Succeeded"}},
            {"id": identity("old"), "name": "old", "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
             "location": "westeurope", "properties": {
                "principalId": OLD_PRINCIPAL, "clientId": "aaaaaaaa-0000-4000-8000-0000000000c1",
                "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de"}},
            {"id": machine("vm"), "name": "vm", "type": "Microsoft.Compute/virtualMachines",
             "location": "westeurope", "properties": {"provisioningState": "Succeeded"}},
        ],
        "graph": [],
        "settings": {},
    })
}

pub(crate) struct Client {
    pub(crate) azure: Running,
    http: reqwest::Client,
    /// Tokens for Resource Manager and for Graph.
    tokens: [String; 2],
}

/// An answer: status, headers, body.
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Said {
    /// The status and Azure's code.
    pub(crate) fn refused(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    /// An Azure in which no time passes but what `pass` lets pass, so that no limit depends on the machine.
    pub(crate) async fn at(estate: Value) -> Self {
        // Another test may have been faster.
        drop(rustls::crypto::ring::default_provider().install_default());
        let estate = Estate::parse(&estate.to_string()).expect("an estate");
        let listen = "127.0.0.1:0".parse().expect("an address");
        let options = Options {
            listen,
            tls: false,
            pace: Pace::ByHand,
            seed: 1,
            faults: Faults::default(),
            pages: PageAccess::Open,
        };
        let azure = serve(estate, options).await.expect("it listens");
        let http = reqwest::Client::new();
        let tokens = [sign_in(&azure, &http, &azure.arm).await, sign_in(&azure, &http, &azure.graph).await];
        Self { azure, http, tokens }
    }

    /// Sends the token of the other server than the one that is asked.
    pub(crate) fn mixed_up(mut self) -> Self {
        self.tokens.swap(0, 1);
        self
    }

    /// Lets so many simulated seconds pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.azure.advance(TimeDelta::seconds(seconds));
    }

    /// Asks Resource Manager; the path has its own query.
    pub(crate) async fn arm(&self, method: Method, path: &str, body: Option<Value>) -> Said {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.azure.arm) };
        self.send(method, &url, body, None).await
    }

    /// Changes parts of what has this ETag.
    pub(crate) async fn patch_if(&self, path: &str, body: Value, tag: &str) -> Said {
        self.send(Method::PATCH, &format!("{}{path}", self.azure.arm), Some(body), Some(tag)).await
    }

    pub(crate) async fn graph(&self, method: Method, path: &str, body: Option<Value>) -> Said {
        self.send(method, &format!("{}/v1.0{path}", self.azure.graph), body, None).await
    }

    async fn send(&self, method: Method, url: &str, body: Option<Value>, tag: Option<&str>) -> Said {
        let token = &self.tokens[usize::from(url.starts_with(&self.azure.graph))];
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("text");
        Said { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.arm(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Said {
        self.arm(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Said {
        self.arm(Method::PATCH, path, Some(body)).await
    }
}

/// A token of the one client, for this audience.
async fn sign_in(azure: &Running, http: &reqwest::Client, audience: &str) -> String {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={audience}/.default",
        azure.client_id, azure.client_secret
    );
    let url = format!("{}/{}/oauth2/v2.0/token", azure.login, azure.tenant);
    let request = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.expect("signed in").text().await.expect("text");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}
