//! What a batch costs, command by command, and whether that is linear.
//!
//! `cargo run --release --example scale -- --identities 100` makes an estate in which each identity has three sites, a
//! machine, a storage account, an entry in a vault, four assignments, two credentials and a group, among twenty
//! resources that have nothing to do with it, and moves all of them with the real program against the local Azure. The
//! local Azure is a process of its own, so that its processor time and memory are not the client's. For each command it prints wall
//! and processor time, peak memory, requests by kind, bytes of the plan and of the log, and throttled answers.
//!
//! `--latency-ms 50` lets every answer take so long; `--time-scale 20` lets simulated time pass that much faster;
//! `--back` takes everything back in place of the clean-up; `--json` prints one line of JSON for each command.
//! Linux alone, because it reads `/proc`.

mod estate;
mod least;
mod local_azure;
mod measured;
mod program;

use clap::Parser;
use estate::Size;
use local_azure::{Asked, LocalAzure};
use measured::Taken;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Parser)]
struct Args {
    /// Identities that are moved.
    #[arg(long, default_value_t = 100)]
    identities: u64,
    /// How long Azure takes for each answer, in simulated milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// By how much simulated time passes faster than the wall's.
    #[arg(long, default_value_t = 1.0)]
    time_scale: f64,
    /// Identities in one subscription; Azure counts requests for each subscription.
    #[arg(long, default_value_t = 250)]
    together: u64,
    /// Resources beside each identity that have nothing to do with it.
    #[arg(long, default_value_t = 20)]
    unrelated: u64,
    /// Sites that use each identity.
    #[arg(long, default_value_t = 3)]
    sites: u64,
    /// Azure refuses nobody for asking too often.
    #[arg(long)]
    unlimited: bool,
    /// Calls in flight at once.
    #[arg(long, default_value_t = 64)]
    parallel: u32,
    /// Stop after this command: discover, plan, approve, run, status, verify.
    #[arg(long)]
    until: Option<String>,
    /// Roll back, in place of the clean-up.
    #[arg(long)]
    back: bool,
    /// One line of JSON for each command.
    #[arg(long)]
    json: bool,
    /// The program; without it, it is built first.
    #[arg(long)]
    rehome: Option<PathBuf>,
    /// Keep what was made here; it must be an empty folder.
    #[arg(long)]
    keep: Option<PathBuf>,
}

type Failed = Box<dyn std::error::Error>;

/// What waits for people: the program says so with this code.
const WAITING: i32 = 11;

fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let rehome = match &args.rehome {
        Some(rehome) => rehome.canonicalize()?,
        None => program::built()?,
    };
    let temporary = tempfile::tempdir()?;
    let folder = args.keep.clone().unwrap_or_else(|| temporary.path().to_owned());
    let size = Size {
        identities: args.identities,
        unrelated: args.unrelated,
        together: args.together,
        sites: args.sites,
    };
    let settings = json!({"latency_ms": args.latency_ms, "throttling": !args.unlimited});
    std::fs::write(folder.join("estate.json"), estate::estate(size, &settings).to_string())?;
    std::fs::write(folder.join("batch.toml"), estate::batch(size))?;
    let azure = LocalAzure::serve(&rehome, &folder.join("estate.json"), args.time_scale)?;
    Bench { args, rehome, folder, azure, size }.all()
}

struct Bench {
    args: Args,
    rehome: PathBuf,
    folder: PathBuf,
    azure: LocalAzure,
    size: Size,
}

impl Bench {
    fn all(mut self) -> Result<(), Failed> {
        let parallel = self.args.parallel.to_string();
        let run = ["run", "plan.json", "--yes", "--parallel", &parallel];
        let back = ["rollback", "scale", "--reason", "measured", "--yes", "--parallel", &parallel];
        let clean = ["cleanup", "scale", "--confirm", "scale", "--parallel", &parallel];
        let commands: [(&str, &[&str]); 7] = [
            ("discover", &["discover", "-f", "batch.toml"]),
            ("plan", &["plan", "-f", "batch.toml", "--save", "plan.json"]),
            ("approve", &["approve", "plan.json", "--reason", "to measure", "--yes"]),
            ("run", &run),
            ("status", &["status"]),
            ("verify", &["verify"]),
            if self.args.back { ("rollback", &back) } else { ("cleanup", &clean) },
        ];
        for (name, words) in commands {
            self.measure(name, words)?;
            if self.args.until.as_deref() == Some(name) {
                break;
            }
        }
        Ok(())
    }

    /// One command, again and again as long as people have something to do, which they do in between.
    fn measure(&mut self, name: &str, words: &[&str]) -> Result<(), Failed> {
        let mut times = 0;
        loop {
            times += 1;
            let label = if times == 1 { name.to_owned() } else { format!("{name}, after people") };
            let code = self.once(&label, words)?;
            match code {
                Some(0) => return Ok(()),
                Some(WAITING) if name == "run" && times < 9 && self.people()? > 0 => {}
                code => return Err(format!("{name} ended with {code:?}").into()),
            }
        }
    }

