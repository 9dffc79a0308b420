//! An activity of one's own, and how to find out whether it can be trusted in a workflow.
//!
//! `cargo run --example own_activity` has two ways to add a line to a file. Both work when nothing goes wrong.
//! The harness lives through every crash, lost answer, refusal, repetition and late arrival at every place of a
//! small plan, and looks at the file: one of them survives all of it, the other adds its line twice, and is
//! named with the shortest history that shows it.

use rehome_orchestrator::harness::{SystemUnderTest, WorldUnderTest, enumerate};
use rehome_orchestrator::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use tempfile::TempDir;

/// Adds a line to a file.
struct AddLine {
    folder: PathBuf,
    /// Whether it looks before it writes, so that a second delivery of one request adds nothing.
    careful: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    file: String,
    text: String,
}

impl AddLine {
    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    fn write(&self, file: &str, lines: &[String]) -> Result<(), Fault> {
        let path = self.folder.join(file);
        let written = match lines {
            [] if path.exists() => std::fs::remove_file(path),
            [] => Ok(()),
            lines => std::fs::write(path, lines.join("\n") + "\n"),
        };
        written.map_err(|e| Fault::new(FaultKind::Unavailable, "Io", e.to_string()))
    }
}

impl Activity for AddLine {
    const NAME: &'static str = "line.add/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    /// A request without an answer may still arrive for this long.
    const SETTLING_MS: u64 = 10_000;
    type Input = Line;
    type Before = ();
    type Output = Line;

    fn locks(&self, input: &Line) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&input.file)]
    }

    async fn run(&self, _: &Call, input: &Line, (): &()) -> Outcome<Line> {
        let mut lines = self.lines(&input.file);
        if !self.careful || !lines.contains(&input.text) {
            lines.push(input.text.clone());
        }
        match self.write(&input.file, &lines) {
            Ok(()) => Outcome::Applied(input.clone()),
            Err(why) => Outcome::Refused(why),
        }
    }

    async fn probe(&self, input: &Line, (): &()) -> Probe<Line> {
        if self.lines(&input.file).contains(&input.text) {
            Probe::Applied(input.clone())
        } else {
            Probe::NotApplied
        }
    }

    async fn undo(&self, _: &Call, input: &Line, (): &(), _: Option<&Line>) -> Outcome<()> {
        let mut lines = self.lines(&input.file);
        // One line is taken away, because one was added.
        if let Some(at) = lines.iter().position(|line| *line == input.text) {
            lines.remove(at);
        }
        match self.write(&input.file, &lines) {
            Ok(()) => Outcome::Applied(()),
            Err(why) => Outcome::Refused(why),
        }
    }

    fn residue(&self, input: &Line, (): &(), _: Option<&Line>) -> String {
        format!("take {:?} out of {}", input.text, input.file)
    }
}

/// What is in the folder: file by file.
fn read(folder: &std::path::Path) -> Value {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let files = entries.filter_map(Result::ok).map(|entry| {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        (entry.file_name().to_string_lossy().into_owned(), json!(text))
    });
    Value::Object(files.collect())
}

/// The workflow: its facts are the folder, which must be as it was when the run has gone back.
struct Notes(PathBuf);

impl Workflow for Notes {
    const NAME: &'static str = "notes/1";
    type Params = ();
    type Facts = Value;

    async fn survey(&self, (): &()) -> Result<Value, Fault> {
        Ok(read(&self.0))
    }

    fn plan((): &(), _: &Value) -> Result<Plan, Fault> {
        let add = |text: &str| {
            Step::act::<AddLine>(text, &Line { file: "notes".to_owned(), text: text.to_owned() })
        };
        let mut plan = PlanBuilder::of::<Self>();
        let one = plan.add(add("one").undo("take it out"));
        let two = plan.then(add("two").undo("take it out"));
        plan.then(Step::new("check", Node::Check { of: vec![one.clone(), two] }).needs([one]));
        plan.then(Step::new("gate", Node::Gate { name: "done".to_owned() }).in_clean_up());
        Ok(plan.build()?)
    }
}

/// What the harness asks for: a new world each time, and what is in it afterwards.
struct Folder {
    careful: bool,
}

struct FolderWorld {
    folder: TempDir,
    careful: bool,
}

impl SystemUnderTest for Folder {
    type World = FolderWorld;

    async fn world(&self) -> FolderWorld {
        FolderWorld { folder: tempfile::tempdir().expect("a folder"), careful: self.careful }
    }
}

impl WorldUnderTest for FolderWorld {
    fn registry(&self) -> Registry {
        let folder = self.folder.path().to_owned();
        let add = AddLine { folder: folder.clone(), careful: self.careful };
        Registry::new().activity(add).workflow(Notes(folder))
    }

    fn document(&self) -> Document {
        Document::of_one::<Notes>("notes", &(), &read(self.folder.path())).expect("a plan")
    }

    async fn snapshot(&self) -> Value {
        read(self.folder.path())
    }
}

#[expect(clippy::print_stdout, reason = "an example prints what it found")]
fn main() {
    let careful = enumerate(&Folder { careful: true });
    println!("an activity that looks before it writes: {careful}\n");
    assert!(careful.failures.is_empty());
    let careless = enumerate(&Folder { careful: false });
    println!("an activity that does not: {careless}");
    let first = careless.shortest().expect("a line that is added twice is noticed");
    assert_eq!(first.activity.as_deref(), Some("line.add/1"));
}
