//! CLI: which moves of a batch are listed, as the address says it, and in which order. Pure.

use super::frame::Frame;
use super::words::part;
use crate::view::{MoveView, State};
use crate::wait::WaitKind;
use std::collections::BTreeMap;

/// So many are listed on a page.
pub(crate) const LISTED: usize = 50;

/// Which moves are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) state: Option<String>,
    pub(crate) wave: Option<String>,
    pub(crate) text: Option<String>,
    /// Only those that need somebody.
    pub(crate) person: bool,
    /// The page of the list, from one.
    pub(crate) page: usize,
}

impl Filter {
    /// What the address says.
    pub(crate) fn of(frame: &Frame) -> Self {
        let page = frame.asked("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        Self {
            state: frame.asked("state"),
            wave: frame.asked("wave"),
            text: frame.asked("q"),
            person: frame.asked("person").is_some(),
            page,
        }
    }

    pub(crate) fn is_any(&self) -> bool {
        self.state.is_some() || self.wave.is_some() || self.text.is_some() || self.person
    }

    /// The end of an address that says the same, of another page of the list.
    pub(crate) fn query(&self, page: usize) -> String {
        let named = [("state", &self.state), ("wave", &self.wave), ("q", &self.text)];
        let mut all: Vec<String> = named
            .iter()
            .filter_map(|(name, said)| Some(format!("{name}={}", part(said.as_ref()?))))
            .collect();
        all.extend(self.person.then(|| "person=1".to_owned()));
        all.extend((page > 1).then(|| format!("page={page}")));
        format!("?{}#moves", all.join("&"))
    }

    /// Those that are listed; what wants somebody comes first.
    pub(crate) fn pick<'a>(&self, views: &[&'a MoveView], waves: &BTreeMap<&str, &str>) -> Vec<&'a MoveView> {
        let text = self.text.as_ref().map(|text| text.to_lowercase());
        let is = |view: &&&MoveView| {
            self.state.as_deref().is_none_or(|state| state == view.state.word())
                && self.wave.as_deref().is_none_or(|wave| waves.get(view.run.as_str()) == Some(&wave))
                && (!self.person || needs_somebody(view))
                && text.as_deref().is_none_or(|text| {
                    view.identity.to_lowercase().contains(text) || view.run.to_lowercase().contains(text)
                })
        };
        let mut all: Vec<&MoveView> = views.iter().filter(is).copied().collect();
        let urgency = |view: &MoveView| State::ALL.iter().position(|state| *state == view.state);
        all.sort_by_key(|view| (urgency(view), view.name(), view.run.as_str()));
        all
    }
}

/// Whether somebody has to do or decide something.
fn needs_somebody(view: &MoveView) -> bool {
    let for_people = |kind| matches!(kind, WaitKind::Failed | WaitKind::ByHand);
    matches!(
        view.state,
        State::Failed | State::NeedsPerson | State::AwaitingCleanup | State::Stale | State::Planned
    ) || view.waiting_for.iter().any(|wait| for_people(wait.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wants_somebody_comes_first_and_an_address_says_the_same_again() {
        let of = |run: &str, state| MoveView { run: run.to_owned(), ..MoveView::standing(state) };
        let views = [of("m-1", State::Done), of("m-2", State::Failed), of("m-3", State::Running)];
        let all: Vec<&MoveView> = views.iter().collect();
        let waves = BTreeMap::from([("m-1", "canary"), ("m-2", "most"), ("m-3", "most")]);
        let picked = |filter: &Filter| -> Vec<String> {
            filter.pick(&all, &waves).into_iter().map(|view| view.run.clone()).collect()
        };
        assert_eq!(picked(&Filter::default()), ["m-2", "m-3", "m-1"]);
        let wave = Filter { wave: Some("most".to_owned()), ..Filter::default() };
        assert_eq!(picked(&wave), ["m-2", "m-3"]);
        assert_eq!(picked(&Filter { person: true, ..Filter::default() }), ["m-2"]);
        assert_eq!(picked(&Filter { text: Some("M-3".to_owned()), ..Filter::default() }), ["m-3"]);
        let said = Filter { text: Some("a&b".to_owned()), person: true, ..wave };
        assert_eq!(said.query(2), "?wave=most&q=a%26b&person=1&page=2#moves");
    }
}
