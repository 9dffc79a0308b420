//! Simulator: the token endpoint and what clients ask about clouds. Pure over the world.
//!
//! Tokens are unsigned JWTs with the claims that clients read; they are good for an hour of wall time.

use crate::http::Host;
use crate::http::{Reply, Request};
use crate::world::World;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

/// Where the three servers of this process are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) arm: String,
    pub(crate) graph: String,
    pub(crate) login: String,
    /// What the one client signs in with; made anew for each process.
    pub(crate) client_secret: String,
}

impl Places {
    /// Where one of the three is.
    pub(crate) fn url(&self, host: Host) -> &str {
        match host {
            // Names of services are reached where Resource Manager is.
            Host::Arm | Host::Plane => &self.arm,
            Host::Graph => &self.graph,
            Host::Login => &self.login,
        }
    }
}

/// A token's life, in wall seconds: as in Azure.
const TOKEN_S: i64 = 3_599;

/// Answers a request to the sign-in server.
pub(crate) fn handle(world: &World, places: &Places, request: &Request) -> Reply {
    let parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
    match (request.method.as_str(), &parts[..]) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(world, places, request, tenant, "scope"),
        ("POST", [tenant, "oauth2", "token"]) => token(world, places, request, tenant, "resource"),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"])
        | ("GET", [tenant, ".well-known", "openid-configuration"]) => configuration(world, places, tenant),
        ("GET", ["common", "discovery", "instance"]) => discovery(world, places),
        _ => Reply::error(404, "NotFound", "There is nothing here."),
    }
}

fn configuration(world: &World, places: &Places, tenant: &str) -> Reply {
    let login = &places.login;
    let tenant =
        if tenant == "common" || tenant == "organizations" { &world.settings.tenant } else { tenant };
    Reply::json(
        200,
        json!({
            "token_endpoint": format!("{login}/{tenant}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{login}/{tenant}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{login}/{tenant}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{login}/{tenant}/discovery/v2.0/keys"),
            "issuer": format!("{login}/{tenant}/v2.0"),
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": null,
            "cloud_instance_name": host(login),
        }),
    )
}

fn discovery(world: &World, places: &Places) -> Reply {
    let login = &places.login;
    Reply::json(
        200,
        json!({
            "tenant_discovery_endpoint":
                format!("{login}/{}/v2.0/.well-known/openid-configuration", world.settings.tenant),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": host(login), "preferred_cache": host(login), "aliases": [host(login)],
            }],
        }),
    )
}

fn host(url: &str) -> &str {
    url.split("://").nth(1).unwrap_or(url)
}

fn token(world: &World, places: &Places, request: &Request, tenant: &str, audience: &str) -> Reply {
    let form = crate::http::query(&String::from_utf8_lossy(&request.body));
    let of = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let settings = &world.settings;
    if !tenant.eq_ignore_ascii_case(&settings.tenant) {
        let text = format!("AADSTS90002: Tenant '{tenant}' not found.");
        return refused(400, "invalid_request", &text, 90_002);
    }
    if of("grant_type") != "client_credentials" {
        let text = "AADSTS70003: The app requested an unsupported grant type.";
        return refused(400, "unsupported_grant_type", text, 70_003);
    }
    if !of("client_id").eq_ignore_ascii_case(&settings.client_id) {
        let text = format!("AADSTS700016: Application with identifier '{}' was not found.", of("client_id"));
        return refused(400, "unauthorized_client", &text, 700_016);
    }
    if of("client_secret") != places.client_secret {
        return refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.", 7_000_215);
    }
    let audience = of(audience).trim_end_matches(".default").trim_end_matches('/');
    let token = sign(world, places, audience);
    Reply::json(
        200,
        json!({
            "token_type": "Bearer", "expires_in": TOKEN_S, "ext_expires_in": TOKEN_S, "access_token": token,
            "resource": audience,
        }),
    )
    .with("cache-control", "no-store")
}

fn refused(status: u16, error: &str, text: &str, code: u32) -> Reply {
    Reply::json(
        status,
        json!({"error": error, "error_description": text, "error_codes": [code], "timestamp": Utc::now().to_rfc3339()}),
    )
}

