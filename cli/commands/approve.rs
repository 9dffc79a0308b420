//! CLI: `rehome approve`. Writes to the log; with a key and a file, only that file.

use crate::about::BatchAbout;
use crate::approval_file::ApprovalFile;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes, one_line};
use crate::hint::{self, quoted};
use crate::nearest::nearest;
use crate::output_file::{FileKind, OutputFile};
use crate::print_failure::PrintFailure;
use crate::{approvals, batch_file, derived, open_moves, plan_again, planning, ssh_keygen, store, witness};
use clap::Args;
use rehome_orchestrator::{
    ApprovalError, ApprovalScope, ApprovalStatement, ApprovalWord, BatchError, BatchLoaded, Clock, Document,
    NAMESPACE, Recording, SignedApproval, SystemClock, has_secret,
};
use rehome_store::Backend;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Record a plan and your approval, or sign a yes or a no.
///
/// Only what is approved is run, and only as it was approved. Where the plan names approvers, each signs with a key of their own, on
/// a machine of their own; what they saved is imported here. What somebody signed last holds, in whichever order it is imported.
#[derive(Args, Debug)]
pub(crate) struct Approve {
    /// The plan file.
    #[arg(required_unless_present = "import")]
    pub(crate) plan: Option<PathBuf>,
    /// The reason, for the record.
    #[arg(long, required_unless_present = "import")]
    pub(crate) reason: Option<String>,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) sign: Sign,
    /// Record what an approver signed and saved; may be repeated.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "reason", "key"])]
    pub(crate) import: Vec<PathBuf>,
}

/// How an approval is signed.
#[derive(Args, Debug, Default)]
pub(crate) struct Sign {
    /// Sign with this Ed25519 key of OpenSSH: a private key, or the public one of a key in an agent.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// What is approved: waves, wave:NAME or cleanup; may be repeated. All waves without it.
    #[arg(long, requires = "key")]
    pub(crate) scope: Vec<ApprovalScope>,
    /// How long it counts; a rejection and a withdrawal are recorded until then.
    #[arg(long, requires = "key", value_name = "DURATION", default_value = "14d")]
    pub(crate) valid: String,
    /// Say no: while it holds, nothing of that scope begins, whoever approves.
    #[arg(long, requires = "key", conflicts_with = "withdraw")]
    pub(crate) reject: bool,
    /// Take back what you signed before, an approval or a rejection.
    #[arg(long, requires = "key")]
    pub(crate) withdraw: bool,
    /// What the change is called elsewhere.
    #[arg(long, requires = "key")]
    pub(crate) ticket: Option<String>,
    /// Write it to this file and touch no log: on a machine of your own.
    #[arg(long, requires = "key", value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

impl Execute for Approve {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (Some(path), Some(reason)) = (&self.plan, &self.reason) else {
            return import(c, &self.import).await;
        };
        let (document, digest) = plan_again::load(path)?;
        let plan =
            Plan { path, document: &document, digest: &digest, about: BatchAbout::of(&document)?, reason };
        match self.sign.word() {
            ApprovalWord::Approve => plan.check()?,
            ApprovalWord::Reject | ApprovalWord::Withdraw => plan.check_reason()?,
        }
        match &self.sign.key {
            None => plan.approve(c, self.yes).await,
            Some(key) => plan.sign(c, key, &self.sign, self.yes).await,
        }
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        self.reason.as_mut().map(|reason| ("--reason", reason))
    }

    fn print_failure(&self) -> PrintFailure {
        match (&self.sign.save, &self.plan) {
            (Some(saved), _) => PrintFailure::file_written([approvals::import_command(saved)]),
            (None, None) => PrintFailure::in_the_log(["rehome status".to_owned()]),
            (None, Some(plan)) => PrintFailure::in_the_log([
                "rehome status".to_owned(),
                format!("rehome run {}", hint::file(plan)),
            ]),
        }
    }
}

/// A plan that somebody approves.
struct Plan<'a> {
    path: &'a Path,
    document: &'a Document,
    digest: &'a str,
    about: BatchAbout,
    reason: &'a str,
}

