use std::os::fd::AsRawFd;

use crate::nonblocking::probe::*;

/// TWIN-31: the probe finds the abilities, and leaves no child and no changed signal mask.
#[test]
fn the_probe_finds_and_leaves_nothing() {
    let mask = nix::sys::signal::SigSet::thread_get_mask().expect("a mask");
    let abilities = probe(NonBlocking::All);
    let known = [Ability::FileQuestions, Ability::SocketQuestions, Ability::MemoryQuestions];
    for ability in known.into_iter().chain([Ability::FutexQuestions, Ability::QuietPipes]) {
        assert!(abilities.has(ability), "{ability:?}: no filter is on tests");
    }
    assert_eq!(nix::sys::signal::SigSet::thread_get_mask().expect("a mask"), mask);
    assert_eq!(probe(NonBlocking::SameNumber).found, abilities.found);
    assert_eq!(probe(NonBlocking::Off).found, 0);
    // Not every kernel lists the children of a thread.
    let children = std::fs::read_to_string("/proc/thread-self/children");
    assert_eq!(children.unwrap_or_default(), "", "all are collected");
}

/// TWIN-32: a step that kills its child takes no other step with it.
#[test]
fn a_killed_step_leaves_the_others() {
    fn dies(ability: Ability, files: &Files) -> bool {
        assert!(files.broken.as_raw_fd() > 0);
        if matches!(ability, Ability::SocketQuestions | Ability::NowaitWrites) {
            // SAFETY: ends this child as a filter would.
            let _never = unsafe { ask(libc::SYS_kill, &[own_pid(), fd(libc::SIGKILL), 0, 0, 0, 0]) };
        }
        ability != Ability::NowaitReads
    }
    let found = probe_with(dies);
    let (killed, without) =
        (Ability::SocketQuestions.bit() | Ability::NowaitWrites.bit(), Ability::NowaitReads.bit());
    let all = Ability::ALL.into_iter().fold(0, |all, ability| all | ability.bit());
    assert_eq!(found, all & !killed & !without);
}

fn own_pid() -> u64 {
    // SAFETY: asks and changes nothing.
    unsafe { ask(libc::SYS_getpid, &[0; 6]) }.unsigned_abs()
}

/// TWIN-33: the child ends without a signal, and no wait sees it that does not ask for such children.
#[test]
fn no_wait_sees_the_child() {
    let (files, page) = (Files::open().expect("pipes"), Page::map().expect("a page"));
    let pid = start_child(0, &page, &files, try_step).expect("a child");
    let options = (libc::WEXITED | libc::WNOWAIT).cast_unsigned().into();
    // SAFETY: waits for the child without room for an answer.
    let seen = unsafe { ask(libc::SYS_waitid, &[libc::P_PID.into(), pid, 0, options, 0, 0]) };
    assert!(is_errno(seen, libc::ECHILD), "{seen}");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("not collected yet");
    let behind_name = stat.rsplit(") ").next().expect("a state");
    let exit_signal = behind_name.split(' ').nth(38 - 3);
    assert_eq!(exit_signal, Some("0"), "{stat}");
    collect(pid);
    assert!(std::fs::read_to_string(format!("/proc/{pid}/stat")).is_err(), "collected");
}
