//! Azure: which servers belong together. Pure.
//!
//! Where the secret goes and whom a token is for is said by the cloud itself, and anybody can say that they are one. So
//! what is said is held against what the operator named, the Resource Manager: a cloud with a name has its own servers
//! and no others, on this machine everything is on this machine, and any other cloud has all its servers in one domain.
//! A token is only ever good where it is sent.

use super::known_clouds::{self, CLOUDS, KnownCloud};
use super::transport::is_loopback;
use url::{Host, Url};

/// The servers of a cloud, as it describes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Servers<'a> {
    /// Its Resource Manager, as the operator named it.
    pub(super) arm: &'a Url,
    /// Where it is signed in to.
    pub(super) login: &'a Url,
    /// Its Microsoft Graph.
    pub(super) graph: &'a Url,
    /// For whom tokens of its Resource Manager are.
    pub(super) audience: &'a str,
}

/// What does not belong to the Resource Manager that was named.
pub(super) fn stranger(servers: Servers<'_>) -> Option<String> {
    let Servers { arm, login, graph, audience } = servers;
    let fits: [(&str, &str, bool); 3] = match (known_clouds::at(arm.as_str()), Url::parse(audience)) {
        (Some(cloud), _) => own(cloud, servers),
        (None, Err(_)) => [("audience", audience, false), ("", "", true), ("", "", true)],
        (None, Ok(meant)) => {
            let (near, is_meant): (fn(&Url, &Url) -> bool, bool) = match is_loopback(arm) {
                true => (|_, other| is_loopback(other), same_server(arm, &meant)),
                false => (in_one_domain, in_one_domain(arm, &meant) && !is_of_another(&meant)),
            };
            [
                ("sign-in server", login.as_str(), near(arm, login)),
                ("Microsoft Graph", graph.as_str(), near(arm, graph)),
                ("audience", audience, is_meant),
            ]
        }
    };
    let (what, is, _) = fits.into_iter().find(|(.., fits)| !fits)?;
    Some(format!("its {what}, {is}, is of another cloud"))
}

fn own<'a>(cloud: &KnownCloud, servers: Servers<'a>) -> [(&'static str, &'a str, bool); 3] {
    let is = |own: &str, said: &str| own.eq_ignore_ascii_case(said.trim_end_matches('/'));
    let (login, graph) = (servers.login.as_str(), servers.graph.as_str());
    [
        ("sign-in server", login, cloud.logins.iter().any(|own| is(own, login))),
        ("Microsoft Graph", graph, is(cloud.graph, graph)),
        ("audience", servers.audience, cloud.audiences.iter().any(|own| is(own, servers.audience))),
    ]
}

fn same_server(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Whether an audience is that of a cloud with a name.
fn is_of_another(meant: &Url) -> bool {
    let host = |text: &str| Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
    let all = CLOUDS.iter().flat_map(|cloud| cloud.audiences.iter().chain([&cloud.manager, &cloud.graph]));
    all.into_iter().any(|own| host(own).as_deref() == meant.host_str())
}

/// Whether both are names below the domain that the first one is in: `management.west.example.com` and
/// `login.west.example.com`. Addresses have no domain.
fn in_one_domain(arm: &Url, other: &Url) -> bool {
    if other.scheme() != "https" {
        return false;
    }
    if arm.host() == other.host() {
        return true;
    }
    let (Some(Host::Domain(arm)), Some(Host::Domain(other))) = (arm.host(), other.host()) else {
        return false;
    };
    let Some((_, domain)) = arm.split_once('.') else { return false };
    domain.contains('.')
        && other.strip_suffix(domain).is_some_and(|name| name.is_empty() || name.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is named, and what it says: sign-in server, Graph, audience.
    fn found(arm: &str, [login, graph, audience]: [&str; 3]) -> Option<String> {
        let url = |text: &str| Url::parse(text).expect("a URL");
        stranger(Servers { arm: &url(arm), login: &url(login), graph: &url(graph), audience })
    }

    const HERE: &str = "http://127.0.0.1:9";
    const OWN: &str = "https://management.west.example.com";

    #[test]
    fn each_cloud_with_a_name_has_its_own_servers() {
        for cloud in &CLOUDS {
            let login = cloud.logins[0];
            for audience in cloud.audiences {
                assert_eq!(found(cloud.manager, [login, cloud.graph, &format!("{audience}/")]), None);
            }
            for other in CLOUDS.iter().filter(|other| other.name != cloud.name) {
                let audience = cloud.audiences[0];
                for said in [
                    [other.logins[0], cloud.graph, audience],
                    [login, other.graph, audience],
                    [login, cloud.graph, other.audiences[0]],
                    [HERE, cloud.graph, audience],
                ] {
                    assert!(found(cloud.manager, said).is_some(), "{} with {said:?}", cloud.name);
                }
                let elsewhere = [other.logins[0], other.graph, other.audiences[0]];
                assert!(found(OWN, elsewhere).is_some() && found(HERE, elsewhere).is_some());
            }
        }
    }

    #[test]
    fn on_this_machine_everything_is_on_this_machine_and_tokens_are_for_whom_was_named() {
        let (login, graph) = ("http://127.0.0.1:7", "http://localhost:8");
        assert_eq!(found(HERE, [login, graph, HERE]), None);
        assert_eq!(found(HERE, [login, graph, "http://127.0.0.1:9/"]), None);
        for said in [
            [login, graph, "http://127.0.0.1:10"],
            [login, graph, "https://127.0.0.1:9"],
            [login, graph, "https://management.azure.com"],
            [login, graph, "not a url"],
            ["https://login.microsoftonline.com", graph, HERE],
            [login, "https://graph.microsoft.com", HERE],
        ] {
            assert!(found(HERE, said).is_some(), "{said:?}");
        }
    }

    #[test]
    fn any_other_cloud_is_one_domain() {
        let (login, graph) = ("https://login.west.example.com/adfs", "https://graph.west.example.com");
        assert_eq!(found(OWN, [login, graph, OWN]), None);
        assert_eq!(found("https://cloud.example", ["https://cloud.example/adfs"; 3]), None);
        for said in [
            [login, graph, "https://management.azure.com/"],
            [login, graph, "https://management.east.example.com"],
            [login, graph, "urn:anything"],
            ["https://login.microsoftonline.com", graph, OWN],
            ["https://login.west.example.com.evil.example", graph, OWN],
            ["https://evilwest.example.com", graph, OWN],
            [HERE, graph, OWN],
            [login, "https://graph.microsoft.com", OWN],
        ] {
            assert!(found(OWN, said).is_some(), "{said:?}");
        }
        assert!(
            found("https://cloud.example", ["https://other.example"; 3]).is_some(),
            "example is no domain of theirs"
        );
        assert!(found("https://10.0.0.1", ["https://10.0.0.2"; 3]).is_some(), "addresses have no domain");
    }
}
