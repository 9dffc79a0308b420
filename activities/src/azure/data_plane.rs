//! Azure: reading the data planes of services, each at a host of its own. Nothing here can change anything.
//!
//! The host comes from what Resource Manager says of a service, which is outside text: only a name below the domain of that
//! service is asked, with a token that is good there and nowhere else. A cloud on this machine has them all where its
//! Resource Manager is, told apart by the name in `Host`, because nothing resolves these names there.

use super::errors::broken;
use super::exchange::Inner;
use super::known_clouds::{CLOUDS, KnownCloud};
use super::paging;
use super::reader::Reader;
use super::recording::{ApiEndpoint, RecordedResponse};
use super::shape::{NO_ANSWER, Shape};
use super::transport::is_loopback;
use rehome_orchestrator::{Fault, FaultKind};
use reqwest::Method;
use serde_json::{Map, Value, json};
use url::Url;

/// Where the data plane of one service is.
#[derive(Clone, Debug)]
pub(crate) struct PlaneHost {
    origin: Url,
    audience: &'static str,
}

impl PlaneHost {
    /// A host below this domain (`.search.windows.net`), for which tokens are made for this audience; nothing where it is
    /// another one.
    pub(crate) fn below(domain: &str, audience: &'static str, host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let name = host.strip_suffix(domain).filter(|name| !name.is_empty())?;
        let label = |label: &str| {
            let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            plain && !label.is_empty() && !label.starts_with('-')
        };
        let origin = name.split('.').all(label).then(|| Url::parse(&format!("https://{host}/")))?.ok()?;
        (origin.host_str() == Some(&host)).then_some(Self { origin, audience })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.origin.host_str().unwrap_or_default()
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.origin.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// One list of a data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaneList {
    /// Its path, without a slash before it.
    pub(crate) path: &'static str,
    /// The query that it is asked with.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The member that has its items.
    pub(crate) items: &'static str,
    /// The member and the parameter by which the next page is asked for, where that is not a link. Such a service leaves an
    /// empty list out.
    pub(crate) token: Option<(&'static str, &'static str)>,
}

impl Inner {
    /// Where a request is sent, and the name that is asked there where the address does not say it.
    pub(super) fn dialled(&self, side: ApiEndpoint, url: &Url) -> (Url, Option<String>) {
        if !matches!(side, ApiEndpoint::Plane { .. }) || !is_loopback(&self.arm) {
            return (url.clone(), None);
        }
        let mut here = self.arm.clone();
        here.set_path(url.path());
        here.set_query(url.query());
        (here, url.host_str().map(ToOwned::to_owned))
    }
}

impl Reader {
    /// The number of this cloud among those with a name: its own, or that of the cloud which a local Azure plays. One
    /// without such a name plays the public cloud; of any other cloud the domains of services are not known.
    pub(crate) fn cloud_number(&self) -> Option<usize> {
        let number = |cloud: &KnownCloud| CLOUDS.iter().position(|known| known == cloud);
        let local = is_loopback(&self.inner.arm).then_some(0);
        self.inner.national.map_or(local, number)
    }

    /// Everything of a list, page after page.
    ///
    /// # Errors
    /// When a page cannot be read, or leads to another host.
    pub(crate) async fn plane_list(&self, at: &PlaneHost, list: PlaneList) -> Result<Vec<Value>, Fault> {
        let found = self.plane_pages(at, list).await.map_err(|why| why.at(shown(at, list.path)));
        self.told(at, list.path, found)
    }

    /// The rows of a command of Data Explorer that shows something, as objects by the names of its columns.
    /// Source: <https://learn.microsoft.com/kusto/api/rest/request>, <https://learn.microsoft.com/kusto/api/rest/response-http>
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn plane_command(
        &self,
        at: &PlaneHost,
        database: &str,
        command: &str,
    ) -> Result<Vec<Value>, Fault> {
        let place = format!("{database}/{command}");
        let found = self.shown_by(at, database, command).await.map_err(|why| why.at(shown(at, &place)));
        self.told(at, &place, found)
    }

