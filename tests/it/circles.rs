//! No module of a room imports another one that, by whatever way, imports it: read from the sources.
//!
//! A module is a file. What a file only hands on (`pub use`) belongs to the file that defines it, so a `mod.rs` of
//! declarations takes no part. Tests inside a file may look at everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where the sources of each room lie, and the file that they begin with.
const ROOMS: [(&str, &str); 5] = [
    ("store/src", "lib"),
    ("orchestrator/src", "lib"),
    ("activities/src", "lib"),
    ("simulator/src", "lib"),
    ("cli", "main"),
];

/// Rooms that still have circles. This list only shrinks.
const NOT_YET: [&str; 0] = [];

type Name = Vec<String>;

/// One file, as far as it says who imports whom.
#[derive(Default)]
struct Module {
    defines: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths that are written out where something is used.
    paths: Vec<Name>,
}

struct Import {
    public: bool,
    path: Name,
    /// What it is called here.
    name: String,
}

/// A source as words and marks, without comments, texts and tests.
fn tokens(source: &str) -> Vec<String> {
    let (chars, mut at, mut out) = (source.chars().collect::<Vec<_>>(), 0, Vec::new());
    while at < chars.len() {
        let (c, next) = (chars[at], chars.get(at + 1).copied().unwrap_or(' '));
        if c == '/' && next == '/' {
            at += chars[at..].iter().take_while(|c| **c != '\n').count();
        } else if c == '"' {
            at += text_length(&chars[at..]);
        } else if c == 'r' && (next == '"' || next == '#' && chars.get(at + 2) == Some(&'"')) {
            let end: &[char] = if next == '"' { &['"'] } else { &['"', '#'] };
            let from = at + 1 + end.len();
            let length = chars[from..].windows(end.len()).position(|window| window == end);
            at = from + length.expect("the text ends") + end.len();
        } else if c == '\'' {
            let closed = next == '\\' || chars.get(at + 2) == Some(&'\'');
            at += if closed {
                3 + chars[at + 3 - usize::from(next != '\\')..].iter().take_while(|c| **c != '\'').count()
            } else {
                1
            };
        } else if c.is_alphanumeric() || c == '_' {
            let word: String = chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            at += word.chars().count();
            out.push(word);
        } else if c == ':' && next == ':' {
            at += 2;
            out.push("::".to_owned());
        } else {
            at += 1;
            if !c.is_whitespace() {
                out.push(c.to_string());
            }
        }
    }
    without_tests(out)
}

fn text_length(chars: &[char]) -> usize {
    let mut at = 1;
    while chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token == word);
    let (mut at, mut out) = (0, Vec::new());
    while at < tokens.len() {
        if is(at, "#") && is(at + 2, "cfg") {
            let end = at + tokens[at..].iter().position(|token| token == "]").expect("the attribute ends");
            let tests = tokens[at..end].iter().any(|token| token == "test");
            if tests && is(end + 1, "mod") && is(end + 3, "{") {
                at = end + 3 + block(&tokens[end + 3..]);
                continue;
            }
        }
        out.push(tokens[at].clone());
        at += 1;
    }
    out
}

/// How many tokens a block has, with its brackets.
fn block(tokens: &[String]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];

fn read(source: &str, children: &BTreeSet<String>) -> Module {
    let (tokens, mut module, mut depth, mut at) = (tokens(source), Module::default(), 0, 0);
    let word = |at: usize| tokens.get(at).map_or("", String::as_str);
    let is_root = |name: &str| ["crate", "super", "self"].contains(&name) || children.contains(name);
    while at < tokens.len() {
        match word(at) {
            "{" => depth += 1,
            "}" => depth -= 1,
            "use" => {
                let end = at + tokens[at..].iter().position(|token| token == ";").expect("an import ends");
                let public = at > 0 && (word(at - 1) == "pub" || word(at - 1) == ")");
                import(&tokens[at + 1..end], &[], public, &mut module.imports);
                at = end;
            }
            item if depth == 0 && ITEMS.contains(&item) => {
                module.defines.insert(word(at + 1).to_owned());
            }
            "macro_rules" if depth == 0 => {
                module.defines.insert(word(at + 2).to_owned());
            }
            first
                if is_root(first) && word(at + 1) == "::" && ![".", "::"].contains(&word(at.max(1) - 1)) =>
            {
                let mut path = vec![first.to_owned()];
                while word(at + 1) == "::" && word(at + 2).chars().all(|c| c.is_alphanumeric() || c == '_') {
                    path.push(word(at + 2).to_owned());
                    at += 2;
                }
                module.paths.push(path);
            }
            _ => {}
        }
        at += 1;
    }
    module
}

/// Follows the branches of one `use`.
fn import(tree: &[String], before: &[String], public: bool, into: &mut Vec<Import>) {
    let names: Vec<&String> = tree.iter().take_while(|token| *token != "{" && *token != "as").collect();
    let mut path = before.to_vec();
    path.extend(names.iter().filter(|token| **token != "::").map(|token| (*token).clone()));
    let rest = &tree[names.len()..];
    match rest.first().map(String::as_str) {
        Some("{") => {
            let (mut depth, mut from) = (0, 1);
            for (at, token) in rest.iter().enumerate() {
                match token.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                let ends = depth == 0 && token == "}" || depth == 1 && token == ",";
                if ends && from < at {
                    import(&rest[from..at], &path, public, into);
                }
                if ends {
                    from = at + 1;
                }
            }
        }
        alias => {
            if path.last().is_some_and(|name| name == "self") && path.len() > 1 {
                path.pop();
            }
            let name = alias.and_then(|_| rest.get(1)).or(path.last()).cloned().unwrap_or_default();
            into.push(Import { public, path, name });
        }
    }
}

