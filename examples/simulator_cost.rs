//! Example: what a request costs the local Azure in processor time, for estates of growing size.
//!
//! `cargo run --release --example simulator_cost -- [IDENTITIES...]` (100, 300 and 1,000 where none is said). Each
//! identity has three sites, a machine, a storage account, a vault's entry, four assignments, two credentials, a group, and
//! twenty-eight resources beside it that have nothing to do with it: 40,000 resources for a thousand. The server is this
//! process; who asks it is another one, so that only the server's time counts.

#![expect(clippy::print_stdout, reason = "an example speaks")]

use rehome_simulator::{Estate, Faults, Options, Pace, PageAccess, serve};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const READER: &str =
    "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";

/// The GUID with this number among those of a kind: as random as Azure's are, and always the same.
fn guid(kind: u64, n: usize) -> String {
    // SplitMix64, twice: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    let mixed = |seed: u64| {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        seed ^ (seed >> 31)
    };
    let one = mixed((kind << 32) + u64::try_from(n).unwrap_or_default());
    let text = format!("{one:016x}{:016x}", mixed(one));
    format!("{}-{}-4{}-8{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
}

/// One of two subscriptions, in which groups stand in turn.
fn subscription(n: usize) -> String {
    format!("/subscriptions/{}", guid(1, n / 10 % 2))
}

fn group(n: usize) -> String {
    format!("{}/resourceGroups/rg-{}", subscription(n), n / 10)
}

fn place(n: usize, kind: &str, name: &str) -> String {
    format!("{}/providers/{kind}/{name}-{n}", group(n))
}

fn identity(n: usize) -> String {
    place(n, "Microsoft.ManagedIdentity/userAssignedIdentities", "id")
}

fn one(id: &str, kind: &str, more: Value) -> Value {
    let mut object = json!({"id": id, "name": id.rsplit('/').next(), "type": kind, "location": "westeurope", "tags": {},
        "properties": {"provisioningState": "Succeeded"}});
    for (name, value) in more.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    object
}

/// What belongs to one identity, and what stands beside it.
fn family(n: usize, arm: &mut Vec<Value>, graph: &mut Vec<Value>) {
    let (principal, client) = (guid(0xa, n), guid(0xc, n));
    let map = json!({"identity": {"type": "UserAssigned", "userAssignedIdentities": {identity(n): {"principalId": principal, "clientId": client}}}});
    let kind = "Microsoft.ManagedIdentity/userAssignedIdentities";
    let ids = json!({"properties": {"principalId": principal, "clientId": client, "tenantId": guid(0xd, 1)}});
    arm.push(one(&identity(n), kind, ids));
    for m in 0..2 {
        let id = format!("{}/federatedIdentityCredentials/fic-{m}", identity(n));
        let properties =
            json!({"properties": {"issuer": "https://i", "subject": format!("s{m}"), "audiences": ["a"]}});
        arm.push(one(&id, &format!("{kind}/federatedIdentityCredentials"), properties));
    }
    for name in ["a", "b", "c"] {
        let site = place(n, "Microsoft.Web/sites", name);
        arm.push(one(&site, "Microsoft.Web/sites", map.clone()));
        let settings = json!({"properties": {"AZURE_CLIENT_ID": client}});
        arm.push(one(&format!("{site}/config/appsettings"), "Microsoft.Web/sites/config", settings));
    }
    arm.push(one(
        &place(n, "Microsoft.Compute/virtualMachines", "vm"),
        "Microsoft.Compute/virtualMachines",
        map.clone(),
    ));
    arm.push(one(
        &place(n, "Microsoft.Storage/storageAccounts", "st"),
        "Microsoft.Storage/storageAccounts",
        map,
    ));
    let entry = json!({"properties": {"tenantId": guid(0xd, 1), "accessPolicies": [{"tenantId": guid(0xd, 1), "objectId": principal,
        "permissions": {"secrets": ["get"]}}]}});
    arm.push(one(&place(n, "Microsoft.KeyVault/vaults", "kv"), "Microsoft.KeyVault/vaults", entry));
    for m in 0..4 {
        let scope = if m == 0 { group(n) } else { place(n, "Microsoft.Storage/storageAccounts", "st") };
        let id =
            format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", guid(0xe, n * 4 + m));
        let properties = json!({"properties": {"principalId": principal, "principalType": "ServicePrincipal", "roleDefinitionId": READER, "scope": scope}});
        arm.push(one(&id, "Microsoft.Authorization/roleAssignments", properties));
    }
    graph.push(
        json!({"@odata.type": "#microsoft.graph.group", "id": guid(0x9, n), "displayName": format!("g-{n}"),
        "members": [principal], "owners": [], "groupTypes": []}),
    );
    for m in 0..28 {
        let id = format!("{}/providers/Microsoft.Network/networkInterfaces/nic-{n}-{m}", group(n));
        let properties =
            json!({"properties": {"note": format!("nothing to do with {}", guid(0xb, n * 100 + m))}});
        arm.push(one(&id, "Microsoft.Network/networkInterfaces", properties));
    }
}

