//! Activities: who has a role on the identity and is gone. Such a role can not be granted again, and Azure keeps it for
//! ever: it is named, and left alone.

use crate::azure::{PrincipalId, Reader, says_gone};
use crate::relocate::facts::{Assignment, Gap, GapCode};
use crate::relocate::survey::gaps::gap;
use std::collections::{BTreeMap, BTreeSet};

/// Those with a role on some identities whom the directory does not know, and those of whom it does not say; by ids in
/// lower case.
#[derive(Default)]
pub(crate) struct Orphans {
    gone: BTreeSet<PrincipalId>,
    unasked: BTreeMap<PrincipalId, Gap>,
}

impl Orphans {
    /// Those who have these roles.
    pub(crate) fn among(&self, on: &[Assignment]) -> (BTreeSet<PrincipalId>, Vec<Gap>) {
        let ids = asked(on);
        let unasked = ids.iter().filter_map(|id| self.unasked.get(id)).cloned().collect();
        (ids.intersection(&self.gone).cloned().collect(), unasked)
    }
}

/// Whom the directory can be asked about.
fn asked<'a>(on: impl IntoIterator<Item = &'a Assignment>) -> BTreeSet<PrincipalId> {
    // Groups of other tenants are in no directory that could be asked.
    let own = on.into_iter().filter(|a| !a.principal_type.eq_ignore_ascii_case("ForeignGroup"));
    own.map(|a| a.principal_id.folded().into()).collect()
}

/// Asks about all who have these roles; in one request about twenty of them.
pub(crate) async fn read(reader: &Reader, on: impl IntoIterator<Item = &Assignment>) -> Orphans {
    let ids = asked(on);
    let paths: Vec<String> = ids.iter().map(|id| format!("directoryObjects/{id}?$select=id")).collect();
    let Orphans { mut gone, mut unasked } = Orphans::default();
    let scope = |id: &str| format!("Entra ID: directoryObjects/{id}");
    for (id, answer) in ids.into_iter().zip(reader.graph_batch(&paths).await) {
        match answer {
            Ok(_) => {}
            Err(why) if says_gone(&why) => {
                gone.insert(id);
            }
            Err(why) => {
                unasked.insert(id.clone(), gap(&scope(&id), &why));
            }
        }
    }
    // That somebody is gone for good is asked twice, in two ways.
    match reader.graph_known(&gone).await {
        Ok(known) => {
            let what = || "one answer says that it is gone, and another one that it is there".to_owned();
            let odd = |id: &PrincipalId| Gap { code: GapCode::Unreadable, scope: scope(id), why: what() };
            unasked.extend(gone.intersection(&known).map(|id| (id.clone(), odd(id))));
            gone.retain(|id| !known.contains(id));
        }
        Err(why) => {
            let all = std::mem::take(&mut gone).into_iter();
            unasked.extend(all.map(|id| (id.clone(), gap(&scope(&id), &why))));
        }
    }
    Orphans { gone, unasked }
}
