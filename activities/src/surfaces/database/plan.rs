//! Activities: users inside databases, which no API of Azure reaches, as scripts for a person. Pure.
//!
//! A script finds the user by the id that the database keeps, copies what that user has to the user of the
//! other identity, and prints what it runs. Names are hostile text and the scripts are ready to run, so every
//! text is written as what it stands in: a literal, an identifier, a comment.

use crate::commands::script::Language;
use crate::references::scan::Identifier;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::fresh::{fresh_name, shortened};
use crate::relocate::plan::words::StepText;
use crate::relocate::plan::words::place;
use crate::surfaces::database::servers::{Engine, Server, servers};
use rehome_orchestrator::{Node, StepId, Template};

/// How one engine is written.
struct Dialect {
    what: &'static str,
    language: Language,
    /// How long a user's name may be.
    name_max: usize,
    /// What makes a user that has what another one has, and what takes a user away.
    scripts: [&'static str; 2],
}

/// The two scripts of an engine.
macro_rules! scripts {
    ($engine:literal . $ending:literal) => {
        [
            include_str!(concat!("scripts/", $engine, "_add.", $ending)),
            include_str!(concat!("scripts/", $engine, "_drop.", $ending)),
        ]
    };
}

fn dialect(engine: Engine) -> Dialect {
    let (what, language, name_max, scripts) = match engine {
        Engine::Sql => ("Azure SQL", Language::TSql, 128, scripts!("sql"."sql")),
        Engine::Postgres => ("PostgreSQL", Language::Postgres, 63, scripts!("postgres"."sql")),
        Engine::MySql => ("MySQL", Language::MySql, 32, scripts!("mysql"."sql")),
        Engine::Kusto => ("Data Explorer", Language::Kql, 128, scripts!("kusto"."kql")),
    };
    Dialect { what, language, name_max, scripts }
}

/// One identity, as a script names it.
struct User {
    client: Template,
    principal: Template,
    /// What its user is called.
    name: String,
}

/// The users of the new identity, before anything works as it.
pub(crate) fn add_users(b: &mut Builder<'_>, new: &NewIdentity, known: &StepId) -> Vec<StepId> {
    let what = "user for NEW, with what the old one has";
    let needs = [new.step(), known.clone()];
    steps(b, new, (Part::Grant, what, &needs), |scripts| scripts)
}

/// Takes the users of the old identity away, once nothing works as it.
pub(crate) fn drop_users(b: &mut Builder<'_>, new: &NewIdentity, needs: &[StepId]) -> Vec<StepId> {
    steps(b, new, (Part::CleanUp, "drop the old user", needs), |[add, drop]| [drop, add])
}

/// A step for each server, with the script that a person runs and the one that takes it back.
fn steps(
    b: &mut Builder<'_>,
    new: &NewIdentity,
    (part, what, needs): (Part, &str, &[StepId]),
    order: fn([&'static str; 2]) -> [&'static str; 2],
) -> Vec<StepId> {
    let found = servers(b.facts);
    let step = |server: Server| {
        let dialect = dialect(server.engine);
        let (old, fresh) = (old_user(b, &dialect), new_user(b, new, &dialect));
        let [instruction, undo] = order(dialect.scripts);
        let node = Node::ByHand {
            instruction: script(b, &server, &dialect, instruction, [&old, &fresh]),
            undo: script(b, &server, &dialect, undo, [&fresh, &old]),
        };
        let title = format!("{} {}: {what}", dialect.what, server.name);
        b.push(part, StepText::new(title, "by hand"), needs, node)
    };
    found.into_iter().map(step).collect()
}

fn old_user(b: &Builder<'_>, dialect: &Dialect) -> User {
    let old = b.old();
    let id = |id: &str| Template::known(dialect.language.literal(id));
    User {
        client: id(&old.client_id),
        principal: id(&old.principal_id),
        name: shortened(&place(&old.resource_id), "", dialect.name_max),
    }
}

fn new_user(b: &Builder<'_>, new: &NewIdentity, dialect: &Dialect) -> User {
    User {
        client: new.name(Identifier::ClientId),
        principal: new.name(Identifier::PrincipalId),
        name: fresh_name(b, new, dialect.name_max),
    }
}

/// A script with its places filled in, in one pass: what is put in is not looked at again.
fn script(
    b: &Builder<'_>,
    server: &Server,
    dialect: &Dialect,
    text: &str,
    [from, to]: [&User; 2],
) -> Template {
    let head = dialect.language.comment(&format!("{} {} ({})", dialect.what, server.name, server.place));
    let mut parts = vec![Template::known(head)];
    for (at, piece) in text.trim_end().split("{{").enumerate() {
        let (place, rest) = if at == 0 { ("", piece) } else { piece.split_once("}}").unwrap_or(("", piece)) };
        match place {
            "FROM_CLIENT" => parts.push(from.client.clone()),
            "FROM_PRINCIPAL" => parts.push(from.principal.clone()),
            "TO_CLIENT" => parts.push(to.client.clone()),
            "TO_PRINCIPAL" => parts.push(to.principal.clone()),
            "NAME" => parts.push(Template::known(dialect.language.literal(&to.name))),
            "NAME_ID" => parts.push(Template::known(dialect.language.identifier(&to.name))),
            "TENANT" => parts.push(Template::known(dialect.language.literal(&b.facts.identity.tenant_id))),
            _ => {}
        }
        parts.push(Template::known(rest));
    }
    Template::Text(parts)
}