fn estate(many: usize) -> Result<Estate, Failure> {
    let (mut arm, mut graph) = (Vec::new(), Vec::new());
    for id in [subscription(0), subscription(10)] {
        arm.push(
            json!({"id": id, "subscriptionId": id.rsplit('/').next(), "displayName": id, "state": "Enabled"}),
        );
    }
    for n in (0..many).step_by(10) {
        arm.push(one(&group(n), "Microsoft.Resources/resourceGroups", json!({})));
    }
    for n in 0..many {
        family(n, &mut arm, &mut graph);
    }
    println!("{} resources", arm.len());
    Ok(Estate::parse(&json!({"arm": arm, "graph": graph, "settings": {"throttling": false}}).to_string())?)
}

/// What whoever moves an identity asks: reads of its own, of its hosts and grants, of the directory and the index; writes.
fn questions(n: usize) -> Vec<(&'static str, &'static str, String, Value)> {
    let (principal, client) = (guid(0xa, n), guid(0xc, n));
    let site = place(n, "Microsoft.Web/sites", "a");
    let (web, rm) = ("api-version=2023-12-01", "api-version=2022-04-01");
    let roles = "providers/Microsoft.Authorization/roleAssignments";
    let map = json!({"identity": {"type": "UserAssigned", "userAssignedIdentities": {identity(n): {}}}});
    let grant = json!({"properties": {"roleDefinitionId": READER, "principalId": principal, "principalType": "ServicePrincipal"}});
    let none = Value::Null;
    let mut all = vec![
        ("arm", "GET", format!("{}?api-version=2023-01-31", identity(n)), none.clone()),
        (
            "arm",
            "GET",
            format!("{}/federatedIdentityCredentials?api-version=2023-01-31", identity(n)),
            none.clone(),
        ),
        (
            "arm",
            "POST",
            format!("{}/listAssociatedResources?api-version=2022-01-31-preview", identity(n)),
            json!({}),
        ),
        ("arm", "GET", format!("{site}?{web}"), none.clone()),
        ("arm", "POST", format!("{site}/config/appsettings/list?{web}"), none.clone()),
        (
            "arm",
            "GET",
            format!("{}/{roles}?{rm}&$filter=principalId eq '{principal}'", subscription(n)),
            none.clone(),
        ),
        ("arm", "GET", format!("{}/{roles}?{rm}&$filter=atScope()", identity(n)), none.clone()),
        (
            "arm",
            "GET",
            format!(
                "{}/providers/Microsoft.Authorization/locks?api-version=2016-09-01&$filter=atScope()",
                identity(n)
            ),
            none.clone(),
        ),
        ("graph", "GET", format!("/v1.0/servicePrincipals?$filter=appId eq '{client}'"), none.clone()),
        ("graph", "GET", format!("/v1.0/servicePrincipals/{principal}/memberOf"), none.clone()),
        ("graph", "GET", format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments"), none),
        ("arm", "PATCH", format!("{site}?{web}"), map.clone()),
        (
            "arm",
            "PATCH",
            format!("{}?api-version=2024-07-01", place(n, "Microsoft.Compute/virtualMachines", "vm")),
            map,
        ),
        ("arm", "PUT", format!("{site}/{roles}/{}?{rm}", guid(0xf, n)), grant),
        ("arm", "DELETE", format!("{site}/{roles}/{}?{rm}", guid(0xf, n)), Value::Null),
    ];
    if n.is_multiple_of(20) {
        let names = (n..n + 20).flat_map(|m| [identity(m).to_lowercase(), guid(0xc, m), guid(0xa, m)]);
        let clauses: Vec<String> = names.map(|name| format!("text contains '{name}'")).collect();
        let text = format!(
            "resources | extend text = tolower(strcat(tostring(identity), ' ', tostring(properties), ' ', tostring(tags))) | where {} | project id, type, location",
            clauses.join(" or ")
        );
        let at = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01".to_owned();
        all.push(("arm", "POST", at, json!({"query": text, "options": {"$top": 1000}})));
    }
    all
}

/// A connection to one of the servers.
struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
}

