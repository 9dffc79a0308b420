//! Activities: the expressions of flexible credentials, as far as they say whose tokens they take. Pure.
//! Source: <https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials>

/// What an expression wants of the subject, `*` and `?` being whatever there is; `None` where it wants nothing of it,
/// or more than one thing, or is not of the language.
pub(crate) fn subject(expression: &str) -> Option<String> {
    let mut found = None;
    for comparison in expression.split(" and ") {
        let (claim, rest) = comparison.strip_prefix("claims['")?.split_once("'] ")?;
        let (operator, comparand) = rest.split_once(' ')?;
        let comparand = comparand.strip_prefix('\'')?.strip_suffix('\'')?;
        let named = !claim.is_empty() && claim.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !named || comparand.contains('\'') || !matches!(operator, "matches" | "eq") {
            return None;
        }
        if claim == "sub" && found.replace(comparand.to_owned()).is_some() {
            return None;
        }
    }
    found
}
