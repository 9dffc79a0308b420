//! Store tests: what a disk promises, and what is left on it when the power is cut. Pure.
//!
//! A sync keeps the content and the length of one file; the sync of a folder keeps its names. What was
//! not synced is kept or lost sector by sector, in any order; a sector may be torn; a file may be longer
//! than what was written into it, and what is there then is anything.

use crate::dice::Dice;
use crate::recorder::Op;
use std::collections::BTreeMap;

const SECTOR: usize = 512;

/// Whether the disk does what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Honesty {
    Honest,
    /// It says that it has synced, and has not.
    ForgetsContent,
    /// It keeps files, but not their names.
    ForgetsNames,
}

/// The files that are left.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone)]
enum Naming {
    Made(String, usize),
    Removed(String),
    Renamed(String, String),
}

#[derive(Default)]
struct File {
    /// What a process reads, whatever the disk has kept.
    seen: Vec<u8>,
    safe: Vec<u8>,
    pending: Vec<Change>,
}

/// How much of what was not synced is kept.
enum Kept {
    Nothing,
    Everything,
    /// What came first.
    First(u64),
    /// Whatever the dice say, in any order.
    Some(u64),
}

pub(crate) struct Disk {
    honesty: Honesty,
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    safe_names: BTreeMap<String, usize>,
    renamings: Vec<Naming>,
    /// The folder itself is not a file.
    open: BTreeMap<u32, Option<usize>>,
}

impl Disk {
    /// An empty disk.
    pub(crate) fn new(honesty: Honesty) -> Self {
        let (files, renamings) = (Vec::new(), Vec::new());
        let (names, safe_names, open) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { honesty, files, names, safe_names, renamings, open }
    }

    /// Does what the process did. A sync that failed keeps what the dice say, and nobody tries again.
    pub(crate) fn carry_out(&mut self, op: &Op, dice: &mut Dice) {
        match op {
            Op::Open { id, name, .. } if name.is_empty() => drop(self.open.insert(*id, None)),
            Op::Open { id, name, emptied } => {
                let known = self.names.get(name).copied();
                let file = known.unwrap_or_else(|| self.make(name));
                self.open.insert(*id, Some(file));
                if *emptied {
                    self.files[file].change(Change::Length(0));
                }
            }
            Op::Write { id, at, bytes } => {
                let change = Change::Write { at: *at as usize, bytes: bytes.clone() };
                self.of(*id).change(change);
            }
            Op::Length { id, length } => self.of(*id).change(Change::Length(*length as usize)),
            Op::Sync { id, failed } => match self.open[id] {
                None if *failed || self.honesty == Honesty::ForgetsNames => {}
                None => {
                    let all = std::mem::take(&mut self.renamings);
                    all.iter().for_each(|naming| naming.apply(&mut self.safe_names));
                }
                Some(file) if *failed => {
                    let file = &mut self.files[file];
                    file.safe = file.after_a_cut(&Kept::of(dice), dice);
                    file.pending.clear();
                }
                Some(_) if self.honesty == Honesty::ForgetsContent => {}
                Some(file) => {
                    let file = &mut self.files[file];
                    file.safe = file.with_everything();
                    file.pending.clear();
                }
            },
            Op::Unlink(name) => self.call(Naming::Removed(name.clone())),
            Op::Rename { from, to } => self.call(Naming::Renamed(from.clone(), to.clone())),
            Op::Died => self.open.clear(),
            Op::Note(_) | Op::Fault => {}
        }
    }

    /// What is on the disk when the power comes back.
    pub(crate) fn cut(&self, dice: &mut Dice) -> Image {
        let kept = Kept::of(dice);
        let mut names = self.safe_names.clone();
        let survivors = kept.choose(self.renamings.len(), dice);
        survivors.into_iter().for_each(|at| self.renamings[at].apply(&mut names));
        let content = |(name, file): (&String, &usize)| {
            let bytes = self.files[*file].after_a_cut(&kept, dice);
            // The file that readers share is written through memory, and holds anything afterwards.
            let bytes = if name.ends_with("-shm") { garbage(bytes.len(), dice) } else { bytes };
            (name.clone(), bytes)
        };
        names.iter().map(content).collect()
    }

