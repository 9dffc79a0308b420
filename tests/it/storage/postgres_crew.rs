//! Several runners over one log on a PostgreSQL server: processes that are killed, stopped and woken, cut off from Azure and from the
//! server. `tests/postgres/run` starts the server; without one there is nothing to try.

use crate::recovery::soak::{batch, estate};
use crate::storage::azure_logs::export;
use crate::support::azure::Azure;
use crate::support::kills::{Dice, is_night, say, sent_twice, unlooked};
use crate::support::oracle::{Names, names, powers, rest};
use crate::support::rehome::{Rehome, text};
use crate::support::verdict::moves;
use rehome_orchestrator::{Clock, Entry, Event, RunId, SystemClock};
use rehome_store::{Address, Backend, Log, PostgresLog, Sequence};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The subscription of the estate.
const SUBSCRIPTION: &str = "50a10000-0000-4000-8000-000000000001";

/// How much faster than the wall both sides run: slow enough that a batch outlasts what befalls its runners.
const SCALE: &str = "400";

/// A runner whose time is over is followed within so many milliseconds.
const TAKEN_WITHIN_MS: i64 = 2_000;

/// How much is lived through.
struct Size {
    moves: usize,
    /// What befalls each machine, so often by night.
    troubles: usize,
    rounds: u32,
}

impl Size {
    fn asked() -> Self {
        match is_night() {
            true => Self { moves: 100, troubles: 4, rounds: 20 },
            false => Self { moves: 12, troubles: 0, rounds: 1 },
        }
    }
}

/// A machine of its own: a folder, what it knows of the log, and its lines to Azure and to the server.
pub(super) struct Machine {
    pub(super) rehome: Rehome,
    cut: PathBuf,
}

impl Machine {
    pub(super) fn new(azure: &Azure, schema: &str) -> Option<Self> {
        let mut rehome = Rehome::at(azure);
        if !rehome.on_server(schema) {
            return None;
        }
        let cut = rehome.can_be_cut_off();
        Some(Self { rehome, cut })
    }

    pub(super) fn start(&self, plan: &Path, parallel: usize) -> Child {
        let plan = plan.to_str().expect("a plain path");
        self.rehome.start(&["run", plan, "--yes", "--parallel", &parallel.to_string()])
    }

    fn cut(&self, line: &str) -> Cut {
        let path = self.cut.join(line);
        std::fs::write(&path, "").expect("written");
        Cut(path)
    }
}

/// A line that is cut until this is dropped.
struct Cut(PathBuf);

impl Drop for Cut {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn signal(process: &Child, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status();
    assert!(done.is_ok_and(|status| status.success()), "{name}");
}

/// The moment of what befalls a process is the one thing here that only a clock can choose.
fn pass(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Until the process has ended; it is killed where it does not.
pub(super) fn ended(process: &mut Child, within: Duration) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < within {
        if let Some(status) = process.try_wait().expect("it can be asked") {
            return status.code();
        }
        pass(20);
    }
    drop(process.kill());
    drop(process.wait());
    None
}

/// What befalls one runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Killed,
    /// For longer than its lease; then it wakes.
    Stopped,
    OffTheServer,
    OffAzure,
}

/// What each machine lives through by day. Whoever is cut off from Azure for long gives steps up, and asks a person.
const BY_DAY: [&[Trouble]; 3] = [&[Trouble::Killed], &[Trouble::Stopped], &[Trouble::OffTheServer]];

/// What befalls a machine, one after the other.
fn drawn(nth: usize, troubles: usize, dice: &mut Dice) -> Vec<Trouble> {
    let all = [Trouble::Killed, Trouble::Stopped, Trouble::OffTheServer, Trouble::OffAzure];
    match troubles {
        0 => BY_DAY[nth].to_vec(),
        _ => (0..troubles).map(|_| all[usize::try_from(dice.below(4)).unwrap_or(0)]).collect(),
    }
}

/// A supervisor starts the runner again and again, and something befalls each but the last.
fn live(machine: &Machine, plan: &Path, troubles: Vec<Trouble>, dice: &mut Dice) -> Vec<Trouble> {
    let mut lived = Vec::new();
    for trouble in troubles {
        let mut process = machine.start(plan, 64);
        pass(1_500 + dice.below(3_000));
        if process.try_wait().expect("it can be asked").is_some() {
            continue;
        }
        lived.push(trouble);
        match trouble {
            Trouble::Killed => drop(process.kill()),
            Trouble::Stopped => {
                signal(&process, "STOP");
                pass(17_000 + dice.below(4_000));
                signal(&process, "CONT");
            }
            Trouble::OffTheServer => {
                let _cut = machine.cut("socket");
                pass(8_000 + dice.below(12_000));
            }
            Trouble::OffAzure => {
                let _cut = machine.cut("network");
                pass(1_000 + dice.below(10_000));
            }
        }
        match trouble {
            // It goes on by itself.
            Trouble::OffAzure => pass(dice.below(3_000)),
            Trouble::Stopped | Trouble::OffTheServer => {
                let code = ended(&mut process, Duration::from_secs(60));
                assert!(code.is_some_and(|code| code != 0), "{trouble:?} ended with {code:?}");
            }
            Trouble::Killed => {}
        }
        drop(process.kill());
        drop(process.wait());
    }
    lived
}