impl Plan<'_> {
    fn again(&self, error: CliError) -> CliError {
        error.plan_again(&self.document.batch, Some(self.path))
    }

    /// Refuses a plan that nobody should approve.
    fn check(&self) -> Result<(), CliError> {
        derived::check(self.document, SystemClock.now_ms()).map_err(|error| self.again(error))?;
        planning::refuse_blocked(self.document).map_err(|error| error.at(self.path.display().to_string()))?;
        self.check_reason()
    }

    fn check_reason(&self) -> Result<(), CliError> {
        match self.reason.trim().is_empty() {
            true => Err(CliError::new(Exit::Usage, "an act of a person needs a reason")
                .next("say why: --reason TEXT")),
            false => Ok(()),
        }
    }

    /// `3 moves of batch exit-weu, 1 left out`
    fn moves(&self) -> String {
        let left = match self.about.left_out.len() {
            0 => String::new(),
            many => format!(", {many} left out"),
        };
        format!("{}{left}", counted(self.document.runs.len(), "move"))
    }

    /// Records the plan, with the approval of whoever does it.
    async fn approve(&self, c: &Context<'_>, yes: bool) -> Result<Exit, CliError> {
        planning::check_expiry(&self.about, SystemClock.now_ms()).map_err(|error| self.again(error))?;
        let (batch, digest, cloud) = (&self.document.batch, self.digest, self.about.cloud_line());
        self.about.told_lines().for_each(|line| c.output.note(&line));
        let question = format!("Approve {} of batch {batch} ({digest}) in {cloud}?", self.moves());
        if !yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not approved"));
        }
        let log = store::create_or_open(&c.global.db).await?;
        let word = match self.record(c, &log).await? {
            Recording::Recorded => "approved",
            Recording::AlreadyThere => "approved before",
        };
        witness::follow(c, &log).await?;
        self.tell(c, word, None)?;
        match &self.document.approval {
            None => c.output.next(&format!("rehome run {}", hint::file(self.path))),
            Some(_) => c.output.next(&approvals::import_any()),
        }
        Ok(Exit::Done)
    }

    async fn record(&self, c: &Context<'_>, log: &Arc<dyn Backend>) -> Result<Recording, CliError> {
        open_moves::refuse_taken(self.document, &open_moves::open_moves(&**log).await?)?;
        let actor = store::actor(c.global.actor.as_deref());
        let recorded = self.document.approve(&**log, &actor, SystemClock.now_ms(), self.reason).await;
        recorded.map_err(|e| match &e {
            BatchError::UnderWay { run, .. } => CliError::new(Exit::Failed, causes(&e))
                .next(format!("rehome status {}", quoted(&self.document.batch)))
                .next(format!("rehome rollback {run} --reason TEXT      # takes it back first")),
            BatchError::Taken(run) => {
                let what = format!("the log has a move called {run} already, from a plan that was replaced");
                self.again(CliError::new(Exit::Failed, what))
            }
            _ => store::write_error(&e),
        })
    }

    /// Signs what is approved, and saves or records it.
    async fn sign(&self, c: &Context<'_>, key: &Path, how: &Sign, yes: bool) -> Result<Exit, CliError> {
        let place = how
            .save
            .as_deref()
            .map(|save| OutputFile::of(save, FileKind::Approval, &c.global.db))
            .transpose()?;
        let statement = self.statement(key, how)?;
        let scope: Vec<String> = statement.scope.iter().map(ToString::to_string).collect();
        self.about.told_lines().for_each(|line| c.output.note(&line));
        let (what, until) = match statement.word {
            ApprovalWord::Approve => ("approve ", ", until "),
            ApprovalWord::Reject => ("REJECT ", "; to be recorded by "),
            ApprovalWord::Withdraw => ("withdraw what you said of ", "; to be recorded by "),
        };
        let question = format!(
            "Sign as {}: {what}{} of {} of batch {} ({}) in {}{until}{}?",
            statement.approver,
            scope.join(" and "),
            self.moves(),
            self.document.batch,
            self.digest,
            self.about.cloud_line(),
            crate::time::date(statement.expires_at_ms)
        );
        if !yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "nothing was signed"));
        }
        let text = statement.text();
        let quiet = !c.output.is_text() || c.output.is_muted();
        let signature = ssh_keygen::sign(key, NAMESPACE, &text, quiet)?;
        let signed = SignedApproval { statement: text, signature };
        let subject = self.document.subject(self.digest);
        subject.judge(&signed, SystemClock.now_ms()).map_err(|e| approvals::refused(&e))?;
        if let Some(place) = place {
            let file = ApprovalFile::of(signed);
            place.write(|to| Ok(serde_json::to_writer_pretty(to, &file)?))?;
            self.tell(c, signed_word(statement.word), Some(&statement))?;
            how.save.iter().for_each(|save| c.output.next(&approvals::import_command(save)));
            return Ok(Exit::Done);
        }
        let log = match statement.word {
            ApprovalWord::Approve => {
                let log = store::create_or_open(&c.global.db).await?;
                self.record(c, &log).await?;
                log
            }
            // Who says no records no plan.
            ApprovalWord::Reject | ApprovalWord::Withdraw => store::open_to_write(&c.global.db).await?,
        };
        let word = put(c, &log, &self.document.batch, signed).await?;
        witness::follow(c, &log).await?;
        self.tell(c, word, Some(&statement))?;
        match statement.word {
            ApprovalWord::Approve => c.output.next(&format!("rehome run {}", hint::file(self.path))),
            _ => c.output.next(&format!("rehome status {}", quoted(&self.document.batch))),
        }
        Ok(Exit::Done)
    }

    /// A scope that the plan does not have, and those that it has.
    fn unknown(&self, scope: &ApprovalScope) -> CliError {
        let error = approvals::refused(&ApprovalError::UnknownScope(scope.clone()));
        let waves = self.document.rollout.iter().flat_map(|rollout| &rollout.waves);
        let names: Vec<&str> = waves.map(|wave| wave.name.as_str()).collect();
        match scope {
            ApprovalScope::Wave(typed) if !names.is_empty() => match nearest(typed, names.iter().copied()) {
                Some(meant) => error.next(format!("did you mean wave:{meant}?")),
                None => error.next(format!("its waves are {}", names.join(", "))),
            },
            _ => error,
        }
    }

    /// What is signed, once it is clear whose key it is.
    fn statement(&self, key: &Path, how: &Sign) -> Result<ApprovalStatement, CliError> {
        let refused = |e: ApprovalError| approvals::refused(&e).at(key.display().to_string());
        let policy = self.document.approval.as_ref().ok_or(ApprovalError::NoPolicy).map_err(refused)?;
        let approver = policy.approver(&ssh_keygen::public_key(key)?).map_err(refused)?;
        let scope = if how.scope.is_empty() { vec![ApprovalScope::Waves] } else { how.scope.clone() };
        let subject = self.document.subject(self.digest);
        if let Some(unknown) = scope.iter().find(|scope| !subject.has(scope)) {
            return Err(self.unknown(unknown));
        }
        let valid =
            batch_file::duration(&how.valid).and_then(|ms| i64::try_from(ms).ok()).ok_or_else(|| {
                CliError::new(Exit::Usage, format!("--valid {:?} is not a duration like \"14d\"", how.valid))
                    .next("a number and s, m, h or d, up to 366d")
            })?;
        if how.ticket.as_deref().is_some_and(has_secret) {
            return Err(CliError::new(Exit::Usage, "the ticket looks like a secret")
                .next("--ticket takes the name or the number of a change"));
        }
        let now = SystemClock.now_ms();
        Ok(ApprovalStatement {
            format_version: ApprovalStatement::format(),
            word: how.word(),
            batch: self.document.batch.clone(),
            plan: self.digest.to_owned(),
            scope,
            approver: approver.name.clone(),
            reason: self.reason.to_owned(),
            ticket: how.ticket.clone(),
            at_ms: now,
            expires_at_ms: now.saturating_add(valid),
        })
    }

    /// Says what was done.
    fn tell(&self, c: &Context<'_>, word: &str, signed: Option<&ApprovalStatement>) -> Result<(), CliError> {
        let (batch, digest, cloud) = (&self.document.batch, self.digest, self.about.cloud_line());
        let begin = self.about.expires_at_ms.map(crate::time::date);
        let begin = begin.map(|date| format!("\nto be begun by {date}")).unwrap_or_default();
        let policy = approvals::policy_line(self.document.approval.as_ref());
        let by = signed.map(|of| format!("\n{}", line(of))).unwrap_or_default();
        let told: String = self.about.told_lines().map(|line| format!("\n{}", one_line(&line))).collect();
        // What was recorded is not approved where others have to sign it.
        let said = match (&self.document.approval, signed) {
            (Some(_), None) => "recorded",
            _ => word,
        };
        let text = format!(
            "{said}: batch {}, {}\n{cloud}{told}\ndigest {digest}{begin}\napprovals {}{}",
            one_line(batch),
            self.moves(),
            one_line(&policy),
            by
        );
        let value = json!({"format_version": "1.0", "batch": batch, "digest": digest, "recorded": word, "left_out": self.about.left_out,
            "cloud": self.about.cloud, "authority": self.about.authority, "tenant": self.about.tenant,
            "self_declared": self.document.approval.is_none(), "signed": signed});
        c.output.result(&text, &value)
    }
}

