//! Calls that answer about the thread that makes them, and a few that do not care who makes them.

use crate::case::{Arg, Case, args, case, inout, input, ints, length, out, room, words};
use crate::direct::{address, must};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [ids(), confinement(), scheduling(), rest()].into_iter().flatten().collect()
}

/// Nowhere in the address space.
const BEYOND: Arg = Arg::Value(1 << 63);

fn ids() -> Vec<Case> {
    vec![
        case("gettid", |_| args![]).of_the_thread(),
        case("getuid", |_| args![]),
        case("geteuid", |_| args![]),
        case("getgid", |_| args![]),
        case("getegid", |_| args![]),
        case("getresuid", |_| args![out(), out(), out()]),
        case("getresgid", |_| args![out(), out(), out()]),
        case("getgroups", |_| args![64, out()]).bad(|_| args![1, out()]).bad(|_| args![-1, 0]).alone(),
        case("getgroups", |_| args![64, out()]).bad(|_| args![-1, 0]).bad(|_| args![-2, 8]),
    ]
}

/// Version 3 of the capabilities' header.
const VERSION_3: i32 = 0x2008_0522;

fn ruleset(w: &mut World) -> i32 {
    let access = words(&[1]);
    let fd = must("landlock_create_ruleset", &[address(&access), 8, 0]);
    w.keep_raw(fd)
}

fn confinement() -> Vec<Case> {
    vec![
        case("capget", |_| args![inout(ints(&[VERSION_3, 0])), out()])
            .bad(|_| args![inout(ints(&[99, 0])), out()])
            .bad(|_| args![inout(ints(&[VERSION_3, -5])), out()]),
        case("landlock_create_ruleset", |_| args![input(words(&[1])), 8, 0])
            .bad(|_| args![input(words(&[1 << 60])), 8, 0])
            .bad(|_| args![input(words(&[1])), 1, 0]),
        case("landlock_create_ruleset", |_| args![0, 0, 1]).keep(2).no_descriptor(),
        case("landlock_add_rule", |w| {
            let dir = i64::from(w.dir());
            let rule = [words(&[1]), dir.to_ne_bytes()[..4].to_vec()].concat();
            args![ruleset(w), 1, w.memory(rule), 0]
        })
        .bad(|w| args![ruleset(w), 99, w.memory([0; 16]), 0]),
        case("lsm_get_self_attr", |_| args![100, out(), length(256), 0])
            .bad(|_| args![0, out(), length(256), 0])
            .bad(|_| args![100, out(), length(0), 0])
            .fails(),
    ]
}

fn scheduling() -> Vec<Case> {
    vec![
        case("sched_yield", |_| args![]),
        case("rseq_slice_yield", |_| args![]),
        case("getcpu", |_| args![out(), out(), 0]).any_bytes(0, 0..4).any_bytes(1, 0..4),
        case("getpriority", |_| args![0, 0]).bad(|_| args![99, 0]).keep(1).bad(|_| args![0, -5]),
        case("ioprio_get", |_| args![1, 0]).bad(|_| args![99, 0]).bad(|_| args![1, -5]),
        case("sched_getparam", |_| args![0, out()]).bad(|_| args![-5, out()]),
        case("sched_getscheduler", |_| args![0]).bad(|_| args![-5]),
        case("sched_getattr", |_| args![0, out(), 48, 0])
            .bad(|_| args![-5, out(), 48, 0])
            .bad(|_| args![0, out(), 8, 0]),
        case("sched_getaffinity", |_| args![0, 128, out()])
            .bad(|_| args![-5, 128, out()])
            .bad(|_| args![0, 4, room(4)]),
        case("sched_get_priority_max", |_| args![libc::SCHED_FIFO]).bad(|_| args![99]).bad(|_| args![-1]),
        case("sched_get_priority_min", |_| args![libc::SCHED_RR]).bad(|_| args![99]).bad(|_| args![-1]),
        case("sched_rr_get_interval", |_| args![0, out()]).any_bytes(1, 0..16).bad(|_| args![-5, out()]),
    ]
}

fn rest() -> Vec<Case> {
    vec![
        case("prctl", |_| args![libc::PR_GET_DUMPABLE, 0, 0, 0, 0]).keep(0),
        case("prctl", |w| args![libc::PR_GET_NAME, w.memory([1; 16]), 0, 0, 0]).keep(0).any_memory(0..16),
        case("prctl", |_| args![libc::PR_CAPBSET_READ, 3, 0, 0, 0])
            .keep(0)
            .bad(|_| args![libc::PR_CAPBSET_READ, 999, 0, 0, 0]),
        case("prctl", |_| args![libc::PR_GET_TIMERSLACK, 0, 0, 0, 0]).keep(0),
        case("prctl", |_| args![libc::PR_SET_PDEATHSIG, 999, 0, 0, 0]).keep(0).fails(),
        case("modify_ldt", |w| args![0, w.memory([1; 64]), 64]).bad(|_| args![99, BEYOND, 64]),
    ]
}
