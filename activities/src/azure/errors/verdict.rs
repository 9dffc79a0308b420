//! Azure: what each answer means for what may be done next. Pure: the table is data, this reads it.

use crate::azure::errors::row::{Meaning, On, Row};
use crate::azure::errors::table::{self, TABLE};
use crate::azure::sanitize::{code as word, plain};
use rehome_orchestrator::{Fault, FaultKind, Retry};
use serde_json::Value;
use std::time::Duration;

/// The code of a tenant without a licence for privileged identity management: nothing in it ends by itself, and
/// nothing can be activated.
pub const NO_LICENCE: &str = "AadPremiumLicenseRequired";

impl Row {
    fn fits(&self, asked: Asked<'_>, status: u16, code: &str, message: &str) -> bool {
        let status_fits = match (self.code, self.status) {
            // What failed later than it was answered has a code, and the status of the answer.
            (named, _) if named != "*" && status < 300 => true,
            ("*", 0) => true,
            ("*", row) if row % 100 != 0 && self.says.is_empty() => row == status,
            (_, row) => row / 100 == status / 100,
        };
        asked.is(self.on)
            && status_fits
            && (self.code == "*" || self.code.eq_ignore_ascii_case(code))
            && (self.says.is_empty() || message.to_lowercase().contains(self.says))
    }
}

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The HTTP method; empty where it is not known any more.
    pub(crate) method: &'a str,
    /// The path.
    pub(crate) path: &'a str,
}

/// What stands for the path of the sign-in server.
pub(crate) const SIGN_IN: Asked<'static> = Asked { method: "POST", path: "sign-in" };

impl Asked<'_> {
    fn is(self, on: On) -> bool {
        match on {
            On::Any => self.path != SIGN_IN.path,
            On::Delete => self.method == "DELETE",
            On::Credential => {
                let path = self.path.to_lowercase();
                path.contains("/userassignedidentities/") && path.contains("/federatedidentitycredentials/")
            }
            On::SignIn => self.path == SIGN_IN.path,
        }
    }
}

