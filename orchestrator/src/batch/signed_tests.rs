//! Engine, tests: signed approvals of batches: what they let loose, and what the law of the record refuses.

use super::*;
use crate::approval::testing::Signer;
use crate::approval::{
    ApprovalPolicy, ApprovalScope, ApprovalStatement, ApprovalWord, Approver, NAMESPACE, Needed,
    SignedApproval,
};
use crate::ids::RunId;
use crate::json::Json;
use crate::run::codec::Entry;
use crate::time::scale::TimeScale;
use std::sync::atomic::{AtomicU64, Ordering};

const PLAN: &str = "sha256:0";

type Edit<'a> = &'a dyn Fn(&mut ApprovalPolicy);

/// Three people, of whom two approve a wave, and the clean-up all.
fn policy() -> ApprovalPolicy {
    let approver =
        |nth: u8| Approver { name: format!("a{nth}"), also: Vec::new(), keys: vec![Signer::new(nth).key()] };
    ApprovalPolicy {
        approvers: (0..3).map(approver).collect(),
        needed: Needed { waves: 2, cleanup: 3 },
        author_may_approve: false,
        author: vec!["somebody".to_owned()],
    }
}

/// A batch of two waves that was planned, and approved by whoever recorded it.
fn batch(policy: Option<ApprovalPolicy>) -> Option<BatchState> {
    let runs = ["m-1", "m-2"].map(RunId::new);
    let wave = |run: &RunId| Wave {
        name: format!("w-{run}"),
        runs: vec![run.clone()],
        after_ms: 0,
        release: WaveRelease::Auto,
        rehearsal: false,
    };
    let mut state = None;
    let planned = BatchPlanned {
        digest: PLAN.to_owned(),
        format_version: FORMAT_VERSION.to_owned(),
        about: Json::of(&()),
        runs: runs.to_vec(),
        rollout: Some(Rollout::of(runs.iter().map(wave).collect())),
        approval: policy,
    };
    assert!(may(&mut state, 0, BatchEvent::Planned(planned)));
    let approved = BatchApproved { digest: PLAN.to_owned(), reason: "r".to_owned() };
    assert!(may(&mut state, 0, BatchEvent::Approved(approved)));
    state
}

/// Folds an event of that time; whether it could follow.
fn may(state: &mut Option<BatchState>, at_ms: i64, event: BatchEvent) -> bool {
    static POSITIONS: AtomicU64 = AtomicU64::new(1);
    let position = POSITIONS.fetch_add(1, Ordering::Relaxed);
    let entry = Entry { position, sequence: position, at_ms, actor: "a".into(), event };
    fold_batch(state, &entry).is_ok()
}

/// What one of them signs, good until ten.
fn signed(nth: u8, scope: ApprovalScope) -> BatchEvent {
    says(nth, ApprovalWord::Approve, scope, 0)
}

/// What one of them says at a time.
fn says(nth: u8, word: ApprovalWord, scope: ApprovalScope, at_ms: i64) -> BatchEvent {
    let statement = ApprovalStatement {
        format_version: ApprovalStatement::format(),
        word,
        batch: "b".to_owned(),
        plan: PLAN.to_owned(),
        scope: vec![scope],
        approver: format!("a{nth}"),
        reason: "r".to_owned(),
        ticket: None,
        at_ms,
        expires_at_ms: 10,
    };
    let statement = statement.text();
    let signature = Signer::new(nth).sign(NAMESPACE, statement.as_bytes());
    BatchEvent::Signed(SignedApproval { statement, signature })
}

fn released(run: &str) -> BatchEvent {
    BatchEvent::WaveReleased(WaveReleased { wave: format!("w-{run}") })
}

fn decided(state: &Option<BatchState>, now_ms: i64) -> BatchDecision {
    decide_batch(state.as_ref().expect("a batch"), &[], now_ms, TimeScale::REAL)
}

