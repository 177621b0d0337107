//! Calls that change the thread that makes them: directly in a thread of the test's, and with PRIVATE in one of the
//! engine's.

use crate::case::{Arg, Case, args, case, inout, input, ints, out, text, words};
use crate::direct::{address, must};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [ids(), confinement(), namespaces(), keys(), scheduling(), signals(), rest()]
        .into_iter()
        .flatten()
        .collect()
}

const NONE: Arg = Arg::Value(0);
const NOBODY: i32 = 65_534;

fn ids() -> Vec<Case> {
    vec![
        case("setuid", |_| args![NOBODY]).bad(|_| args![-1]),
        case("setgid", |_| args![NOBODY]).bad(|_| args![-1]),
        case("setreuid", |_| args![NOBODY, -1]),
        case("setregid", |_| args![-1, NOBODY]),
        case("setresuid", |_| args![NOBODY, NOBODY, NOBODY]),
        case("setresgid", |_| args![NOBODY, -1, 0]),
        case("setfsuid", |_| args![NOBODY]),
        case("setfsgid", |_| args![NOBODY]),
        case("setgroups", |_| args![2, input(ints(&[1, 2]))])
            .bad(|_| args![1 << 20, 8])
            .bad(|_| args![-1, 8]),
    ]
}

/// Version 3 of the capabilities' header.
const VERSION_3: i32 = 0x2008_0522;

fn capabilities(version: i32, pid: i32) -> Arg {
    inout(ints(&[version, pid]))
}

/// A filter that allows everything.
fn allow_all(w: &mut World) -> Arg {
    let program = w.block(words(&[0x06 | 0x7fff_0000 << 32]));
    w.memory(words(&[1, program.cast_signed()]))
}

fn ruleset(w: &mut World) -> i32 {
    let fd = must("landlock_create_ruleset", &[address(&words(&[1])), 8, 0]);
    w.keep_raw(fd)
}

fn confinement() -> Vec<Case> {
    let few = || input(ints(&[1, 1, 0, 0, 0, 0]));
    vec![
        case("capset", move |_| args![capabilities(VERSION_3, 0), few()])
            .bad(move |_| args![capabilities(99, 0), few()])
            .bad(move |_| args![capabilities(VERSION_3, 1), few()]),
        case("seccomp", |w| args![libc::SECCOMP_SET_MODE_FILTER, 0, allow_all(w)])
            .bad(|_| args![libc::SECCOMP_SET_MODE_FILTER, 0, 8]),
        case("seccomp", |w| args![libc::SECCOMP_GET_NOTIF_SIZES, 0, w.memory([0xff; 8])]),
        case("landlock_restrict_self", |w| args![ruleset(w), 0]).bad(|w| args![w.file(), 0]),
        case("lsm_set_self_attr", |_| args![100, input([0; 32]), 32, 0]).fails().bad(|_| args![100, 8, 8, 0]),
        case("prctl", |w| args![libc::PR_SET_NAME, w.memory(b"another name\0"), 0, 0, 0]).keep(0),
        case("prctl", |_| args![libc::PR_SET_TIMERSLACK, 77, 0, 0, 0]).keep(0),
        case("prctl", |_| args![libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0])
            .keep(0)
            .bad(|_| args![libc::PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0])
            .bad(|_| args![9999, 0, 0, 0, 0]),
    ]
}

/// This process's namespace of names.
fn namespace(w: &mut World) -> i32 {
    let file = std::fs::File::open("/proc/self/ns/uts").expect("/proc is mounted");
    w.keep(file)
}

fn namespaces() -> Vec<Case> {
    vec![
        case("unshare", |_| args![libc::CLONE_FS | libc::CLONE_NEWUTS])
            .bad(|_| args![libc::CLONE_NEWUSER])
            .bad(|_| args![1]),
        case("setns", |w| args![namespace(w), libc::CLONE_NEWUTS])
            .keep(1)
            .bad(|w| args![namespace(w), libc::CLONE_NEWNET])
            .bad(|w| args![w.file(), 0]),
        case("close_range", |w| {
            let file = i64::from(w.file());
            args![file, file, libc::CLOSE_RANGE_UNSHARE]
        })
        .keep(2)
        .alone(),
    ]
}

