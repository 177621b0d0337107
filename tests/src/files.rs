//! The files of the tree, read without git, because an unpacked source archive has none.

use std::path::{Path, PathBuf};

/// One text file, its path relative to the top level.
#[derive(Debug)]
pub struct File {
    /// Path relative to the top level.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl File {
    /// Whether the name ends so.
    #[must_use]
    pub fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// The top level of the source tree.
///
/// # Panics
///
/// Never: the tests lie in a folder of it.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the top level").to_owned()
}

/// Every text file except what builds and git leave behind and what is only data, sorted by path.
///
/// # Panics
///
/// If there is no source tree.
#[must_use]
pub fn all() -> Vec<File> {
    let root = root();
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.iter().any(|file| file.path == "abi/src/lib.rs"), "{} is no source tree", root.display());
    files
}

/// Every Rust file.
#[must_use]
pub fn rust() -> Vec<File> {
    all().into_iter().filter(|file| file.has_extension("rs")).collect()
}

fn walk(root: &Path, dir: &Path, files: &mut Vec<File>) {
    for entry in std::fs::read_dir(dir).expect("the source tree is readable") {
        let path = entry.expect("the source tree is readable").path();
        let relative = path.strip_prefix(root).expect("the walk stays inside").to_string_lossy().into_owned();
        let is_data = relative == "tests/fuzz/seeds";
        if relative == "target" || relative == ".git" || is_data || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, files);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            files.push(File { path: relative, text });
        }
    }
}
