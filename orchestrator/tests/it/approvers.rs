//! Two people whose approvals count, and who sign with OpenSSH's own program, as approvers do.

use rehome_orchestrator::*;
use std::process::{Command, Stdio};

const NAMES: [&str; 2] = ["jonas", "lena"];

/// Their keys, in a folder of their own.
pub(crate) struct Approvers(tempfile::TempDir);

impl Approvers {
    /// Both with a new key; nothing where nobody here can make one.
    #[expect(clippy::print_stdout, reason = "a test that is skipped in part says so")]
    pub(crate) fn new() -> Option<Self> {
        if Command::new("ssh-keygen").arg("-?").output().is_err() {
            println!("SKIPPED: there is no ssh-keygen, so no approval can be signed");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        for name in NAMES {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join(name));
            assert!(keygen.status().expect("it starts").success(), "a key of {name}");
        }
        Some(Self(folder))
    }

    /// Both have to approve each wave and the clean-up; who planned is neither of them.
    pub(crate) fn policy(&self) -> ApprovalPolicy {
        let approver = |name: &str| {
            let line = std::fs::read_to_string(self.0.path().join(format!("{name}.pub"))).expect("a key");
            let keys = vec![PublicKey::parse(&line).expect("an Ed25519 key")];
            Approver { name: name.to_owned(), also: Vec::new(), keys }
        };
        ApprovalPolicy {
            approvers: NAMES.map(approver).to_vec(),
            needed: Needed { waves: 2, cleanup: 2 },
            author_may_approve: false,
            author: vec!["ada".to_owned()],
        }
    }

    /// What one of them signs of a plan, for sixty days.
    pub(crate) fn sign(&self, nth: usize, plan: &str, scope: ApprovalScope, at_ms: i64) -> SignedApproval {
        let statement = ApprovalStatement {
            format_version: ApprovalStatement::format(),
            word: ApprovalWord::Approve,
            batch: "book".to_owned(),
            plan: plan.to_owned(),
            scope: vec![scope],
            approver: NAMES[nth].to_owned(),
            reason: "a test".to_owned(),
            ticket: None,
            at_ms,
            expires_at_ms: at_ms + 60 * 86_400_000,
        };
        let text = self.0.path().join("statement");
        std::fs::write(&text, statement.text()).expect("written");
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(self.0.path().join(NAMES[nth])).arg(&text);
        assert!(sign.stderr(Stdio::null()).status().expect("it starts").success(), "it is signed");
        let made = self.0.path().join("statement.sig");
        let signature = std::fs::read_to_string(&made).expect("a signature");
        std::fs::remove_file(made).expect("it was there");
        SignedApproval { statement: statement.text(), signature }
    }
}
