//! Azure: lists that come in pages. The next page is asked for only where the first one was.

use url::Url;

/// A list has at most this many pages: a circle of links must end.
pub(crate) const PAGES_MAX: usize = 2_000;

/// The next page's URL, if it is one of the same server.
pub(crate) fn next(text: &str, base: &Url) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "the link to the next page is not a URL".to_owned())?;
    if url.origin() == base.origin() {
        return Ok(url);
    }
    Err("the link to the next page leads to another server".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_another_server_is_not_followed() {
        let base = Url::parse("https://management.azure.com/x").expect("a URL");
        assert!(next("https://management.azure.com/y?$skiptoken=1", &base).is_ok());
        for foreign in [
            "https://evil.example/",
            "http://management.azure.com/",
            "https://management.azure.com:8443/",
            "/y",
        ] {
            assert!(next(foreign, &base).is_err(), "{foreign}");
        }
    }
}
