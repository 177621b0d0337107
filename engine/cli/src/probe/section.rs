//! A section of the probe: names and values, in order. The files of the sections make theirs with it.

use serde_json::{Map, Value};

/// A section from names and values.
pub(super) fn section<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