#[test]
fn a_wave_is_let_loose_when_enough_have_signed_and_while_that_counts_and_not_before_by_law() {
    let (mut state, first) = (batch(Some(policy())), ApprovalScope::Wave("w-m-1".to_owned()));
    for (nth, scope) in [(0, first.clone()), (0, ApprovalScope::Waves), (1, ApprovalScope::CleanUp)] {
        assert!(decided(&state, 5).people && decided(&state, 5).commands.is_empty());
        assert!(!may(&mut state.clone(), 5, released("m-1")), "one person is not two");
        assert!(may(&mut state, 5, signed(nth, scope)));
    }
    assert!(may(&mut state, 5, signed(2, first)));
    assert_eq!(decided(&state, 9).commands, [BatchCommand::Record(Box::new(released("m-1")))]);
    assert!(decided(&state, 10).commands.is_empty(), "they count until ten");
    assert!(!may(&mut state.clone(), 10, released("m-1")), "they count until ten");
    assert!(may(&mut state, 9, released("m-1")));
    let passed = WavePassed { wave: "w-m-1".to_owned(), through: 1, fell_out: 0 };
    assert!(may(&mut state, 9, BatchEvent::WavePassed(passed)));
    assert!(!may(&mut state.clone(), 9, released("m-2")), "only one of them signed for all waves");
    assert!(may(&mut state, 9, signed(1, ApprovalScope::Waves)));
    assert!(may(&mut state, 9, released("m-2")));
}

#[test]
fn one_who_rejects_a_wave_keeps_it_from_beginning_anything_until_they_say_something_else() {
    let (first, waves) = (ApprovalScope::Wave("w-m-1".to_owned()), ApprovalScope::Waves);
    let mut state = batch(Some(policy()));
    for nth in [0, 1] {
        assert!(may(&mut state, 5, signed(nth, waves.clone())));
    }
    let enough = state.clone();
    // A third, whose approval is not needed.
    assert!(may(&mut state, 5, says(2, ApprovalWord::Reject, first.clone(), 5)));
    let of = |state: &Option<BatchState>, at_ms| {
        state.as_ref().expect("a batch").standing(&first, at_ms).expect("it is approved by signatures")
    };
    assert_eq!((of(&state, 9).have.len(), of(&state, 9).rejected.as_slice()), (2, &["a2".to_owned()][..]));
    assert_eq!(of(&state, 99).rejected, ["a2"], "a rejection does not expire");
    assert!(decided(&state, 5).commands.is_empty() && decided(&state, 5).people);
    assert!(!may(&mut state.clone(), 5, released("m-1")), "it is rejected");
    for word in [ApprovalWord::Withdraw, ApprovalWord::Approve] {
        let mut state = state.clone();
        assert!(!may(&mut state.clone(), 10, says(2, word, waves.clone(), 6)), "it came too late");
        assert!(may(&mut state, 6, says(2, word, waves.clone(), 6)));
        assert_eq!(
            (of(&state, 9).rejected.len(), of(&state, 9).have.len()),
            (0, if word == ApprovalWord::Approve { 3 } else { 2 })
        );
        assert!(may(&mut state, 6, released("m-1")));
    }
    // What is let loose begins nothing more.
    let mut state = enough;
    assert!(may(&mut state, 5, released("m-1")));
    let hold = |state: &Option<BatchState>, nth| state.as_ref().expect("a batch").hold(Some(nth), 6);
    assert_eq!(hold(&state, 0), None);
    assert!(may(&mut state, 5, says(1, ApprovalWord::Reject, first, 5)));
    assert_eq!(hold(&state, 0), Some(Hold { cause: HoldCause::Rejected, until_ms: None }));
    assert_eq!(hold(&state, 1), None, "the other wave is not rejected");
}

#[test]
fn the_word_that_was_signed_last_holds_in_whichever_order_words_come_in() {
    let waves = ApprovalScope::Waves;
    let enough = |words: &[(u8, ApprovalWord, i64)]| {
        let mut state = batch(Some(policy()));
        for (nth, word, at_ms) in words {
            assert!(may(&mut state, 5, says(*nth, *word, waves.clone(), *at_ms)));
        }
        may(&mut state, 5, released("m-1"))
    };
    let approve = |nth, at_ms| (nth, ApprovalWord::Approve, at_ms);
    let withdraw = |nth, at_ms| (nth, ApprovalWord::Withdraw, at_ms);
    assert!(enough(&[approve(0, 1), approve(1, 1)]));
    assert!(!enough(&[approve(0, 1), approve(1, 1), withdraw(1, 2)]));
    assert!(!enough(&[approve(0, 1), withdraw(1, 2), approve(1, 1)]), "one that was handed over late");
    assert!(!enough(&[approve(0, 1), withdraw(1, 1), approve(1, 1)]), "nobody knows which came last");
    assert!(enough(&[approve(0, 1), withdraw(1, 2), approve(1, 3)]));
    assert!(!enough(&[approve(0, 1), (1, ApprovalWord::Reject, 2), approve(1, 1), approve(2, 1)]));
    let other = (2, ApprovalWord::Withdraw, 9);
    assert!(enough(&[approve(0, 1), approve(1, 1), other]), "another's approval is another's");
}

