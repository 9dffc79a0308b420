//! Activities: the database servers that the facts of a move point to. Pure.

use crate::azure::ResourceId;
use crate::relocate::facts::Facts;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What keeps users of its own, which no API of Azure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    /// Azure SQL and SQL managed instances.
    Sql,
    /// PostgreSQL flexible servers.
    Postgres,
    /// MySQL flexible servers.
    MySql,
    /// Clusters of Azure Data Explorer.
    Kusto,
}

/// A server, by its name, which no other server of its engine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) name: String,
    /// Its ARM id, or the host name that something read gives it.
    pub(crate) place: String,
}

/// The types of servers.
const TYPES: [(&str, &str, Engine); 5] = [
    ("Microsoft.Sql", "servers", Engine::Sql),
    ("Microsoft.Sql", "managedInstances", Engine::Sql),
    ("Microsoft.DBforPostgreSQL", "flexibleServers", Engine::Postgres),
    ("Microsoft.DBforMySQL", "flexibleServers", Engine::MySql),
    ("Microsoft.Kusto", "clusters", Engine::Kusto),
];

/// What host names end with, in each cloud; where one is the end of another, the longer is first.
const SUFFIXES: [(&str, Engine); 12] = [
    (".postgres.database.azure.com", Engine::Postgres),
    (".postgres.database.usgovcloudapi.net", Engine::Postgres),
    (".postgres.database.chinacloudapi.cn", Engine::Postgres),
    (".mysql.database.azure.com", Engine::MySql),
    (".mysql.database.usgovcloudapi.net", Engine::MySql),
    (".mysql.database.chinacloudapi.cn", Engine::MySql),
    (".database.windows.net", Engine::Sql),
    (".database.usgovcloudapi.net", Engine::Sql),
    (".database.chinacloudapi.cn", Engine::Sql),
    (".kusto.windows.net", Engine::Kusto),
    (".kusto.usgovcloudapi.net", Engine::Kusto),
    (".kusto.chinacloudapi.cn", Engine::Kusto),
];

/// The host names of database servers in a text, in lower case; nothing else of the text is kept.
pub(crate) fn named_in_text(text: &str) -> BTreeSet<String> {
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c)));
    words
        .map(|word| word.trim_matches('.'))
        .filter(|word| engine(word).is_some())
        .map(str::to_owned)
        .collect()
}

