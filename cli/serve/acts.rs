//! CLI: what somebody who watches may ask for: a pause, its end, a wave, a remark. The same events as the commands, by the same
//! code. Touches the log.

use super::site::Site;
use crate::error::{CliError, Exit};
use crate::{batch_file, request, steer, store, witness};
use rehome_orchestrator::{BatchRequest, Clock, Request, SystemClock, without_secrets};

/// What was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) secret: String,
    pub(crate) act: String,
    /// A move, a batch, or a wave of it.
    pub(crate) select: String,
    pub(crate) wave: String,
    pub(crate) until: String,
    pub(crate) reason: String,
    /// The page that it was filled in on.
    pub(crate) back: String,
}

impl Form {
    /// Reads what a browser sends.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let field = match &*name {
                "secret" => &mut form.secret,
                "act" => &mut form.act,
                "select" => &mut form.select,
                "wave" => &mut form.wave,
                "until" => &mut form.until,
                "reason" => &mut form.reason,
                "back" => &mut form.back,
                _ => continue,
            };
            value.trim().clone_into(field);
        }
        form
    }

    /// The page to show next: only one of this server's own.
    pub(crate) fn back(&self) -> &str {
        let own = ["/b/", "/m/"].iter().any(|begin| self.back.starts_with(begin));
        let plain = self.back.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>".contains(&b));
        if own && plain { &self.back } else { "/" }
    }
}

/// Records what was asked.
pub(crate) async fn act(site: &Site, form: &Form) -> Result<(), CliError> {
    let usage = |what: &str| CliError::new(Exit::Usage, what.to_owned());
    if !site.of.acts {
        return Err(usage("this server only shows").next("rehome serve --allow-actions"));
    }
    // As on the command line: what looks like a secret is not recorded.
    let reason = without_secrets(&form.reason);
    if reason.is_empty() {
        return Err(usage("an act of a person needs a reason"));
    }
    let log = store::open_to_write(&site.of.db).await?;
    let (actor, select) = (&site.of.actor, form.select.as_str());
    match form.act.as_str() {
        "pause" => {
            let until_ms = until(&form.until)?;
            let is_batch = store::select(&*log, Some(select)).await?.batch.is_some();
            if until_ms.is_some() && !is_batch {
                return Err(usage(
                    "only a batch or a wave is paused until a date: a move waits for somebody",
                ));
            }
            let of_batch = |wave| BatchRequest::Pause { wave, until_ms };
            let of: (Option<request::OfBatch<'_>>, _) = (Some(&of_batch), &Request::Pause);
            drop(request::record_of_moves(actor, &*log, select, of, &reason).await?);
        }
        "resume" => {
            let of = (Some(&BatchRequest::Resume as request::OfBatch<'_>), &Request::Resume);
            drop(request::record_of_moves(actor, &*log, select, of, &reason).await?);
        }
        "hold" => steer::ask(actor, &*log, select, BatchRequest::Hold(form.wave.clone()), &reason).await?,
        "release" => {
            steer::ask(actor, &*log, select, BatchRequest::Release(form.wave.clone()), &reason).await?;
        }
        "note" => steer::ask(actor, &*log, select, BatchRequest::Note, &reason).await?,
        other => return Err(usage(&format!("nothing here is called {other:?}"))),
    }
    witness::follow_unseen(&log, &site.of.output).await
}

fn until(text: &str) -> Result<Option<i64>, CliError> {
    if text.is_empty() {
        return Ok(None);
    }
    let now = SystemClock.now_ms();
    let until = batch_file::moment(text, now).filter(|until| *until > now);
    let wrong =
        || CliError::new(Exit::Usage, format!("{text:?} is no date to come, like 2026-12-11T06:00Z or 8h"));
    until.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_a_page_of_this_server_and_nowhere_else() {
        let form = |back: &str| Form { back: back.to_owned(), ..Form::default() };
        assert_eq!(form("/b/exit-weu?state=failed").back(), "/b/exit-weu?state=failed");
        for back in [
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/b/x\r\nset-cookie: a=b",
            "/in?token=1",
            "",
        ] {
            assert_eq!(form(back).back(), "/", "{back:?}");
        }
        let read = Form::read(b"act=pause&select=exit%20weu&reason=+why+&unknown=1&back=%2Fb%2Fx");
        assert_eq!(
            (read.act.as_str(), read.select.as_str(), read.reason.as_str()),
            ("pause", "exit weu", "why")
        );
    }
}
