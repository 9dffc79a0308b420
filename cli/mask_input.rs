//! CLI: what people write for the record, without the secrets that give themselves away. Pure.

use rehome_orchestrator::without_secrets;

/// Masks secrets in texts that were typed; the flags of those in which there was one.
pub(crate) fn mask_input<'a>(
    typed: impl IntoIterator<Item = (&'static str, &'a mut String)>,
) -> Vec<&'static str> {
    let mut masked = Vec::new();
    for (flag, text) in typed {
        let plain = without_secrets(text);
        if plain != *text {
            *text = plain;
            masked.push(flag);
        }
    }
    masked
}