    async fn shown_by(&self, at: &PlaneHost, database: &str, command: &str) -> Result<Vec<Value>, Fault> {
        const PATH: &str = "v1/rest/mgmt";
        // What does not show something would change something.
        if !command.starts_with(".show ") || command.contains(['\n', '\r', '|', ';']) {
            return Err(Fault::new(
                FaultKind::Invalid,
                "NotARead",
                "this is not a command that shows something",
            ));
        }
        let body = json!({"db": database, "csl": command});
        let url = at.url(PATH, &[]);
        let side = ApiEndpoint::Plane { audience: at.audience };
        let answer = self.tried(side, Method::POST, url, Some(&body)).await?;
        let json = answer.json().map_err(|e| broken(&e, PATH))?;
        let json = Shape::List("Tables").checked(answer.status, json, PATH)?;
        rows(&json).ok_or_else(|| Fault::new(FaultKind::Broken, NO_ANSWER, "the answer has no table of rows"))
    }

    async fn plane_pages(&self, at: &PlaneHost, list: PlaneList) -> Result<Vec<Value>, Fault> {
        let side = ApiEndpoint::Plane { audience: at.audience };
        let first = at.url(list.path, list.query);
        let (mut all, mut url, mut bytes) = (Vec::new(), first.clone(), 0);
        for _ in 0..paging::PAGES_MAX {
            let answer = self.tried(side, Method::GET, url.clone(), None).await?;
            let json = answer.json().map_err(|e| broken(&e, list.path))?;
            let mut json = list.whole(answer.status, json)?;
            paging::count(&mut bytes, answer.size()).map_err(|e| broken(&e, list.path))?;
            all.extend(json[list.items].as_array_mut().map(std::mem::take).into_iter().flatten());
            match list.next(&json, &first)? {
                Some(next) => url = next,
                None => return Ok(all),
            }
        }
        Err(broken("the pages of the list do not end", list.path))
    }

    /// Puts what was heard on the tape as one list, whatever it was asked with.
    fn told(
        &self,
        at: &PlaneHost,
        list: &str,
        found: Result<Vec<Value>, Fault>,
    ) -> Result<Vec<Value>, Fault> {
        let answer = || found.as_ref().map(|items| json!({ "value": items })).map_err(Clone::clone);
        self.record(|| RecordedResponse {
            side: ApiEndpoint::Plane { audience: at.audience },
            path: shown(at, list),
            asked: None,
            answer: answer(),
        });
        found
    }
}

/// A list of a host, as it is called in faults and on tapes.
fn shown(at: &PlaneHost, list: &str) -> String {
    format!("//{}/{list}", at.name())
}

impl PlaneList {
    /// The answer, where it is a list.
    fn whole(self, status: u16, mut body: Value) -> Result<Value, Fault> {
        if let Some((token, _)) = self.token {
            let others = body.as_object().map(|all| all.keys().any(|name| name != token));
            if others == Some(false) {
                body[self.items] = json!([]);
            }
        }
        Shape::List(self.items).checked(status, body, self.path)
    }

