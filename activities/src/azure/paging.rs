//! Azure: lists that come in pages. The next page is asked for only where the first one was.

use super::errors::broken;
use chrono::{DateTime, Utc};
use rehome_orchestrator::Fault;
use serde_json::Value;
use url::Url;

/// One page.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    /// What is beside the items.
    pub(super) body: Value,
    /// What time it is where it was written.
    pub(super) date: DateTime<Utc>,
}

impl Page {
    /// Where the next one is.
    pub(super) fn next(&self, url: &Url) -> Result<Option<Url>, Fault> {
        let mut links =
            ["nextLink", "@odata.nextLink", "@nextLink"].iter().filter_map(|name| self.body.get(*name));
        match links.find(|link| !link.is_null() && link.as_str() != Some("")) {
            None => Ok(None),
            Some(Value::String(link)) => next(link, url).map(Some).map_err(|e| broken(&e, url.path())),
            Some(_) => Err(broken("the link to the next page is not a text", url.path())),
        }
    }
}

/// A list has at most this many pages: a circle of links must end.
pub(crate) const PAGES_MAX: usize = 2_000;

/// A list has at most this many bytes on all its pages: a hundred thousand role assignments fit.
const BYTES_MAX: usize = 256 << 20;

/// The next page's URL, if it is one of the same server.
pub(crate) fn next(text: &str, base: &Url) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "the link to the next page is not a URL".to_owned())?;
    // A name or password in it would be sent beside the token.
    if url.origin() == base.origin() && url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err("the link to the next page leads to another server".to_owned())
}

/// Counts the bytes of one more page.
pub(crate) fn count(so_far: &mut usize, more: usize) -> Result<(), String> {
    *so_far = so_far.saturating_add(more);
    if *so_far > BYTES_MAX { Err("the list is too large".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_whose_pages_do_not_end_is_given_up_before_memory_is() {
        let mut so_far = 0;
        let pages = (0..PAGES_MAX).take_while(|_| count(&mut so_far, 64 << 20).is_ok()).count();
        assert_eq!(pages, 4);
        assert!(count(&mut so_far, usize::MAX).is_err());
    }

    #[test]
    fn a_link_to_another_server_is_not_followed() {
        let base = Url::parse("https://management.azure.com/x").expect("a URL");
        assert!(next("https://management.azure.com/y?$skiptoken=1", &base).is_ok());
        for foreign in [
            "https://evil.example/",
            "http://management.azure.com/",
            "https://management.azure.com:8443/",
            "https://somebody:else@management.azure.com/",
            "/y",
        ] {
            assert!(next(foreign, &base).is_err(), "{foreign}");
        }
    }
}
