//! The C library's setuid, with workers about. Alone in its process: it gives up its ids for good.

use std::io::Write;
use std::os::fd::AsRawFd;

use nix::unistd::{Uid, geteuid, seteuid, setuid};
use syslet::{CallFlags, Config, Engine, Params, Ring, Submission};
use syslet_tests::look;

use syslet_tests::look::{alone, until, workers, workers_in};
use syslet_tests::rig::{drain, pipe, push};

/// Signals 32 and 33, as bits of a mask.
const OF_THE_C_LIBRARY: u64 = 0b11 << 31;

fn blocked(tid: i32) -> u64 {
    u64::from_str_radix(&look::status(tid, "SigBlk").expect("the thread lives"), 16).expect("a mask")
}

/// What a pooled call gives; other completions that come meanwhile are kept.
fn ask(ring: &mut Ring, nr: libc::c_long, others: &mut Vec<i64>) -> i64 {
    const ASKED: u64 = 7;
    let call = Submission::call(nr).flags(CallFlags::ASYNC).user_data(ASKED).build();
    push(ring, &call).expect("accepted");
    loop {
        ring.submit_and_wait(1).expect("waited");
        let (asked, ended): (Vec<_>, Vec<_>) =
            drain(ring).into_iter().partition(|done| done.user_data == ASKED);
        others.extend(ended.iter().map(|done| done.result));
        if let Some(done) = asked.first() {
            return done.result;
        }
    }
}

/// POOL-18, POOL-20: setuid returns while workers are idle, sleep in a read, and sleep in a call that blocks all
/// signals; all of them have the new id, no worker ever blocks signals 32 and 33, and calls are pooled as before.
#[test]
fn setuid_reaches_workers() {
    let _alone = alone();
    if !geteuid().is_root() {
        println!("skipped: setuid needs the superuser");
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (reader, mut writer) = pipe();
    let fd = reader.as_raw_fd();
    let pooled = |nr: libc::c_long| Submission::call(nr).flags(CallFlags::ASYNC);
    let read = pooled(libc::SYS_read).int(fd.into()).output(8).value(8);
    push(&mut ring, &read.build()).unwrap();
    // Every signal blocked while it sleeps, for as long as the pipe is empty.
    let polled = [fd.to_ne_bytes(), i32::from(libc::POLLIN).to_ne_bytes()].concat();
    let poll = pooled(libc::SYS_ppoll).inout(&polled).value(1).value(0).input(&[0xff; 8]).value(8);
    push(&mut ring, &poll.build()).unwrap();
    ring.submit();
    let all_there = || {
        workers_in(libc::SYS_read).len() == 1
            && workers_in(libc::SYS_ppoll).len() == 1
            && workers_in(libc::SYS_futex).len() + 2 == workers().len()
    };
    until("workers sleep", all_there);
    assert!(workers().iter().all(|tid| blocked(*tid) & OF_THE_C_LIBRARY == 0));
    // The id for files only comes and goes: rings stay open to the workers.
    let mut others = Vec::new();
    for uid in [1, 0, 2, 0] {
        seteuid(Uid::from_raw(uid)).unwrap();
        assert_eq!(ask(&mut ring, libc::SYS_geteuid, &mut others), i64::from(uid));
    }
    setuid(Uid::from_raw(65_534)).unwrap();
    for tid in look::engine_threads() {
        assert_eq!(look::status(tid, "Uid").unwrap(), "65534 65534 65534 65534");
        // The last one may still be on its way out of the C library's handler, which blocks its own signal.
        until("none of them is blocked", || blocked(tid) & OF_THE_C_LIBRARY == 0);
    }
    for _ in 0..100 {
        assert_eq!(ask(&mut ring, libc::SYS_getuid, &mut others), 65_534);
    }
    writer.write_all(b"x").unwrap();
    until("both sleepers are over", || ring.in_flight() == 0);
    // The kernel ends a ppoll that a signal reaches; a read goes on.
    others.extend(drain(&mut ring).iter().map(|done| done.result));
    others.sort_unstable();
    assert_eq!(others, [-i64::from(libc::EINTR), 1]);
}