/// The row for an answer. There is always one.
pub(crate) fn find(asked: Asked<'_>, status: u16, code: &str, message: &str) -> &'static Row {
    let last = &TABLE[TABLE.len() - 1];
    TABLE.iter().find(|row| row.fits(asked, status, code, message)).unwrap_or(last)
}

/// The row for a fault that came of an answer.
pub(crate) fn row_of(asked: Asked<'_>, why: &Fault) -> &'static Row {
    find(asked, why.status.unwrap_or_default(), &why.code, &why.message)
}

/// Whether a fault says that what was asked for is there already.
pub(crate) fn says_there(why: &Fault) -> bool {
    row_of(Asked { method: "", path: "" }, why).meaning == Meaning::There
}

/// Whether a fault is that of an operation that has come to its end.
pub(crate) fn is_over(why: &Fault) -> bool {
    why.status.is_some_and(|status| status < 300)
}

/// Whether an operation that failed without any effect may be begun again by itself.
pub(crate) fn may_pass(why: &Fault) -> bool {
    match row_of(Asked { method: "", path: "" }, why).meaning {
        Meaning::Later | Meaning::Doubt | Meaning::Settles { .. } => true,
        Meaning::Rights { .. } | Meaning::There | Meaning::Never => false,
    }
}

/// What a person can do about a fault.
pub fn advice(why: &Fault) -> Option<&'static str> {
    if let Some((_, advice)) = table::OWN.iter().find(|(code, _)| *code == why.code) {
        return Some(advice);
    }
    why.status?;
    let path = if why.code.starts_with(AADSTS) { SIGN_IN.path } else { why.target.as_deref().unwrap_or("") };
    Some(row_of(Asked { method: "", path }, why).advice)
}

/// Long enough for a new principal to be known to every replica of Azure (up to 10 minutes, and some).
pub(crate) const REPLICATION_RETRY: Retry =
    Retry { base_ms: 2_000, cap_ms: 60_000, attempts_max: 120, give_up_after_ms: 1_800_000 };

/// Whether this many tries, with the pauses between them, have taken this long.
pub(crate) fn is_spent(tries: u32, within_s: u32) -> bool {
    let pause = |nth: u32| (REPLICATION_RETRY.base_ms << nth.min(16)).min(REPLICATION_RETRY.cap_ms);
    (0..tries.saturating_sub(1)).map(pause).sum::<u64>() >= u64::from(within_s) * 1_000
}

/// The fault that an error answer tells of.
pub(crate) fn fault(asked: Asked<'_>, status: u16, body: &Value, correlation: Option<String>) -> Fault {
    // Resource Manager and Graph wrap it, some providers do not, and App Service writes capitals.
    let error = [body.get("error"), body.get("odata.error")].into_iter().flatten().find(|e| e.is_object());
    let error = error.unwrap_or(body);
    let code = said(error, "code").map(|c| word(&c)).filter(|c| !c.is_empty());
    let code = code.unwrap_or_else(|| format!("Http{status}"));
    let message = said(error, "message").unwrap_or_else(|| format!("status {status}"));
    let message = plain(&format!("{message}{}", reasons(error)));
    let mut fault =
        Fault::new(find(asked, status, &code, &message).kind, code, message).at(plain(asked.path));
    fault.needs = needs(&fault.message);
    fault.status = Some(status);
    fault.correlation = correlation;
    fault
}

/// A member of an error, whichever way it is written.
fn said(error: &Value, name: &str) -> Option<String> {
    let found = error.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
    let text = found.as_str().or_else(|| found["value"].as_str())?;
    Some(text.to_owned()).filter(|t| !t.trim().is_empty())
}

/// At most this many reasons are told.
const REASONS_MAX: usize = 3;

/// What stands below an error: reasons of their own, and the policies that forbid it.
fn reasons(error: &Value) -> String {
    let list = |name: &str| {
        let found = error.as_object().and_then(|e| e.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)));
        found.and_then(|(_, list)| list.as_array()).cloned().unwrap_or_default()
    };
    let mut all: Vec<String> = Vec::new();
    for detail in list("details") {
        let parts: Vec<String> = ["code", "message"].iter().filter_map(|n| said(&detail, n)).collect();
        all.extend(Some(parts.join(": ")).filter(|text| !text.is_empty()));
    }
    for info in list("additionalInfo") {
        let of = |name: &str| info.pointer(&format!("/info/{name}")).and_then(Value::as_str);
        let policy = of("policyAssignmentId").or_else(|| of("policyDefinitionId"));
        all.extend(policy.map(|id| format!("policy {id}")));
    }
    all.iter().take(REASONS_MAX).map(|reason| format!(" ({reason})")).collect()
}

/// The action that a refusal names: `… to perform action 'X/write' over scope …`.
fn needs(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("action '").or_else(|| message.split_once("action(s) '"))?;
    let (action, _) = rest.split_once('\'')?;
    Some(action.to_owned()).filter(|a| a.contains('/') && a.len() < 200)
}

/// What every code of Entra ID begins with.
const AADSTS: &str = "AADSTS";

/// The fault that the sign-in server's refusal tells of.
pub(crate) fn sign_in_fault(status: u16, body: &Value, text: &str) -> Fault {
    let text = body["error_description"].as_str().unwrap_or(text);
    let number = text.find(AADSTS).map(|at| {
        let digits = text[at + AADSTS.len()..].chars().take_while(char::is_ascii_digit);
        format!("{AADSTS}{}", digits.collect::<String>())
    });
    let listed = body["error_codes"][0].as_u64().map(|n| format!("{AADSTS}{n}"));
    let code = listed.or(number).or_else(|| body["error"].as_str().map(word));
    let code = code.unwrap_or_else(|| format!("Http{status}"));
    let message = plain(text);
    let message = message.strip_prefix(&format!("{code}: ")).unwrap_or(&message).to_owned();
    let message = if message.is_empty() { format!("status {status}") } else { message };
    let mut fault = Fault::new(find(SIGN_IN, status, &code, &message).kind, code, message);
    fault.status = Some(status);
    fault
}

/// A fault of the way there.
pub(crate) fn broken(what: &str, target: &str) -> Fault {
    Fault::new(FaultKind::Broken, "NoAnswer", plain(what)).at(target)
}

/// How long to leave the other side alone, if it said so.
pub(crate) type RetryAfter = Option<Duration>;