/// Says that nobody has to look on any more when it goes, whatever for.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Until when each runner was at work at most, and when it was first seen, by the clock of the server: what is seen of the table of
/// runners all the time.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<String, (i64, i64)>>);

impl Seen {
    fn look(&self, log: &PostgresLog, runtime: &tokio::runtime::Runtime) {
        let runners = log.beside().runners().expect("they share the log");
        let Ok(all) = runtime.block_on(runners.all()) else { return };
        let now = SystemClock.now_ms();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in all {
            let first = seen.get(&row.id).map_or(now, |(first, _)| *first);
            seen.insert(row.id, (first, now + row.left_ms));
        }
    }
}

/// Each time that a move went from one runner to another: how many milliseconds after the first one's time was over, or after the second
/// one came, if that was later. What a runner had left by itself is not among them.
fn takeovers(
    log: &PostgresLog,
    runtime: &tokio::runtime::Runtime,
    seen: &Seen,
) -> (BTreeSet<String>, Vec<i64>) {
    let seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut runners, mut after) = (BTreeSet::new(), Vec::new());
    let streams = runtime.block_on(log.streams(RunId::PREFIX)).expect("readable");
    for (stream, _) in streams {
        let all = runtime.block_on(log.read_stream(&stream, Sequence(0), usize::MAX)).expect("readable");
        let mut owner: Option<String> = None;
        for stored in &all {
            let entry: Entry<Event> = Entry::read(stored).expect("an event");
            let Event::Taken(taken) = entry.event else { continue };
            runners.insert(taken.runner.clone());
            if let Some(before) = owner.replace(taken.runner.clone())
                && let (Some((_, until)), Some((came, _))) = (seen.get(&before), seen.get(&taken.runner))
            {
                after.push(entry.at_ms - (*until).max(*came));
            }
        }
    }
    (runners, after)
}

/// What each new identity may do, and all the rest of an estate.
type Told = (Vec<BTreeSet<String>>, Value);

/// What an estate is, but for the names that the new identities got.
fn told(estate: &Value, moves: &[(String, String)]) -> Told {
    let found = |(nth, (_, new)): (usize, &(String, String))| {
        let new = names(estate, new).expect("the new identity is there");
        let neutral = Names {
            rid: new.rid.clone(),
            client: format!("client-{nth}"),
            principal: format!("principal-{nth}"),
        };
        (new, neutral)
    };
    let pairs: Vec<(Names, Names)> = moves.iter().enumerate().map(found).collect();
    let powers = pairs.iter().map(|(new, _)| powers(estate, new)).collect();
    (powers, rest(estate, &pairs))
}

/// An estate in which every four identities are used by one machine too, so that their moves have to take turns.
fn crowded(moves: usize) -> Value {
    let mut estate = estate(moves);
    let arm = estate["arm"].as_array_mut().expect("arm");
    let identities: Vec<Value> =
        arm.iter().filter(|o| text(&o["type"]).ends_with("/userAssignedIdentities")).cloned().collect();
    for (nth, four) in identities.chunks(4).enumerate() {
        let used: serde_json::Map<String, Value> = four
            .iter()
            .map(|o| {
                let of = |name: &str| o["properties"][name].clone();
                (
                    text(&o["id"]).to_owned(),
                    json!({"clientId": of("clientId"), "principalId": of("principalId")}),
                )
            })
            .collect();
        let id = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/shared-{nth}"
        );
        arm.push(json!({"id": id, "name": format!("shared-{nth}"), "type": "Microsoft.Compute/virtualMachines",
            "location": "westeurope", "identity": {"type": "UserAssigned", "userAssignedIdentities": used},
            "properties": {"provisioningState": "Succeeded", "vmId": format!("50a17777-0000-4000-8000-{nth:012}")}}));
    }
    estate
}

/// An Azure with so many moves to make, and somebody who has planned them.
fn stage(moves: usize) -> (Azure, Rehome) {
    stage_of(&crowded(moves), moves, SCALE)
}

