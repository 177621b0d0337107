//! The table of the house: each crate and each document measured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cycles;
use super::resolve::{self, Place, Target, Trait};
use super::source::Crate;
use super::words::{self, Count};
use crate::{files, mask};

/// The packages that are measured, by the folder of their source.
pub const CRATES: [&str; 5] = ["abi/src", "syscalls/src", "attrs/src", "engine/src", "engine/cli/src"];

/// One package.
#[derive(Debug)]
pub struct House {
    /// Folder of its source.
    pub folder: String,
    /// Files without those for tests.
    pub files: Vec<String>,
    /// Lines of these that hold code, without the parts for tests.
    pub lines: usize,
    /// The dependency cycles between files.
    pub cycles: Vec<Vec<String>>,
    /// The dependency cycles between rooms.
    pub room_cycles: Vec<Vec<String>>,
    /// For each file and each other one that it names something of: where it does so first.
    pub edges: BTreeMap<(String, String), Place>,
    /// Traits with one implementor outside tests and none inside, each with its file.
    pub lonely_traits: Vec<(String, String)>,
    /// Types with an inherent `impl` in more than one file, and these files.
    pub spread: Vec<(String, Vec<String>)>,
}

impl House {
    /// Files that stand in a cycle.
    #[must_use]
    pub fn files_in_cycles(&self) -> usize {
        self.cycles.iter().map(Vec::len).sum()
    }

    /// All rooms.
    #[must_use]
    pub fn rooms(&self) -> BTreeSet<String> {
        self.files.iter().map(|file| room_of(&self.folder, file)).collect()
    }

    /// The edges within one cycle, as `from:line names to (path)`.
    #[must_use]
    pub fn edges_of(&self, cycle: &[String]) -> Vec<String> {
        let inside = |(from, to): &(String, String)| cycle.contains(from) && cycle.contains(to);
        let line = |((from, to), place): (&(String, String), &Place)| {
            format!("{from}:{} names {to} ({})", place.line, place.path)
        };
        self.edges.iter().filter(|(edge, _)| inside(edge)).map(line).collect()
    }
}

/// Measures the package whose source is in `folder`, of the tree that `read` reads.
///
/// # Errors
///
/// Says which file cannot be read as Rust.
pub fn measure(folder: &str, read: &dyn Fn(&Path) -> Option<String>) -> Result<House, String> {
    let mut found = Crate::read(Path::new(folder), read)?;
    let resolved = resolve::resolve(&mut found);
    let path = |file: usize| found.files[file].path.clone();
    let names: Vec<String> = (0..found.files.len()).map(path).collect();
    let edges: BTreeMap<(String, String), Place> =
        resolved.edges.into_iter().map(|((from, to), place)| ((path(from), path(to)), place)).collect();
    let is_lonely = |of: &&Trait| of.implementors == 1 && of.doubles == 0;
    let lonely = resolved.traits.iter().filter(is_lonely).map(|of| (path(of.file), of.name.clone()));
    let spread = resolved.inherent.into_iter().filter(|(_, files)| files.len() > 1);
    let spread = spread.filter_map(|(of, files)| match of {
        Target::Item(_, name) => Some((name, files.into_iter().map(path).collect())),
        Target::Module(_) => None,
    });
    let folder_edges: BTreeSet<(String, String)> =
        edges.keys().map(|(from, to)| (room_of(folder, from), room_of(folder, to))).collect();
    let mut rooms: Vec<String> = names.iter().map(|name| room_of(folder, name)).collect();
    rooms.sort();
    rooms.dedup();
    let plain: Vec<usize> = (0..found.files.len()).filter(|&file| !found.files[file].is_test).collect();
    Ok(House {
        folder: folder.to_owned(),
        lines: plain.iter().map(|&file| code_lines(&found, file)).sum(),
        files: plain.into_iter().map(path).collect(),
        cycles: components(&names, edges.keys()),
        room_cycles: components(&rooms, &folder_edges),
        lonely_traits: lonely.collect(),
        spread: spread.collect(),
        edges,
    })
}

/// Measures a package of the tree on disk.
///
/// # Errors
///
/// Says which file cannot be read as Rust.
pub fn measure_tree(folder: &str) -> Result<House, String> {
    let root = files::root();
    measure(folder, &|path| std::fs::read_to_string(root.join(path)).ok())
}

/// The pronouns of one package's comments or of one document, by file.
#[derive(Debug)]
pub struct Prose {
    /// Folder of the source, or the document.
    pub name: String,
    /// Each file with its numbers.
    pub files: Vec<(String, Count)>,
}

impl Prose {
    /// The numbers of all files together.
    #[must_use]
    pub fn total(&self) -> Count {
        let mut total = Count::default();
        self.files.iter().for_each(|(_, count)| total.add(count));
        total
    }
}

/// The prose of every package, its tests included, and of every document that a reader is pointed to.
#[must_use]
pub fn prose() -> Vec<Prose> {
    let all = files::all();
    let mut found = Vec::new();
    for folder in CRATES {
        let inside = |file: &&files::File| file.path.starts_with(folder) && file.has_extension("rs");
        let files = all.iter().filter(inside).map(|file| (file.path.clone(), words::in_rust(&file.text)));
        found.push(Prose { name: folder.to_owned(), files: files.collect() });
    }
    let is_document = |file: &&files::File| {
        file.path.starts_with("specs/") && file.has_extension("md")
            || ["README.md", "CONTRIBUTING.md"].contains(&file.path.as_str())
    };
    for file in all.iter().filter(is_document) {
        let counted = vec![(file.path.clone(), words::in_markdown(&file.text))];
        found.push(Prose { name: file.path.clone(), files: counted });
    }
    found
}

/// The room of a file: the folder directly beneath the source, with everything in it and the file of that name; or the file, where it
/// stands in no folder.
fn room_of(source: &str, path: &str) -> String {
    let inside = path.strip_prefix(source).map_or(path, |rest| rest.trim_start_matches('/'));
    let room = inside.split('/').next().unwrap_or(inside);
    room.strip_suffix(".rs").unwrap_or(room).to_owned()
}

fn components<'a>(
    nodes: &[String],
    edges: impl IntoIterator<Item = &'a (String, String)>,
) -> Vec<Vec<String>> {
    let index: BTreeMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut graph = vec![Vec::new(); nodes.len()];
    for (from, to) in edges.into_iter().filter(|(from, to)| from != to) {
        graph[index[from.as_str()]].push(index[to.as_str()]);
    }
    let named = |cycle: Vec<usize>| {
        let mut names: Vec<String> = cycle.into_iter().map(|node| nodes[node].clone()).collect();
        names.sort();
        names
    };
    cycles::cycles(&graph).into_iter().map(named).collect()
}

fn code_lines(found: &Crate, file: usize) -> usize {
    let text = mask::code_and_literals(&found.files[file].text);
    let is_test = |line: usize| {
        found.test_lines.iter().any(|&(of, first, last)| of == file && (first..=last).contains(&line))
    };
    text.lines().enumerate().filter(|(at, line)| !line.trim().is_empty() && !is_test(at + 1)).count()
}
