//! The words of the prose: pronouns that hide the thing a sentence is about, counted in comments and documents.
//!
//! A word is a run of letters and apostrophes, outside of `code` and of fenced blocks. Counted are the pronouns below, in any
//! use, "whose" of a thing too. "What" and "whatever" have other uses ("says why, not what"), so "what" is counted apart.

use crate::mask;

/// The pronouns that are counted.
pub const PRONOUNS: &[&str] = &[
    "who",
    "whoever",
    "whom",
    "whose",
    "nobody",
    "somebody",
    "anybody",
    "everybody",
    "someone",
    "anyone",
    "everyone",
    "whatever",
];

/// How often the pronouns stand in a text.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// All words.
    pub words: usize,
    /// Each of [`PRONOUNS`], with its line.
    pub pronouns: Vec<(usize, String)>,
    /// The line of each "what".
    pub whats: Vec<usize>,
}

impl Count {
    /// So many of the pronouns in a thousand words.
    #[must_use]
    pub fn pronouns_per_1000(&self) -> f64 {
        per_1000(self.pronouns.len(), self.words)
    }

    /// So many "what" in a thousand words.
    #[must_use]
    pub fn whats_per_1000(&self) -> f64 {
        per_1000(self.whats.len(), self.words)
    }

    /// Adds the numbers of another text.
    pub fn add(&mut self, other: &Self) {
        self.words += other.words;
        self.pronouns.extend_from_slice(&other.pronouns);
        self.whats.extend_from_slice(&other.whats);
    }

    fn line(&mut self, number: usize, text: &str) {
        let is_letter = |c: char| c.is_alphabetic() || c == '\'';
        for word in text.split(|c| !is_letter(c)).map(|word| word.trim_matches('\'')) {
            if word.is_empty() {
                continue;
            }
            self.words += 1;
            let word = word.to_lowercase();
            let stem = word.strip_suffix("'s").unwrap_or(&word);
            if stem == "what" {
                self.whats.push(number);
            } else if PRONOUNS.contains(&stem) {
                self.pronouns.push((number, word));
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
fn per_1000(hits: usize, words: usize) -> f64 {
    if words == 0 { 0.0 } else { 1000.0 * hits as f64 / words as f64 }
}

/// Counts in the comments of a Rust file.
#[must_use]
pub fn in_rust(source: &str) -> Count {
    let comments = mask::comments(source);
    let strip = |line: &str| line.trim().trim_start_matches(['/', '!', '*']).to_owned();
    count(comments.lines().map(strip))
}

/// Counts in a document in Markdown.
#[must_use]
pub fn in_markdown(text: &str) -> Count {
    count(text.lines().map(str::to_owned))
}

fn count(lines: impl Iterator<Item = String>) -> Count {
    let mut count = Count::default();
    let mut is_fenced = false;
    for (at, line) in lines.enumerate() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            count.line(at + 1, &without_code(&line));
        }
    }
    count
}

/// The line without what stands between backticks and without the targets of links.
fn without_code(line: &str) -> String {
    let prose: Vec<&str> = line.split('`').step_by(2).collect();
    let mut parts = Vec::new();
    for (at, part) in prose.join(" ").split("](").enumerate() {
        let part = if at == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) };
        parts.push(part.to_owned());
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{in_markdown, in_rust};

    #[test]
    fn pronouns_are_counted_in_comments_only() {
        let found = in_rust("/// Whoever waits, who's woken.\nlet who = \"nobody\"; // `who` says what\n");
        assert_eq!(found.pronouns, [(1, "whoever".to_owned()), (1, "who's".to_owned())]);
        assert_eq!((found.words, found.whats), (6, vec![2]));
    }

    #[test]
    fn fences_and_links_are_no_prose() {
        let found = in_markdown("```\nwho\n```\n[the rule](who/nobody.md) of somebody\n");
        assert_eq!((found.words, found.pronouns), (4, vec![(4, "somebody".to_owned())]));
    }
}
