//! Azure: reading. Nothing here can change anything: GET, and the few reads that Azure spells as POST.

use super::errors::{self, Asked, Meaning, RetryAfter, broken};
use super::exchange::{Inner, NoAnswer};
use super::id::ResourceId;
use super::paging::{self, Page};
use super::recording::{self, ApiEndpoint, RecordedResponse, ResponseRecording};
use super::shape::{Shape, incomplete, says_gone, says_never};
use super::transport::Answer;
use crate::references::callers::is_policy;
use chrono::{DateTime, Utc};
use rehome_orchestrator::{Fault, FaultKind, Operation, Outcome, aside};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// So many reads of one sort are under way at the same time.
pub(crate) const AT_ONCE: usize = 32;

/// The version of sites and what is in them.
pub(crate) const WEB: &str = "2023-12-01";

/// Reads. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub(super) inner: Arc<Inner>,
    tape: Option<ResponseRecording>,
}

/// The reads of Resource Manager that are spelled as POST. Nothing else can be posted by a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAction {
    /// The settings of an App Service site or slot: `{site}/config/appsettings/list`.
    ListAppSettings,
    /// The connection strings of an App Service site or slot: `{site}/config/connectionstrings/list`.
    /// Source: <https://learn.microsoft.com/rest/api/appservice/web-apps/list-connection-strings>
    ListConnectionStrings,
    /// The secrets of a container app, of one of its jobs, or of a component of Dapr: `{id}/listSecrets`. They are secrets:
    /// whoever asks keeps them for one write, and nowhere.
    /// Source: <https://learn.microsoft.com/rest/api/containerapps/container-apps/list-secrets>
    ListContainerAppSecrets,
    /// What uses an identity: `{identity}/listAssociatedResources`.
    ListAssociatedResources,
    /// Which policies would deny a resource that is not there yet, in a resource group.
    /// Source: <https://learn.microsoft.com/rest/api/policyinsights/policy-restrictions/check-at-resource-group-scope>
    CheckPolicyRestrictions,
}

impl ReadAction {
    fn path(self) -> (&'static str, &'static str) {
        match self {
            Self::ListAppSettings => ("/config/appsettings/list", WEB),
            Self::ListConnectionStrings => ("/config/connectionstrings/list", WEB),
            Self::ListContainerAppSecrets => ("/listSecrets", "2024-03-01"),
            Self::ListAssociatedResources => ("/listAssociatedResources", "2022-01-31-preview"),
            Self::CheckPolicyRestrictions => {
                ("/providers/Microsoft.PolicyInsights/checkPolicyRestrictions", "2024-10-01")
            }
        }
    }
}

impl ReadAction {
    /// What its answer is.
    fn shape(self) -> Shape {
        match self {
            Self::ListAppSettings | Self::ListConnectionStrings => Shape::Object("properties"),
            Self::ListAssociatedResources | Self::ListContainerAppSecrets => Shape::List("value"),
            Self::CheckPolicyRestrictions => Shape::Object("contentEvaluationResult"),
        }
    }
}

/// A read is tried this often before it counts as failed.
const TRIES: u32 = 6;

/// The first pause between tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(1_000);