    fn once(&mut self, label: &str, words: &[&str]) -> Result<Option<i32>, Failed> {
        let azure_before = measured::cpu_of(self.azure.pid());
        let mut command = self.command(words);
        command.stdout(std::fs::File::create(self.folder.join("stdout"))?);
        let mut looks = Looks::default();
        let beside = |since: Duration| match label.starts_with("run") {
            true => looks.look(since, || self.command(&["status"])),
            false => Ok(()),
        };
        let taken = measured::run(&mut command, beside)?;
        let azure_cpu = measured::cpu_of(self.azure.pid()) - azure_before;
        let asked = self.azure.asked()?;
        let figures = self.figures(label, taken, &asked, azure_cpu, &looks)?;
        self.print(&figures, &asked);
        Ok(taken.code)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.rehome);
        command.args(words).current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null());
        command.env_remove("REHOME_DB").envs(self.azure.environment()).arg("-q");
        command
    }

    /// Says of everything that waits for a person that it is done; how much that was.
    fn people(&self) -> Result<usize, Failed> {
        let said = self.command(&["status", "-o", "json"]).stdout(Stdio::piped()).output()?;
        let status: Value = serde_json::from_slice(&said.stdout)?;
        let mut done = 0;
        for entry in status["moves"].as_array().into_iter().flatten() {
            let waits = entry["waiting_for"].as_array().into_iter().flatten();
            for wait in waits.filter(|wait| wait["kind"] == "by-hand") {
                let step = format!(
                    "{}:{}",
                    entry["run"].as_str().unwrap_or(""),
                    wait["step"].as_str().unwrap_or("")
                );
                let ended = self.command(&["ack", &step, "--note", "done"]).status()?;
                done += usize::from(ended.success());
            }
        }
        Ok(done)
    }

    fn figures(
        &self,
        label: &str,
        taken: Taken,
        asked: &Asked,
        azure_cpu: Duration,
        looks: &Looks,
    ) -> Result<Value, Failed> {
        let ids = self.size.identities.max(1);
        let requests = asked.requests();
        let printed = bytes(&self.folder.join("stdout"));
        let mut figures = json!({
            "identities": self.size.identities, "command": label, "exit": taken.code,
            "wall_s": taken.wall.as_secs_f64(), "cpu_s": taken.cpu.as_secs_f64(), "peak_mb": taken.peak_mb,
            "requests": requests, "requests_each": each(requests, ids), "parts": asked.parts,
            "throttled": asked.throttled, "throttled_part": asked.throttled_part(), "printed_bytes": printed,
            "azure_cpu_ms_per_request": azure_cpu.as_secs_f64() * 1_000.0 / each(requests.max(1), 1),
            "plan_bytes_each": each(bytes(&self.folder.join("plan.json")), ids),
            "log_bytes_each": each(bytes(&self.folder.join("rehome.db")) + bytes(&self.folder.join("rehome.db-wal")), ids),
            "kinds": asked.kinds,
        });
        if let Some(least) = least::of(label, self.size) {
            figures["least"] = json!(least);
            figures["times_least"] = json!(each(requests, least));
        }
        if let Some((limit, seconds)) = &asked.floor {
            figures["limits_s"] = json!(seconds);
            figures["tightest_limit"] = json!(limit);
            figures["of_limits"] = json!(seconds / (taken.wall.as_secs_f64() * self.args.time_scale));
        }
        if let Some(slowest) = looks.took.iter().max() {
            figures["status_beside_ms"] = json!(slowest.as_millis());
        }
        Ok(figures)
    }

    #[expect(clippy::print_stdout, reason = "an example prints what it measured")]
    fn print(&self, figures: &Value, asked: &Asked) {
        if self.args.json {
            println!("{figures}");
            return;
        }
        println!(
            "{:<20} {:>8.1} s wall {:>8.2} s CPU {:>5} MB  {:>8} requests ({:.1} each, {} times the least), {} of 429; \
             plan {:.1} KB each, log {:.1} KB each, printed {} KB; Azure {:.2} ms CPU a request; status beside {} ms; \
             the limits allow it in {} simulated seconds ({:.0} % of what they allow)",
            figures["command"].as_str().unwrap_or_default(),
            number(&figures["wall_s"]),
            number(&figures["cpu_s"]),
            figures["peak_mb"],
            figures["requests"],
            number(&figures["requests_each"]),
            figures["times_least"].as_f64().map_or("-".to_owned(), |times| format!("{times:.2}")),
            figures["throttled"],
            number(&figures["plan_bytes_each"]) / 1_000.0,
            number(&figures["log_bytes_each"]) / 1_000.0,
            figures["printed_bytes"].as_u64().unwrap_or(0) / 1_000,
            number(&figures["azure_cpu_ms_per_request"]),
            figures["status_beside_ms"],
            figures["limits_s"].as_f64().map_or("-".to_owned(), |seconds| format!("{seconds:.0}")),
            number(&figures["of_limits"]) * 100.0,
        );
        for (kind, count) in &asked.kinds {
            println!("    {count:>8}  {:>7.2} each  {kind}", each(*count, self.size.identities.max(1)));
        }
    }
}

/// What `status` takes beside a run.
#[derive(Default)]
struct Looks {
    took: Vec<Duration>,
    last: Duration,
}

/// How often it is asked for.
const STATUS_EVERY: Duration = Duration::from_secs(5);

impl Looks {
    fn look(&mut self, since: Duration, status: impl Fn() -> Command) -> Result<(), Failed> {
        if since < self.last + STATUS_EVERY {
            return Ok(());
        }
        let start = Instant::now();
        status().status()?;
        self.took.push(start.elapsed());
        self.last = since;
        Ok(())
    }
}

fn bytes(of: &Path) -> u64 {
    std::fs::metadata(of).map_or(0, |file| file.len())
}

fn number(of: &Value) -> f64 {
    of.as_f64().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn each(of: u64, among: u64) -> f64 {
    of as f64 / among.max(1) as f64
}
