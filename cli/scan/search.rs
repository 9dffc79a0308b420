//! CLI: searches files for ids, one after the other, and makes the differences that replace them. Reads the files.

use crate::plan_file::is_plan;
use crate::scan::file::{Found, Passed, Repository, is_scan};
use crate::scan::identity::Asked;
use crate::scan::walk::{FileAt, Walked, passed};
use crate::snapshot::is_snapshot;
use rehome_activities::code::{AROUND, Content, Hit, Lines, Owners, Place, Sought, content, unified};
use rehome_orchestrator::without_secrets;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path};
use std::sync::atomic::{AtomicU64, Ordering};

/// A larger file is not searched: a state of Terraform has a few megabytes.
const FILE_MAX: u64 = 64 << 20;

/// A longer line is neither replaced nor shown.
const LINE_MAX: usize = 64 << 10;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    pub(crate) repositories: Vec<Repository>,
    pub(crate) found: Vec<Found>,
    pub(crate) skipped: Vec<Passed>,
    pub(crate) unread: Vec<Passed>,
    /// The difference of each repository, by its number.
    pub(crate) patches: BTreeMap<usize, Vec<u8>>,
}

/// Searches every file. `done` counts them meanwhile.
pub(crate) fn search(walked: Walked, asked: &[Asked], sought: &Sought, done: &AtomicU64) -> Searched {
    let names = names(&walked);
    let repositories = walked.repositories.iter().zip(&names).map(|(root, name)| Repository {
        name: name.clone(),
        path: root.path.display().to_string(),
        files: 0,
        bytes: 0,
        unread: 0,
    });
    let mut out =
        Searched { repositories: repositories.collect(), skipped: walked.skipped, ..Searched::default() };
    for (repository, unread) in walked.unread {
        out.repositories[repository].unread += 1;
        out.unread.push(unread);
    }
    for file in &walked.files {
        let root = &walked.repositories[file.repository];
        let below = below(&root.path, &file.path);
        match read(&file.path) {
            Ok(Some(bytes)) => {
                out.repositories[file.repository].files += 1;
                out.repositories[file.repository].bytes += bytes.len() as u64;
                out.file(file, &below, &bytes, asked, sought, &root.owners);
            }
            Ok(None) => out.skipped.push(passed(&file.path, format!("larger than {} MB", FILE_MAX >> 20))),
            Err(e) => {
                out.repositories[file.repository].unread += 1;
                out.unread.push(passed(&file.path, e.to_string()));
            }
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    out
}

/// The bytes of a file; nothing where they are too many.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    rehome_store::private_file::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= FILE_MAX).then_some(bytes))
}

impl Searched {
    fn file(
        &mut self,
        file: &FileAt,
        below: &str,
        bytes: &[u8],
        asked: &[Asked],
        sought: &Sought,
        owners: &Owners,
    ) {
        let content = content(bytes);
        let Some(text) = content.text() else {
            self.repositories[file.repository].files -= 1;
            self.repositories[file.repository].bytes -= bytes.len() as u64;
            return self.skipped.push(passed(&file.path, "binary".to_owned()));
        };
        let mut places = sought.places(below, &text, file.in_chart);
        if places.is_empty() {
            return;
        }
        if is_ours(&text) {
            return self.skipped.push(passed(&file.path, "written by this program, or for it".to_owned()));
        }
        let owner = owners.of_file(below);
        places.iter_mut().for_each(|(_, place)| place.owner = owner.map(ToOwned::to_owned));
        let is_patchable = matches!(content, Content::Plain(_)) && file.path.to_str().is_some();
        let lines = Lines::of(&text);
        let reasons = reasons(&places, &lines, asked, is_patchable);
        let (changed, reasons) = changes(&places, reasons, &lines, asked, sought);
        let difference = unified(below, &text, &changed);
        if !difference.is_empty() {
            self.patches.entry(file.repository).or_default().extend(difference);
        }
        let repository = &self.repositories[file.repository].name;
        self.found.extend(places.into_iter().zip(reasons).map(|((hit, place), by_hand)| Found {
            identity: asked[hit.who].old.resource_id.clone(),
            repository: repository.clone(),
            step: asked[hit.who].step(repository, place.owner.as_deref()),
            replaceable: by_hand.is_none(),
            place,
            by_hand,
        }));
    }
}

/// What is said of a place whose new id is not known yet.
const NOT_KNOWN_YET: &str = "the new id is not known yet: scan again when the new identity is made";

/// Why each place is a person's; nothing where it can be replaced by what is known.
fn reasons(
    places: &[(Hit, Place)],
    lines: &Lines<'_>,
    asked: &[Asked],
    is_patchable: bool,
) -> Vec<Option<&'static str>> {
    let why = |(hit, place): &(Hit, Place)| {
        let line = lines.line(place.line - 1);
        match place.by_hand() {
            Some(why) => Some(why),
            None if line.len() > LINE_MAX => Some("its line is too long for a patch"),
            None if !is_patchable || std::str::from_utf8(line).is_err() => {
                Some("the file, or its name, is not UTF-8")
            }
            None if asked[hit.who].pair(hit.identifier).is_none() => Some(NOT_KNOWN_YET),
            None => None,
        }
    };
    places.iter().map(why).collect()
}

