//! CLI: a batch with what Azure lists: which identities are selected, and where each goes. Pure.

use super::asked::Asked;
use super::batch::Batch;
use super::listed::Listed;
use super::meaning::Row;
use super::{rule, targets};
use crate::error::{CliError, Exit};
use rehome_activities::azure::ResourceId;
use std::collections::{BTreeMap, BTreeSet};

/// So many places are told of what was found.
const PLACES_MAX: usize = 20;

impl Batch {
    /// The subscriptions whose identities have to be listed first; everything that may be seen, where none is named.
    /// Nothing, where the file says it all.
    pub(crate) fn asks_for(&self) -> Option<Vec<String>> {
        let (asked, _) = self.open.as_deref()?;
        let selected = asked.select.as_ref().map(|select| &select.subscriptions);
        if selected.is_some_and(Vec::is_empty) {
            return Some(Vec::new());
        }
        let of_rows =
            asked.rows.iter().filter_map(|row| rule::identity(&row.id)).map(|(id, ..)| id.to_owned());
        let mut seen = BTreeSet::new();
        let all = selected.into_iter().flatten().cloned().chain(of_rows);
        Some(all.filter(|id| seen.insert(id.to_ascii_lowercase())).collect())
    }

    /// The batch with all of its moves, from the identities that Azure lists.
    ///
    /// # Errors
    /// When there are others than were expected, or one of them has no target that it can have.
    pub(crate) fn resolve(mut self, listed: Vec<Listed>) -> Result<Self, CliError> {
        let Some(open) = self.open.take() else { return Ok(self) };
        let (Asked { policy, mut rows, select, rules, expect }, mut found) = *open;
        let named: BTreeSet<ResourceId> = rows.iter().map(|row| row.id.clone()).collect();
        if let Some(select) = &select {
            let fits = listed.iter().filter(|one| select.takes(one) && !named.contains(&one.id));
            rows.extend(fits.map(|one| Row::selected(&one.id, select.at, &select.told)));
        }
        unexpected(&rows, expect)?;
        let listed: BTreeMap<ResourceId, Listed> =
            listed.into_iter().map(|one| (one.id.clone(), one)).collect();
        (self.moves, self.origins) = targets::moves(&policy, rows, &rules, Some(&listed), &mut found);
        found.finish()?;
        Ok(self)
    }
}

/// Refuses another number of identities than there has to be, and says where those are that were found.
fn unexpected(rows: &[Row], expect: Option<usize>) -> Result<(), CliError> {
    let error = match expect {
        Some(expect) if expect != rows.len() => CliError::new(
            Exit::Blocked,
            format!("expect is {expect}, and the batch has {} identities", rows.len()),
        ),
        Some(_) => return Ok(()),
        None if rows.is_empty() => CliError::new(Exit::NotFound, "no identity is selected"),
        None => return Ok(()),
    };
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (subscription, group, _) in rows.iter().filter_map(|row| rule::identity(&row.id)) {
        *places.entry(format!("{subscription}/{group}")).or_default() += 1;
    }
    let told = places.iter().take(PLACES_MAX).map(|(place, many)| format!("{many} in {place}"));
    let error = told.fold(error, CliError::next);
    let more = places.len().saturating_sub(PLACES_MAX);
    let error =
        if more > 0 { error.next(format!("and others in {more} more resource groups")) } else { error };
    Err(error.next("look at [select] and expect in the batch file"))
}
