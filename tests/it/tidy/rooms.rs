//! The rooms of the engine stand on top of each other, in the order of the table in `specs/architecture.md`.

use syslet_tests::files::{File, all};
use syslet_tests::house::table::{self, House};

use super::assert_none;

const DOCUMENT: &str = "specs/architecture.md";
const FOLDER: &str = "engine/src";
/// It declares the rooms, and is none.
const ROOT: &str = "engine/src/lib.rs";

/// The rooms that the document's table names, the lowest first: what stands between the first backticks of each row.
fn rooms(document: &str) -> Vec<String> {
    let table = document.split_once("| room |").map_or("", |(_, rest)| rest);
    let rows =
        table.lines().take_while(|line| line.is_empty() || line.starts_with('|') || line.starts_with(' '));
    rows.filter_map(|row| row.split('`').nth(1)).map(|room| room.trim_end_matches('/').to_owned()).collect()
}

/// The room of a file: the folder directly beneath the source, or the file itself where it stands in none.
fn room_of(file: &str) -> &str {
    let inside = file.strip_prefix(FOLDER).map_or(file, |rest| rest.trim_start_matches('/'));
    inside.split('/').next().unwrap_or(inside)
}

fn faults(rooms: &[String], house: &House) -> Vec<String> {
    let height = |file: &str| rooms.iter().position(|room| room == room_of(file));
    let mut faults = Vec::new();
    for file in house.files.iter().filter(|file| *file != ROOT) {
        if height(file).is_none() {
            faults.push(format!("{DOCUMENT}: {} is no room of the table", room_of(file)));
        }
    }
    for ((from, to), place) in house.edges.iter().filter(|((from, to), _)| from != ROOT && to != ROOT) {
        if height(from) < height(to) {
            faults.push(format!("{from}:{} names {to} ({}), which stands above it", place.line, place.path));
        }
    }
    faults.dedup();
    faults
}

fn document() -> File {
    all().into_iter().find(|file| file.path == DOCUMENT).expect("the document is there")
}

#[test]
fn a_room_names_only_rooms_beneath_it() {
    let rooms = rooms(&document().text);
    assert!(rooms.len() > 10, "{rooms:?}");
    assert_none(&faults(&rooms, &table::measure_tree(FOLDER).expect("the tree compiles")));
}

#[test]
fn a_room_that_names_one_above_it_is_caught() {
    let read = |path: &std::path::Path| {
        let text = match path.to_str()?.strip_prefix("engine/src/")? {
            "lib.rs" => "mod low; mod high; mod new;",
            "low.rs" => "pub struct Low(crate::high::High);",
            "high/mod.rs" => "pub struct High; pub fn f(_: crate::low::Low) {}",
            "new.rs" => "pub struct New;",
            _ => return None,
        };
        Some(text.to_owned())
    };
    let house = table::measure(FOLDER, &read).expect("the texts are Rust");
    let rooms = rooms("| room | x |\n|---|---|\n| `low.rs` | x |\n| `high/` | `y` |\n\n`no.rs`");
    assert_eq!(rooms, ["low.rs", "high"]);
    let found = faults(&rooms, &house);
    let [stranger, upward] = &found[..] else { panic!("{found:?}") };
    assert!(stranger.ends_with("new.rs is no room of the table"), "{stranger}");
    assert!(upward.starts_with("engine/src/low.rs:1 names engine/src/high/mod.rs"), "{upward}");
}