    /// Where the next page is.
    fn next(self, body: &Value, first: &Url) -> Result<Option<Url>, Fault> {
        let Some((token, parameter)) = self.token else {
            let mut links = ["nextLink", "@odata.nextLink", "odata.nextLink"].iter().map(|name| &body[*name]);
            return match links.find(|link| !link.is_null() && link.as_str() != Some("")) {
                None => Ok(None),
                Some(Value::String(link)) => {
                    paging::next(link, first).map(Some).map_err(|e| broken(&e, self.path))
                }
                Some(_) => Err(broken("the link to the next page is not a text", self.path)),
            };
        };
        match &body[token] {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => {
                let mut url = first.clone();
                url.query_pairs_mut().append_pair(parameter, text);
                Ok(Some(url))
            }
            _ => Err(broken("what asks for the next page is not a text", self.path)),
        }
    }
}

/// The rows of the first table; nothing where a row does not have its columns.
fn rows(body: &Value) -> Option<Vec<Value>> {
    let table = body["Tables"].as_array()?.first()?;
    let names = table["Columns"].as_array()?.iter().map(|column| column["ColumnName"].as_str());
    let names: Vec<&str> = names.collect::<Option<_>>()?;
    let row = |row: &Value| {
        let cells = row.as_array().filter(|cells| cells.len() == names.len())?;
        let cells = names.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.clone()));
        Some(Value::Object(cells.collect::<Map<_, _>>()))
    };
    table["Rows"].as_array()?.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: PlaneList =
        PlaneList { path: "x", query: &[("api-version", "1")], items: "value", token: None };

    #[test]
    fn only_a_name_below_the_domain_of_the_service_is_asked() {
        let host = |text: &str| PlaneHost::below(".search.windows.net", "a", text);
        assert_eq!(host("Srch-1.search.windows.net").expect("it is one").name(), "srch-1.search.windows.net");
        for other in [
            "",
            ".search.windows.net",
            "search.windows.net",
            "evil.example",
            "xsearch.windows.net",
            "srch.search.windows.net.evil.example",
            "evil.example/srch.search.windows.net",
            "evil.example#.search.windows.net",
            "evil.example?.search.windows.net",
            "evil.example:443.search.windows.net",
            "user@srch.search.windows.net",
            "a..search.windows.net",
            "-a.search.windows.net",
            "a b.search.windows.net",
            "ä.search.windows.net",
            "srch.search.windows.net:8443",
        ] {
            assert!(host(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_next_page_is_asked_for_at_the_same_host_only() {
        let at = PlaneHost::below(".search.windows.net", "a", "s.search.windows.net").expect("a host");
        let first = at.url(LIST.path, LIST.query);
        assert_eq!(first.as_str(), "https://s.search.windows.net/x?api-version=1");
        let next = |link: &str| LIST.next(&json!({ "nextLink": link }), &first);
        assert!(next("https://s.search.windows.net/x?$skiptoken=2").expect("the same").is_some());
        assert!(next("").expect("the last").is_none());
        for foreign in
            ["https://t.search.windows.net/x", "http://s.search.windows.net/x", "/x", "https://evil.example/"]
        {
            assert!(next(foreign).is_err(), "{foreign}");
        }
        assert!(LIST.next(&json!({"odata.nextLink": 7}), &first).is_err());
        let by_token = PlaneList { token: Some(("next_page_token", "page_token")), ..LIST };
        let url = by_token.next(&json!({"next_page_token": "a&b"}), &first).expect("a token").expect("more");
        assert_eq!(url.query(), Some("api-version=1&page_token=a%26b"));
    }

    #[test]
    fn a_list_that_is_left_out_is_empty_only_where_a_service_leaves_it_out() {
        let by_token = PlaneList { token: Some(("next_page_token", "page_token")), ..LIST };
        assert!(by_token.whole(200, json!({})).is_ok() && LIST.whole(200, json!({})).is_err());
        assert!(by_token.whole(200, json!({"next_page_token": "x"})).is_ok());
        for other in [json!({"message": "no"}), json!({"error_code": "X"}), Value::Null, json!([])] {
            assert!(by_token.whole(200, other.clone()).is_err(), "{other}");
        }
    }

    #[test]
    fn rows_are_objects_by_the_names_of_their_columns() {
        let table = |rows: Value| json!({"Tables": [{"Columns": [{"ColumnName": "A"}, {"ColumnName": "B"}], "Rows": rows}]});
        assert_eq!(rows(&table(json!([[1, "x"]]))), Some(vec![json!({"A": 1, "B": "x"})]));
        assert_eq!(rows(&table(json!([]))), Some(Vec::new()));
        assert_eq!(rows(&table(json!([[1]]))), None);
        assert_eq!(rows(&json!({"Tables": []})), None);
    }
}