/// One room: its files by the names of their modules.
struct Room(BTreeMap<Name, Module>);

impl Room {
    fn new(folder: &Path, first: &str) -> Self {
        let mut sources: BTreeMap<Name, String> = BTreeMap::new();
        let mut paths = Vec::new();
        crate::rooms::files(folder, &mut paths);
        for path in paths {
            let inside = path.strip_prefix(folder).expect("it is in the folder").with_extension("");
            let mut name: Name = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if name == [first] || name.last().is_some_and(|last| last == "mod") {
                name.pop();
            }
            sources.insert(name, std::fs::read_to_string(&path).expect("text"));
        }
        let children = |of: &Name| {
            let below = sources.keys().filter(|name| name.len() == of.len() + 1 && name.starts_with(of));
            below.filter_map(|name| name.last().cloned()).collect::<BTreeSet<String>>()
        };
        Self(sources.iter().map(|(name, source)| (name.clone(), read(source, &children(name)))).collect())
    }

    /// Where a path that is written in a module begins, and what follows; `None` when it leads out of the room.
    fn start(&self, module: &Name, path: &[String]) -> Option<(Name, Name)> {
        match path.first()?.as_str() {
            "crate" => Some((Vec::new(), path[1..].to_vec())),
            "self" => Some((module.clone(), path[1..].to_vec())),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                Some((module[..module.len() - up].to_vec(), path[up..].to_vec()))
            }
            first => {
                let child = [module.as_slice(), &[first.to_owned()]].concat();
                self.0.contains_key(&child).then(|| (module.clone(), path.to_vec()))
            }
        }
    }

    /// The modules that define what a path names, through all that only hands it on.
    fn definers(
        &self,
        (mut module, path): (Name, Name),
        seen: &mut BTreeSet<(Name, String)>,
    ) -> BTreeSet<Name> {
        let mut rest = path.as_slice();
        while let [first, more @ ..] = rest {
            let child = [module.as_slice(), std::slice::from_ref(first)].concat();
            if !self.0.contains_key(&child) {
                break;
            }
            (module, rest) = (child, more);
        }
        let (Some(name), Some(here)) = (rest.first(), self.0.get(&module)) else {
            return BTreeSet::from([module]);
        };
        let mut found = BTreeSet::new();
        if !here.defines.contains(name) && seen.insert((module.clone(), name.clone())) {
            for import in &here.imports {
                let Some((base, path)) = self.start(&module, &import.path) else { continue };
                if import.name == *name || name == "*" && import.public {
                    found.extend(self.definers((base, path), seen));
                } else if import.name == "*" && import.public {
                    let all = self.definers((base, path[..path.len() - 1].to_vec()), seen);
                    found.extend(all.into_iter().filter(|of| self.0[of].defines.contains(name)));
                }
            }
        }
        if found.is_empty() { BTreeSet::from([module]) } else { found }
    }

    fn arrows(&self) -> BTreeMap<&Name, BTreeSet<Name>> {
        let arrows = self.0.iter().map(|(name, module)| {
            let imports = module.imports.iter().filter(|import| !import.public).map(|import| &import.path);
            let paths = imports.chain(&module.paths).filter_map(|path| self.start(name, path));
            let mut to: BTreeSet<Name> =
                paths.flat_map(|path| self.definers(path, &mut BTreeSet::new())).collect();
            to.remove(name);
            (name, to)
        });
        arrows.collect()
    }

    /// The shortest circle of imports, in words.
    fn circle(&self) -> Option<String> {
        let arrows = self.arrows();
        let circle = arrows.keys().filter_map(|from| way_back(&arrows, from)).min_by_key(Vec::len)?;
        Some(circle.iter().map(|name| name.join("::")).collect::<Vec<_>>().join(" -> "))
    }
}

/// The shortest way from a module back to itself.
fn way_back(arrows: &BTreeMap<&Name, BTreeSet<Name>>, from: &Name) -> Option<Vec<Name>> {
    let (mut ways, mut seen) = (vec![vec![from.clone()]], BTreeSet::new());
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for to in &arrows[way.last()?] {
                let way = [way.as_slice(), std::slice::from_ref(to)].concat();
                if to == from {
                    return Some(way);
                }
                if seen.insert(to.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

#[test]
fn no_room_has_a_circle_of_imports() {
    for (folder, first) in ROOMS {
        let room = Room::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), first);
        assert!(room.0.len() > 20, "{folder} has {} modules", room.0.len());
        match (room.circle(), NOT_YET.contains(&folder)) {
            (Some(circle), false) => panic!("{folder} has a circle: {circle}"),
            (None, true) => panic!("{folder} has no circle any more: take it off the list"),
            (Some(_), true) | (None, false) => {}
        }
    }
}

#[test]
fn a_circle_is_seen_through_what_hands_it_on_and_not_through_tests() {
    let room = |c: &str| {
        let sources = [
            (vec![], "mod a; mod b; pub use b::{Two as Too};"),
            (vec!["a"], "use crate::Too; struct One; // crate::c::Three"),
            (vec!["b"], "struct Two; const TEXT: &str = \"crate::a::One\"; fn f() { crate::c::three(); }"),
            (vec!["c"], c),
        ];
        let name = |name: &[&str]| name.iter().map(|part| (*part).to_owned()).collect::<Name>();
        Room(sources.iter().map(|(of, text)| (name(of), read(text, &BTreeSet::new()))).collect()).circle()
    };
    assert_eq!(room("fn three() {}"), None);
    assert_eq!(room("fn three() {} #[cfg(test)] mod tests { use crate::a::One; }"), None);
    assert_eq!(room("use super::a::One; fn three() {}").as_deref(), Some("a -> b -> c -> a"));
}
