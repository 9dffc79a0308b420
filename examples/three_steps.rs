//! A workflow that has nothing to do with Azure, crashed and resumed: three files, written in order.
//!
//! `cargo run --example three_steps` runs it twice over one SQLite log. The first engine is dropped while the answer
//! to its second write is missing. The second engine reads from the log what is done, asks the world about what is in
//! doubt, and does only the rest.

use rehome_orchestrator::prelude::*;
use rehome_store::SqliteLog;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Writes a file of this name. After so many writes the answer never comes: that is the crash.
struct WriteFile(PathBuf, AtomicU32);

impl Activity for WriteFile {
    const NAME: &'static str = "file.write/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    type Input = String;
    type Before = ();
    type Output = ();

    fn locks(&self, name: &String) -> Vec<ResourceKey> {
        vec![ResourceKey::new(name)]
    }

    async fn run(&self, _: &Call, name: &String, (): &()) -> Outcome<()> {
        if let Err(e) = std::fs::write(self.0.join(name), "hello") {
            return Outcome::Refused(Fault::new(FaultKind::Unavailable, "Io", e.to_string()));
        }
        if self.1.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::future::pending::<()>().await;
        }
        Outcome::Applied(())
    }

    async fn probe(&self, name: &String, (): &()) -> Probe<()> {
        match std::fs::read_to_string(self.0.join(name)) {
            Err(_) => Probe::NotApplied,
            Ok(text) if text == "hello" => Probe::Applied(()),
            Ok(_) => Probe::Foreign(Difference { fact: name.clone(), expected: None, found: None }),
        }
    }

    async fn undo(&self, _: &Call, name: &String, (): &(), _: Option<&()>) -> Outcome<()> {
        // A file that is gone is undone.
        drop(std::fs::remove_file(self.0.join(name)));
        Outcome::Applied(())
    }

    fn residue(&self, name: &String, (): &(), _: Option<&()>) -> String {
        format!("rm {}", self.0.join(name).display())
    }
}

/// Three pages, one after the other.
struct Pages;

impl Workflow for Pages {
    const NAME: &'static str = "pages/1";
    type Params = ();
    type Facts = ();

    fn plan((): &(), (): &()) -> Result<Plan, Fault> {
        let mut plan = PlanBuilder::of::<Self>();
        for name in ["page-1", "page-2", "page-3"] {
            plan.then(
                Step::act::<WriteFile>(name, &name.to_owned()).title(format!("write {name}")).undo("rm"),
            );
        }
        Ok(plan.build()?)
    }
}

fn engine(folder: &Path, writes: u32) -> Result<Engine, Box<dyn std::error::Error>> {
    let log = Arc::new(SqliteLog::create_or_open(&folder.join("pages.db"))?);
    let write = WriteFile(folder.to_owned(), AtomicU32::new(writes));
    Ok(Engine::builder(log, Registry::new().activity(write).workflow(Pages)).build())
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (folder, runs) = (tempfile::tempdir()?, [RunId::new("pages")]);
    let first = engine(folder.path(), 2)?;
    first.begin(&Document::of_one::<Pages>("pages", &(), &())?, "to see it work").await?;
    let ended = tokio::time::timeout(Duration::from_millis(500), first.advance(&runs)).await;
    println!("first engine: {}", if ended.is_err() { "stopped in the middle of step 2" } else { "finished" });
    drop(first);

    let second = engine(folder.path(), u32::MAX)?;
    println!("second engine: {:?}", second.advance(&runs).await?);
    for (step, stands) in load(&*second.log, &runs[0]).await?.state.steps() {
        println!("  step {} was sent {} time(s)", step.id, stands.attempts);
        assert_eq!(stands.attempts, 1, "nothing is sent twice");
    }
    Ok(())
}