impl Connection {
    fn to(url: &str, token: &str) -> Result<Self, Failure> {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host, token: token.to_owned() })
    }

    fn ask(&mut self, method: &str, target: &str, kind: &str, body: &str) -> Result<(u16, String), Failure> {
        let (target, length) = (target.replace(' ', "%20"), body.len());
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}",
            self.host, self.token
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let (mut status, mut left) = (0, 0);
        for number in 0.. {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let lower = line.to_lowercase();
            if number == 0 {
                status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
            } else if let Some(length) = lower.strip_prefix("content-length:") {
                left = length.trim().parse()?;
            } else if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; left];
        self.stream.read_exact(&mut text)?;
        Ok((status, String::from_utf8_lossy(&text).into_owned()))
    }
}

/// Asks everything, from another process; prints how many requests that were.
fn ask(many: usize, [arm, graph, login, tenant, client, secret]: [&str; 6]) -> Result<(), Failure> {
    let connected = |server: &str| -> Result<Connection, Failure> {
        let form = format!(
            "grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={server}/.default"
        );
        let target = format!("/{tenant}/oauth2/v2.0/token");
        let (_, signed) =
            Connection::to(login, "")?.ask("POST", &target, "application/x-www-form-urlencoded", &form)?;
        let signed: Value = serde_json::from_str(&signed)?;
        Connection::to(server, signed["access_token"].as_str().ok_or("no token")?)
    };
    let (mut arm, mut graph) = (connected(arm)?, connected(graph)?);
    let mut count = 0;
    for n in 0..many {
        for (host, method, target, body) in questions(n) {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let connection = if host == "arm" { &mut arm } else { &mut graph };
            let (status, text) = connection.ask(method, &target, "application/json", &body)?;
            if status >= 300 {
                return Err(format!("{method} {target} was answered with {status}: {text}").into());
            }
            count += 1;
        }
    }
    println!("{count}");
    Ok(())
}

/// Seconds of processor time that this process has used.
fn used() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |at: usize| -> Result<f64, Failure> { Ok(fields.get(at).ok_or("no such field")?.parse::<f64>()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

async fn measure(many: usize) -> Result<(), Failure> {
    let began = Instant::now();
    let listen = "127.0.0.1:0".parse()?;
    let pace = Pace::Scaled(2_000.0);
    let options =
        Options { listen, tls: false, pace, seed: 1, faults: Faults::default(), pages: PageAccess::Open };
    let azure = serve(estate(many)?, options).await?;
    println!("{many} identities: {:.1} s until it is served", began.elapsed().as_secs_f64());
    let before = used()?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.args(["--ask", &many.to_string(), &azure.arm, &azure.graph, &azure.login, &azure.tenant]);
    command.args([&azure.client_id, &azure.client_secret]);
    let asked = tokio::task::spawn_blocking(move || command.output()).await??;
    let spent = used()? - before;
    if !asked.status.success() {
        return Err(String::from_utf8_lossy(&asked.stderr).into_owned().into());
    }
    let count: f64 = String::from_utf8_lossy(&asked.stdout).trim().parse()?;
    println!("{many} identities: {count} requests, {:.3} ms of processor time each", spent * 1_000.0 / count);
    azure.shutdown().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--ask", many, arm, graph, login, tenant, client, secret] = words[..] {
        return ask(many.parse()?, [arm, graph, login, tenant, client, secret]);
    }
    let sizes: Vec<usize> = arguments.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    for many in if sizes.is_empty() { vec![100, 300, 1_000] } else { sizes } {
        measure(many).await?;
    }
    Ok(())
}