impl Sign {
    /// What is signed.
    fn word(&self) -> ApprovalWord {
        match (self.reject, self.withdraw) {
            (true, _) => ApprovalWord::Reject,
            (false, true) => ApprovalWord::Withdraw,
            (false, false) => ApprovalWord::Approve,
        }
    }
}

/// What was signed and is in no log yet.
fn signed_word(word: ApprovalWord) -> &'static str {
    match word {
        ApprovalWord::Approve => "signed",
        ApprovalWord::Reject => "signed a rejection",
        ApprovalWord::Withdraw => "signed a withdrawal",
    }
}

/// What somebody says, in one line.
fn line(of: &ApprovalStatement) -> String {
    let scope: Vec<String> = of.scope.iter().map(ToString::to_string).collect();
    let scope = scope.join(", ");
    let what = match of.word {
        ApprovalWord::Approve => format!("{scope} until {}", crate::time::date(of.expires_at_ms)),
        ApprovalWord::Reject => format!("rejects {scope}"),
        ApprovalWord::Withdraw => format!("withdraws what they said of {scope}"),
    };
    one_line(&format!("{}: {what}: {}", of.approver, of.reason))
}

/// Records what was signed.
async fn put(
    c: &Context<'_>,
    log: &Arc<dyn Backend>,
    batch: &str,
    signed: SignedApproval,
) -> Result<&'static str, CliError> {
    let actor = store::actor(c.global.actor.as_deref());
    let said = ApprovalStatement::parse(&signed.statement).map(|of| of.word).unwrap_or_default();
    let recorded = BatchLoaded::sign(&**log, batch, &actor, SystemClock.now_ms(), signed).await;
    Ok(match (recorded.map_err(|e| approvals::not_recorded(&e))?, said) {
        (Recording::Recorded, ApprovalWord::Approve) => "approved",
        (Recording::AlreadyThere, ApprovalWord::Approve) => "approved before",
        (Recording::Recorded, ApprovalWord::Reject) => "rejected",
        (Recording::Recorded, ApprovalWord::Withdraw) => "withdrawn",
        (Recording::AlreadyThere, _) => "recorded before",
    })
}