type Changes = (BTreeMap<usize, Vec<u8>>, Vec<Option<String>>);

/// The lines that are replaced, by their numbers from 0, and why the others are not.
fn changes(
    places: &[(Hit, Place)],
    mut reasons: Vec<Option<&'static str>>,
    lines: &Lines<'_>,
    asked: &[Asked],
    sought: &Sought,
) -> Changes {
    let mut by_line: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (nth, (_, place)) in places.iter().enumerate() {
        by_line.entry(place.line - 1).or_default().push(nth);
    }
    let mut changed = BTreeMap::new();
    for (line, of) in &by_line {
        let pair = |nth: &usize| {
            let hit = &places[*nth].0;
            asked[hit.who].pair(hit.identifier).filter(|_| reasons[*nth].is_none())
        };
        let pairs: Option<Vec<(&str, &str)>> = of.iter().map(pair).collect();
        match pairs.and_then(|pairs| sought.replaced(lines.line(*line), &pairs)) {
            Some(new) => drop(changed.insert(*line, new)),
            None => of.iter().for_each(|nth| {
                reasons[*nth].get_or_insert("another place in its line is changed by hand");
            }),
        }
    }
    // A patch shows the lines around: nothing is in one beside what may be a secret.
    let beside: Vec<usize> =
        changed.keys().copied().filter(|line| around(*line, lines).any(is_secret)).collect();
    for line in beside {
        changed.remove(&line);
        by_line[&line].iter().for_each(|nth| {
            reasons[*nth] = Some("a secret seems to stand beside it, which a patch would show")
        });
    }
    (changed, reasons.into_iter().map(|why| why.map(ToOwned::to_owned)).collect())
}

/// The lines that a patch shows of a change in one of them.
fn around<'a>(line: usize, lines: &'a Lines<'a>) -> impl Iterator<Item = &'a [u8]> {
    (line.saturating_sub(AROUND)..lines.count().min(line + AROUND + 1)).map(|near| lines.line(near))
}

/// Whether a line may hold a secret: it looks like one, or is too long to be looked through.
fn is_secret(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    line.len() > LINE_MAX || without_secrets(&text) != text
}

/// A file that this program has written, or that is written for it: it names the old ids because it has to.
fn is_ours(text: &[u8]) -> bool {
    let head = &text[..text.len().min(LINE_MAX)];
    let has = |word: &str| head.windows(word.len()).any(|there| there == word.as_bytes());
    let is_batch = || has("format_version") && has("[batch]");
    let is_handoff = || has(": search your code and its state for what is on the left");
    let is_patch = || text.starts_with(PATCH_HEAD.as_bytes());
    let is_plan = || text.starts_with(b"{") && has("\"about\"") && is_plan(text);
    let is_scan = || text.starts_with(b"{") && has("\"scanned_at_ms\"") && is_scan(text);
    let is_snapshot = || text.starts_with(b"{") && has("\"arm\"") && is_snapshot(text);
    is_patch() || is_batch() || is_handoff() || is_plan() || is_scan() || is_snapshot()
}

/// How a patch of this program begins; `git apply` passes it by.
pub(crate) const PATCH_HEAD: &str = "# Made by rehome scan --patch";

/// A path from the root of its repository, with slashes.
fn below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts = below.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What repositories are called: by their folder, and where two have one name, by more of their paths.
fn names(walked: &Walked) -> Vec<String> {
    let paths: Vec<Vec<String>> = walked
        .repositories
        .iter()
        .map(|root| {
            let parts = root.path.components().filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            });
            parts.collect()
        })
        .collect();
    let ending = |path: &[String], count: usize| path[path.len().saturating_sub(count)..].join("/");
    let name = |path: &Vec<String>| {
        let is_alone = |count: &usize| {
            paths.iter().filter(|other| ending(other, *count) == ending(path, *count)).count() == 1
        };
        let count = (1..=path.len()).find(is_alone).unwrap_or(path.len());
        ending(path, count)
    };
    paths.iter().map(name).collect()
}
