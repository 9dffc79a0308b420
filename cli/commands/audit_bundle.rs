//! CLI: `rehome audit bundle`. Offline; reads the log, also beside a runner, and writes the one new file.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::disclosed::Choice;
use crate::error::{CliError, Exit, causes};
use crate::print_failure::PrintFailure;
use crate::redact::Redact;
use crate::{anchor, evidence_folder, hint, proofs_folder, render, store};
use clap::Args;
use rehome_store::{
    Anchor, BUNDLE_FORMAT, Backend, BundleError, BundleWriter, Head, Header, Log, Position, Why, private_file,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Write one evidence file that is checked without the log.
///
/// It has the whole chain. With --report it is a folder: the bundle, a checkpoint of its end, the report of the batch, and
/// VERIFY.txt with what checks them, which needs Python, openssl and ssh-keygen alone. With --proofs it is a folder for one team:
/// its moves alone, each event with a proof. Works offline.
#[derive(Args, Debug)]
pub(crate) struct AuditBundle {
    /// The new file.
    pub(crate) file: PathBuf,
    /// MOVE or BATCH: the bodies of all other events are withheld. With --proofs several may be named.
    pub(crate) select: Vec<String>,
    /// Withhold the bodies of events that contain this text; may be repeated. Case does not matter, nor how accents are
    /// composed, and escapes of JSON, links and forms are undone, up to four deep. Other forms are not found: initials,
    /// the parts of a name in another order, HTML entities, base64. Give each as a text of its own.
    #[arg(long, value_name = "TEXT")]
    pub(crate) redact: Vec<String>,
    /// Make a folder of this name, with the report of the BATCH and what checks all of it.
    #[arg(long, requires = "select", conflicts_with = "redact")]
    pub(crate) report: bool,
    /// Make a folder of this name with the events of what was named and no others, each with its proof against a signed end of
    /// the log, and with what checks them.
    #[arg(long, requires = "select", conflicts_with = "report")]
    pub(crate) proofs: bool,
    /// The proofs lead to this checkpoint, which somebody kept, and not to a new one.
    #[arg(long, value_name = "FILE", requires = "proofs")]
    pub(crate) checkpoint: Option<PathBuf>,
}

impl Execute for AuditBundle {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let redact = Redact::new(&self.redact)?;
        if self.proofs {
            return self.proofs(c, redact).await;
        }
        let to = &self.file;
        let select = match &self.select[..] {
            [] => None,
            [one] => Some(one.as_str()),
            [_, ..] => {
                return Err(CliError::new(Exit::Usage, "a bundle is of one MOVE or BATCH")
                    .next("add --proofs, for a folder with the moves that were named and no others"));
            }
        };
        let log = store::open_to_read(&c.global.db)?;
        if let Some(format) = log.newer_format() {
            return Err(store::newer(format));
        }
        let wanted = store::streams(&*log, select).await?;
        // Read before the head, so that it is never ahead of it.
        let anchor = anchor::read(&log)?;
        let head = log.head().await.map_err(|e| store::damaged(&causes(&e)))?;
        if let Some(text) = select.and_then(|select| redact.first_in(select)) {
            let what = format!("{text:?} is in the name that the bundle is made for");
            return Err(CliError::new(Exit::Usage, what));
        }
        let header = Header {
            rehome_bundle: BUNDLE_FORMAT,
            program: concat!("rehome ", env!("CARGO_PKG_VERSION")).to_owned(),
            head: Anchor::of(log.id(), head),
            anchor,
            selected: select.map(ToOwned::to_owned),
        };
        let bundle = if self.report { evidence_folder::make(to)? } else { to.clone() };
        let undo = || match self.report {
            true => drop(std::fs::remove_dir_all(to)),
            false => drop(std::fs::remove_file(to)),
        };
        let file = create(&bundle).inspect_err(|_| {
            if self.report {
                undo()
            }
        })?;
        let mut choice = Choice::new(wanted, redact);
        if let Err(error) = write(&log, &header, head, file, &mut choice).await {
            // Nobody takes a part of a bundle for one.
            undo();
            return Err(error.at(to.display().to_string()));
        }
        if let (true, Some(batch)) = (self.report, select) {
            evidence_folder::fill(c, to, &log, batch).await.inspect_err(|_| undo())?;
        }
        report(c, &bundle, &head, &choice)
    }

    fn print_failure(&self) -> PrintFailure {
        if self.proofs {
            let file = hint::file(&self.file.join(proofs_folder::FILE));
            return PrintFailure::file_written([format!("rehome audit verify --proofs {file}")]);
        }
        let bundle = if self.report { evidence_folder::bundle(&self.file) } else { self.file.clone() };
        PrintFailure::file_written([format!("rehome audit verify --bundle {}", hint::file(&bundle))])
    }

    fn shows_log(&self) -> bool {
        true
    }
}

