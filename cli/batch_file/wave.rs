//! CLI: the waves of a batch file, and which identity is in which. Pure.

use super::listed::Listed;
use super::meaning::Row;
use super::mistakes::Mistakes;
use super::pattern::{Names, Pattern};
use super::rule;
use super::section::Section;
use super::select::plain;
use rehome_activities::azure::ResourceId;
use rehome_orchestrator::WaveRelease;
use std::collections::BTreeSet;

/// A wave as it was asked for.
#[derive(Debug)]
pub(crate) struct WaveAsked {
    pub(crate) name: String,
    pub(crate) after_ms: u64,
    pub(crate) release: WaveRelease,
    /// Every move of it is made and taken back first.
    pub(crate) rehearse_undo: bool,
    /// The identities that say that they are in it.
    pub(super) identities: BTreeSet<ResourceId>,
    pick: Option<Pick>,
}

/// Which identities are in a wave that do not say so: of those in no wave before it, in the order of the batch.
#[derive(Debug, Default)]
struct Pick {
    resource_group: Option<Pattern>,
    name: Option<Pattern>,
    subscription: Option<Pattern>,
    location: Option<String>,
    tags: Vec<(String, Pattern)>,
    size: Option<usize>,
    percent: Option<usize>,
}

impl Pick {
    fn of(said: Section<'_>, found: &mut Mistakes) -> Option<Self> {
        let matches = said.section("match");
        let pattern = |key: &str| matches.text(key).and_then(|text| Pattern::parse(text).ok());
        let tags = matches.pairs("tag").filter_map(|(name, text)| Some((name, Pattern::parse(text).ok()?)));
        let (size, percent) = (said.count("size"), said.text("share").and_then(rule::percent));
        if size.is_some() && percent.is_some() {
            found.add(said.place("share"), "a wave has a size and a share", "leave one out");
        }
        let asked = said.given("match").is_some() || size.is_some() || percent.is_some();
        let one = said.flag("canary").then_some(1);
        let size = size.or(one.filter(|_| !asked));
        (asked || size.is_some()).then(|| Self {
            resource_group: pattern("resource_group"),
            name: pattern("name"),
            subscription: pattern("subscription"),
            location: matches.text("location").map(plain),
            tags: tags.collect(),
            size,
            percent,
        })
    }

    fn fits(&self, identity: &Listed) -> bool {
        let Some((subscription, group, name)) = rule::identity(&identity.id) else { return false };
        let fits = |pattern: &Option<Pattern>, is: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.fits(is, &mut Names::new()))
        };
        let tagged = |(tag, pattern): &(String, Pattern)| {
            identity.tag(tag).is_some_and(|value| pattern.fits(value, &mut Names::new()))
        };
        fits(&self.resource_group, group)
            && fits(&self.name, name)
            && fits(&self.subscription, subscription)
            && self.location.as_ref().is_none_or(|region| *region == plain(&identity.location))
            && self.tags.iter().all(tagged)
    }

    /// How many it takes of a batch of so many; a share is rounded up.
    fn most(&self, all: usize) -> usize {
        let share = self.percent.map(|percent| (all * percent).div_ceil(100));
        self.size.or(share).unwrap_or(usize::MAX)
    }
}

impl WaveAsked {
    /// What the wave is called in which one is rehearsed.
    pub(crate) fn rehearsal(name: &str) -> String {
        format!("{name}-rehearsal")
    }

    /// Whether it takes identities by what only Azure says of them.
    pub(crate) fn picks_by_facts(&self) -> bool {
        self.pick.as_ref().is_some_and(|pick| pick.location.is_some() || !pick.tags.is_empty())
    }
}

/// The wave of each of these identities, by its place: the one that it says, the first that picks it, or the last one.
/// There is at least one wave.
pub(crate) fn shared_out(waves: &[WaveAsked], identities: &[Listed]) -> Vec<usize> {
    let said = |one: &Listed| waves.iter().position(|wave| wave.identities.contains(&one.id));
    let mut shared: Vec<Option<usize>> = identities.iter().map(said).collect();
    for (nth, wave) in waves.iter().enumerate() {
        let Some(pick) = &wave.pick else { continue };
        // Those that say so count too.
        let has = shared.iter().filter(|of| **of == Some(nth)).count();
        let left = shared.iter_mut().zip(identities).filter(|(of, one)| of.is_none() && pick.fits(one));
        let most = pick.most(identities.len()).saturating_sub(has);
        left.take(most).for_each(|(of, _)| *of = Some(nth));
    }
    let last = waves.len().saturating_sub(1);
    shared.into_iter().map(|of| of.unwrap_or(last)).collect()
}

