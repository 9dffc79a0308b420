//! CLI: `rehome discover`. Reads what depends on the identities of a batch. Writes the snapshot, if one is
//! asked for, and nothing else.

use crate::cloud::Recorded;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output_file::{FileKind, OutputFile};
use crate::print_failure::PrintFailure;
use crate::put::putln;
use crate::rows::{Column, List};
use crate::{cloud, hint, plan_again, planning, selection, snapshot};
use clap::Args;
use rehome_activities::azure::{Azure, ResponseRecording};
use rehome_activities::relocate::Facts;
use rehome_activities::relocate::facts::{Assignment, GapCode, Host};
use rehome_activities::relocate::surroundings;
use serde_json::json;
use std::fmt::Write;
use std::io::Write as _;
use std::path::PathBuf;

/// Show what identities may do and what uses them (read-only).
///
/// Writes nothing but the snapshot.
#[derive(Args, Debug)]
pub(crate) struct Discover {
    /// The batch file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write what was read as an estate for `rehearse` and `sim serve`; secrets are left out. Replaces a
    /// snapshot, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: Option<PathBuf>,
}

/// An identity as a row.
const COLUMNS: &[Column] = &[
    ("resource_id", "/identity/identifiers/resource_id"),
    ("location", "/identity/location"),
    ("client_id", "/identity/identifiers/client_id"),
    ("principal_id", "/identity/identifiers/principal_id"),
];

impl Execute for Discover {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (file, save) = (&self.file, self.snapshot.as_deref());
        let batch = plan_again::batch(file)?;
        let place = save.map(|save| OutputFile::of(save, FileKind::Snapshot, &c.global.db)).transpose()?;
        let cloud = cloud::connect(c.output, &c.global.cloud, Recorded::default()).await?;
        cloud.azure.use_share(batch.rollout.share.unwrap_or(100));
        let batch = selection::resolve(&cloud.azure.reader(), batch).await?;
        let reading = planning::reading(c.output, &cloud, batch.moves.len());
        // A tape keeps every answer: only who wants a snapshot pays for one.
        let (reader, tape) = match save {
            Some(_) => cloud.azure.reader().taped(),
            None => (cloud.azure.reader(), ResponseRecording::default()),
        };
        let (mut found, mut missing, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for (params, facts) in planning::survey(&reader, &batch).await? {
            match facts {
                Ok(facts) => found.push(facts),
                Err(why) => {
                    missing.push(json!({"identity": params.identity, "why": why}));
                    unread.push((params.identity.as_str(), why));
                }
            }
        }
        if let (Some(save), Some(place)) = (save, &place) {
            surroundings(&reader, &found).await;
            write(place, &tape, &cloud.azure)?;
            c.output.note(&format!(
                "saved {}: no secrets, but every name; keep it as you keep a plan",
                save.display()
            ));
            c.output.next(&format!("rehome rehearse {} --estate {}", hint::file(file), hint::file(save)));
        }
        drop(reading);
        let value = json!({
            "format_version": "1.0", "batch": batch.name, "tenant": cloud.azure.tenant(),
            "requests": cloud.azure.requests(), "identities": found, "missing": missing,
        });
        let rows = || found.iter().map(|facts| json!(facts)).collect();
        c.output.list(&text(&found), &value, &List::whole(COLUMNS, &rows))?;
        if missing.is_empty() {
            c.output.next(&format!("rehome plan -f {} --save plan.json", hint::file(file)));
            return Ok(Exit::Done);
        }
        planning::unsurveyed(&unread)?;
        Ok(Exit::Done)
    }

    fn print_failure(&self) -> PrintFailure {
        match &self.snapshot {
            Some(to) => PrintFailure::file_written([format!(
                "rehome rehearse {} --estate {}",
                hint::file(&self.file),
                hint::file(to)
            )]),
            None => PrintFailure::default(),
        }
    }

    fn shows_log(&self) -> bool {
        true
    }
}

fn write(place: &OutputFile, tape: &ResponseRecording, azure: &Azure) -> Result<(), CliError> {
    let estate = snapshot::estate(&tape.heard(), azure.caller(), azure.national());
    let text = snapshot::text_of(&estate)
        .map_err(|e| CliError::because(Exit::Failed, "failed to write the snapshot", &e))?;
    place.write(|file| file.write_all(text.as_bytes()))
}

/// Every identity with everything that it may do and everything that uses it.
fn text(found: &[Facts]) -> String {
    let mut out = String::new();
    for facts in found {
        one(&mut out, facts);
    }
    out.trim_end().to_owned()
}

fn one(out: &mut String, facts: &Facts) {
    let id = &facts.identity;
    putln!(out, "{} ({})", id.identifiers.resource_id, id.location);
    putln!(out, "  client {}  principal {}", id.identifiers.client_id, id.identifiers.principal_id);
    let role = |a: &Assignment| {
        let until = a.until.as_ref().map_or_else(String::new, |date| format!(", until {date}"));
        let condition = if a.condition.is_some() { ", with a condition" } else { "" };
        format!("{} at {}{condition}{until}", a.role, a.scope)
    };
    let on = |a: &Assignment| format!("{} held by {}", a.role, a.principal_id);
    list(out, "may do", facts.assignments_of.iter().map(role));
    list(out, "others may do with it", facts.assignments_on.iter().map(on));
    list(out, "conditions that name it", facts.conditions_naming.iter().map(role));
    let directory = &facts.directory;
    list(out, "member of", directory.groups.iter().map(|g| g.name.clone()));
    list(
        out,
        "application permissions",
        directory.app_roles.iter().map(|r| format!("{} of {}", r.app_role_id, r.resource)),
    );
    list(
        out,
        "directory roles",
        directory.roles.iter().map(|r| format!("{} at {}", r.role_definition_id, r.scope)),
    );
    list(out, "owner of", directory.owned.iter().map(|o| o.name.clone()));
    list(
        out,
        "trusted by applications",
        directory.app_credentials.iter().map(|c| c.application_name.clone()),
    );
    list(out, "key vaults", facts.access_policies.iter().map(|p| p.vault.to_string()));
    list(out, "grants inside services", facts.service_grants.iter().map(|g| g.id.to_string()));
    let credential = |c: &rehome_activities::relocate::facts::FederatedCredential| {
        format!("{}: {} of {}", c.name, c.subject.as_deref().unwrap_or("an expression"), c.issuer)
    };
    list(out, "federated credentials", facts.credentials.iter().map(credential));
    list(out, "used by", facts.hosts.iter().map(host));
    list(out, "stands on it", facts.identity_extensions.iter().map(|one| one.id.to_string()));
    list(out, "locks", facts.locks.iter().map(|l| format!("{} ({})", l.id, l.level)));
    let gaps = |differ: bool| {
        let wanted = facts.gaps.iter().filter(move |g| (g.code == GapCode::Disagreement) == differ);
        wanted.map(|g| format!("{}: {}", g.scope, g.why))
    };
    list(out, "could not be read", gaps(false));
    list(out, "the ways of looking differ", gaps(true));
    out.push('\n');
}

fn host(host: &Host) -> String {
    let how = match (host.carries, host.readable) {
        (_, false) => "you may not see it".to_owned(),
        (true, true) => "attached".to_owned(),
        (false, true) => "named".to_owned(),
    };
    let places = host.references.len() + host.settings.len();
    let places = if places > 0 { format!(", named in {places} places") } else { String::new() };
    format!("{} ({how}{places})", host.id)
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (nth, line) in lines.enumerate() {
        putln!(out, "  {:<26}{line}", if nth == 0 { title } else { "" });
    }
}