fn keys() -> Vec<Case> {
    const OWN: i32 = -1;
    let payload = || input(b"secret");
    vec![
        case("add_key", move |_| args![text("user"), text("syslet"), payload(), 6, OWN])
            .any_result()
            .bad(move |_| args![text("nothing"), text("syslet"), payload(), 6, OWN]),
        case("request_key", |_| args![text("user"), text("syslet-none"), NONE, 0])
            .fails()
            .bad(|_| args![text("nothing"), text("syslet"), NONE, 0]),
        case("keyctl", |_| args![0, OWN, 1, 0, 0]).any_result().keep(0).bad(|_| args![0, OWN, 0, 0, 0]).bad(
            |_| {
                let unknown = 9999;
                args![unknown, 0, 0, 0, 0]
            },
        ),
    ]
}

fn scheduling() -> Vec<Case> {
    let plain = || input(ints(&[0]));
    // `struct sched_attr`: its size, the policy, flags, nice.
    let nicer = |w: &mut World, nice| w.memory([ints(&[48, 0, 0, 0, nice, 0]), vec![0; 24]].concat());
    vec![
        case("setpriority", |_| args![libc::PRIO_PROCESS, 0, 5])
            .bad(|_| args![99, 0, 5])
            .bad(|_| args![libc::PRIO_PROCESS, -5, 5]),
        case("ioprio_set", |_| args![1, 0, 2 << 13 | 6])
            .bad(|_| args![1, 0, 7 << 13])
            .bad(|_| args![99, 0, 0]),
        case("sched_setparam", move |_| args![0, plain()]).bad(move |_| args![-5, plain()]),
        case("sched_setscheduler", move |_| args![0, libc::SCHED_BATCH, plain()])
            .bad(move |_| args![0, 99, plain()])
            .bad(|_| args![0, libc::SCHED_BATCH, input(ints(&[5]))]),
        case("sched_setattr", move |w| args![0, nicer(w, 3), 0]).bad(move |w| args![-5, nicer(w, 3), 0]),
        case("sched_setaffinity", |_| args![0, 8, input(words(&[1]))])
            .bad(|_| args![0, 8, input(words(&[0]))])
            .bad(|_| args![-5, 8, input(words(&[1]))]),
        case("set_mempolicy", |_| args![0, NONE, 0])
            .bad(|_| args![99, NONE, 0])
            .bad(|_| args![2, input(words(&[0])), 64]),
    ]
}

fn signals() -> Vec<Case> {
    let set = || input(words(&[1 << (libc::SIGUSR2 - 1)]));
    vec![
        // What was blocked before is the thread's own.
        case("rt_sigprocmask", move |_| args![libc::SIG_BLOCK, set(), out(), 8])
            .any_bytes(2, 0..8)
            .bad(|_| args![libc::SIG_BLOCK, input([0; 9]), NONE, 9]),
        case("sigaltstack", |_| args![NONE, out()])
            .any_bytes(1, 0..24)
            .bad(|w| args![w.memory(words(&[0, 0, 16])), NONE])
            .bad(|w| args![w.memory(words(&[0, 99, 65_536])), NONE]),
    ]
}

fn rest() -> Vec<Case> {
    vec![
        case("personality", |_| args![u32::MAX]).keep(0),
        case("personality", |_| args![libc::ADDR_NO_RANDOMIZE]).keep(0),
        case("arch_prctl", |_| args![0x1011, NONE])
            .keep(0)
            .bad(|_| args![9999, NONE])
            .bad(|_| args![0x1003, 8]),
        case("ioperm", |_| args![0x80, 1, 1]).bad(|_| args![70_000, 1, 1]).bad(|_| args![-1, 3, 1]),
        case("iopl", |_| args![3]).bad(|_| args![4]).bad(|_| args![-1]),
        case("pkey_alloc", |_| args![0, 99]).fails(),
    ]
}
