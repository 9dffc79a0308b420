//! CLI: what stands around every page: where one is, who is at work, how far the log goes. Pure.

use super::answer::{Answer, document};
use super::words::{command, said, when};
use crate::pictures::mark::sprite;
use crate::presence::Presence;
use crate::serve::site::{Seen, Site};
use crate::view::MoveView;
use axum::http::{StatusCode, Uri};
use maud::{Markup, html};
use rehome_orchestrator::BatchLoaded;
use std::sync::Arc;

/// Where in the pages one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Batches,
    Approvals,
    Record,
}

/// A page that is put together.
pub(crate) struct Frame {
    pub(crate) site: Arc<Site>,
    pub(crate) seen: Arc<Seen>,
    /// The address as it was asked for.
    pub(crate) path: String,
    query: String,
}

impl Frame {
    pub(crate) fn new(site: Arc<Site>, seen: Arc<Seen>, uri: &Uri) -> Self {
        let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
        Self { site, seen, path, query }
    }

    /// What the address says of a name; the last one counts.
    pub(crate) fn asked(&self, name: &str) -> Option<String> {
        let all = url::form_urlencoded::parse(self.query.as_bytes());
        all.filter(|(known, said)| known == name && !said.is_empty())
            .last()
            .map(|(_, said)| said.into_owned())
    }

    pub(crate) fn views(&self) -> &[MoveView] {
        &self.seen.standing.views
    }

    pub(crate) fn view(&self, run: &str) -> Option<&MoveView> {
        self.views().iter().find(|view| view.run == run)
    }

    pub(crate) fn batch(&self, name: &str) -> Option<&BatchLoaded> {
        self.seen.batches.get(name)
    }

    /// The whole page. Only what is marked live changes while one looks.
    pub(crate) fn answer(&self, title: &str, place: Place, main: Markup) -> Answer {
        let seen = &self.seen;
        // Without a script it is shown anew after a while.
        let head = html! { noscript { meta http-equiv="refresh" content="20"; } };
        let body = html! {
            body data-position=(seen.standing.head.position) {
                a class="skip" href="#main" { "To the content" }
                (sprite())
                header class="top" {
                    a class="brand" href="/" { "rehome" }
                    nav aria-label="Pages" {
                        @for (of, name, at) in [(Place::Batches, "Batches", "/"), (Place::Approvals, "Approvals", "/approvals"), (Place::Record, "Record", "/record")] {
                            a href=(at) aria-current=[(of == place).then_some("true")] { (name) }
                        }
                    }
                    (self.status())
                }
                p id="alarm" class="note t-bad" role="alert" hidden {}
                main id="main" tabindex="-1" { (main) }
                footer {
                    p {
                        "rehome " (env!("CARGO_PKG_VERSION")) " \u{b7} " (said(&self.site.of.place))
                        @if seen.withheld > 0 { " \u{b7} " (seen.withheld) " moves that the bundle withholds are not shown" }
                        " \u{b7} times are UTC "
                        button type="button" id="zone" hidden aria-pressed="false" { "Show local time" }
                    }
                }
                p id="say" class="unseen-text" role="status" aria-live="polite" {}
            }
        };
        document(StatusCode::OK, title, (head, body), true)
    }

    /// Who is at work, and how far the log goes.
    fn status(&self) -> Markup {
        let standing = &self.seen.standing;
        let tone = match &standing.runner {
            Presence::Alive(..) => "t-ok",
            Presence::Silent(..) => "t-bad",
            Presence::Never | Presence::Unknown | Presence::Gone(..) => "t-mute",
        };
        let line = standing.runner.line(&standing.views).map(|line| self.site.command(&line));
        html! {
            div id="status" class="status" data-live {
                span class={ "badge " (tone) } title=[line.as_deref().map(said)] { (standing.runner.word()) }
                span { a href="/record" { "event " (standing.head.position) } }
                span id="live" class="soft" { (if self.site.of.acts { "actions allowed" } else { "read-only" }) }
            }
        }
    }

    /// What carries the work on, where nobody does.
    pub(crate) fn nobody(&self, batch: &str) -> Markup {
        let standing = &self.seen.standing;
        let open = standing.views.iter().find(|view| view.batch == batch && view.needs_a_runner());
        let Some(open) = open.filter(|_| standing.runner.is_nobody()) else { return html! {} };
        html! {
            div class="note t-warn" {
                p {
                    strong { "Nobody carries this on. " }
                    @if let Presence::Gone(holder, since) = &standing.runner {
                        "The last runner was " (said(&holder.actor)) " on " (said(&holder.host)) ", until " (when(*since)) ". "
                    }
                    "What waits for Azure or for a date goes on when somebody runs it:"
                }
                (command(&self.site.command(&open.run_command())))
            }
        }
    }

    /// What a person may ask for here, where that is allowed.
    pub(crate) fn acts(&self, select: &str, of_batch: bool, waves: &[String]) -> Markup {
        if !self.site.of.acts {
            return html! {};
        }
        let wave = |name: &str| format!("{select}/wave:{name}");
        html! {
            section id="act" class="card" {
                h2 { "Ask for something" }
                p class="soft" { "It is recorded as asked by " strong { (said(&self.site.of.actor)) } ", and a runner acts on it." }
                form method="post" action="/act" class="form" {
                    input type="hidden" name="secret" value=(self.site.door.form());
                    input type="hidden" name="back" value=(self.path);
                    label { "What"
                        select name="act" required {
                            option value="pause" { "Pause: begin nothing new" }
                            option value="resume" { "Resume" }
                            @if of_batch {
                                option value="release" { "Release a wave" }
                                option value="hold" { "Hold a wave" }
                                option value="note" { "Add a remark" }
                            }
                        }
                    }
                    @if of_batch && !waves.is_empty() {
                        label { "Of"
                            select name="select" {
                                option value=(select) { "the batch" }
                                @for name in waves { option value=(wave(name)) { "wave " (said(name)) } }
                            }
                        }
                    } @else { input type="hidden" name="select" value=(select); }
                    @if of_batch {
                        label { "Until (of a pause)" input name="until" placeholder="8h, or 2026-12-11T06:00Z" maxlength="40"; }
                    }
                    label class="grow" { "Reason, for the record" input name="reason" required maxlength="500"; }
                    button type="submit" { "Record it" }
                }
            }
        }
    }
}