impl AuditBundle {
    /// The events of what was named, each with its proof.
    async fn proofs(&self, c: &Context<'_>, redact: Redact) -> Result<Exit, CliError> {
        let log = store::open_to_read(&c.global.db)?;
        if let Some(format) = log.newer_format() {
            return Err(store::newer(format));
        }
        let mut wanted = BTreeSet::new();
        for select in &self.select {
            wanted.extend(store::streams(&*log, Some(select)).await?.into_iter().flatten());
        }
        let (folder, selected) = (&self.file, self.select.join(" "));
        let mut choice = Choice::new(Some(wanted), redact);
        let written =
            proofs_folder::write(folder, &log, &selected, &mut choice, self.checkpoint.as_deref()).await?;
        let (size, key) = (written.checkpoint.size, &written.key);
        let text = format!(
            "{}: {} of {selected}, each with its proof against the end of event {size}\nsigned by {key}\n           compare the key with the one that was noted down",
            folder.display(),
            counted(written.events, "event"),
        );
        let value = json!({
            "format_version": "1.0", "folder": folder, "events": written.events, "selected": self.select,
            "position": size, "key": key,
        });
        c.output.result(&text, &value)?;
        c.output.next(&format!(
            "rehome audit verify --proofs {} --signed-by {key}",
            hint::file(&folder.join(proofs_folder::FILE))
        ));
        Ok(Exit::Done)
    }
}

/// Events read at once.
const PAGE: usize = 1_000;

fn create(to: &Path) -> Result<File, CliError> {
    let place = to.display().to_string();
    private_file::create_new(to).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            let what = "there is a file of this name already, and a bundle never replaces one";
            CliError::new(Exit::Usage, what).at(place).next("name another file")
        }
        _ => CliError::because(Exit::Failed, "failed to make the file", &e).at(place),
    })
}

async fn write(
    log: &dyn Backend,
    header: &Header,
    head: Head,
    file: File,
    choice: &mut Choice,
) -> Result<(), CliError> {
    let mut writer = BundleWriter::begin(BufWriter::new(file), header, head).map_err(|e| unwritten(&e))?;
    let mut after = Position(0);
    while !writer.is_full() {
        let page = log.read_all(after, PAGE).await.map_err(|e| store::damaged(&causes(&e)))?;
        if page.is_empty() {
            break;
        }
        for event in page.into_iter().take_while(|event| event.position <= head.position) {
            after = event.position;
            let shown = choice.of(&event)?;
            writer.put(event, shown).map_err(|e| unwritten(&e))?;
        }
    }
    let file = writer.end().map_err(|e| unwritten(&e))?;
    let kept = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    kept.map_err(|e| unwritten(&e.into()))
}

fn unwritten(error: &BundleError) -> CliError {
    match error {
        BundleError::File(e) if e.kind() == io::ErrorKind::StorageFull => {
            CliError::new(Exit::Failed, "the disk is full").next("make room, or name a file elsewhere")
        }
        BundleError::Chain(_) => store::damaged(&causes(error)).next("rehome audit verify"),
        _ => CliError::because(Exit::Failed, "failed to write the bundle", error),
    }
}

fn report(c: &Context<'_>, to: &Path, head: &Head, choice: &Choice) -> Result<Exit, CliError> {
    let [not_selected, redacted, masked] = Why::ALL.map(|why| choice.count(why));
    let texts: Vec<Value> =
        choice.redact.counts().map(|(text, events)| json!({"text": text, "events": events})).collect();
    let value = json!({
        "format_version": "1.0", "file": to, "events": head.position, "head": head.hash.to_string(),
        "withheld": {"not_selected": not_selected, "redacted": redacted, "masked": masked}, "redacted": texts,
    });
    let text = render::bundle::written(to, head, [not_selected, redacted, masked]);
    c.output.result(&text, &value)?;
    for (text, _) in choice.redact.counts().filter(|(_, events)| *events == 0) {
        c.output.note(&format!("note: no event that was selected says {text:?}"));
    }
    let end = format!("{}:{}", head.position, head.hash);
    c.output.next(&format!("rehome audit verify --bundle {} --anchor {end}", hint::file(to)));
    Ok(Exit::Done)
}
