//! Store: the tables on the server, who may do what with them, and the settings that the promises rest on. Touches the server.

use super::server::{Failure, Server};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_postgres::types::Type;

/// What makes a log in a schema that is not there. Names are compared as bytes, and a text holds no zero, as the rules of an append say.
///
/// The one row that changes is the head's: its place and hash are those of the last event, and `turn` is counted up by whoever has to
/// know that a statement of before can do nothing any more.
const TABLES: &str = r#"
CREATE SCHEMA {s};
CREATE TABLE {s}.meta (
    name  text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);
CREATE TABLE {s}.event (
    position bigint PRIMARY KEY CHECK (position > 0),
    stream   text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    kind     text COLLATE "C" NOT NULL,
    version  integer NOT NULL,
    at_ms    bigint NOT NULL,
    actor    text COLLATE "C" NOT NULL,
    salt     bytea NOT NULL,
    body     bytea NOT NULL,
    hash     bytea NOT NULL,
    UNIQUE (stream, sequence)
);
CREATE TABLE {s}.head (
    one      boolean PRIMARY KEY CHECK (one),
    position bigint NOT NULL,
    hash     bytea NOT NULL,
    turn     bigint NOT NULL
) WITH (fillfactor = 10);
CREATE TABLE {s}.kept (
    name  text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);
CREATE TABLE {s}.runner (
    id       text COLLATE "C" PRIMARY KEY,
    token    text COLLATE "C" NOT NULL,
    until    timestamptz NOT NULL,
    beat     timestamptz NOT NULL,
    host     text COLLATE "C" NOT NULL,
    pid      bigint NOT NULL,
    actor    text COLLATE "C" NOT NULL,
    since_ms bigint NOT NULL,
    named    text COLLATE "C" NOT NULL
);
CREATE FUNCTION {s}.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'the log is only appended to'; END$$;
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON {s}.event
    FOR EACH ROW EXECUTE FUNCTION {s}.refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {s}.event
    FOR EACH STATEMENT EXECUTE FUNCTION {s}.refuse();
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON {s}.meta
    FOR EACH ROW EXECUTE FUNCTION {s}.refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {s}.meta
    FOR EACH STATEMENT EXECUTE FUNCTION {s}.refuse();
CREATE TRIGGER only_moves_on BEFORE UPDATE ON {s}.head
    FOR EACH ROW WHEN (new.position < old.position OR new.turn < old.turn) EXECUTE FUNCTION {s}.refuse();
CREATE TRIGGER never_removed BEFORE DELETE ON {s}.head
    FOR EACH ROW EXECUTE FUNCTION {s}.refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {s}.head
    FOR EACH STATEMENT EXECUTE FUNCTION {s}.refuse();
"#;

/// The statements that make a log of this name and form.
pub(super) fn tables(server: &Server, id: &str, format: u32) -> String {
    let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    assert!(hex(id), "the name of a log is hex digits");
    server.sql(&format!(
        "{TABLES}
         INSERT INTO {{s}}.meta VALUES ('log', '{id}'), ('format', '{format}');
         INSERT INTO {{s}}.head VALUES (true, 0, '\\x{}', 0);",
        "00".repeat(32)
    ))
}

/// Everything that is in the schema, one line for each thing; what it is called after the schema is cut out.
const OBJECTS: &str = r#"
SELECT replace(line, '{s}.', '') FROM (
    SELECT 'relation ' || c.relname || ' ' || c.relkind::text || c.relpersistence::text
        || CASE WHEN c.relrowsecurity THEN ' with rows hidden' ELSE '' END
        || CASE WHEN c.relhasrules THEN ' with rules' ELSE '' END
        || CASE WHEN c.relispartition OR c.relhassubclass THEN ' with heirs' ELSE '' END AS line
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind NOT IN ('t', 'c')
    UNION ALL
    SELECT 'column ' || c.relname || '.' || a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' filled' ELSE '' END
        || coalesce(' in ' || o.collname, '') || CASE WHEN a.atthasdef THEN ' with a default' ELSE '' END
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation
    WHERE n.nspname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'index ' || pg_catalog.pg_get_indexdef(i.indexrelid)
        || CASE WHEN i.indisvalid AND i.indisready AND i.indislive THEN '' ELSE ' not in force' END
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'
    UNION ALL
    SELECT 'check of ' || c.relname || ' ' || pg_catalog.pg_get_constraintdef(k.oid)
        || CASE WHEN k.convalidated THEN '' ELSE ' not in force' END
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND k.contype = 'c'
    UNION ALL
    SELECT 'trigger ' || pg_catalog.pg_get_triggerdef(t.oid)
        || CASE WHEN t.tgenabled IN ('O', 'A') THEN '' ELSE ' not in force' END
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || p.proname || ' ' || p.prosrc
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1
) all_of_it"#;

/// What there is where nobody changed anything.
pub(super) const MADE: &str = include_str!("objects.txt");

/// Everything that is in the schema.
pub(super) async fn objects(server: Arc<Server>) -> Result<BTreeSet<String>, Failure> {
    let values = vec![super::server::value(server.address.schema().to_owned(), Type::TEXT)];
    let sql = server.sql(OBJECTS);
    let rows = server.read(sql, values).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The first thing that the schema has otherwise than this program makes it.
pub(super) async fn difference(server: Arc<Server>) -> Result<Option<String>, Failure> {
    let found = objects(server).await?;
    let made: BTreeSet<String> = MADE.lines().map(ToOwned::to_owned).collect();
    let lacks = made.difference(&found).next().map(|line| format!("it lacks the {line}"));
    let added = found.difference(&made).next();
    Ok(lacks.or_else(|| added.map(|line| format!("it has a {line}, which this program does not make"))))
}

/// The settings, what they have to be, and what they are. `synchronous_commit` is also looked at in each append, because a session may
/// have one of its own.
pub(super) const SETTINGS: [(&str, &str); 4] = [
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "not off"),
    ("server_encoding", "UTF8"),
];

/// Whether a setting is what it has to be.
pub(super) fn is_right(setting: &str, found: &str) -> bool {
    match setting {
        "synchronous_commit" => found != "off",
        "server_encoding" => found == "UTF8",
        _ => found == "on",
    }
}

/// The first setting under which an acknowledged commit could be lost, with what it has to be and what it is.
pub(super) async fn lie(
    server: Arc<Server>,
) -> Result<Option<(&'static str, &'static str, String)>, Failure> {
    let names: Vec<String> = SETTINGS.iter().map(|(name, _)| format!("current_setting('{name}')")).collect();
    let rows = server.read(format!("SELECT {}", names.join(", ")), Vec::new()).await?;
    let Some(row) = rows.first() else { return Err(Failure::Refused("no settings".to_owned())) };
    for (at, (name, wanted)) in SETTINGS.into_iter().enumerate() {
        let found: String = row.try_get(at)?;
        if !is_right(name, &found) {
            return Ok(Some((name, wanted, found)));
        }
    }
    Ok(None)
}