/// The waves in their order; none where all begin at once.
pub(super) fn waves(file: Section<'_>, rows: &[Row], found: &mut Mistakes) -> Vec<WaveAsked> {
    let mut waves: Vec<WaveAsked> = Vec::new();
    for said in file.sections("wave") {
        let Some(name) = said.owned("name") else { continue };
        let taken = |wave: &WaveAsked| {
            wave.name == name || wave.rehearse_undo && WaveAsked::rehearsal(&wave.name) == name
        };
        if waves.iter().any(taken) {
            let what = format!("two waves are called {name:?}");
            found.add(said.place("name"), what, "give each its own name");
        }
        let (after_ms, release) = (said.text("after").and_then(rule::clean), said.choice("release"));
        let canary = said.flag("canary");
        waves.push(WaveAsked {
            name,
            after_ms: after_ms.unwrap_or(0),
            release: release.unwrap_or_default(),
            rehearse_undo: said.flag("rehearse_undo") || canary && !said.says("rehearse_undo"),
            identities: BTreeSet::new(),
            pick: Pick::of(said, found),
        });
    }
    for row in rows {
        let Some(name) = &row.wave else { continue };
        match waves.iter_mut().find(|wave| wave.name == *name) {
            Some(wave) => {
                wave.identities.insert(row.id.clone());
            }
            None => {
                let known = waves.iter().map(|wave| wave.name.as_str());
                found.unknown(row.at, format!("there is no wave {name:?}"), name, known);
            }
        }
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(pick: Option<Pick>, named: &[&ResourceId]) -> WaveAsked {
        WaveAsked {
            name: "w".to_owned(),
            after_ms: 0,
            release: WaveRelease::Auto,
            rehearse_undo: false,
            identities: named.iter().map(|id| (*id).clone()).collect(),
            pick,
        }
    }

    #[test]
    fn an_identity_is_in_the_wave_that_it_says_then_in_the_first_that_picks_it_and_otherwise_in_the_last() {
        let id = |n: usize| -> ResourceId {
            let group = if n < 6 { "rg-pay" } else { "rg-hr" };
            format!("/subscriptions/s/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{n}").as_str().into()
        };
        let ids: Vec<ResourceId> = (0..10).map(id).collect();
        let listed: Vec<Listed> = ids
            .iter()
            .zip(0..)
            .map(|(id, n)| Listed {
                id: id.clone(),
                location: if n % 2 == 0 { "West Europe" } else { "northeurope" }.to_owned(),
                tags: [("Tier".to_owned(), format!("t{}", n % 3))].into(),
            })
            .collect();
        let hr = Pattern::parse("rg-hr*").ok();
        let waves = [
            wave(Some(Pick { size: Some(2), ..Pick::default() }), &[&ids[9]]),
            wave(Some(Pick { percent: Some(25), ..Pick::default() }), &[]),
            wave(Some(Pick { resource_group: hr, ..Pick::default() }), &[]),
            wave(None, &[&ids[4]]),
        ];
        assert_eq!(shared_out(&waves, &listed), [0, 1, 1, 1, 3, 3, 2, 2, 2, 0]);
        assert_eq!(shared_out(&waves[3..], &listed), [0; 10]);
        let tagged = || vec![("tier".to_owned(), Pattern::parse("t0*").expect("a pattern"))];
        let in_west = || Some("westeurope".to_owned());
        let waves = [
            wave(Some(Pick { location: in_west(), tags: tagged(), ..Pick::default() }), &[]),
            wave(Some(Pick { tags: tagged(), ..Pick::default() }), &[]),
            wave(Some(Pick { location: in_west(), ..Pick::default() }), &[]),
            wave(None, &[]),
        ];
        assert_eq!(shared_out(&waves, &listed), [0, 3, 2, 1, 2, 3, 0, 3, 2, 1]);
        assert!(waves[0].picks_by_facts() && !waves[3].picks_by_facts());
    }
}
