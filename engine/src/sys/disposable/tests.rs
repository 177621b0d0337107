use crate::sys::disposable::*;

/// POOL-25: the body runs in another thread of this process, and its changes to its thread end with it.
#[test]
fn what_it_changes_ends_with_it() {
    let (mut tid, mut pid, mut nice) = (0, 0, 0);
    let before = priority();
    let ended = run(Own::Nothing, &mut || {
        tid = nix::unistd::gettid().as_raw();
        pid = std::process::id();
        // SAFETY: a thread may always be nicer.
        assert_eq!(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, before + 1) }, 0);
        nice = priority();
    });
    assert_eq!(ended, Ok(Ended::Returned));
    assert!(tid != 0 && tid != nix::unistd::gettid().as_raw());
    assert_eq!((pid, nice, priority()), (std::process::id(), before + 1, before));
}

fn priority() -> i32 {
    // SAFETY: asks for a number.
    unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
}

/// POOL-25: its stack is deep enough for the engine's own frames, and given back.
#[test]
fn stacks_are_given_back() {
    let deep = |bytes: usize| {
        let mut sum = 0_u64;
        let ended = run(Own::Nothing, &mut || {
            let buffer = std::hint::black_box(vec![1_u8; bytes]);
            let frame = std::hint::black_box([1_u8; 8 << 10]);
            sum = buffer.iter().chain(&frame).map(|&byte| u64::from(byte)).sum();
        });
        assert_eq!((ended, sum), (Ok(Ended::Returned), (bytes + (8 << 10)) as u64));
    };
    let mappings = || std::fs::read_to_string("/proc/self/maps").expect("the kernel tells").lines().count();
    deep(1);
    let before = mappings();
    (0..200).for_each(deep);
    assert!(mappings() < before + 100, "other tests map a little; 200 stacks are 400 mappings");
}

/// POOL-25: a thread that the kernel kills is seen to have gone without an answer.
#[test]
fn one_that_is_killed_is_noticed() {
    let mut has_begun = false;
    let ended = run(Own::Nothing, &mut || {
        has_begun = true;
        // SAFETY: ends this thread only, which has nothing to give back.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
    assert_eq!(ended, Ok(Ended::Killed));
    assert!(has_begun);
}

/// POOL-28: with files' settings of its own, a thread leaves the umask and working directory of all others alone.
#[test]
fn settings_for_files_are_its_own_if_asked_for() {
    let change = || {
        // SAFETY: touches no memory; the thread that does it ends.
        unsafe { libc::umask(0o123) };
        // SAFETY: reads a constant; the thread that does it ends.
        unsafe { libc::chdir(c"/proc".as_ptr()) }
    };
    let seen = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").expect("/proc is mounted");
        let umask = status.lines().find(|line| line.starts_with("Umask")).map(str::to_owned);
        (umask, std::env::current_dir().expect("there is one"))
    };
    let before = seen();
    let mut inside = seen();
    let ended = run(Own::Fs, &mut || {
        assert_eq!(change(), 0);
        inside = seen();
    });
    assert_eq!((ended, inside), (Ok(Ended::Returned), (Some("Umask:\t0123".to_owned()), "/proc".into())));
    assert_eq!(seen(), before);
}
