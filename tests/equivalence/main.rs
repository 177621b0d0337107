//! Equivalence: a call made through the engine, in every way it can go, is the call made directly. Result, error number
//! and every byte are compared, on equal fresh state.
//!
//! In the order of a run: a case (`case`) makes its state (`world`); it is made directly (`direct`, `buffers`) and
//! through the engines (`rig`), and what came of it is compared (`compare`), bad arguments (`bad`) included. One file
//! for each topic of the table holds the cases.

mod watch;

mod case;
mod block;
mod world;
mod bad;
mod buffers;
mod direct;
mod rig;
mod compare;
mod alone;
mod covered;

mod files;
mod transfer;
mod paths;
mod attributes;
mod sockets;
mod memory;
mod ipc;
mod waiting;
mod futexes;
mod aio;
mod time;
mod process;
mod signals;
mod interrupted;
mod thread;
mod changes;
mod system;
mod gone;
mod edges;
mod commands;
mod widths;

/// The cases that need no process of their own.
fn here(mut cases: Vec<case::Case>) -> Vec<case::Case> {
    cases.retain(|case| !case.is_alone);
    cases
}

/// ENGINE-19: calls on open files.
#[test]
fn calls_on_files() {
    compare::compare(&here(files::cases()));
}

/// ENGINE-19: bytes in and out.
#[test]
fn calls_that_transfer() {
    compare::compare(&here(transfer::cases()));
}

/// ENGINE-19: calls that take a path.
#[test]
fn calls_on_paths() {
    compare::compare(&here(paths::cases()));
}

/// ENGINE-19: extended attributes.
#[test]
fn calls_on_attributes() {
    compare::compare(&here(attributes::cases()));
}

/// ENGINE-19: sockets.
#[test]
fn calls_on_sockets() {
    compare::compare(&here(sockets::cases()));
}

/// ENGINE-19: the address space.
#[test]
fn calls_on_memory() {
    compare::compare(&here(memory::cases()));
}

/// ENGINE-19: messages, semaphores and shared memory.
#[test]
fn calls_between_processes() {
    compare::compare(&here(ipc::cases()));
}

/// ENGINE-19: calls that wait, and what they wait for.
#[test]
fn calls_that_wait() {
    compare::compare(&here(waiting::cases()));
}

/// ENGINE-19: futexes.
#[test]
fn calls_on_futexes() {
    compare::compare(&here(futexes::cases()));
}

/// ENGINE-19: the kernel's own asynchronous interfaces.
#[test]
fn calls_on_asynchronous_interfaces() {
    compare::compare(&here(aio::cases()));
}

/// ENGINE-19: clocks and timers.
#[test]
fn calls_on_time() {
    compare::compare(&here(time::cases()));
}

/// ENGINE-19: what changes the thread that makes it, made in a thread of its own.
#[test]
fn calls_that_change_the_thread() {
    compare::compare(&here(changes::cases()));
}

/// ENGINE-19: what the kernel has no more is refused by the kernel.
#[test]
fn calls_that_are_gone() {
    compare::compare(&here(gone::cases()));
}

/// ENGINE-19, ENGINE-21: lengths at their edges.
#[test]
fn calls_with_lengths_at_the_edge() {
    compare::compare_more(&here(edges::cases()));
}

/// ENGINE-19: what commands take as a number.
#[test]
fn calls_by_command() {
    compare::compare_more(&here(commands::cases()));
}

/// ENGINE-19: the machine.
#[test]
fn calls_on_the_system() {
    compare::compare(&here(system::cases()));
}

/// ENGINE-19: processes.
#[test]
fn calls_on_processes() {
    compare::compare(&here(process::cases()));
}

/// ENGINE-19: signals.
#[test]
fn calls_on_signals() {
    compare::compare(&here(signals::cases()));
}

/// ENGINE-17, ENGINE-19: a signal ends a call run inline as it ends the plain one, and what a sleep leaves of its time is the same.
#[test]
fn calls_that_are_interrupted() {
    compare::compare(&here(interrupted::cases()));
}

/// ENGINE-19: what answers about the thread answers about this one, but from a worker.
#[test]
fn calls_on_the_thread() {
    compare::compare(&here(thread::cases()));
}

/// ENGINE-19: calls that change the whole process or the machine.
#[test]
fn calls_that_change_the_whole() {
    alone::compare_alone("calls_that_change_the_whole", cases);
}

/// The cases of all topics.
fn cases() -> Vec<case::Case> {
    let topics = [
        files::cases,
        transfer::cases,
        paths::cases,
        attributes::cases,
        sockets::cases,
        waiting::cases,
        futexes::cases,
        aio::cases,
        time::cases,
        process::cases,
        signals::cases,
        interrupted::cases,
        thread::cases,
        changes::cases,
        memory::cases,
        ipc::cases,
        system::cases,
        gone::cases,
        edges::cases,
        commands::cases,
    ];
    topics.iter().flat_map(|cases| cases()).collect()
}