impl Reader {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, tape: None }
    }

    /// The same reader, and a tape of everything that it hears from now on.
    pub fn taped(&self) -> (Self, ResponseRecording) {
        let tape = ResponseRecording::default();
        (Self { inner: self.inner.clone(), tape: Some(tape.clone()) }, tape)
    }

    /// Puts one answer on the tape, if there is one; parts of a batch each by itself.
    pub(super) fn heard(
        &self,
        side: ApiEndpoint,
        path: &str,
        asked: Option<&Value>,
        answer: impl FnOnce() -> Result<Value, Fault>,
    ) {
        let path = path.split('?').next().unwrap_or_default();
        let below = path.strip_prefix("/v1.0/").or_else(|| path.strip_prefix("/beta/"));
        let path = below.filter(|_| side == ApiEndpoint::Graph).unwrap_or(path);
        if path != "$batch" {
            let path = recording::decoded(path);
            self.record(|| RecordedResponse { side, path, asked: asked.cloned(), answer: answer() });
        }
    }

    /// Puts one answer on the tape, if there is one.
    pub(super) fn record(&self, heard: impl FnOnce() -> RecordedResponse) {
        if let Some(tape) = &self.tape {
            tape.record(heard());
        }
    }

    /// The object id of who is signed in.
    pub fn caller(&self) -> &str {
        &self.inner.caller.object_id
    }

    /// How long this much of Azure's time takes here.
    pub fn wall(&self, ms: u64) -> Duration {
        Duration::from_millis(u64::try_from(self.inner.time_scale.wall_ms(ms)).unwrap_or_default())
    }

    /// One resource, or `None` where there is none of that id.
    ///
    /// # Errors
    /// When it cannot be read, for another reason than that it is not there.
    pub async fn find(&self, id: &str, api: &str) -> Result<Option<Value>, Fault> {
        absent(self.get(id, api).await)
    }

    /// One resource.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub async fn get(&self, id: &str, api: &str) -> Result<Value, Fault> {
        let url = self.arm_url(id, &shown_as(id, api))?;
        self.read(ApiEndpoint::Arm, Method::GET, url, None, Shape::One).await
    }

    /// One resource, or `None` where it is gone by two answers: its own, and that of the list that it would be in.
    ///
    /// # Errors
    /// When it cannot be read, or is gone by one answer and there by the other.
    pub async fn find_twice(&self, id: &str, api: &str) -> Result<Option<Value>, Fault> {
        if let Some(found) = self.find(id, api).await? {
            return Ok(Some(found));
        }
        let list = id.rsplit_once('/').map_or(id, |(list, _)| list);
        // Of role assignments only those of this scope are of interest, and of its subscription there are thousands.
        let roles = list.to_ascii_lowercase().ends_with("/providers/microsoft.authorization/roleassignments");
        let filter: &[(&str, &str)] = if roles { &[("$filter", "atScope()")] } else { &[] };
        let all = match self.list(list, api, filter).await {
            Ok(all) => all,
            // What it would be in is gone as well, or has no list.
            Err(why) if says_gone(&why) || says_never(&why) => return Ok(None),
            Err(why) => return Err(why),
        };
        if all.iter().any(|one| one["id"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(id))) {
            let what = "it is answered as gone, and the list that it is in has it";
            return Err(Fault::new(FaultKind::Broken, "GoneAndListed", what).at(id));
        }
        Ok(None)
    }

    /// One resource with its ETag, if the service gives one in a header.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub async fn get_tagged(&self, id: &str, api: &str) -> Result<(Value, Option<String>), Fault> {
        let url = self.arm_url(id, &shown_as(id, api))?;
        let (answer, body) = self.exchange(ApiEndpoint::Arm, Method::GET, url, None, Shape::One).await?;
        Ok((body, answer.header("etag").map(ToOwned::to_owned)))
    }

    /// Everything of a list, page after page.
    ///
    /// # Errors
    /// When a page cannot be read, or leads to another server.
    pub async fn list(&self, path: &str, api: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, Fault> {
        let mut all = vec![("api-version", api)];
        all.extend_from_slice(query);
        let url = self.arm_url(path, &all)?;
        self.pages(ApiEndpoint::Arm, url).await
    }

    /// One of the reads that are spelled as POST.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn post_read(&self, action: ReadAction, id: &str) -> Result<Value, Fault> {
        self.ask(action, id, None).await
    }

    /// One of the reads that are spelled as POST, with the question in its body.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn post_question(&self, action: ReadAction, id: &str, body: &Value) -> Result<Value, Fault> {
        self.ask(action, id, Some(body)).await
    }

    async fn ask(&self, action: ReadAction, id: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let (path, api) = action.path();
        let url = self.arm_url(&format!("{id}{path}"), &[("api-version", api)])?;
        self.read(ApiEndpoint::Arm, Method::POST, url, body, action.shape()).await
    }

    /// Everything that uses an identity, by Azure's own list.
    ///
    /// # Errors
    /// When a page cannot be read, leads to another server, or the list is not whole.
    pub async fn users_of(&self, identity: &str) -> Result<Vec<Value>, Fault> {
        let (path, api) = ReadAction::ListAssociatedResources.path();
        let first = self.arm_url(&format!("{identity}{path}"), &[("api-version", api)])?;
        let (mut all, mut url, mut bytes) = (Vec::new(), first, 0);
        for _ in 0..paging::PAGES_MAX {
            let page =
                match self.page(ApiEndpoint::Arm, Method::POST, &url, None, ("value", &mut bytes)).await {
                    // The description says how the first page is asked for, and of the others only where they are.
                    Err(why) if !all.is_empty() && matches!(why.status, Some(404 | 405)) => {
                        self.page(ApiEndpoint::Arm, Method::GET, &url, None, ("value", &mut bytes)).await?
                    }
                    page => page?,
                };
            let (next, total) = (page.next(&url)?, page.body.get("totalCount").cloned());
            all.extend(page.items);
            match next {
                Some(next) => url = next,
                None => {
                    incomplete(all.len(), total.as_ref(), url.path())?;
                    return Ok(all);
                }
            }
        }
        Err(broken("the pages of the list do not end", url.path()))
    }

    /// Every row of a Resource Graph query over these subscriptions; over the whole tenant without any.
    ///
    /// # Errors
    /// When the query fails. The index lags behind: never verify with it.
    pub async fn resource_graph(&self, query: &str, subscriptions: &[String]) -> Result<Vec<Value>, Fault> {
        let path = "/providers/Microsoft.ResourceGraph/resources";
        let url = self.arm_url(path, &[("api-version", "2024-04-01")])?;
        let (mut rows, mut token, mut bytes) = (Vec::new(), None, 0);
        for _ in 0..paging::PAGES_MAX {
            let mut options = json!({
                "resultFormat": "objectArray", "$top": 1000, "authorizationScopeFilter": "AtScopeAboveAndBelow",
            });
            if let Some(token) = token.take() {
                options["$skipToken"] = token;
            }
            let mut body = json!({"query": query, "options": options});
            if !subscriptions.is_empty() {
                body["subscriptions"] = json!(subscriptions);
            }
            let page =
                self.page(ApiEndpoint::Arm, Method::POST, &url, Some(&body), ("data", &mut bytes)).await?;
            rows.extend(page.items);
            match page.body.get("$skipToken").filter(|t| t.as_str().is_some_and(|t| !t.is_empty())) {
                Some(next) => token = Some(next.clone()),
                None => {
                    incomplete(rows.len(), page.body.get("totalRecords"), path)?;
                    return Ok(rows);
                }
            }
        }
        Err(broken("the pages of the query do not end", path))
    }

    /// Whether the caller was granted anything so lately that it may not work everywhere yet.
    pub(super) async fn has_new_rights(&self, path: &str, within_s: u32) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let scope = match parts[..] {
            ["", first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => format!("/{first}/{id}"),
            _ => String::new(),
        };
        let list = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
        let mine = format!("assignedTo('{}')", self.caller());
        // Who may not see grants may not be told from who has none: then the refusal stands.
        let grants = self.list(&list, "2022-04-01", &[("$filter", &mine)]).await.unwrap_or_default();
        let within = self.inner.time_scale.wall_ms(u64::from(within_s) * 1_000);
        let since = chrono::Utc::now() - chrono::TimeDelta::milliseconds(within);
        let made = grants.iter().filter_map(|g| g.pointer("/properties/createdOn")?.as_str());
        made.filter_map(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok()).any(|at| at > since)
    }

    /// Asks after a long-running operation. Only an address of this cloud is asked.
    pub async fn poll(&self, operation: &Operation) -> Outcome<Value> {
        let base = &self.inner.arm;
        let Some(address) = self.inner.opened(operation) else {
            let what = "the address of the operation was sealed with another key than the one beside the log";
            return Outcome::Unknown(broken(what, base.as_str()));
        };
        let url = match paging::next(&address, base) {
            Ok(url) => url,
            Err(_) => {
                let what = "the address of the operation leads to another server";
                return Outcome::Unknown(broken(what, base.as_str()));
            }
        };
        match self.exchange(ApiEndpoint::Arm, Method::GET, url, None, Shape::Any).await {
            Ok((answer, _)) => polled(&answer, operation),
            Err(why) => match why.kind {
                FaultKind::Throttled | FaultKind::Unavailable | FaultKind::Broken => {
                    Outcome::Retry { after: None, why }
                }
                // Nobody answers for the operation any more: only the thing itself can tell.
                _ => Outcome::Unknown(why),
            },
        }
    }

    pub(super) fn arm_url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, Fault> {
        arm_url(&self.inner.arm, path, query)
    }

    pub(super) async fn pages(&self, side: ApiEndpoint, first: Url) -> Result<Vec<Value>, Fault> {
        Ok(self.dated_pages(side, first).await?.0)
    }

    /// A list, and the date that its last page says.
    pub(super) async fn dated_pages(
        &self,
        side: ApiEndpoint,
        first: Url,
    ) -> Result<(Vec<Value>, DateTime<Utc>), Fault> {
        let (mut all, mut url, mut bytes) = (Vec::new(), first, 0);
        for _ in 0..paging::PAGES_MAX {
            let page = self.page(side, Method::GET, &url, None, ("value", &mut bytes)).await?;
            let (next, date) = (page.next(&url)?, page.date);
            all.extend(page.items);
            match next {
                Some(next) => url = next,
                None => return Ok((all, date)),
            }
        }
        Err(broken("the pages of the list do not end", url.path()))
    }

    /// One page of a list under this name that has had so many bytes; more than a list may have are not read.
    async fn page(
        &self,
        side: ApiEndpoint,
        method: Method,
        url: &Url,
        body: Option<&Value>,
        (name, bytes): (&'static str, &mut usize),
    ) -> Result<Page, Fault> {
        let (answer, mut body) = self.exchange(side, method, url.clone(), body, Shape::List(name)).await?;
        paging::count(bytes, answer.size()).map_err(|e| broken(&e, url.path()))?;
        let items = body[name].as_array_mut().map(std::mem::take).unwrap_or_default();
        Ok(Page { items, body, date: answer.date() })
    }

    pub(super) async fn read(
        &self,
        side: ApiEndpoint,
        method: Method,
        url: Url,
        body: Option<&Value>,
        shape: Shape,
    ) -> Result<Value, Fault> {
        Ok(self.exchange(side, method, url, body, shape).await?.1)
    }

    async fn exchange(
        &self,
        side: ApiEndpoint,
        method: Method,
        url: Url,
        body: Option<&Value>,
        shape: Shape,
    ) -> Result<(Answer, Value), Fault> {
        let path = url.path().to_owned();
        let answer = self.tried(side, method, url, body).await.and_then(|answer| {
            let json = super::written_text::json(&answer, &path).map_err(|e| broken(&e, &path))?;
            let json = shape.checked(answer.status, json, &path)?;
            Ok((answer, json))
        });
        self.heard(side, &path, body, || match &answer {
            Ok((_, json)) => Ok(json.clone()),
            Err(why) => Err(why.clone()),
        });
        answer
    }

    /// A read, tried again while that may help.
    pub(super) async fn tried(
        &self,
        side: ApiEndpoint,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Answer, Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (wish, why) = match self.inner.once(side, &method, &url, body, None).await {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(answer) => {
                    let json = answer.json().unwrap_or_default();
                    let asked = Asked { method: method.as_str(), path: url.path() };
                    let why = errors::fault(asked, answer.status, &json, answer.correlation());
                    if !matches!(errors::row_of(asked, &why).meaning, Meaning::Later | Meaning::Doubt) {
                        return Err(why);
                    }
                    (answer.retry_after(), why)
                }
                Err(NoAnswer::NotSignedIn(why)) => return Err(why),
                Err(NoAnswer::NotSent { why, after }) => (after, why),
                Err(NoAnswer::Lost(why)) => (None, why),
            };
            if tries >= TRIES {
                return Err(why);
            }
            if let Some(wish) = wish {
                self.inner.transport.heard.pause(wish, &format!("{method} {}", url.path()));
            }
            self.pause(tries, wish).await;
        }
    }

    pub(super) async fn pause(&self, tries: u32, wish: RetryAfter) {
        let own = PAUSE * 2_u32.pow(tries.min(6) - 1);
        let own = u64::try_from(own.as_millis()).unwrap_or(u64::MAX);
        let own =
            Duration::from_millis(u64::try_from(self.inner.time_scale.wall_ms(own)).unwrap_or_default());
        aside(tokio::time::sleep(wish.map_or(own, |wish| wish.max(own)))).await;
    }
}

