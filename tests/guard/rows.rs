//! All rows that safe code may make.

use std::sync::atomic::{AtomicUsize, Ordering};

use syslet::syscalls::{Row, row_by_name, rows};

use crate::bag::Bag;
use crate::bench::Bench;
use crate::draft::{Draft, Room};
use crate::enclosed::{self, Here, child, enter, give_up_privileges, is_soak, said};

const NAME: &str = "rows::no_safe_call_reaches_further_than_its_row_says";
/// How a child ends in which all went well.
const DONE: &str = "all of it stays inside";

const SIZES: [usize; 14] = [0, 1, 3, 4, 7, 8, 12, 16, 24, 64, 144, 255, 1000, 4096];
const ROOMS: [Room; 4] = [Room::Exact, Room::Short, Room::Long(1), Room::Long(4096)];

/// Left out, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("setrlimit", "the process would be left without memory or threads"),
    ("prlimit64", "the process would be left without memory or threads"),
];

/// SAFETY-1: whatever safe code asks for, with exactly the room that the row demands or more, the kernel writes nothing
/// beyond it and reads nothing beyond it; with less the door refuses it.
#[test]
fn no_safe_call_reaches_further_than_its_row_says() {
    match enter(NAME) {
        Here::Outside(None) => {}
        Here::Outside(Some(output)) => {
            assert!(output.status.success() && said(&output).contains(DONE), "{}", said(&output));
            println!("{}", said(&output));
        }
        Here::Inside => all(),
        Here::Task(name) => {
            give_up_privileges();
            one(row_by_name(&name).expect("a row's name"));
        }
    }
}

fn is_left_out(row: &Row) -> bool {
    LEFT_OUT.iter().any(|(name, _)| *name == row.name)
}

/// A child for each row, so that what a call leaves behind touches no other; two at a time.
fn all() {
    let safe = |row: &&Row| row.is_safe() && row.numbers.here().is_some() && !is_left_out(row);
    let safe: Vec<&Row> = rows().iter().filter(safe).collect();
    assert!(safe.len() > 200, "{} rows are safe", safe.len());
    let next = AtomicUsize::new(0);
    let one_after_the_other = || -> Vec<String> {
        let rows = std::iter::from_fn(|| safe.get(next.fetch_add(1, Ordering::Relaxed)));
        rows.filter_map(|row| fault(row)).collect()
    };
    let faults = std::thread::scope(|scope| {
        let other = scope.spawn(one_after_the_other);
        let mut faults = one_after_the_other();
        faults.extend(other.join().expect("it only waits"));
        faults
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{}: {DONE}", safe.len());
}

fn fault(row: &Row) -> Option<String> {
    let output = child(NAME, row.name);
    let said = said(&output);
    let is_fine = output.status.success() && said.contains(DONE);
    (!is_fine).then(|| format!("{}: {}\n{said}", row.name, output.status))
}

/// What one row is tried with: nothing, or values that decide what its arguments are.
fn commands(row: &Row) -> Vec<Vec<(usize, u64)>> {
    let forms = row.args.iter().flat_map(|arg| arg.forms);
    let decided = forms.flat_map(|form| {
        let also = form.also.map(|(by, value)| (usize::from(by), u64::from(value)));
        let with =
            move |value: &u32| also.into_iter().chain([(usize::from(form.by), u64::from(*value))]).collect();
        form.equals.iter().map(with)
    });
    let mut decided: Vec<Vec<_>> = decided.collect();
    decided.sort_unstable();
    decided.dedup();
    decided.push(Vec::new());
    decided
}

fn one(row: &Row) {
    let mut bench = Bench::new(Bag::new(), enclosed::seed(), true);
    let rounds = if is_soak() { 40 } else { 1 };
    let mut fd = 0;
    for fixed in commands(row) {
        for size in SIZES {
            for room in ROOMS {
                for _ in 0..rounds {
                    bench.make(&Draft { row, fixed: fixed.clone(), size, room, fd });
                    fd += 1;
                }
            }
        }
    }
    println!("{}: {} calls, {} refused", row.name, bench.made, bench.refused);
    bench.end();
    println!("{DONE}");
}
