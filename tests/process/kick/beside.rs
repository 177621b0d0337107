//! A signal of the application at the same time.
#![allow(unsafe_code, reason = "installs a handler, and signals a thread")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use syslet_tests::look::{alone, is_asleep_in, until};
use syslet_tests::rig::drain;

use super::held::{LONG, cases, close, engine, own_tid, ring};

static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: i32) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// KICK-8, ENGINE-17: where the application's signal comes first the call ends with −EINTR; where the kick does, the call goes on in a
/// worker. The handler has run in both cases, and there is one completion.
#[test]
fn one_of_the_two_wins() {
    let _alone = alone();
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler adds to an atomic.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("a handler");
    let (mut interrupted, mut went_on) = (0, 0);
    for round in 0..40_u32 {
        let engine = engine(Duration::from_micros(500));
        let mut ring = ring(&engine);
        let mut case = cases().remove(0);
        case.push(&mut ring);
        let (tid, nr, free) = (own_tid(), case.nr, case.take_free());
        let before = HANDLED.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            let kicks = || engine.stats().kicks;
            let freed = scope.spawn(move || {
                until("it is held", || is_asleep_in(tid, nr) || kicks() > 0);
                // About when the kick comes.
                std::thread::park_timeout(Duration::from_micros(u64::from(round % 20) * 60));
                let pid = nix::unistd::getpid().as_raw();
                // SAFETY: numbers only.
                assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, libc::SIGUSR1) }, 0);
                until("it is handled", || HANDLED.load(Ordering::Relaxed) > before);
                free
            });
            // A signal that meets the sleep of the wait ends that.
            while ring.wait(1, Some(Duration::from_millis(20))).unwrap_or(0) == 0 && !freed.is_finished() {}
            let free = freed.join().expect("it was signalled");
            let mut seen = drain(&mut ring);
            if seen.is_empty() {
                let kept = std::thread::spawn(free);
                while ring.wait(1, Some(LONG)).unwrap_or(0) == 0 {}
                seen = drain(&mut ring);
                drop(kept.join());
            }
            let [done] = &seen[..] else { panic!("one completion") };
            match done.end().0 {
                fd @ 0.. => (close(fd), went_on += 1).1,
                other => {
                    assert_eq!(other, i64::from(-libc::EINTR));
                    interrupted += 1;
                }
            }
        });
        assert_eq!(HANDLED.load(Ordering::Relaxed), before + 1, "round {round}");
    }
    println!("{interrupted} were interrupted, {went_on} went on");
}