/// The host names of database servers anywhere in a resource.
pub(crate) fn named_in(body: &Value) -> BTreeSet<String> {
    match body {
        Value::String(text) => named_in_text(text),
        Value::Array(items) => items.iter().flat_map(named_in).collect(),
        Value::Object(members) => members.values().flat_map(named_in).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

/// The engine behind a host name, and the server's name: its first label.
fn engine(host: &str) -> Option<(Engine, &str)> {
    let ends = |(suffix, engine): &(&str, Engine)| Some((*engine, host.strip_suffix(suffix)?));
    let (engine, rest) = SUFFIXES.iter().find_map(ends)?;
    let name = rest.split('.').next().unwrap_or_default();
    let name = if engine == Engine::Kusto { name.strip_prefix("ingest-").unwrap_or(name) } else { name };
    (!name.is_empty()).then_some((engine, name))
}

/// The server that an id is of, or is below of.
fn server_of(id: &ResourceId) -> Option<Server> {
    let parts: Vec<&str> = id.split('/').collect();
    let server = |(at, window): (usize, &[&str])| {
        let [providers, space, kind, name] = window else { return None };
        let is = |(s, k, _): &&(&str, &str, Engine)| {
            providers.eq_ignore_ascii_case("providers")
                && s.eq_ignore_ascii_case(space)
                && k.eq_ignore_ascii_case(kind)
        };
        let (_, _, engine) = TYPES.iter().find(is)?;
        let place = parts.get(..at + 4)?.join("/");
        Some(Server { engine: *engine, name: (*name).to_owned(), place })
    };
    parts.windows(4).enumerate().find_map(server)
}

/// Whether it is a managed instance, which may have the name of a server: its host name has its zone as well.
fn is_managed(server: &Server) -> bool {
    let place = server.place.to_ascii_lowercase();
    let zoned = !place.contains('/') && place.split('.').count() > 4 && !place.contains(".privatelink.");
    server.engine == Engine::Sql && (place.contains("/managedinstances/") || zoned)
}

/// The servers that carry or name the identity, on or below which it holds something, and that its hosts name.
pub(crate) fn servers(facts: &Facts) -> Vec<Server> {
    let mut found: BTreeMap<(Engine, bool, String), Server> = BTreeMap::new();
    let ids = facts.hosts.iter().map(|h| &h.id);
    let ids = ids.chain(facts.assignments_of.iter().map(|a| &a.scope));
    let ids = ids.chain(facts.service_grants.iter().map(|g| &g.id));
    let by_id = ids.filter_map(server_of);
    let hosts = facts.hosts.iter().flat_map(|h| &h.databases);
    let by_name = hosts.filter_map(|host| {
        let (engine, name) = engine(host)?;
        Some(Server { engine, name: name.to_owned(), place: host.clone() })
    });
    for server in by_id.chain(by_name) {
        found.entry((server.engine, is_managed(&server), server.name.to_ascii_lowercase())).or_insert(server);
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::facts::ServiceGrant;
    use crate::relocate::testing::*;
    use serde_json::json;

    #[test]
    fn a_server_is_known_by_its_host_name_in_any_text_and_nothing_else_is_kept() {
        let text = "Server=tcp:SQL-Pay.database.windows.net,1433;Password=planted-secret; \
                    postgres://u@pg.postgres.database.azure.com:5432/db mi.public.zone.database.windows.net \
                    notdatabase.windows.net .database.windows.net";
        let named: Vec<String> = named_in_text(text).into_iter().collect();
        assert_eq!(
            named,
            [
                "mi.public.zone.database.windows.net",
                "pg.postgres.database.azure.com",
                "sql-pay.database.windows.net"
            ]
        );
        assert_eq!(engine(&named[0]), Some((Engine::Sql, "mi")));
        assert_eq!(engine(&named[1]), Some((Engine::Postgres, "pg")));
        assert_eq!(engine("ingest-adx.westeurope.kusto.windows.net"), Some((Engine::Kusto, "adx")));
        assert_eq!(engine("my.mysql.database.usgovcloudapi.net"), Some((Engine::MySql, "my")));
        assert_eq!(named_in(&json!({"a": [{"b": "x;my.mysql.database.azure.com/db"}, 1, null]})).len(), 1);
    }

    #[test]
    fn one_server_is_one_however_many_facts_point_to_it() {
        let mut facts = facts();
        assert_eq!(servers(&facts), []);
        let sql = format!("{GROUP}/providers/microsoft.sql/SERVERS/Sql-Pay");
        facts.hosts = vec![host("Microsoft.Sql/servers", "sql-pay"), host("Microsoft.Web/sites", "app")];
        facts.hosts[1].databases =
            ["sql-pay.database.windows.net", "pg.postgres.database.azure.com"].map(String::from).into();
        facts.assignments_of = vec![assignment("a", &format!("{sql}/databases/db"))];
        facts.service_grants = vec![ServiceGrant {
            id: format!("{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg/administrators/x")
                .into(),
            api_version: "v".into(),
            body: json!({}),
        }];
        let found = servers(&facts);
        let names: Vec<(Engine, &str)> = found.iter().map(|s| (s.engine, s.name.as_str())).collect();
        assert_eq!(names, [(Engine::Sql, "sql-pay"), (Engine::Postgres, "pg")]);
        facts.hosts.push(host("Microsoft.Sql/managedInstances", "sql-pay"));
        assert_eq!(servers(&facts).len(), 3, "an instance is not the server of the same name");
        assert!(found[1].place.ends_with("/flexibleServers/pg"), "{}", found[1].place);
    }
}
