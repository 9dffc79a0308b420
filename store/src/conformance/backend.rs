//! Store: the suite that every backend must pass. Panics with the promise that was broken.

use super::log::{append, check};
use crate::anchor::{Anchor, AnchorStatus};
use crate::backend::{Backend, OpenError, Part};
use crate::lease::{LeaseError, LeaseHolder};
use crate::log::AppendError;
use crate::verify::verify_chain;
use std::future::Future;
use std::path::Path;

/// Holds a backend to every promise of [`Backend`], and to those of a log. `fresh` makes an empty one each time; `folder` is where
/// copies are made, under the names `copy-1` and so on. Needs a tokio runtime, because it appends from many tasks at once.
///
/// # Panics
///
/// When a promise is broken.
pub async fn check_backend<B, F, Fut>(folder: &Path, fresh: F)
where
    B: Backend,
    F: Fn() -> Fut,
    Fut: Future<Output = B>,
{
    check(&fresh).await;
    no_two_have_one_name(&fresh().await, &fresh().await);
    an_end_is_kept_outside_the_events(&fresh().await).await;
    a_key_is_kept_outside_the_events(&fresh().await).await;
    one_has_the_right_to_act(&fresh().await);
    a_name_that_was_left_stays(&fresh().await);
    a_copy_is_one_moment_of_the_log(&fresh().await, &folder.join("copy-1")).await;
    a_copy_never_replaces_anything(&fresh().await, &folder.join("copy-2"));
}

fn no_two_have_one_name<B: Backend>(one: &B, other: &B) {
    assert!(!one.id().is_empty() && one.id() != other.id(), "each log has a name of its own");
    for part in [Part::Log, Part::Anchor, Part::Checkpoint, Part::Tree, Part::Lease, Part::Key] {
        assert!(!one.beside().place(part).is_empty(), "each part can be spoken of");
    }
    assert_eq!(one.newer_format(), None, "what this program has just made it can append to");
}

async fn an_end_is_kept_outside_the_events<B: Backend>(log: &B) {
    assert_eq!(log.beside().anchor().expect("it can be read"), None, "a new log has no anchor");
    for nth in 0..2 {
        log.append(append("a", nth, &["1"])).await.expect("appended");
        let anchor = Anchor::of(log.id(), log.head().await.expect("the head can be read"));
        log.beside().set_anchor(&anchor).expect("it can be kept");
        assert_eq!(
            log.beside().anchor().expect("it can be read"),
            Some(anchor.clone()),
            "the last one is there"
        );
        let note = format!("a note {nth}\n");
        log.beside().set_checkpoint(&note).expect("it can be kept");
        assert_eq!(log.beside().checkpoint().expect("it can be read"), Some(note), "the last one is there");
        let judged = anchor.judge(log).await.expect("the log can be read");
        assert!(matches!(judged, AnchorStatus::Confirmed(_)), "an anchor confirms its log: {judged:?}");
    }
    assert_eq!(log.head().await.expect("the head can be read").position.0, 2, "an anchor is no event");
}

async fn a_key_is_kept_outside_the_events<B: Backend>(log: &B) {
    let key = || log.beside().key().expect("it can be read");
    assert_eq!(key(), None, "a new log has no key");
    log.beside().retire_key(1).expect("there is none");
    for bytes in [[1_u8; 32], [2; 32]] {
        log.beside().set_key(&bytes).expect("it can be kept");
        assert_eq!(key().as_deref(), Some(&bytes[..]), "the last one is there");
    }
    log.beside().retire_key(2).expect("it can be put away");
    assert_eq!(key(), None, "a key that was put away is not the key");
    assert_eq!(log.head().await.expect("the head can be read").position.0, 0, "a key is no event");
}

fn ada() -> LeaseHolder {
    LeaseHolder { host: "a machine".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 }
}

fn one_has_the_right_to_act<B: Backend>(log: &B) {
    let lease = log.beside().lease();
    assert_eq!((lease.holder(), lease.was_held()), (None, false), "nobody has the right to act on a new log");
    let mut held = lease.hold().expect("nobody has it");
    let refused = lease.hold().map(drop);
    assert!(
        matches!(refused, Err(LeaseError::Held { holder: None, .. })),
        "one at a time, and nobody left a name: {refused:?}"
    );
    assert_eq!(lease.holder(), None, "whoever left no name is nobody that can be named");
    held.leave_name(&ada()).expect("it can be kept");
    let refused = lease.hold().map(drop);
    assert!(
        matches!(&refused, Err(LeaseError::Held { holder: Some(holder), .. }) if *holder == ada()),
        "whoever has it is named: {refused:?}"
    );
    assert_eq!(lease.holder(), Some(ada()), "whoever has it is named");
    drop(held);
    drop(lease.hold().expect("it is free when it is dropped"));
}

fn a_name_that_was_left_stays<B: Backend>(log: &B) {
    let lease = log.beside().lease();
    let last = || lease.last_beat().expect("it can be looked at");
    assert_eq!(last(), None, "no runner was ever at work on a new log");
    let mut held = lease.hold().expect("nobody has it");
    held.leave_name(&ada()).expect("it can be kept");
    let before = last().expect("a name was left");
    lease.beat().expect("it can be said");
    let after = last().expect("a name was left");
    assert!(after.holder == ada() && after.at_ms >= before.at_ms, "{before:?} {after:?}");
    drop(held);
    assert_eq!(lease.holder(), None, "a name that was left behind is no holder");
    assert!(lease.was_held() && last().is_some(), "it says that a runner was there");
    drop(lease.hold().expect("nobody has it"));
    assert!(last().is_some(), "whoever leaves no name leaves the one that is there");
}

async fn a_copy_is_one_moment_of_the_log<B: Backend>(log: &B, to: &Path) {
    let done = log.append(append("a", 0, &["1", "2"])).await.expect("appended");
    log.beside().set_key(&[1; 32]).expect("it can be kept");
    let copy = log.backup(to).expect("nothing is there");
    log.append(append("a", 2, &["3"])).await.expect("appended");
    assert_eq!(copy.id(), log.id(), "a copy has the name of its log");
    let verified = verify_chain(&*copy, None).await.expect("the chain of a copy holds");
    assert_eq!(verified.head.hash, done.head, "a copy has what was there when it was made");
    let refused = copy.append(append("a", 2, &["3"])).await;
    assert!(matches!(refused, Err(AppendError::ReadOnly)), "a copy is open for reading: {refused:?}");
    let beside = (
        copy.beside().anchor().expect("readable"),
        copy.beside().key().expect("readable"),
        copy.beside().lease().holder(),
    );
    assert_eq!(beside, (None, None, None), "a copy has nothing of its own beside it");
}

fn a_copy_never_replaces_anything<B: Backend>(log: &B, to: &Path) {
    drop(log.backup(to).expect("nothing is there"));
    let refused = log.backup(to).map(drop);
    assert!(matches!(refused, Err(OpenError::NotOurs { .. })), "something is there: {refused:?}");
}