#[test]
fn an_approval_is_written_as_it_was_before_there_were_other_words() {
    let BatchEvent::Signed(SignedApproval { statement, .. }) = signed(0, ApprovalScope::Waves) else {
        panic!()
    };
    assert!(!statement.contains("word"), "{statement}");
    let BatchEvent::Signed(SignedApproval { statement, .. }) =
        says(0, ApprovalWord::Reject, ApprovalScope::Waves, 1)
    else {
        panic!()
    };
    assert!(statement.ends_with(r#""word":"reject"}"#), "{statement}");
    assert_eq!(ApprovalStatement::parse(&statement).map(|of| of.word), Some(ApprovalWord::Reject));
    let spelled = statement.replace("\"reject\"", "\"approve\"");
    assert_eq!(ApprovalStatement::parse(&spelled), None, "one thing is written in one way");
}

#[test]
fn what_does_not_count_is_not_in_a_record() {
    let good = signed(0, ApprovalScope::Waves);
    let BatchEvent::Signed(SignedApproval { statement, signature }) = &good else { panic!("{good:?}") };
    let other = |statement: &str, signature: &str| {
        let (statement, signature) = (statement.to_owned(), signature.to_owned());
        BatchEvent::Signed(SignedApproval { statement, signature })
    };
    let elsewhere = Signer::new(0).sign("file", statement.as_bytes());
    let stranger = Signer::new(9).sign(NAMESPACE, statement.as_bytes());
    let renamed = statement.replace("\"a0\"", "\"a1\"");
    let as_another = Signer::new(0).sign(NAMESPACE, renamed.as_bytes());
    for (what, event, at_ms) in [
        ("expired", good.clone(), 10),
        ("changed", other(&renamed, signature), 5),
        ("for something else", other(statement, &elsewhere), 5),
        ("by a stranger", other(statement, &stranger), 5),
        ("in another's name", other(&renamed, &as_another), 5),
        ("for no wave", signed(0, ApprovalScope::Wave("x".to_owned())), 5),
    ] {
        assert!(!may(&mut batch(Some(policy())), at_ms, event), "{what}");
    }
    let author =
        ApprovalPolicy { author: vec!["A0".to_owned()], needed: Needed { waves: 2, cleanup: 2 }, ..policy() };
    assert!(!may(&mut batch(Some(author)), 5, good.clone()), "by the author");
    assert!(!may(&mut batch(None), 5, good.clone()), "where nobody is asked");
    let mut state = batch(Some(policy()));
    assert!(may(&mut state, 5, good.clone()));
    assert!(!may(&mut state, 5, good), "twice");
}

#[test]
fn approvers_are_named_once_have_keys_of_their_own_and_are_enough() {
    let with = |change: &dyn Fn(&mut ApprovalPolicy)| {
        let mut policy = policy();
        change(&mut policy);
        policy.check()
    };
    assert_eq!(with(&|_| {}), Ok(()));
    let wrong: [(&str, Edit); 8] = [
        ("two approvers are called", &|p| p.approvers[1].name = "A0".to_owned()),
        ("two approvers are called", &|p| p.approvers[1].also = vec!["a0".to_owned()]),
        ("no name", &|p| p.approvers[1].name = "a\nb".to_owned()),
        ("has no key", &|p| p.approvers[1].keys.clear()),
        ("there twice", &|p| p.approvers[1].keys = p.approvers[0].keys.clone()),
        ("no approval is needed", &|p| p.needed.waves = 0),
        ("4 have to approve, and the approvals of 3 count", &|p| p.needed.cleanup = 4),
        ("3 have to approve, and the approvals of 2 count", &|p| p.author = vec!["A1".to_owned()]),
    ];
    for (says, change) in wrong {
        let why = with(change).expect_err(says);
        assert!(why.contains(says), "{why}");
    }
}

#[test]
fn a_gate_is_opened_when_enough_have_signed_before_it_and_while_that_counts() {
    let mut state = batch(Some(policy()));
    for nth in 0..3 {
        assert!(may(&mut state, 5, signed(nth, ApprovalScope::CleanUp)));
    }
    let plan = &state.as_ref().expect("a batch").current;
    let is_enough = |before, at_ms| {
        let standing = plan.standing(&ApprovalScope::CleanUp, before, at_ms);
        standing.is_some_and(|standing| standing.is_enough())
    };
    let last = plan.approvals.iter().map(|(position, _)| *position).max().expect("three of them");
    assert!(is_enough(last + 1, 9));
    assert!(!is_enough(last, 9), "what was signed later lets nothing loose");
    assert!(!is_enough(last + 1, 10), "they count until ten");
}
