//! CLI: who is let in to the pages: a link that works once, a cookie, the exact address. Pure but for what it remembers.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST, HeaderName, ORIGIN};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a browser says that a request comes from: `same-origin` is a page of this server.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Something that only who was told it knows.
struct Secret(String);

impl Secret {
    fn new() -> Self {
        let half = || uuid::Uuid::new_v4().simple().to_string();
        Self(half() + &half())
    }

    /// Compared by digests, so that the time it takes tells nothing.
    fn is(&self, said: &str) -> bool {
        Sha256::digest(&self.0) == Sha256::digest(said)
    }
}

/// What became of somebody who came with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// The link was good, and is not any more.
    Welcome,
    /// Whoever comes is in already.
    Inside,
    /// Somebody has used it before.
    Used,
    /// It is not the link.
    Wrong,
}

/// The door of one server.
pub(crate) struct Door {
    /// `127.0.0.1:8417`: a page of another name may be somebody else's who points that name here.
    host: String,
    /// Cookies do not know ports: the name does.
    cookie: String,
    token: Secret,
    used: AtomicBool,
    session: Secret,
    form: Secret,
}

impl Door {
    /// The door of a server that listens there.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let cookie = format!("rehome-{}", address.port());
        let (token, session, form) = (Secret::new(), Secret::new(), Secret::new());
        Self { host: address.to_string(), cookie, token, used: AtomicBool::new(false), session, form }
    }

    /// The address of the pages.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// The link that lets one browser in, once.
    pub(crate) fn link(&self) -> String {
        format!("{}/in?token={}", self.origin(), self.token.0)
    }

    /// What the browser keeps.
    pub(crate) fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.session.0)
    }

    /// What every form carries, so that no other page can send one.
    pub(crate) fn form(&self) -> &str {
        &self.form.0
    }

    /// Whether a form carries it.
    pub(crate) fn is_form(&self, said: &str) -> bool {
        self.form.is(said)
    }

    /// Whether somebody asks for this server by its address, and not by a name that was pointed here.
    pub(crate) fn is_host(&self, headers: &HeaderMap) -> bool {
        let mut all = headers.get_all(HOST).iter();
        let said = all.next().and_then(|host| host.to_str().ok());
        said == Some(self.host.as_str()) && all.next().is_none()
    }

    /// Whether the browser that asks was let in.
    pub(crate) fn is_inside(&self, headers: &HeaderMap) -> bool {
        let all = headers.get_all(COOKIE).iter().filter_map(|all| all.to_str().ok());
        let mut each = all.flat_map(|all| all.split(';')).filter_map(|one| one.trim().split_once('='));
        each.any(|(name, said)| name == self.cookie && self.session.is(said))
    }

    /// Whether a request comes from one of these pages. Where `must` is said, a browser has to say so itself.
    pub(crate) fn is_from_here(&self, headers: &HeaderMap, must: bool) -> bool {
        let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
        let site = headers.get(SITE).map(|site| site.to_str().unwrap_or_default());
        let is_own = origin.is_some_and(|origin| origin == self.origin());
        let is_near = site.is_none_or(|site| site == "same-origin");
        if must { is_own && is_near } else { origin.is_none_or(|_| is_own) && is_near }
    }

    /// Lets somebody in who has the link, once.
    pub(crate) fn sign_in(&self, token: &str, headers: &HeaderMap) -> SignIn {
        match self.token.is(token) {
            _ if self.is_inside(headers) => SignIn::Inside,
            false => SignIn::Wrong,
            true if self.used.swap(true, Ordering::SeqCst) => SignIn::Used,
            true => SignIn::Welcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let value = |value: &str| HeaderValue::from_str(value).expect("a header");
        all.iter().map(|(name, said)| (name.parse().expect("a name"), value(said))).collect()
    }

    fn door() -> Door {
        Door::at("127.0.0.1:8417".parse().expect("an address"))
    }

    #[test]
    fn a_link_lets_one_browser_in_and_only_who_has_the_cookie_comes_in_by_it_again() {
        let (door, nobody) = (door(), HeaderMap::new());
        let token = door.link().split_once("token=").expect("a token").1.to_owned();
        assert_eq!(door.sign_in("x", &nobody), SignIn::Wrong);
        assert_eq!(door.sign_in(&token, &nobody), SignIn::Welcome);
        assert_eq!(door.sign_in(&token, &nobody), SignIn::Used);
        let cookie = door.cookie();
        let kept = cookie.split(';').next().expect("a cookie");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
        let inside = headers(&[("cookie", &format!("other=1; {kept}"))]);
        assert!(door.is_inside(&inside) && !door.is_inside(&nobody));
        assert_eq!(door.sign_in(&token, &inside), SignIn::Inside);
        let other = Door::at("127.0.0.1:8418".parse().expect("an address"));
        assert!(!other.is_inside(&inside), "each server has a cookie of its own");
    }

    #[test]
    fn only_the_exact_address_is_answered_whatever_name_leads_here() {
        let door = door();
        assert!(door.is_host(&headers(&[("host", "127.0.0.1:8417")])));
        for host in
            ["evil.example", "127.0.0.1", "127.0.0.1:84", "localhost:8417", "127.0.0.1:8417.evil.example"]
        {
            assert!(!door.is_host(&headers(&[("host", host)])), "{host}");
        }
        assert!(!door.is_host(&HeaderMap::new()));
    }

    #[test]
    fn a_form_is_taken_only_where_the_browser_says_that_it_is_of_these_pages() {
        let door = door();
        let here = |all: &[(&'static str, &str)], must| door.is_from_here(&headers(all), must);
        assert!(here(&[("origin", "http://127.0.0.1:8417"), ("sec-fetch-site", "same-origin")], true));
        assert!(here(&[("origin", "http://127.0.0.1:8417")], true));
        assert!(here(&[], false) && !here(&[], true));
        for origin in ["null", "http://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8417"] {
            assert!(!here(&[("origin", origin)], false), "{origin}");
        }
        assert!(!here(&[("sec-fetch-site", "same-site")], false), "another port of this machine");
    }
}
