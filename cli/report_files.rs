//! CLI: the account of a batch from a log or a bundle, and the folder that it is written to. Reads the log; makes the folder.

use crate::access::access;
use crate::board::Board;
use crate::context::Context;
use crate::error::{CliError, Exit, causes};
use crate::render::report_html::html;
use crate::report::{Account, Gatherer, LogEnd, Source as Beside, Subject, TABLES, envelope};
use crate::report_pictures::Drawn;
use crate::source::Source;
use crate::{checkpoint, store, waves};
use rehome_orchestrator::{BatchLoaded, RunId, batch_stream};
use rehome_store::{Position, Signer, StreamId, private_file};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Events read at once.
const PAGE: usize = 1_000;

/// The page, the tables and the statement beside it.
pub(crate) const PAGE_FILE: &str = "report.html";
pub(crate) const STATEMENT_FILE: &str = "statement.dsse.json";

/// What became of a batch.
pub(crate) async fn account(source: &Source, batch: &str) -> Result<Account, CliError> {
    let log = source.log();
    let found = BatchLoaded::find(log, batch).await.map_err(|e| store::unreadable(&e))?;
    let Some(loaded) = found else {
        let what = format!("the log has no batch called {batch:?}");
        return Err(CliError::new(Exit::NotFound, what).next("rehome status"));
    };
    let document = loaded.document(log, batch).await.map_err(|e| store::unreadable(&e))?;
    let board = Board::of(&document, &loaded.planned().digest)?;
    let runs = loaded.planned().runs.clone();
    let mut views = store::views(log, &runs).await?;
    waves::mark(log, &mut views).await?;
    let head = log.head().await.map_err(|e| store::unreadable(&e))?;
    let mut titles = BTreeMap::new();
    for entry in &document.runs {
        for step in &entry.plan.steps {
            titles.insert((entry.run.clone(), step.id.clone()), (step.title.clone(), step.undo.clone()));
        }
    }
    let mut all_access = BTreeMap::new();
    for run in &runs {
        all_access.insert(run.clone(), access(&store::read_run(log, run).await?.state));
    }
    let log_end =
        LogEnd { id: source.id().to_owned(), position: head.position.0, hash: head.hash.to_string() };
    let beside =
        Beside { batch: &loaded, board: &board, views: &views, titles, access: all_access, log: log_end };
    let mut gatherer = Gatherer::new(beside);
    let wanted: BTreeSet<StreamId> = runs.iter().map(RunId::stream).chain([batch_stream(batch)]).collect();
    let mut after = Position(0);
    loop {
        let page = log.read_all(after, PAGE).await.map_err(|e| store::damaged(&causes(&e)))?;
        let of = page.iter().filter(|event| wanted.contains(&event.record.stream));
        // What came since the head was read is in the next report.
        let mut of = of.filter(|event| event.position <= head.position);
        of.try_for_each(|event| gatherer.take(event))?;
        match page.last() {
            Some(last) if page.len() == PAGE && last.position < head.position => after = last.position,
            _ => return Ok(gatherer.account()),
        }
    }
}

/// Who signs for the log, where somebody can.
pub(crate) async fn signer(c: &Context<'_>, source: &Source) -> Result<Option<Signer>, CliError> {
    let signer = match source {
        Source::Database(log) => match checkpoint::signer(&**log).await {
            Ok(signer) => Some(signer),
            Err(e) if e.exit == Exit::NotFound => None,
            Err(e) => return Err(e),
        },
        Source::Bundle(_) | Source::Past(..) => None,
    };
    if signer.is_none() {
        c.output.note("note: there is no key to sign with here, so the report has no signed statement");
    }
    Ok(signer)
}

/// Makes the folder with everything; nothing is left of it where that fails.
pub(crate) fn write(
    folder: &Path,
    (account, drawn): (&Account, &Drawn),
    signer: Option<&Signer>,
) -> Result<(), CliError> {
    let place = || folder.display().to_string();
    std::fs::create_dir(folder).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => CliError::new(
            Exit::Usage,
            "there is something of this name already, and a report never replaces it",
        )
        .at(place())
        .next("name another folder"),
        _ => CliError::because(Exit::Failed, "failed to make the folder", &e).at(place()),
    })?;
    fill(folder, (account, drawn), signer)
        .inspect_err(|_| drop(std::fs::remove_dir_all(folder)))
        .map_err(|e| e.at(place()))
}

/// Writes the files of a report into a folder.
pub(crate) fn fill(
    folder: &Path,
    (account, drawn): (&Account, &Drawn),
    signer: Option<&Signer>,
) -> Result<(), CliError> {
    let failed = |e: &(dyn std::error::Error + 'static)| {
        CliError::because(Exit::Failed, "failed to write the report", e)
            .next("make room, or name a folder elsewhere")
    };
    let text = serde_json::to_string_pretty(&json!({"format_version": "1.0", "report": account}));
    let mut files = vec![
        (PAGE_FILE.to_owned(), html(account, drawn)),
        ("report.json".to_owned(), text.map_err(|e| failed(&e))? + "\n"),
    ];
    for table in TABLES {
        files.push((table.file.to_owned(), table.csv(account).map_err(|e| failed(&*e))?));
    }
    let mut subjects = vec![
        Subject { name: "plan".to_owned(), sha256: account.plan.trim_start_matches("sha256:").to_owned() },
        Subject {
            name: format!("log {} event {}", account.log.id, account.log.position),
            sha256: account.log.hash.clone(),
        },
    ];
    subjects.extend(files.iter().map(|(name, text)| Subject { name: name.clone(), sha256: hex(text) }));
    if let Some(signer) = signer {
        files
            .push((STATEMENT_FILE.to_owned(), envelope(account, &subjects, signer).map_err(|e| failed(&e))?));
    }
    for (name, text) in files {
        put(&folder.join(name), &text)?;
    }
    Ok(())
}

/// Writes a new file that is its owner's alone.
pub(crate) fn put(path: &Path, text: &str) -> Result<(), CliError> {
    let file = private_file::create_new(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    file.map_err(|e| {
        CliError::because(Exit::Failed, "failed to write a file of the report", &e)
            .at(path.display().to_string())
    })
}

fn hex(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
