//! CLI: things of the same kind together. Pure.

/// Things of one kind, in their order.
pub(crate) struct Kind<'a, T, K = &'a str> {
    /// What they have in common.
    pub(crate) what: K,
    /// At least one.
    pub(crate) all: Vec<&'a T>,
}

/// Things of the same kind together, in order of first appearance.
pub(crate) fn kinds<'a, T, K: PartialEq>(all: &'a [T], what: impl Fn(&'a T) -> K) -> Vec<Kind<'a, T, K>> {
    let mut kinds: Vec<Kind<'a, T, K>> = Vec::new();
    for one in all {
        let what = what(one);
        match kinds.iter_mut().find(|kind| kind.what == what) {
            Some(kind) => kind.all.push(one),
            None => kinds.push(Kind { what, all: vec![one] }),
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_there_once_with_everything_that_is_of_it() {
        let all = ["b1", "a1", "b2"];
        let kinds: Vec<(&str, Vec<&&str>)> =
            kinds(&all, |one| &one[..1]).into_iter().map(|kind| (kind.what, kind.all)).collect();
        assert_eq!(kinds, [("b", vec![&"b1", &"b2"]), ("a", vec![&"a1"])]);
    }
}
