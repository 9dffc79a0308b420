//! Activities: reads what an identity has in Entra ID: the questions of all surfaces in one request.

use crate::azure::Reader;
use crate::references::scan::Identifiers;
use crate::surfaces::ALL;
use crate::surfaces::deny_assignment::survey as denials;
use crate::surfaces::group_member;
use crate::surfaces::pim::survey as pim;
use crate::surfaces::surface::{Answers, Heard};
use serde_json::Value;

/// What one identity has.
pub(crate) async fn read(reader: &Reader, denials: &[Value], who: &Identifiers) -> Heard {
    let principal = who.principal_id.as_str();
    let asked: Vec<Vec<String>> = ALL.iter().map(|surface| surface.asks_graph(principal)).collect();
    let mut answers = reader.graph_batch(&asked.concat()).await.into_iter();
    let mut out = Heard::default();
    for (surface, asked) in ALL.iter().zip(&asked) {
        let all = asked.iter().map(String::as_str).zip(answers.by_ref()).collect();
        surface.hear_graph(Answers { principal, all }, &mut out);
    }
    let held = std::mem::take(&mut out.groups);
    out.directory.groups = group_member::details(reader, &held, &mut out.gaps).await;
    // What it is in for a time decides for now whether it is denied something.
    pim::leave_out(&mut out.directory);
    let (denied, unread) = denials::read(reader, denials, &held, &out.directory, who).await;
    out.named.extend(denied);
    out.gaps.extend(unread);
    out
}
