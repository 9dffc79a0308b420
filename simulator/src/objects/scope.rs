//! Objects: the form in which ids are compared. Pure.

/// The form in which ids are compared: lower case, one leading slash, no trailing one; the root is `/`.
pub(crate) fn canonical(id: &str) -> String {
    let inner: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", inner.join("/").to_lowercase())
}