pub(super) fn stage_of(estate: &Value, moves: usize, scale: &'static str) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), batch(moves)).expect("written");
    let azure = Azure::serve_at(scale, &rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    (azure, rehome)
}

/// The batch as one runner carries it out whom nothing befalls.
fn undisturbed(size: &Size) -> Told {
    let (azure, rehome) = stage(size.moves);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    told(&azure.estate(), &moves(&rehome))
}

/// Runs until all is done; whatever was given up while Azure was out of reach is tried again.
fn run_to_the_end(rehome: &Rehome) -> i32 {
    for _ in 0..10 {
        let code = rehome.run_with_people();
        if code != 10 {
            return code;
        }
        let status = rehome.json(&["status"]);
        let mut failed = Vec::new();
        for entry in status["moves"].as_array().expect("moves") {
            for wait in entry["waiting_for"].as_array().into_iter().flatten() {
                if wait["kind"] == "failed" {
                    let step = format!("{}:{}", text(&entry["run"]), text(&wait["step"]));
                    rehome.say(&["retry", &step, "--reason", "Azure was out of reach"]).expect(0);
                    failed.push(wait.clone());
                }
            }
        }
        say(&format!("{} steps are tried again, as {:?}", failed.len(), failed.first()));
    }
    10
}

/// The moves that are not done, as `status` shows them: of each state one.
fn unended(rehome: &Rehome) -> String {
    let status = rehome.json(&["status"]);
    let mut all: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for one in status["moves"].as_array().expect("moves") {
        all.entry(text(&one["state"])).or_default().push(one);
    }
    let of_each = |(state, of): (&&str, &Vec<&Value>)| format!("{} {state}, as {}", of.len(), of[0]);
    all.iter().filter(|(state, _)| **state != "done").map(of_each).collect::<Vec<_>>().join("; ")
}

/// One batch whose three runners are disturbed; what they lived through, and how late each takeover was.
fn round(size: &Size, schema: &str, dice: &mut Dice) -> Option<(Told, Vec<i64>)> {
    let (azure, mut rehome) = stage(size.moves);
    if !rehome.on_server(schema) {
        return None;
    }
    rehome.approve(&rehome.path("batch.toml"));
    let machines: Vec<Machine> = (0..3).filter_map(|_| Machine::new(&azure, schema)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let log = PostgresLog::open_read_only(&Address::of(Path::new(&rehome.db())).expect("an address"))
        .expect("it is there");
    let (seen, over, plan) = (Seen::default(), AtomicBool::default(), rehome.path("plan.json"));
    let mut seeds: Vec<Dice> = (0..3).map(|_| Dice::of(dice.below(u64::MAX) | 1)).collect();
    let code = std::thread::scope(|scope| {
        let all: Vec<_> = machines
            .iter()
            .zip(&mut seeds)
            .enumerate()
            .map(|(nth, (machine, dice))| {
                let plan = &plan;
                let troubles = drawn(nth, size.troubles, dice);
                scope.spawn(move || live(machine, plan, troubles, dice))
            })
            .collect();
        let watching = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                seen.look(&log, &runtime);
                pass(100);
            }
        });
        // Whoever looks on ends, also where somebody who lived did not live as expected.
        let end = Ends(&over);
        let lived: Vec<_> = all.into_iter().map(|one| one.join().expect("it lived")).collect();
        say(&format!("what befell them: {lived:?}"));
        let code = run_to_the_end(&rehome);
        drop(end);
        watching.join().expect("it saw");
        code
    });
    assert_eq!(code, 0, "the batch comes to its end: {}", unended(&rehome));
    rehome.say(&["audit", "verify"]).expect(0);
    assert_eq!(sent_twice(&azure), Vec::<String>::new(), "what had taken effect was sent again");
    assert_eq!(unlooked(&azure), Vec::<String>::new(), "nothing is written twice without a look");
    export(&rehome, "activity.json", &azure.activity_log(SUBSCRIPTION));
    let held = rehome.json(&["audit", "reconcile", "--activity-log", "activity.json"]);
    assert_eq!(held["activity_log"]["not_in_the_log"], json!([]), "each write has its intent: {held}");
    let (runners, after) = takeovers(&log, &runtime, &seen);
    assert!(runners.len() >= 2, "several runners had moves: {runners:?}");
    Some((told(&azure.estate(), &moves(&rehome)), after))
}

#[test]
fn three_runners_that_are_killed_stopped_and_cut_off_leave_what_one_leaves_whom_nothing_befalls() {
    if std::env::var_os("REHOME_POSTGRES").is_none() {
        return;
    }
    let (size, mut dice) = (Size::asked(), Dice::seeded());
    let expected = undisturbed(&size);
    for nth in 0..size.rounds {
        let Some((found, after)) = round(&size, &format!("crew{nth}"), &mut dice) else { return };
        assert_eq!(found, expected, "round {nth}");
        let latest = after.iter().max().copied().unwrap_or(0);
        say(&format!("round {nth}: {} takeovers, the last {latest} ms after its time was over", after.len()));
        // What a machine that is at work with other things makes of two seconds is not what is tried by day.
        let most = if is_night() { TAKEN_WITHIN_MS } else { 15_000 };
        assert!(latest <= most, "{after:?}");
    }
}
