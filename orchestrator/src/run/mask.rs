//! Engine: what of an event stays with the runner when the record is handed out. Pure.

use crate::run::codec::{CodecError, Entry, Recorded};
use crate::run::event::Event;
use rehome_store::{Stored, Why};

/// What stands in the place of an address that is asked about a long-running operation: it is a credential.
pub const MASK: &str = "(left out: it is a credential)";

/// The kind of the one event with such an address.
const KIND: &str = "accepted";

/// What may be told of an event that has a credential in it: its body without that. Nothing, where there is none.
///
/// # Errors
/// When the event cannot be understood, so that nobody knows what is in it.
pub fn mask(stored: &Stored) -> Result<Option<String>, CodecError> {
    if stored.record.kind != KIND {
        return Ok(None);
    }
    let mut entry = Entry::<Event>::read(stored)?;
    if let Event::Accepted(accepted) = &mut entry.event {
        MASK.clone_into(&mut accepted.operation.address);
    }
    Ok(Some(String::from_utf8_lossy(&entry.event.encode()).into_owned()))
}

/// What is wrong with an event of which a bundle tells more than it proves: it tells of something else than of
/// an operation whose address is left out.
pub fn mask_flaw(stored: &Stored) -> Option<String> {
    if stored.withheld?.why != Why::Masked {
        return None;
    }
    match Entry::<Event>::read(stored).map(|entry| entry.event) {
        Ok(Event::Accepted(accepted)) if accepted.operation.address == MASK => None,
        Ok(_) | Err(_) => Some(format!("what is told of it is not an event {KIND:?} without its address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_store::{Digest, Position, Record, Sequence, StreamId, Withheld};

    fn stored(kind: &'static str, body: &str, why: Option<Why>) -> Stored {
        let record = Record {
            stream: StreamId::new("run/m"),
            kind: kind.into(),
            version: 1,
            at_ms: 0,
            actor: "ada".into(),
            body: body.as_bytes().to_vec(),
        };
        let withheld = why.map(|why| Withheld { why, digest: Digest::ZERO });
        let (position, sequence) = (Position(1), Sequence(1));
        Stored { position, sequence, record, salt: [0; 16], hash: Digest::ZERO, withheld }
    }

    const ACCEPTED: &str = r#"{"step":"s","act":"run","attempt":1,"operation":{"address":"http://x?s=secret","after_ms":5},"exchanges":[{"request":"PUT /x","status":202,"correlation":"c-1"}]}"#;

    #[test]
    fn an_address_that_is_polled_is_left_out_and_nothing_else_is() {
        let told = mask(&stored("accepted", ACCEPTED, None)).expect("understood").expect("masked");
        assert_eq!(told, ACCEPTED.replace("http://x?s=secret", MASK));
        assert_eq!(mask_flaw(&stored("accepted", &told, Some(Why::Masked))), None);
        assert_eq!(mask(&stored("reached", r#"{"step":"s"}"#, None)).expect("understood"), None);
        mask(&stored("accepted", "{}", None)).expect_err("nobody knows what is in it");
    }

    #[test]
    fn nothing_else_can_be_told_in_the_place_of_what_is_proven() {
        for (kind, body) in [
            ("accepted", ACCEPTED),
            ("reached", r#"{"step":"s"}"#),
            ("closed", r#"{"verdict":"done"}"#),
            ("accepted", "{}"),
        ] {
            assert!(mask_flaw(&stored(kind, body, Some(Why::Masked))).is_some(), "{kind} {body}");
            assert!(mask_flaw(&stored(kind, body, None)).is_none(), "it is proven");
            assert!(mask_flaw(&stored(kind, "", Some(Why::Redacted))).is_none(), "it tells nothing");
        }
    }

    #[test]
    fn what_is_withheld_is_not_read_as_something_else() {
        let read = Entry::<Event>::read(&stored("reached", r#"{"step":"s"}"#, Some(Why::Redacted)));
        assert!(matches!(read, Err(CodecError::Withheld { why: Why::Redacted, .. })), "{read:?}");
    }
}