pub(crate) fn sign(world: &World, places: &Places, audience: &str) -> String {
    let settings = &world.settings;
    let now = Utc::now();
    let claims = json!({
        "aud": audience, "iss": format!("{}/{}/", places.login, settings.tenant), "tid": settings.tenant,
        "oid": settings.object_id, "sub": settings.object_id, "appid": settings.client_id, "idtyp": "app",
        "iat": now.timestamp(), "nbf": now.timestamp(), "ver": "1.0",
        "exp": (now + TimeDelta::seconds(TOKEN_S)).timestamp(),
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({"typ": "JWT", "alg": "none"});
    format!("{}.{}.{}", part(&head), part(&claims), URL_SAFE_NO_PAD.encode(&places.client_secret))
}

/// Who signed a request; Azure's 401 where nobody did, or the token is not one of ours or too old.
pub(crate) fn caller(places: &Places, request: &Request) -> Result<String, Reply> {
    let refused =
        |code: &str, message: &str| Reply::error(401, code, message).with("www-authenticate", "Bearer");
    let Some(token) = request.header("authorization").and_then(|h| h.strip_prefix("Bearer ")) else {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        return Err(refused("AuthenticationFailed", message));
    };
    let claims = claims(places, token);
    let Some(claims) = claims else {
        return Err(refused("InvalidAuthenticationToken", "The access token is invalid."));
    };
    if claims["exp"].as_i64().is_none_or(|exp| exp < Utc::now().timestamp()) {
        return Err(refused(
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is in the past.",
        ));
    }
    Ok(claims["oid"].as_str().unwrap_or_default().to_owned())
}

/// For whom the token of a request is.
pub(crate) fn audience(places: &Places, request: &Request) -> Option<String> {
    let token = request.header("authorization")?.strip_prefix("Bearer ")?;
    claims(places, token)?["aud"].as_str().map(ToOwned::to_owned)
}

/// The refusal of a token that is for another server than the one that was asked, each in its own words.
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors>,
/// <https://learn.microsoft.com/graph/resolve-auth-errors>
pub(crate) fn misdirected(places: &Places, host: Host, request: &Request) -> Option<Reply> {
    let (own, meant) = (places.url(host).trim_end_matches('/'), audience(places, request)?);
    if meant.trim_end_matches('/').eq_ignore_ascii_case(own) {
        return None;
    }
    let (code, message) = match host {
        Host::Graph => {
            ("InvalidAuthenticationToken", "Access token validation failure. Invalid audience.".to_owned())
        }
        Host::Arm | Host::Login | Host::Plane => (
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{meant}'. It should exactly match with one of the allowed audiences '{own}/','{own}'."
            ),
        ),
    };
    Some(Reply::error(401, code, &message).with("www-authenticate", "Bearer"))
}

fn claims(places: &Places, token: &str) -> Option<Value> {
    let mut parts = token.split('.').skip(1);
    let (claims, seal) = (parts.next()?, parts.next()?);
    let sealed = URL_SAFE_NO_PAD.decode(seal).ok()?;
    if sealed != places.client_secret.as_bytes() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// What `/metadata/endpoints` says of this cloud.
pub(crate) fn endpoints(world: &World, places: &Places, request: &Request) -> Reply {
    let Places { arm, graph, login, .. } = places;
    let cloud = json!({
        "name": world.settings.cloud,
        "portal": format!("{arm}/portal"),
        "authentication": {
            "loginEndpoint": login, "audiences": [arm, format!("{arm}/")], "tenant": world.settings.tenant,
            "identityProvider": "AAD",
        },
        "resourceManager": arm,
        "media": arm,
        "graph": graph,
        "graphAudience": graph,
        "microsoftGraphResourceId": graph,
        "batch": format!("{arm}/batch"),
        "gallery": format!("{arm}/gallery"),
        "sqlManagement": format!("{arm}/sql"),
        "activeDirectoryDataLake": arm,
        "suffixes": suffixes(&world.settings.cloud),
    });
    // The list came with 2022-09-01; before, one cloud was the answer.
    let version = request.query.get("api-version").map(String::as_str).unwrap_or_default();
    let old = version < "2019-05-01";
    if old {
        return Reply::json(
            200,
            json!({
                "galleryEndpoint": format!("{arm}/gallery"), "graphEndpoint": graph,
                "portalEndpoint": format!("{arm}/portal"),
                "authentication": {"loginEndpoint": login, "audiences": [arm]},
            }),
        );
    }
    Reply::json(200, if version < "2022-09-01" { json!([cloud]) } else { cloud })
}

/// The ends of names in each cloud; its three servers are here, whatever it presents itself as.
fn suffixes(cloud: &str) -> Value {
    let [storage, vault, sql, registry] = match cloud {
        "AzureCloud" => ["core.windows.net", "vault.azure.net", "database.windows.net", "azurecr.io"],
        "AzureUSGovernment" => {
            ["core.usgovcloudapi.net", "vault.usgovcloudapi.net", "database.usgovcloudapi.net", "azurecr.us"]
        }
        "AzureChinaCloud" => {
            ["core.chinacloudapi.cn", "vault.azure.cn", "database.chinacloudapi.cn", "azurecr.cn"]
        }
        _ => ["core.local", "vault.local", "database.local", "azurecr.local"],
    };
    json!({
        "storage": storage, "keyVaultDns": format!(".{vault}"), "sqlServerHostname": format!(".{sql}"),
        "acrLoginServer": format!(".{registry}"),
    })
}
