//! CLI: what a report is about, signed: an in-toto Statement in a DSSE envelope. Pure.
//!
//! Sources: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>,
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>. It is what the operator of the log says of their own
//! work; no level of any other scheme is claimed.

use super::account::Account;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rehome_store::Signer;
use serde::Serialize;
use serde_json::json;

/// What the payload is.
const PAYLOAD: &str = "application/vnd.in-toto+json";

/// What is said of the subjects.
const PREDICATE: &str = "https://rehome.invalid/report/v1";

/// A thing by its digest.
pub(crate) struct Subject {
    pub(crate) name: String,
    /// SHA-256, in hex.
    pub(crate) sha256: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: &'static str,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize)]
struct Signature {
    keyid: String,
    sig: String,
}

/// The envelope about a batch and these files.
pub(crate) fn envelope(
    account: &Account,
    subjects: &[Subject],
    signer: &Signer,
) -> serde_json::Result<String> {
    let subjects: Vec<_> =
        subjects.iter().map(|one| json!({"name": one.name, "digest": {"sha256": one.sha256}})).collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {
            "self_asserted": true,
            "batch": account.batch,
            "plan": account.plan,
            "log": account.log,
            "counts": account.counts,
            "duties": account.duties,
            "exceptions": account.exceptions.len(),
        },
    });
    let payload = serde_json::to_vec(&statement)?;
    let sig = STANDARD.encode(signer.sign_bytes(&pre_authentication(PAYLOAD, &payload)));
    let signatures = vec![Signature { keyid: signer.verifier().to_string(), sig }];
    let mut text = serde_json::to_string_pretty(&Envelope {
        payload_type: PAYLOAD,
        payload: STANDARD.encode(payload),
        signatures,
    })?;
    text.push('\n');
    Ok(text)
}

/// What is signed: type and payload, each with its length, so that neither can slide into the other.
fn pre_authentication(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_the_specification_gives_as_its_example() {
        let example = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(example, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