/// How one resource is asked for: policies as the XML that people write, which is how they are written again.
/// Source: apimanagement/2024-05-01, `PolicyExportFormat`
fn shown_as<'a>(id: &str, api: &'a str) -> Vec<(&'static str, &'a str)> {
    let kind = ResourceId::from(id).kind().unwrap_or_default();
    let format = is_policy(&kind).then_some(("format", "rawxml"));
    std::iter::once(("api-version", api)).chain(format).collect()
}

/// The URL of a resource.
pub(super) fn arm_url(base: &Url, path: &str, query: &[(&str, &str)]) -> Result<Url, Fault> {
    if !path.starts_with('/') || !is_plain(path) || path.contains('?') {
        return Err(Fault::new(FaultKind::Invalid, "BadId", "this is not a resource id").at(path));
    }
    let mut url = base.clone();
    url.set_path(path);
    url.query_pairs_mut().extend_pairs(query);
    Ok(url)
}

/// Whether a URL keeps each part of the path where it is. An id from outside must not climb out of where it
/// belongs: URLs take `\` for `/`, leave out line ends and spaces at the ends, and go up at dots, even at
/// escaped ones.
pub(super) fn is_plain(path: &str) -> bool {
    let dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let odd = |c: char| c.is_ascii_control() || matches!(c, '\\' | '#');
    let trimmed = path.trim() == path && query.trim() == query;
    trimmed && !path.contains(odd) && !query.contains(odd) && !path.split('/').any(dots)
}

