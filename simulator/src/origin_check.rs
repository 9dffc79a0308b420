//! Simulator: who may ask at all. It listens on loopback, which is no boundary for a browser: a page from elsewhere
//! can send requests here, and with a name of its own for this address (DNS rebinding) read the answers. So only
//! who asks by the simulator's own name is answered, and no page of another origin. Pure.
//! Source: <https://datatracker.ietf.org/doc/html/rfc9110#section-7.4>, <https://fetch.spec.whatwg.org/#origin-header>

use crate::http::Host;
use crate::http::{Reply, Request};
use crate::login::Places;

/// Who is given what the simulator tells of itself below `/sim/`: the estate, the requests, the workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageAccess {
    /// Everybody who asks by the right name.
    Open,
    /// Who brings the client's secret as a bearer token.
    Private,
    /// Nobody.
    Closed,
}

/// Names by which a loopback address is asked.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Why a request is not answered: it was sent to another name, or by a page from elsewhere.
pub(crate) fn refused(places: &Places, host: Host, request: &Request) -> Option<Reply> {
    let asked = request.header("host").unwrap_or_default();
    // Nobody but Microsoft gives out names below the domains of services, and these answer no pages.
    if host == Host::Plane && request.header("origin").is_none() {
        return None;
    }
    if !is_ours(places.url(host), asked) {
        let message = "This Azure answers only to its own name on this machine.";
        return Some(Reply::error(421, "MisdirectedRequest", message));
    }
    let origin = request.header("origin")?;
    let ours = |url: &str| {
        let (scheme, _) = url.split_once("://").unwrap_or_default();
        origin.split_once("://").is_some_and(|(s, name)| s == scheme && is_ours(url, name))
    };
    if [Host::Arm, Host::Graph, Host::Login].into_iter().any(|host| ours(places.url(host))) {
        return None;
    }
    Some(Reply::error(403, "OriginNotAllowed", "This Azure answers no pages from elsewhere."))
}

/// Why a page below `/sim/` is not given out.
pub(crate) fn withheld(pages: PageAccess, places: &Places, request: &Request) -> Option<Reply> {
    let wanted = format!("Bearer {}", places.client_secret);
    match pages {
        PageAccess::Open => None,
        PageAccess::Private if request.header("authorization") == Some(&wanted) => None,
        PageAccess::Private => {
            let message = "These pages are private: bring the client's secret as a bearer token.";
            Some(Reply::error(401, "AuthenticationFailed", message).with("www-authenticate", "Bearer"))
        }
        PageAccess::Closed => Some(Reply::error(404, "NotFound", "This Azure has no pages of its own.")),
    }
}

/// Whether a name with its port is one of the server at this URL.
fn is_ours(url: &str, asked: &str) -> bool {
    let own = url.split("://").nth(1).unwrap_or_default();
    let port = own.rsplit(':').next().unwrap_or_default();
    asked.eq_ignore_ascii_case(own)
        || NAMES.iter().any(|name| asked.eq_ignore_ascii_case(&format!("{name}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn places() -> Places {
        Places {
            arm: "http://127.0.0.1:1001".to_owned(),
            graph: "http://127.0.0.1:1002".to_owned(),
            login: "http://127.0.0.1:1003".to_owned(),
            client_secret: "s".to_owned(),
        }
    }

    fn request(headers: &[(&str, &str)]) -> Request {
        let headers: BTreeMap<String, String> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (method, path) = ("GET".to_owned(), "/sim/estate".to_owned());
        Request { method, target: path.clone(), path, query: BTreeMap::new(), headers, body: Vec::new() }
    }

    #[test]
    fn only_the_servers_own_names_with_its_own_port_are_answered() {
        let status =
            |host: &str| refused(&places(), Host::Arm, &request(&[("host", host)])).map(|r| r.status);
        for ours in ["127.0.0.1:1001", "localhost:1001", "LocalHost:1001", "[::1]:1001"] {
            assert_eq!(status(ours), None, "{ours}");
        }
        for other in
            ["", "127.0.0.1", "127.0.0.1:1002", "evil.example", "evil.example:1001", "localhost.evil:1001"]
        {
            assert_eq!(status(other), Some(421), "{other}");
        }
        assert_eq!(refused(&places(), Host::Arm, &request(&[])).map(|r| r.status), Some(421));
    }

    #[test]
    fn a_page_from_elsewhere_is_refused_and_one_of_the_three_servers_is_not() {
        let status = |origin: &str| {
            let asked = request(&[("host", "localhost:1001"), ("origin", origin)]);
            refused(&places(), Host::Arm, &asked).map(|r| r.status)
        };
        assert_eq!(status("http://127.0.0.1:1003"), None);
        for other in ["null", "", "http://evil.example", "https://127.0.0.1:1001", "http://127.0.0.1:9"] {
            assert_eq!(status(other), Some(403), "{other}");
        }
    }

    #[test]
    fn private_pages_are_for_who_knows_the_secret_and_closed_ones_for_nobody() {
        let status = |pages: PageAccess, headers: &[(&str, &str)]| {
            withheld(pages, &places(), &request(headers)).map(|reply| reply.status)
        };
        assert_eq!(status(PageAccess::Open, &[]), None);
        assert_eq!(status(PageAccess::Private, &[]), Some(401));
        assert_eq!(status(PageAccess::Private, &[("authorization", "Bearer wrong")]), Some(401));
        assert_eq!(status(PageAccess::Private, &[("authorization", "Bearer s")]), None);
        assert_eq!(status(PageAccess::Closed, &[("authorization", "Bearer s")]), Some(404));
    }
}
