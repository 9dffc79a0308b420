//! CLI: which page stands at which address, and what every answer says to a browser. Touches nothing by itself.

use super::acts::{Form, act};
use super::door::SignIn;
use super::live;
use super::pages::answer::{Answer, refused, sign_in_first};
use super::pages::frame::Frame;
use super::pages::{approvals, at_batch, at_event, at_move, before_after, overview, record, steps};
use super::site::Site;
use crate::error::{CliError, Exit};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rehome_orchestrator::RunId;
use std::sync::Arc;

/// A form has so many bytes at most.
const FORM_BYTES_MAX: usize = 8 << 10;

/// Where a browser that comes back says what it had last.
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

type Shared = State<Arc<Site>>;

/// Everything that is answered.
pub(crate) fn routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/in", get(come_in))
        .route("/", get(at_overview))
        .route("/b/{batch}", get(a_batch))
        .route("/m/{run}", get(a_move))
        .route("/m/{run}/events", get(events_of_move))
        .route("/m/{run}/access", get(access_of_move))
        .route("/m/{run}/graph", get(graph_of_move))
        .route("/m/{run}/s/{step}", get(a_step))
        .route("/e/{position}", get(an_event))
        .route("/approvals", get(all_approvals))
        .route("/record", get(the_record))
        .route("/live", get(as_it_happens))
        .route("/act", post(an_act))
        .fallback(nothing_there)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(site.clone(), guarded))
        .with_state(site)
}

/// Lets nobody in who does not ask for this address, was not let in, or comes from another page; and says to the browser
/// what it may do with the answer.
async fn guarded(State(site): Shared, request: Request, next: Next) -> Response {
    let (headers, path) = (request.headers(), request.uri().path());
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let answer = if !site.door.is_host(headers) {
        let what = "This server answers to its own address alone.";
        refused(StatusCode::MISDIRECTED_REQUEST, what, &[]).into_response()
    } else if path == "/in" {
        next.run(request).await
    } else if !site.door.is_inside(headers) {
        sign_in_first().into_response()
    } else if (writes || path == "/live") && !site.door.is_from_here(headers, writes) {
        refused(StatusCode::FORBIDDEN, "That was sent by another page.", &[]).into_response()
    } else {
        next.run(request).await
    };
    dressed(answer)
}

