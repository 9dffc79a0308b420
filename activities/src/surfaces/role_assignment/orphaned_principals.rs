//! Activities: who has a role on the identity and is gone. Such a role can not be granted again, and Azure keeps it for
//! ever: it is named, and left alone.

use crate::azure::{Reader, says_gone};
use crate::relocate::facts::{Assignment, Gap, GapCode};
use crate::relocate::survey::gaps::gap;
use std::collections::BTreeSet;

/// Those whom the directory does not know, in lower case; in one request for twenty of them.
pub(crate) async fn read(reader: &Reader, on: &[Assignment]) -> (BTreeSet<String>, Vec<Gap>) {
    // Groups of other tenants are in no directory that could be asked.
    let own = on.iter().filter(|a| !a.principal_type.eq_ignore_ascii_case("ForeignGroup"));
    let ids: BTreeSet<String> = own.map(|a| a.principal_id.to_lowercase()).collect();
    let paths: Vec<String> = ids.iter().map(|id| format!("directoryObjects/{id}?$select=id")).collect();
    let (mut gone, mut gaps) = (BTreeSet::new(), Vec::new());
    let scope = |id: &str| format!("Entra ID: directoryObjects/{id}");
    for (id, answer) in ids.into_iter().zip(reader.graph_batch(&paths).await) {
        match answer {
            Ok(_) => {}
            Err(why) if says_gone(&why) => {
                gone.insert(id);
            }
            Err(why) => gaps.push(gap(&scope(&id), &why)),
        }
    }
    // That somebody is gone for good is asked twice, in two ways.
    let asked: Vec<&String> = gone.iter().collect();
    match reader.graph_known(&asked).await {
        Ok(known) => {
            let what = || "one answer says that it is gone, and another one that it is there".to_owned();
            let odd = gone.intersection(&known).map(|id| Gap {
                code: GapCode::Unreadable,
                scope: scope(id),
                why: what(),
            });
            gaps.extend(odd);
            gone.retain(|id| !known.contains(id));
        }
        Err(why) => {
            gaps.extend(std::mem::take(&mut gone).iter().map(|id| gap(&scope(id), &why)));
        }
    }
    (gone, gaps)
}
