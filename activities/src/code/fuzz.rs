//! Activities: what must hold for every file that is scanned; `tests/fuzz` looks for one where it does not. Pure.

use super::patch::shown;
use super::{Content, Form, Lines, Owners, Sought, content, unified};
use crate::references::fuzz::{CLIENTS, NEW, OLD, PRINCIPALS, expand};
use crate::references::scan::{Identifier, Identifiers};
use std::collections::BTreeMap;

/// What is found lies in the text and is what it is called; no text around it is told; a replaced line has none of the old
/// ids, and a difference has every line of the file that it shows.
pub fn code(data: &[u8]) {
    let owners = Owners::of(&String::from_utf8_lossy(data));
    let path = String::from_utf8_lossy(&data[..data.len().min(40)]).into_owned();
    assert!(owners.of_file(&path).is_none_or(|owner| owner.contains('@')));
    files(data, &path);
    files(expand(data).as_bytes(), &path);
}

fn files(bytes: &[u8], path: &str) {
    let content = content(bytes);
    let Some(text) = content.text() else { return assert_eq!(content, Content::Binary) };
    let ids = [CLIENTS.0, PRINCIPALS.0];
    let who = Identifiers { resource_id: OLD.into(), client_id: ids[0].into(), principal_id: ids[1].into() };
    let sought = Sought::new(vec![who]).expect("three words");
    let (lines, mut changed) = (Lines::of(&text), BTreeMap::new());
    for (hit, place) in sought.places(path, &text, false) {
        let there = &text[hit.start..hit.end];
        let wanted = match hit.identifier {
            Identifier::ClientId => ids[0],
            Identifier::PrincipalId => ids[1],
            _ => "id-pay",
        };
        assert!(there.to_ascii_lowercase().ends_with(wanted.as_bytes()), "{place:?}");
        assert!((1..=lines.count()).contains(&place.line) && place.column > 0, "{place:?}");
        assert!(place.key.as_ref().is_none_or(|key| key.len() <= 64), "{place:?}");
        let line = lines.line(place.line - 1);
        let pairs = [(OLD, NEW), CLIENTS, PRINCIPALS];
        if hit.form == Form::Whole
            && let Some(new) = sought.replaced(line, &pairs)
        {
            assert_eq!(new.ends_with(b"\n"), line.ends_with(b"\n"));
            let again: Vec<_> = sought.hits(&new).into_iter().filter(|hit| hit.form == Form::Whole).collect();
            assert!(again.is_empty(), "{again:?} is left in {new:?}");
            changed.insert(place.line - 1, new);
        }
    }
    let difference = unified(path, &text, &changed);
    let removed: Vec<u8> =
        difference.split_inclusive(|byte| *byte == b'\n').skip(3).fold(Vec::new(), |mut out, line| {
            if let [b'-' | b' ', line @ ..] = line {
                out.extend(line);
            }
            out
        });
    let wanted: Vec<u8> = shown(&changed, lines.count()).flat_map(|line| lines.line(line).to_vec()).collect();
    assert_eq!(removed.trim_ascii_end(), wanted.trim_ascii_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_targets_start_from_holds() {
        for seed in [
            "\u{6}",
            "a = \"\u{6}\"\r\n\u{1}\n",
            "x/**/y @a\n\u{3};\u{b}",
            "{\n\"name\": \"id-pay\", \"identity\": 1}",
        ] {
            code(seed.as_bytes());
        }
        code(b"\xff\xfea\0b\0\n\0");
    }
}