/// Not there is an answer too.
pub(super) fn absent(found: Result<Value, Fault>) -> Result<Option<Value>, Fault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(why) if says_gone(&why) => Ok(None),
        Err(why) => Err(why),
    }
}

/// What the answer to a poll says.
pub(super) fn polled(answer: &Answer, operation: &Operation) -> Outcome<Value> {
    let body = match answer.json() {
        Ok(body) => body,
        Err(e) => return Outcome::Retry { after: None, why: broken(&e, "operation") },
    };
    let after =
        answer.retry_after().map_or(operation.after_ms, |d| u64::try_from(d.as_millis()).unwrap_or(60_000));
    let going = || Outcome::Accepted(Operation { address: operation.address.clone(), after_ms: after });
    if answer.status == 202 {
        return going();
    }
    let status = body["status"].as_str().or_else(|| body.pointer("/properties/provisioningState")?.as_str());
    match status.map(str::to_lowercase).as_deref() {
        None | Some("succeeded") => Outcome::Applied(body),
        // What has failed may have come half-way: only the thing itself can tell.
        Some("failed" | "canceled") => {
            let target = body["id"].as_str().unwrap_or("operation").to_owned();
            let asked = Asked { method: "", path: &target };
            Outcome::Unknown(errors::fault(asked, answer.status, &body, answer.correlation()))
        }
        Some(_) => going(),
    }
}
