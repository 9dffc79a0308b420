//! A workflow that has nothing to do with Azure, crashed and resumed: three files, written in order.
//!
//! `cargo run --example three_steps` runs it twice over one SQLite log. The first time the process is
//! made to stop in the middle; the second time the log says what is done, the world is asked about
//! what was in doubt, and only the rest is done.

use rehome_orchestrator::*;
use rehome_store::{Log, SqliteLog};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::watch;

/// Writes one file. The third write of the process never comes back: that is the crash.
struct WriteFile {
    folder: PathBuf,
    writes_left: Arc<AtomicU32>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Page {
    name: String,
    text: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Written {
    bytes: usize,
}

impl WriteFile {
    fn found(&self, input: &Page) -> Option<String> {
        std::fs::read_to_string(self.folder.join(&input.name)).ok()
    }
}

impl Activity for WriteFile {
    const NAME: &'static str = "file.write/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    type Input = Page;
    type Before = ();
    type Output = Written;

    fn locks(&self, input: &Page) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.name)]
    }

    async fn before(&self, _: &Page) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&self, _: &Call, input: &Page, (): &()) -> Outcome<Written> {
        if let Err(e) = std::fs::write(self.folder.join(&input.name), &input.text) {
            return Outcome::Refused(Fault::new(FaultKind::Unavailable, "Io", e.to_string()));
        }
        if self.writes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // The effect is there, and nobody will ever hear of it.
            std::future::pending::<()>().await;
        }
        Outcome::Applied(Written { bytes: input.text.len() })
    }

    async fn probe(&self, input: &Page, (): &()) -> Probe<Written> {
        match self.found(input) {
            None => Probe::NotApplied,
            Some(text) if text == input.text => Probe::Applied(Written { bytes: text.len() }),
            Some(_) => Probe::Foreign(Difference { fact: input.name.clone(), expected: None, found: None }),
        }
    }

    async fn undo(&self, _: &Call, input: &Page, (): &(), _: Option<&Written>) -> Outcome<()> {
        // A file that is gone is undone.
        drop(std::fs::remove_file(self.folder.join(&input.name)));
        Outcome::Applied(())
    }

    async fn verify(&self, input: &Page, (): &(), _: &Written) -> Result<Vec<Finding>, Fault> {
        let found = self.found(input);
        let holds = found.as_deref() == Some(&input.text);
        Ok(vec![Finding { fact: input.name.clone(), expected: input.text.clone(), found, holds }])
    }

    fn residue(&self, input: &Page, (): &(), _: Option<&Written>) -> String {
        format!("rm {}", self.folder.join(&input.name).display())
    }
}

/// Three pages, one after the other.
struct Pages;

impl Workflow for Pages {
    const NAME: &'static str = "pages/1";
    type Params = Value;
    type Facts = Value;

    async fn survey(&self, _: &Value) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    fn plan(_: &Value, _: &Value) -> Result<Plan, Fault> {
        let step = |n: u32| Step {
            id: StepId::new(format!("{n}")),
            group: "pages".to_owned(),
            title: format!("write page {n}"),
            undo: "remove it".to_owned(),
            phase: Phase::Forward,
            needs: if n == 1 { Vec::new() } else { vec![StepId::new(format!("{}", n - 1))] },
            node: Node::act::<WriteFile>(Template::known(
                json!({"name": format!("page-{n}"), "text": "hello"}),
            )),
            proof: None,
        };
        Ok(Plan {
            workflow: Self::NAME.to_owned(),
            on_failure: OnFailure::Park,
            steps: (1..=3).map(step).collect(),
        })
    }

    fn differences(_: &Value, _: &Value) -> Vec<Difference> {
        Vec::new()
    }
}

fn engine(log: Arc<dyn Log>, folder: &Path, writes_left: u32) -> Engine {
    let write = WriteFile { folder: folder.to_owned(), writes_left: Arc::new(AtomicU32::new(writes_left)) };
    Engine {
        log,
        registry: Arc::new(Registry::new().activity(write).workflow(Pages)),
        clock: Arc::new(SystemClock),
        time_scale: TimeScale::REAL,
        actor: "example".into(),
        concurrency: 4,
        look_ms: 100,
        observer: Arc::new(()),
    }
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("pages.db");
    let run = RunId::new("pages");
    let document = Document {
        format_version: FORMAT_VERSION.to_owned(),
        batch: "pages".to_owned(),
        about: Value::Null,
        moves: vec![Move {
            run: run.clone(),
            about: Value::Null,
            params: Value::Null,
            facts: Value::Null,
            plan: Pages::plan(&Value::Null, &Value::Null)?,
        }],
    };
    let log: Arc<dyn Log> = Arc::new(SqliteLog::create_or_open(&path)?);
    document.approve(&*log, &"example".into(), SystemClock.now_ms(), "to see it work").await?;

    let (_stop, stopped) = watch::channel(false);
    let first = engine(log.clone(), folder.path(), 2);
    let crash = std::time::Duration::from_millis(500);
    let ended =
        tokio::time::timeout(crash, first.drive(std::slice::from_ref(&run), WaitPolicy::BRIEFLY, stopped))
            .await;
    println!(
        "first process: {}",
        if ended.is_err() { "stopped in the middle of step 2" } else { "finished" }
    );
    drop((first, log));

    let log: Arc<dyn Log> = Arc::new(SqliteLog::open(&path)?);
    let (_stop, stopped) = watch::channel(false);
    let left = engine(log.clone(), folder.path(), u32::MAX)
        .drive(std::slice::from_ref(&run), WaitPolicy::BRIEFLY, stopped)
        .await?;
    println!("second process: {:?}", left[&run]);
    for entry in entries::<Event>(&*log, &run.stream()).await? {
        println!("  {:>2} {}", entry.sequence, entry.event.kind().0);
    }
    let state = load(&*log, &run).await?.state;
    for (step, stands) in state.steps() {
        println!("  step {} was sent {} time(s)", step.id, stands.attempts);
        assert_eq!(stands.attempts, 1, "nothing is sent twice");
    }
    Ok(())
}
