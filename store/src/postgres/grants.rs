//! Store: the rights of a role that runs on a log on a server. Pure.

/// What a role needs to run and to approve, and nothing more: events are inserted and read, never changed and never removed, and the one
/// row of the head moves on.
pub(super) fn grants(schema: &str, role: &str) -> String {
    let quoted = format!("\"{}\"", role.replace('"', "\"\""));
    format!(
        "-- run as the owner of the tables, who is not the role that runs\n\
         GRANT USAGE ON SCHEMA {schema} TO {quoted};\n\
         GRANT SELECT, INSERT ON {schema}.event TO {quoted};\n\
         GRANT SELECT, UPDATE ON {schema}.head TO {quoted};\n\
         GRANT SELECT ON {schema}.meta TO {quoted};\n\
         GRANT SELECT, INSERT, UPDATE ON {schema}.kept TO {quoted};\n\
         GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.runner TO {quoted};"
    )
}
