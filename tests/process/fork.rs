//! Fork: the child is told, and the parent does not notice. Alone in its process, because it forks.
#![allow(unsafe_code, reason = "forks and pushes")]

use syslet::{Config, Engine, Params, Refusal, RingError, Submission, WaitError};

/// What the child finds; its exit code is the number of the first thing that is not as it should be.
fn child(engine: Engine, mut ring: syslet::Ring) -> i32 {
    let getpid = Submission::call(libc::SYS_getpid).build();
    // SAFETY: getpid has no address.
    let pushed = unsafe { ring.push(&getpid) };
    if pushed.map_err(|refused| refused.refusal()) != Err(Refusal::FORKED) {
        return 1;
    }
    if ring.push_safe(&getpid).map_err(|refused| refused.refusal()) != Err(Refusal::FORKED) {
        return 2;
    }
    if ring.submit() != 0 || ring.wait(1, None) != Err(WaitError::Forked) {
        return 3;
    }
    if ring.completions().next().is_some() || ring.in_flight() != 0 {
        return 4;
    }
    if engine.ring(&Params::default()).err() != Some(RingError::Forked) {
        return 5;
    }
    drop(ring);
    drop(engine);
    let own = Engine::start(Config::default().workers_max(0)).expect("an engine of the child's own");
    let mut ring = own.ring(&Params::default()).expect("a ring of its own");
    ring.push_safe(&getpid).expect("accepted");
    let ran = ring.wait(1, None) == Ok(1);
    let own_pid = i64::from(std::process::id());
    if ran && ring.completions().all(|done| done.result().0 == own_pid) { 0 } else { 6 }
}

/// ENGINE-26: every entry of a ring answers FORKED in the child, dropping is clean, a new engine works there; what the
/// parent had queued and completed is as it was.
#[test]
fn the_child_is_told() {
    let engine = Engine::start(Config::default().workers_max(0)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let queued = |user_data| Submission::call(libc::SYS_getpid).user_data(user_data).build();
    ring.push_safe(&queued(1)).unwrap();
    ring.submit_and_wait(1).unwrap();
    ring.push_safe(&queued(2)).unwrap();
    // SAFETY: the test harness's other thread only waits; the child uses the engine, allocates and exits.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let code = child(engine, ring);
        // SAFETY: leaves without running the parent's exit handlers.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the status lives until the call returns.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child died: status {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "what the child found");
    assert_eq!(ring.submit_and_wait(2), Ok(2));
    let parent = i64::from(std::process::id());
    let seen: Vec<_> = ring.completions().map(|done| (done.user_data(), done.result().0)).collect();
    assert_eq!(seen, [(1, parent), (2, parent)]);
}
