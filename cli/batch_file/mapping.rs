//! CLI: rules that give identities their targets: the first that fits one decides, and what a row says beats it. Pure.

use super::keys::Rule as NameRule;
use super::listed::Listed;
use super::mistakes::{Mistakes, Place};
use super::pattern::{Names, Pattern, Template};
use super::rule;
use super::section::Section;
use crate::nearest::nearest;

/// A rule: `[[map]]`.
#[derive(Debug)]
pub(super) struct MapRule {
    /// `[[map]] 2, batch.toml, line 31`
    pub(super) told: String,
    at: Place,
    resource_group: Option<Pattern>,
    name: Option<Pattern>,
    subscription: Option<Pattern>,
    location: Option<Pattern>,
    tags: Vec<(String, Pattern)>,
    pub(super) to: Option<String>,
    to_group: Option<Template>,
    to_name: Option<Template>,
}

/// What a rule gives an identity.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) to: Option<String>,
    pub(super) resource_group: Option<String>,
    pub(super) name: Option<String>,
}

impl Given {
    pub(super) fn is_anything(&self) -> bool {
        self.to.is_some() || self.resource_group.is_some() || self.name.is_some()
    }
}

/// What of a target a row leaves to the rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wants {
    pub(super) resource_group: bool,
    pub(super) name: bool,
}

/// What a template may name beside what the rule captures and tags.
const OF_IDENTITY: [&str; 4] = ["name", "resource_group", "subscription", "location"];

impl MapRule {
    /// All rules of a file, in their order.
    pub(super) fn all(file: Section<'_>, found: &mut Mistakes) -> Vec<Self> {
        file.sections("map").zip(1..).map(|(said, nth)| Self::of(said, nth, found)).collect()
    }

    fn of(said: Section<'_>, nth: usize, found: &mut Mistakes) -> Self {
        let when = said.section("when");
        let pattern = |key: &str| when.text(key).and_then(|text| Pattern::parse(text).ok());
        let template = |key: &str| said.text(key).and_then(|text| Template::parse(text).ok());
        let rule = Self {
            told: format!("[[map]] {nth}, {}", found.told_place(said.at)),
            at: said.at,
            resource_group: pattern("resource_group"),
            name: pattern("name"),
            subscription: pattern("subscription"),
            location: pattern("location"),
            tags: when
                .pairs("tag")
                .filter_map(|(name, text)| Some((name, Pattern::parse(text).ok()?)))
                .collect(),
            to: said.owned("to"),
            to_group: template("resource_group"),
            to_name: template("name"),
        };
        if rule.to.is_none() && rule.to_group.is_none() && rule.to_name.is_none() && said.is_clean(found) {
            found.add(said.at, "[[map]] gives nothing", "say resource_group, name or to");
        }
        for key in ["resource_group", "name"] {
            let template = if key == "name" { &rule.to_name } else { &rule.to_group };
            for word in template.iter().flat_map(Template::needs) {
                rule.check_name(word, said.place(key), found);
            }
        }
        rule
    }

    /// A name in a template is one that something gives.
    fn check_name(&self, word: &str, at: Place, found: &mut Mistakes) {
        let known: Vec<&str> = OF_IDENTITY.into_iter().chain(self.captures()).collect();
        if word.starts_with("tag:") || known.contains(&word) {
            return;
        }
        let remedy = match nearest(word, known.iter().copied()) {
            Some(meant) => format!("did you mean {{{meant}}}?"),
            None => format!("known are {}, tag:NAME, and what `when` captures as {{word}}", known.join(", ")),
        };
        found.add(at, format!("nothing gives {{{word}}}"), remedy);
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let own = [&self.resource_group, &self.name, &self.subscription, &self.location];
        own.into_iter().flatten().chain(self.tags.iter().map(|(_, pattern)| pattern))
    }

    fn captures(&self) -> impl Iterator<Item = &str> {
        self.patterns().flat_map(Pattern::captures)
    }

    /// Whether it asks for what does not stand in an id: tags, and the region.
    pub(super) fn asks_azure(&self) -> bool {
        let needs = self.to_group.iter().chain(&self.to_name).flat_map(Template::needs);
        let asks = |word: &str| word == "location" || word.starts_with("tag:");
        self.location.is_some() || !self.tags.is_empty() || needs.into_iter().any(asks)
    }

    /// What it gives this identity, if it fits it. What cannot be filled in is a mistake of the rule.
    pub(super) fn give(&self, identity: &Listed, wants: Wants, found: &mut Mistakes) -> Option<Given> {
        let (subscription, group, name) = rule::identity(&identity.id)?;
        let mut names = Names::new();
        for (name, value) in &identity.tags {
            names.insert(format!("tag:{name}"), value.clone());
        }
        let own = OF_IDENTITY.into_iter().zip([name, group, subscription, &identity.location]);
        names.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let mut fits = |pattern: &Option<Pattern>, is: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.fits(is, &mut names))
        };
        let own = fits(&self.resource_group, group)
            && fits(&self.name, name)
            && fits(&self.subscription, subscription)
            && fits(&self.location, &identity.location);
        let tagged = |(tag, pattern): &(String, Pattern)| {
            identity.tag(tag).is_some_and(|value| pattern.fits(value, &mut names))
        };
        if !own || !self.tags.iter().all(tagged) {
            return None;
        }
        let mut filled = |template: &Option<Template>, rule: &NameRule| {
            let text = template.as_ref()?.fill(&names).map_err(|word| {
                let what = format!("{} has nothing for {{{word}}}", identity.id);
                found.add(self.at, what, "let the rule fit only identities that have it");
            });
            let text = text.ok()?;
            if let Err(wrong) = rule.check("", &text) {
                let what =
                    format!("{} would give {} what does not fit: {}", self.told, identity.id, wrong.what);
                found.add(self.at, what, wrong.remedy);
            }
            Some(text)
        };
        let mut wanted = |template, wants: bool, rule| if wants { filled(template, rule) } else { None };
        let resource_group = wanted(&self.to_group, wants.resource_group, &NameRule::GroupName);
        let name = wanted(&self.to_name, wants.name, &NameRule::IdentityName);
        Some(Given { to: self.to.clone(), resource_group, name })
    }
}
