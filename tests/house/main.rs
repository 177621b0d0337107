//! Prints the table of the house: how the source tree is built, measured as it is.
//!
//! ```text
//! cargo run -p syslet-tests --bin house             the table, with every cycle and its files
//! cargo run -p syslet-tests --bin house -- --edges  for each cycle, which line names which file
//! cargo run -p syslet-tests --bin house -- --list   each pronoun, as file:line
//! ```
//!
//! The files that one inline `pread64` executes are counted under valgrind, in a debug build, where nothing is inlined:
//!
//! ```text
//! cargo build -p syslet-tests --bins
//! valgrind --tool=callgrind --callgrind-out-file=target/one_pread.out --toggle-collect='*one_pread::one_pread*' target/debug/one_pread
//! cargo run -p syslet-tests --bin house -- --executed target/one_pread.out
//! ```

use std::collections::BTreeSet;

use syslet_tests::files;
use syslet_tests::house::table::{self, CRATES, House, Prose};
use syslet_tests::house::{executed, words};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => print_table(false)?,
        ["--edges"] => print_table(true)?,
        ["--list"] => print_pronouns(),
        ["--executed", profile] => print_executed(profile)?,
        _ => return Err("usage: house [--edges | --list | --executed PROFILE]".into()),
    }
    Ok(())
}

fn print_table(has_edges: bool) -> Result<()> {
    let houses = CRATES.map(table::measure_tree).into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
    println!(
        "Without tests. An edge goes from the file that names to the file that defines, through re-exports;"
    );
    println!("`mod` lines, re-exports and tests are no edges, and method calls are not resolved.\n");
    println!("| source | files | lines of code | files in cycles | largest cycle | rooms in cycles |");
    println!("|---|---|---|---|---|---|");
    for house in &houses {
        let largest = house.cycles.first().map_or(0, Vec::len);
        let rooms: usize = house.room_cycles.iter().map(Vec::len).sum();
        let (files, in_cycles) = (house.files.len(), house.files_in_cycles());
        let all = house.rooms().len();
        println!(
            "| {} | {files} | {} | {in_cycles} | {largest} | {rooms} of {all} |",
            house.folder, house.lines
        );
    }
    houses.iter().for_each(|house| print_house(house, has_edges));
    print_prose(&table::prose());
    Ok(())
}

fn print_house(house: &House, has_edges: bool) {
    let short = |path: &String| path.strip_prefix(&format!("{}/", house.folder)).unwrap_or(path).to_owned();
    let list = |paths: &[String]| paths.iter().map(short).collect::<Vec<_>>().join(" ");
    println!("\n{}", house.folder);
    for cycle in &house.cycles {
        println!("  cycle of {} files: {}", cycle.len(), list(cycle));
        for edge in house.edges_of(cycle).into_iter().filter(|_| has_edges) {
            println!("    {}", edge.replace(&format!("{}/", house.folder), ""));
        }
    }
    for cycle in &house.room_cycles {
        println!("  cycle of {} rooms: {}", cycle.len(), list(cycle));
    }
    for (name, files) in &house.spread {
        println!("  `impl {name}` in {} files: {}", files.len(), list(files));
    }
    for (file, name) in &house.lonely_traits {
        println!("  trait with one implementor and no test double: {name} in {}", short(file));
    }
}

fn print_prose(prose: &[Prose]) {
    println!("\nPronouns in 1,000 words of comments (tests included) and of documents, outside of code:");
    println!("{}; `what` apart.\n", words::PRONOUNS.join(", "));
    println!("| prose | words | pronouns | in 1,000 | what, in 1,000 |");
    println!("|---|---|---|---|---|");
    for prose in prose {
        let total = prose.total();
        let (hits, rate, whats) = (total.pronouns.len(), total.pronouns_per_1000(), total.whats_per_1000());
        println!("| {} | {} | {hits} | {rate:.1} | {whats:.1} |", prose.name, total.words);
    }
}

fn print_pronouns() {
    for (file, count) in table::prose().into_iter().flat_map(|prose| prose.files) {
        let pronouns = count.pronouns.iter().map(|(line, word)| (*line, word.as_str()));
        let mut hits: Vec<(usize, &str)> =
            pronouns.chain(count.whats.iter().map(|&line| (line, "what"))).collect();
        hits.sort_unstable();
        for (line, word) in hits {
            println!("{file}:{line}: {word}");
        }
    }
}

fn print_executed(profile: &str) -> Result<()> {
    let found = executed::read(&std::fs::read_to_string(profile)?);
    let root = files::root();
    let mut engine = 0;
    let mut ours = 0;
    let mut functions = BTreeSet::new();
    for (file, names) in &found {
        // Paths are as the compiler had them: below the top level, or relative to it.
        let Some(file) = file.strip_prefix(&format!("{}/", root.display())).or(Some(file)) else { continue };
        if !CRATES.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        println!("{file}: {}", names.iter().cloned().collect::<Vec<_>>().join(", "));
        ours += 1;
        functions.extend(names);
        engine += usize::from(file.starts_with("engine/src/"));
    }
    println!("\n{ours} files, {engine} of them of the engine; {} functions", functions.len());
    Ok(())
}
