//! Engine: secrets in a text: found by both ways of looking, and hidden. Pure.

use crate::secrets::forms;
use crate::secrets::looks::{self, HIDDEN, MASKED};
use std::ops::Range;

/// The text with every secret hidden that gives itself away.
pub fn without_secrets(text: &str) -> String {
    let mut spans = secrets(text);
    if spans.is_empty() {
        return text.to_owned();
    }
    spans.sort_by_key(|span| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        if span.start >= at {
            out.push_str(&text[at..span.start]);
            out.push_str(HIDDEN);
        }
        at = at.max(span.end);
    }
    out.push_str(&text[at..]);
    out
}

/// Whether there is a secret in a text that gives itself away.
pub fn has_secret(text: &str) -> bool {
    !secrets(text).is_empty()
}

/// Whether something of this name is a secret, whatever it looks like: `adminPassword`, `x-functions-key`.
pub fn is_secret_name(name: &str) -> bool {
    forms::Named::of(name).is_some()
}

/// The parts of a text that are secrets, in no order; they may overlap.
fn secrets(text: &str) -> Vec<Range<usize>> {
    // Of the same length as the text: only letters of ASCII change.
    let lower = text.to_ascii_lowercase();
    let mut spans = forms::spans(text, &lower);
    spans.extend(looks::spans(text, &lower));
    spans.retain(|span| {
        !span.is_empty() && text.is_char_boundary(span.start) && text.is_char_boundary(span.end)
    });
    spans.retain(|span| !matches!(&text[span.clone()], HIDDEN | MASKED));
    spans
}