/// Records what others signed and saved: all of it, or nothing where one does not count.
async fn import(c: &Context<'_>, files: &[PathBuf]) -> Result<Exit, CliError> {
    let mut all = Vec::with_capacity(files.len());
    for path in files {
        let at = |error: CliError| error.at(path.display().to_string());
        let signed = ApprovalFile::read(path)?;
        let statement = ApprovalStatement::parse(&signed.statement);
        let statement = statement.ok_or_else(|| at(approvals::refused(&ApprovalError::Unreadable)))?;
        let texts = [Some(&statement.reason), statement.ticket.as_ref()];
        if texts.into_iter().flatten().any(|text| has_secret(text)) {
            return Err(at(CliError::new(
                Exit::Usage,
                "its reason or ticket holds what looks like a secret",
            )
            .next("ask for another approval, without it")));
        }
        all.push((path, statement, signed));
    }
    let log = store::open_to_write(&c.global.db).await?;
    for (path, of, signed) in &all {
        let at = |error: CliError| error.at(path.display().to_string());
        let loaded =
            BatchLoaded::load(&*log, &of.batch).await.map_err(|e| at(approvals::not_recorded(&e)))?;
        match loaded.state.judge(signed, SystemClock.now_ms()) {
            Ok(_) | Err(ApprovalError::Known) => {}
            Err(why) => return Err(at(approvals::refused(&why))),
        }
    }
    let (mut lines, mut values) = (Vec::new(), Vec::<Value>::new());
    let batch = all.first().map(|(_, of, _)| of.batch.clone()).unwrap_or_default();
    for (path, of, signed) in all {
        let recorded = put(c, &log, &of.batch, signed).await;
        let word = recorded.map_err(|error| error.at(path.display().to_string()))?;
        lines.push(format!("{word}: batch {}: {}", one_line(&of.batch), line(&of)));
        values.push(json!({"recorded": word, "file": path, "statement": of}));
    }
    witness::follow(c, &log).await?;
    c.output.result(&lines.join("\n"), &json!({"format_version": "1.0", "approvals": values}))?;
    c.output.next(&format!("rehome run {}", quoted(&batch)));
    Ok(Exit::Done)
}