    /// What the process itself sees: what is left when it is killed and the power stays.
    pub(crate) fn as_seen(&self) -> Image {
        self.names.iter().map(|(name, file)| (name.clone(), self.files[*file].seen.clone())).collect()
    }

    fn make(&mut self, name: &str) -> usize {
        self.files.push(File::default());
        let file = self.files.len() - 1;
        self.call(Naming::Made(name.to_owned(), file));
        file
    }

    fn call(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.renamings.push(naming);
    }

    fn of(&mut self, id: u32) -> &mut File {
        let file = self.open[&id].expect("nobody writes to a folder");
        &mut self.files[file]
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Length(length) => file.resize(*length, 0),
            Self::Write { at, bytes } => {
                file.resize(file.len().max(at + bytes.len()), 0);
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Made(name, file) => drop(names.insert(name.clone(), *file)),
            Self::Removed(name) => drop(names.remove(name)),
            Self::Renamed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

impl Kept {
    fn of(dice: &mut Dice) -> Self {
        match dice.below(8) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2..=3 => Self::First(dice.below(1_000)),
            _ => Self::Some(50 + dice.below(900)),
        }
    }

    /// Which of `count` things are kept, in the order in which they reach the disk.
    fn choose(&self, count: usize, dice: &mut Dice) -> Vec<usize> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Everything => (0..count).collect(),
            Self::First(permille) => (0..(count * *permille as usize).div_ceil(1_000)).collect(),
            Self::Some(permille) => (0..count).filter(|_| dice.below(1_000) < *permille).collect(),
        }
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    fn with_everything(&self) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        self.pending.iter().for_each(|change| change.apply(&mut bytes));
        bytes
    }

    fn after_a_cut(&self, kept: &Kept, dice: &mut Dice) -> Vec<u8> {
        match kept {
            Kept::Nothing => return self.safe.clone(),
            Kept::Everything => return self.with_everything(),
            Kept::First(_) | Kept::Some(_) => {}
        }
        let (sectors, lengths) = self.pieces();
        let mut chosen = kept.choose(sectors.len(), dice);
        let length = lengths[dice.below(lengths.len() as u64) as usize];
        if matches!(kept, Kept::Some(_)) {
            shuffle(&mut chosen, dice);
        }
        let mut bytes = self.safe.clone();
        let before = bytes.len();
        bytes.resize(length.max(before), 0);
        if length > before && dice.below(4) == 0 {
            let new = garbage(length - before, dice);
            bytes[before..length].copy_from_slice(&new);
        }
        for at in chosen {
            let (start, sector) = sectors[at];
            let torn = dice.below(12) == 0;
            let whole = if torn { dice.below(sector.len() as u64 + 1) as usize } else { sector.len() };
            let end = (start + whole).min(bytes.len());
            if start < end {
                bytes[start..end].copy_from_slice(&sector[..end - start]);
            }
        }
        bytes.truncate(length);
        bytes
    }

    /// What is waiting, cut at the borders of sectors, and every length that the file had meanwhile.
    fn pieces(&self) -> (Vec<(usize, &[u8])>, Vec<usize>) {
        let (mut sectors, mut lengths) = (Vec::new(), vec![self.safe.len()]);
        let mut length = self.safe.len();
        for change in &self.pending {
            match change {
                Change::Length(to) => length = *to,
                Change::Write { at, bytes } => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let start = at + from;
                        let size = (SECTOR - start % SECTOR).min(bytes.len() - from);
                        sectors.push((start, &bytes[from..from + size]));
                        from += size;
                    }
                    length = length.max(at + bytes.len());
                }
            }
            if lengths.last() != Some(&length) {
                lengths.push(length);
            }
        }
        (sectors, lengths)
    }
}

fn shuffle(places: &mut [usize], dice: &mut Dice) {
    for at in (1..places.len()).rev() {
        places.swap(at, dice.below(at as u64 + 1) as usize);
    }
}

fn garbage(length: usize, dice: &mut Dice) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| dice.roll().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}
