//! CLI: identities that a batch file selects by what they are, in place of naming each. Pure.

use super::listed::Listed;
use super::mistakes::{Mistakes, Place};
use super::pattern::{Names, Pattern};
use super::rule;
use super::section::Section;

/// What is selected: identities that fit all that is said, and are not excluded.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) at: Place,
    /// `[select], batch.toml, line 9`
    pub(super) told: String,
    /// Subscription ids; everything that may be seen without any.
    pub(super) subscriptions: Vec<String>,
    resource_groups: Vec<Pattern>,
    names: Vec<Pattern>,
    locations: Vec<String>,
    tags: Vec<(String, Pattern)>,
    exclude: Vec<Pattern>,
}

impl Select {
    /// What the file selects, if it does.
    pub(super) fn of(file: Section<'_>, found: &mut Mistakes) -> Option<Self> {
        let said = file.given("select")?;
        let patterns = |key: &str| -> Vec<Pattern> {
            said.texts(key).filter_map(|text| Pattern::parse(&text).ok()).collect()
        };
        let tags = said.pairs("tag").filter_map(|(name, text)| Some((name, Pattern::parse(text).ok()?)));
        let select = Self {
            at: said.at,
            told: format!("[select], {}", found.told_place(said.at)),
            subscriptions: said.texts("subscription").collect(),
            resource_groups: patterns("resource_group"),
            names: patterns("name"),
            locations: said.texts("location").map(|region| plain(&region)).collect(),
            tags: tags.collect(),
            exclude: patterns("exclude"),
        };
        if !select.says_anything() && said.is_clean(found) {
            let what = "[select] would take every identity that can be seen";
            found.add(said.at, what, "say subscription, resource_group, name, location or tag");
        }
        Some(select)
    }

    fn says_anything(&self) -> bool {
        let said =
            [self.subscriptions.len(), self.resource_groups.len(), self.names.len(), self.locations.len()];
        said.iter().any(|many| *many > 0) || !self.tags.is_empty()
    }

    /// Whether an identity is selected.
    pub(super) fn takes(&self, identity: &Listed) -> bool {
        let Some((subscription, group, name)) = rule::identity(&identity.id) else { return false };
        let one_of = |list: &[String], is: &str| {
            list.is_empty() || list.iter().any(|one| one.eq_ignore_ascii_case(is))
        };
        let fits = |pattern: &Pattern, is: &str| pattern.fits(is, &mut Names::new());
        let any =
            |list: &[Pattern], is: &str| list.is_empty() || list.iter().any(|pattern| fits(pattern, is));
        let tagged =
            |(tag, pattern): &(String, Pattern)| identity.tag(tag).is_some_and(|value| fits(pattern, value));
        let path = format!("{subscription}/{group}/{name}");
        one_of(&self.subscriptions, subscription)
            && one_of(&self.locations, &plain(&identity.location))
            && any(&self.resource_groups, group)
            && any(&self.names, name)
            && self.tags.iter().all(tagged)
            && !self.exclude.iter().any(|pattern| fits(pattern, &path))
    }
}

/// A region as Azure writes it: `Sweden Central` is `swedencentral`.
pub(super) fn plain(region: &str) -> String {
    region.replace(' ', "").to_ascii_lowercase()
}
