//! CLI: an answer with the policy under which a browser shows it. Pure.

use super::words::said;
use crate::pictures::colours::{COLOURS, SHAPES};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// How the pages look.
const STYLE: &str = include_str!("page.css");

/// A mark for the tab: one place, an arrow, another place.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns=%27http://www.w3.org/2000/svg%27 viewBox=%270 0 16 16%27%3E%3Cpath d=%27M2 8h9M8 4.5 11.5 8 8 11.5%27 fill=%27none%27 stroke=%27%230a58a8%27 stroke-width=%272%27/%3E%3C/svg%3E";

/// What makes them live. It works on what is there, and nothing is missing without it.
const SCRIPT: &str = include_str!("page.js");

/// A page, and what of it may run.
pub(crate) struct Answer {
    status: StatusCode,
    nonce: String,
    body: Markup,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self { status, nonce, body } = self;
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let headers =
            [(CONTENT_SECURITY_POLICY, policy), (CONTENT_TYPE, "text/html; charset=utf-8".to_owned())];
        (status, headers, body.into_string()).into_response()
    }
}

/// A page around its body. No text of anybody else's is ever in the style or the script.
pub(crate) fn document(
    status: StatusCode,
    title: &str,
    (head, body): (Markup, Markup),
    live: bool,
) -> Answer {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (said(title)) " \u{b7} rehome" }
                link rel="icon" href=(ICON);
                (head)
                style nonce=(nonce) { (PreEscaped(COLOURS)) (PreEscaped(SHAPES)) (PreEscaped(STYLE)) }
            }
            (body)
            @if live { script nonce=(nonce) { (PreEscaped(SCRIPT)) } }
        }
    };
    Answer { status, nonce, body }
}

impl Answer {
    /// What a browser is told that has just been let in.
    pub(crate) fn go_on() -> Self {
        let head = html! { meta http-equiv="refresh" content="0;url=/"; };
        let body = html! { body class="alone" { main { h1 { "Signed in" } p { a href="/" { "Go on to the batches" } } } } };
        document(StatusCode::OK, "Signed in", (head, body), false)
    }
}

/// Why something is not shown, or not done, and what to do.
pub(crate) fn refused(status: StatusCode, what: &str, more: &[&str]) -> Answer {
    let is_unread = status == StatusCode::SERVICE_UNAVAILABLE;
    let heading = match is_unread {
        true => "The log cannot be read",
        false => status.canonical_reason().unwrap_or("Not answered"),
    };
    // It may be readable again soon.
    let head = html! { @if is_unread { meta http-equiv="refresh" content="10"; } };
    let body = html! {
        body class="alone" {
            main {
                h1 { (heading) }
                p id="why" { (said(what)) }
                @for line in more { p { (said(line)) } }
                p { a href="/" { "All batches" } }
            }
        }
    };
    document(status, "Not answered", (head, body), false)
}

/// What somebody is told who was not let in.
pub(crate) fn sign_in_first() -> Answer {
    let next = "Open the link that `rehome serve` printed in the terminal. It works once, in one browser.";
    refused(StatusCode::UNAUTHORIZED, "These pages are for whoever started them.", &[next])
}
