//! Azure: reading Microsoft Graph. Paths are below `/v1.0/` and may carry a query.

use super::errors::{self, Asked, broken};
use super::known_clouds::CLOUDS;
use super::pacing::Question;
use super::reader::{Reader, absent, is_plain};
use super::recording::ApiEndpoint;
use super::shape::Shape;
use super::transport::{Answer, is_loopback};
use crate::azure::PrincipalId;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};
use rehome_orchestrator::{Fault, FaultKind};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::Url;

/// Graph takes at most this many requests in one batch.
const BATCH_MAX: usize = 20;

/// Graph takes at most this many ids in one question.
const IDS_MAX: usize = 1_000;

/// Batches that are sent at the same time.
const BATCHES_AT_ONCE: usize = 8;

/// A part of a batch that was refused for now is asked for again this often.
const TRIES: u32 = 6;

impl Reader {
    /// One object, or `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, for another reason than that it is not there.
    pub async fn graph_find(&self, path: &str) -> Result<Option<Value>, Fault> {
        let url = self.graph_url(path)?;
        absent(self.read(ApiEndpoint::Graph, Method::GET, url, None, Shape::One).await)
    }

    /// Everything of a list, page after page.
    ///
    /// # Errors
    /// When a page cannot be read, or leads to another server.
    pub async fn graph_list(&self, path: &str) -> Result<Vec<Value>, Fault> {
        let url = self.graph_url(path)?;
        self.pages(ApiEndpoint::Graph, url).await
    }

    /// Everything of a log, which only the preview shows whole, and what time it is where it is kept.
    ///
    /// # Errors
    /// When a page cannot be read, or leads to another server.
    pub async fn graph_log(&self, path: &str) -> Result<(Vec<Value>, DateTime<Utc>), Fault> {
        let url = graph_url_of(&self.inner.graph, "beta", path)?;
        self.dated_pages(ApiEndpoint::Graph, url).await
    }

    /// Many reads in as few exchanges as possible; the answers are in the order of the paths.
    /// A list that has more pages is read to its end.
    pub async fn graph_batch(&self, gets: &[String]) -> Vec<Result<Value, Fault>> {
        let mut answers: Vec<Option<Result<Value, Fault>>> = gets.iter().map(|_| None).collect();
        let mut left: Vec<usize> = (0..gets.len()).collect();
        for tries in 1..=TRIES {
            let mut sent = Vec::new();
            for part in left.chunks(BATCH_MAX) {
                sent.push(self.batch(gets, part, tries == TRIES));
            }
            let mut sent = stream::iter(sent).buffered(BATCHES_AT_ONCE);
            while let Some(some) = sent.next().await {
                some.into_iter().for_each(|(at, answer)| answers[at] = Some(answer));
            }
            drop(sent);
            left.retain(|at| answers[*at].is_none());
            if left.is_empty() || tries == TRIES {
                break;
            }
            self.pause(tries + 1, None).await;
        }
        let missing = |path: &String| Err(broken("the batch has no answer to this part", path));
        let told = answers.into_iter().zip(gets);
        told.map(|(answer, path)| answer.unwrap_or_else(|| missing(path))).collect()
    }

    /// Those of these directory objects that the directory knows, in lower case.
    /// Source: <https://learn.microsoft.com/graph/api/directoryobject-getbyids>
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn graph_known(&self, ids: &BTreeSet<PrincipalId>) -> Result<BTreeSet<PrincipalId>, Fault> {
        const PATH: &str = "directoryObjects/getByIds";
        let (ids, mut known) = (Vec::from_iter(ids), BTreeSet::new());
        for some in ids.chunks(IDS_MAX) {
            let url = self.graph_url(PATH)?;
            let body = json!({"ids": some, "types": ["directoryObject"]});
            let found =
                self.read(ApiEndpoint::Graph, Method::POST, url, Some(&body), Shape::List("value")).await?;
            let found = found["value"].as_array().into_iter().flatten();
            known.extend(found.filter_map(|one| Some(PrincipalId::from(one["id"].as_str()?))));
        }
        Ok(known)
    }

