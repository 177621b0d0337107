//! The signal that interrupts workers.
#![allow(unsafe_code, reason = "asks for signal actions, and ignores one")]

use std::mem::MaybeUninit;
use std::process::Command;
use std::ptr;

use syslet::{Config, Engine, SignalError, StartError};

use crate::look;

/// Set in the process that has no engine yet.
const FRESH: &str = "SYSLET_TEST_FRESH";

fn action(signal: i32) -> libc::sigaction {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only.
    assert_eq!(unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) }, 0);
    // SAFETY: zeroes are a valid action.
    unsafe { action.assume_init() }
}

fn handle(signal: i32, handler: libc::sighandler_t) {
    let mut own = action(signal);
    own.sa_sigaction = handler;
    // SAFETY: ignoring a signal, or its default, is safe.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const own, ptr::null_mut()) }, 0);
}

fn handled() -> Vec<i32> {
    let all = 1..=libc::SIGRTMAX();
    all.filter(|signal| ![32, 33].contains(signal) && action(*signal).sa_sigaction != libc::SIG_DFL).collect()
}

/// CANCEL-9: the signal is the highest below SIGRTMAX that the application leaves alone, one for all engines; no other
/// handler is touched, workers do not block it, and what cannot be had is refused.
#[test]
fn one_signal_is_chosen() {
    if std::env::var_os(FRESH).is_none() {
        // Other tests of this process have engines.
        let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
        command.args(["--exact", "signal::one_signal_is_chosen", "--test-threads=1"]).env(FRESH, "1");
        let output = command.output().expect("started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let before = handled();
    Engine::start(Config::default().workers_max(0)).expect("an engine");
    assert_eq!(handled(), before, "without workers nothing is installed");
    let start = |config: Config| {
        Engine::start(config).map_err(|error| match error {
            StartError::Signal(error) => error,
            other => panic!("{other}"),
        })
    };
    let taken = libc::SIGRTMAX() - 1;
    handle(taken, libc::SIG_IGN);
    for (signal, error) in [
        (taken, SignalError::InUse(taken)),
        (libc::SIGUSR1, SignalError::NotRealTime(libc::SIGUSR1)),
        (0, SignalError::NotRealTime(0)),
        (libc::SIGRTMAX() + 1, SignalError::NotRealTime(libc::SIGRTMAX() + 1)),
    ] {
        assert_eq!(start(Config::default().cancel_signal(signal)).err(), Some(error));
    }
    assert_eq!(handled().len(), before.len() + 1, "a refusal installs nothing");
    let first = start(Config::default()).expect("an engine");
    let chosen = libc::SIGRTMAX() - 2;
    let news: Vec<_> = handled().into_iter().filter(|signal| !before.contains(signal)).collect();
    // KICK-5: the next one below is that of kicks.
    let kicks = chosen - 1;
    assert_eq!((news, first.kick_signal()), (vec![kicks, chosen, taken], Some(kicks)));
    let second = start(Config::default().cancel_signal(chosen)).expect("the same one");
    let other = libc::SIGRTMIN() + 1;
    assert_eq!(start(Config::default().cancel_signal(other)).err(), Some(SignalError::Chosen(chosen)));
    for tid in look::workers() {
        let blocked =
            u64::from_str_radix(&look::status(tid, "SigBlk").expect("it lives"), 16).expect("a mask");
        assert_eq!(blocked >> (chosen - 1) & 1, 0, "workers take it");
        assert_eq!(blocked >> (other - 1) & 1, 1, "and no other");
        assert_eq!(blocked >> (kicks - 1) & 1, 1, "nor that");
    }
    drop((first, second));
    assert_eq!(handled().len(), before.len() + 3, "the handlers stay");
}
