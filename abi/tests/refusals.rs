//! The refusals: their numbers are part of the format.

use syslet_abi::{Errno, Fault, Refusal};

/// The number an errno's name has in this crate.
fn errno(name: &str) -> Errno {
    match name {
        "EPERM" => Errno::EPERM,
        "E2BIG" => Errno::E2BIG,
        "EAGAIN" => Errno::EAGAIN,
        "EINVAL" => Errno::EINVAL,
        "ENOSYS" => Errno::ENOSYS,
        "EMSGSIZE" => Errno::EMSGSIZE,
        "EOPNOTSUPP" => Errno::EOPNOTSUPP,
        "ESHUTDOWN" => Errno::ESHUTDOWN,
        _ => panic!("the spec names {name}, which no refusal has"),
    }
}

/// ABI-40: the spec's table of refusals, "| number | `NAME` | ERRNO | text |", is the code's.
#[test]
fn the_table_of_the_spec_is_the_code() {
    let mut table = Vec::new();
    for line in include_str!("../../specs/abi.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, number, name, errno_name, text, ""] = cells[..] else { continue };
        if let (Ok(number), Some(name)) = (number.parse(), name.strip_prefix('`')) {
            table.push((Refusal(number), name.trim_end_matches('`'), errno(errno_name), text));
        }
    }
    let code = Refusal::ALL.iter().map(|&refusal| (refusal, refusal.name(), refusal.errno(), refusal.text()));
    assert_eq!(table, code.collect::<Vec<_>>());
}

/// ABI-40: numbers begin at 1 and leave no hole; a number not known is still an error with a name.
#[test]
fn numbers_are_consecutive() {
    for (index, refusal) in Refusal::ALL.iter().enumerate() {
        assert_eq!(usize::from(refusal.0), index + 1, "{}", refusal.name());
    }
    for unknown in [Refusal(0), Refusal(0xffff)] {
        assert_eq!((unknown.name(), unknown.errno()), ("UNKNOWN", Errno::EINVAL));
    }
}

/// ABI-41: the three kinds of "full", and no other refusal, are worth another try; their errno is EAGAIN.
#[test]
fn full_is_told_apart() {
    for &refusal in Refusal::ALL {
        let full =
            [Refusal::SUBMISSION_FULL, Refusal::COMPLETION_FULL, Refusal::SLOTS_FULL].contains(&refusal);
        assert_eq!(refusal.is_full(), full, "{}", refusal.name());
        assert_eq!(refusal.errno() == Errno::EAGAIN, full, "{}", refusal.name());
    }
}

/// ABI-10: a fault says what and where.
#[test]
fn a_fault_says_where() {
    let fault = Refusal::RECORD_SHORT.at(20);
    assert_eq!(fault, Fault { refusal: Refusal::RECORD_SHORT, at: 20 });
    assert_eq!(
        fault.to_string(),
        "the record is shorter than the fields it must have (byte 20 of the record)"
    );
}
