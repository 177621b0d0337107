//! Files and folders that the documents name are there.

use std::path::Path;

use super::assert_none;
use super::files::{File, all, root};

const FOLDERS: [&str; 7] = ["engine", "abi", "syscalls", "attrs", "tests", "benches", "specs"];

/// Paths from the top level that the document has between backticks, and what its links lead to.
fn places(document: &File) -> Vec<String> {
    let is_place = |text: &&str| {
        let is_path = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_./-*".contains(letter));
        is_path && text.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder))
    };
    let named = document.text.split('`').skip(1).step_by(2).filter(is_place).map(str::to_owned);
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let links = document.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
    let linked = links.map(|link| folder.join(link).to_string_lossy().into_owned());
    named.chain(linked).collect()
}

/// Whether something is there; a star stands for the rest of a name.
fn is_there(root: &Path, place: &str) -> bool {
    let Some((before, _)) = place.split_once('*') else { return root.join(place).exists() };
    let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let mut entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
}

fn faults(documents: &[File]) -> Vec<String> {
    let root = root();
    let missing = |document: &File| {
        let places = places(document).into_iter().filter(|place| !is_there(&root, place));
        places.map(|place| format!("{}: {place} is not there", document.path)).collect::<Vec<_>>()
    };
    documents.iter().flat_map(missing).collect()
}

/// What a document names can be opened. The changelog may name what is gone.
#[test]
fn what_the_documents_name_is_there() {
    let documents: Vec<File> = all().into_iter().filter(|file| file.has_extension("md")).collect();
    let documents: Vec<File> = documents.into_iter().filter(|file| file.path != "CHANGELOG.md").collect();
    assert!(documents.iter().map(places).map(|places| places.len()).sum::<usize>() > 50);
    assert_none(&faults(&documents));
}

#[test]
fn a_place_that_is_not_there_is_caught() {
    let text = "`specs/ring.md`, `engine/src/ri*`, `engine/none`, `tests/it/zz*`, `a/b`, [ring](ring.md), [x](none.md#y)";
    let document = File { path: "specs/x.md".to_owned(), text: text.to_owned() };
    let missing = ["engine/none", "tests/it/zz*", "specs/none.md"];
    assert_eq!(faults(&[document]), missing.map(|place| format!("specs/x.md: {place} is not there")));
}
