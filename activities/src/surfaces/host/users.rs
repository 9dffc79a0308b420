//! Activities: Azure's own list of what uses an identity, asked for once, and by whoever needs it first. Reads only.

use crate::azure::{Reader, ResourceId, ResourceType};
use crate::references::members;
use crate::relocate::facts::Gap;
use crate::relocate::survey::gaps::{gap, understood};
use crate::relocate::survey::memo::Memo;
use std::sync::Arc;

/// What uses an identity.
pub(crate) struct Users {
    /// `None` where Azure did not say.
    pub(crate) found: Option<Vec<(ResourceId, ResourceType)>>,
    pub(crate) gaps: Vec<Gap>,
}

/// What uses each identity of a batch.
#[derive(Default)]
pub(crate) struct UsersLists(Memo<Arc<Users>>);

impl UsersLists {
    pub(crate) async fn of(&self, reader: &Reader, identity: &ResourceId) -> Arc<Users> {
        self.0.of(identity, async { Arc::new(read(reader, identity).await) }).await
    }
}

async fn read(reader: &Reader, identity: &ResourceId) -> Users {
    let (list, mut gaps) = (users_list(identity), Vec::new());
    let found = match reader.users_of(identity).await {
        Ok(found) => Some(understood(&list, &found, members::id_and_type, &mut gaps)),
        Err(why) => {
            gaps.push(gap(&list, &why));
            None
        }
    };
    Users { found, gaps }
}

/// What gaps call the list.
pub(crate) fn users_list(identity: &str) -> String {
    format!("{identity}/listAssociatedResources")
}