/// The answer with what a browser has to know of it.
fn dressed(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    // A page says which of its own parts may run; anything else may do nothing at all.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ));
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn come_in(State(site): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default().as_bytes();
    let token = url::form_urlencoded::parse(query).find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token.into_owned()).unwrap_or_default();
    match site.door.sign_in(&token, &headers) {
        SignIn::Welcome => {
            site.of.output.note("signed in: a browser has used the link, which is of no use to another one");
            // Sent from here, and not led here from elsewhere: only then the browser shows its cookie at once.
            let mut answer = Answer::go_on().into_response();
            if let Ok(cookie) = HeaderValue::from_str(&site.door.cookie()) {
                answer.headers_mut().insert(SET_COOKIE, cookie);
            }
            answer
        }
        SignIn::Inside => (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response(),
        SignIn::Used => {
            site.of.output.note("note: somebody came with the link after it was used, and was not let in");
            let what = "This link was used before, and lets nobody in again.";
            let next = "If that was not you, end `rehome serve` and start it again: it prints a new link.";
            refused(StatusCode::FORBIDDEN, what, &[next]).into_response()
        }
        SignIn::Wrong => sign_in_first().into_response(),
    }
}

/// A page, or why there is none.
fn shown(page: Result<Answer, CliError>) -> Response {
    page.unwrap_or_else(|error| failed(&error)).into_response()
}

fn failed(error: &CliError) -> Answer {
    let status = match error.exit {
        Exit::NotFound => StatusCode::NOT_FOUND,
        Exit::Usage | Exit::Stale => StatusCode::BAD_REQUEST,
        Exit::NotPermitted => StatusCode::FORBIDDEN,
        Exit::Held => StatusCode::CONFLICT,
        Exit::Damaged => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let more = error.place.iter().map(String::as_str).chain([error.state]);
    refused(status, &error.what, &more.chain(error.next.iter().map(String::as_str)).collect::<Vec<_>>())
}

async fn frame(site: &Arc<Site>, uri: &Uri) -> Result<Frame, CliError> {
    Ok(Frame::new(site.clone(), site.seen().await?, uri))
}

async fn at_overview(State(site): Shared, uri: Uri) -> Response {
    shown(frame(&site, &uri).await.map(|frame| overview::page(&frame)))
}

async fn a_batch(State(site): Shared, Path(batch): Path<String>, uri: Uri) -> Response {
    shown(frame(&site, &uri).await.and_then(|frame| at_batch::page(&frame, &batch)))
}

async fn a_move(State(site): Shared, Path(run): Path<String>, uri: Uri) -> Response {
    let page = async { at_move::page(&frame(&site, &uri).await?, &RunId::new(run)).await };
    shown(page.await)
}

async fn events_of_move(State(site): Shared, Path(run): Path<String>, uri: Uri) -> Response {
    let page = async { at_move::events(&frame(&site, &uri).await?, &RunId::new(run)).await };
    shown(page.await)
}

async fn access_of_move(State(site): Shared, Path(run): Path<String>, uri: Uri) -> Response {
    let page = async { before_after::page(&frame(&site, &uri).await?, &RunId::new(run)).await };
    shown(page.await)
}

async fn graph_of_move(State(site): Shared, Path(run): Path<String>, uri: Uri) -> Response {
    let page = async { before_after::graph(&frame(&site, &uri).await?, &RunId::new(run)).await };
    shown(page.await)
}

async fn a_step(State(site): Shared, Path((run, step)): Path<(String, String)>, uri: Uri) -> Response {
    let page = async { steps::page(&frame(&site, &uri).await?, &RunId::new(run), &step).await };
    shown(page.await)
}

async fn an_event(State(site): Shared, Path(position): Path<u64>, uri: Uri) -> Response {
    let page = async { at_event::page(&frame(&site, &uri).await?, position).await };
    shown(page.await)
}

async fn all_approvals(State(site): Shared, uri: Uri) -> Response {
    shown(frame(&site, &uri).await.map(|frame| approvals::page(&frame)))
}

async fn the_record(State(site): Shared, uri: Uri) -> Response {
    let page = async { record::page(&frame(&site, &uri).await?).await };
    shown(page.await)
}

async fn as_it_happens(State(site): Shared, headers: HeaderMap, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default().as_bytes();
    let asked = url::form_urlencoded::parse(query).find(|(name, _)| name == "after");
    let last = headers.get(LAST_EVENT).map(|id| String::from_utf8_lossy(id.as_bytes()));
    // Who was cut off says what it had last, whatever its address says; who says nothing is told what comes from now on.
    let after = match last.or(asked.map(|(_, after)| after)) {
        Some(after) => after.parse().ok(),
        None => Some(site.moments.borrow().position),
    };
    match after {
        Some(after) => Sse::new(live::stream(site, after)).keep_alive(KeepAlive::default()).into_response(),
        None => refused(StatusCode::BAD_REQUEST, "That is no place in a log.", &[]).into_response(),
    }
}

async fn an_act(State(site): Shared, body: Bytes) -> Response {
    let form = Form::read(&body);
    if !site.door.is_form(&form.secret) {
        return refused(StatusCode::FORBIDDEN, "That was sent by another page.", &[]).into_response();
    }
    match act(&site, &form).await {
        Ok(()) => match HeaderValue::from_str(form.back()) {
            Ok(back) => (StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response(),
            Err(_) => StatusCode::NO_CONTENT.into_response(),
        },
        Err(error) => failed(&error).into_response(),
    }
}

async fn nothing_there() -> Response {
    refused(StatusCode::NOT_FOUND, "There is no such page.", &[]).into_response()
}