    /// The answers to some of the questions; one that has none is to be asked again, unless this was the last time.
    async fn batch(&self, gets: &[String], part: &[usize], last: bool) -> Vec<(usize, Result<Value, Fault>)> {
        let mut answers = Vec::with_capacity(part.len());
        let requests: Vec<Value> = part
            .iter()
            .map(|at| json!({"id": at.to_string(), "method": "GET", "url": format!("/{}", gets[*at])}))
            .collect();
        let sent = match self.graph_url("$batch") {
            Ok(url) => {
                let body = json!({"requests": requests});
                self.read(ApiEndpoint::Graph, Method::POST, url, Some(&body), Shape::List("responses")).await
            }
            Err(why) => Err(why),
        };
        let body = match sent {
            Ok(body) => body,
            Err(why) => {
                for at in part {
                    // Told as the read that it was, in whatever it was sent.
                    let why = why.clone().at(gets[*at].clone());
                    self.heard(ApiEndpoint::Graph, &gets[*at], None, || Err(why.clone()));
                    answers.push((*at, Err(why)));
                }
                return answers;
            }
        };
        for response in body["responses"].as_array().into_iter().flatten() {
            let at = response["id"].as_str().and_then(|id| id.parse::<usize>().ok());
            let Some(at) = at.filter(|at| part.contains(at)) else { continue };
            let status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(500);
            self.learn(response, status, &gets[at]);
            if !last && (status == 429 || status >= 500) {
                continue;
            }
            let answer = self.part(response, status, &gets[at]).await;
            self.heard(ApiEndpoint::Graph, &gets[at], None, || answer.clone());
            answers.push((at, answer));
        }
        answers
    }

    /// Takes in what a part says of limits: each counts for itself, and is refused by itself.
    fn learn(&self, response: &Value, status: u16, path: &str) {
        let mut headers = HeaderMap::new();
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            let name = name.parse::<HeaderName>();
            let value = value.as_str().and_then(|text| text.parse::<HeaderValue>().ok());
            headers.extend(name.ok().zip(value).map(|(name, value)| (Some(name), value)));
        }
        let question = Question { side: ApiEndpoint::Graph, method: "GET", path, body: None };
        let answer = Answer::new(status, headers, Vec::new());
        self.inner.pacing.learn(&question.limits(), &answer, self.inner.time_scale);
    }

    async fn part(&self, response: &Value, status: u16, path: &str) -> Result<Value, Fault> {
        let body = &response["body"];
        if !(200..300).contains(&status) {
            return Err(errors::fault(Asked { method: "GET", path }, status, body, None));
        }
        let shape = if is_list(path) { Shape::List("value") } else { Shape::One };
        let mut body = shape.checked(status, body.clone(), path)?;
        if body.get("@odata.nextLink").is_some() {
            // The rest does not fit into a batch; the list is read again as a list.
            body["value"] = Value::Array(self.graph_list(path).await?);
        }
        Ok(body)
    }

    /// What names a directory object in a link: `https://graph.microsoft.com/v1.0/directoryObjects/{id}`.
    pub fn directory_object(&self, id: &str) -> String {
        format!("{}/v1.0/directoryObjects/{id}", self.inner.graph.as_str().trim_end_matches('/'))
    }

    /// Where people find the Graph of this cloud: its own, or that of the cloud which a local Azure plays. One
    /// without such a name plays the public cloud.
    pub fn graph_for_people(&self) -> String {
        let known = self.inner.national.map(|cloud| cloud.graph);
        let own = self.inner.graph.as_str().trim_end_matches('/');
        known.unwrap_or(if is_loopback(&self.inner.arm) { CLOUDS[0].graph } else { own }).to_owned()
    }

    pub(super) fn graph_url(&self, path: &str) -> Result<Url, Fault> {
        graph_url(&self.inner.graph, path)
    }
}

/// Whether a path of Graph leads to a list: a collection, at the end or filtered.
fn is_list(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // `microsoft.graph.TYPE` says of what stands before it which type it is of, and leads nowhere by itself.
    let parts = path.split('/').filter(|part| !part.starts_with("microsoft.graph."));
    query.contains("$filter=") || parts.count() % 2 == 1
}

/// The URL of a path of Graph.
pub(super) fn graph_url(base: &Url, path: &str) -> Result<Url, Fault> {
    graph_url_of(base, "v1.0", path)
}

fn graph_url_of(base: &Url, version: &str, path: &str) -> Result<Url, Fault> {
    let bad = || Fault::new(FaultKind::Invalid, "BadPath", "this is not a path of Graph").at(path);
    // What is put behind `./` is below the version, whatever it looks like: neither a scheme nor a host.
    let below = format!("./{path}");
    if path.starts_with('/') || !is_plain(path) {
        return Err(bad());
    }
    let base = format!("{}/{version}/", base.as_str().trim_end_matches('/'));
    Url::parse(&base).and_then(|base| base.join(&below)).map_err(|_| bad())
}
