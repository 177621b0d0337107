use crate::sys::disposable::*;
use crate::sys::thread::{own_number, own_tid};

/// POOL-25: the body runs in another thread of this process, and its changes to its thread end with it.
#[test]
fn what_it_changes_ends_with_it() {
    let (mut tid, mut pid, mut nice) = (0, 0, 0);
    let before = priority();
    let ended = run(Own::Nothing, &mut KeptStack::default(), &mut |_| {
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
        let ended = run(Own::Nothing, &mut KeptStack::default(), &mut |_| {
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
    let ended = run(Own::Nothing, &mut KeptStack::default(), &mut |_| {
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
    let ended = run(Own::Fs, &mut KeptStack::default(), &mut |_| {
        assert_eq!(change(), 0);
        inside = seen();
    });
    assert_eq!((ended, inside), (Ok(Ended::Returned), (Some("Umask:\t0123".to_owned()), "/proc".into())));
    assert_eq!(seen(), before);
}

/// POOL-55: the stack stays mapped for the next thread, and goes with its keeper.
#[test]
fn a_kept_stack_is_used_again() {
    let mut kept = KeptStack::default();
    let mut where_it_runs = || {
        let mut at = 0;
        let ended = run(Own::Nothing, &mut kept, &mut |_| at = frame());
        assert_eq!(ended, Ok(Ended::Returned));
        at
    };
    let (first, second) = (where_it_runs(), where_it_runs());
    assert_eq!(first, second);
    assert!(is_mapped(first), "between two threads");
}

/// POOL-55: a thread that is killed leaves its stack to the next one.
#[test]
fn a_killed_thread_leaves_its_stack() {
    let mut kept = KeptStack::default();
    let mut killed_at = 0;
    let ended = run(Own::Nothing, &mut kept, &mut |_| {
        killed_at = frame();
        // SAFETY: ends this thread only, which has nothing to give back.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
    assert_eq!(ended, Ok(Ended::Killed));
    let mut at = 0;
    let ended = run(Own::Nothing, &mut kept, &mut |_| at = frame());
    assert_eq!(ended, Ok(Ended::Returned));
    assert_eq!(killed_at >> 16, at >> 16, "within the stack's 64 KiB");
}

/// The body gets the kernel's number of its thread; its number among the process's threads is no other thread's.
#[test]
fn it_has_numbers_of_its_own() {
    let (own, mut told, mut found, mut number) = (own_number(), 0, 0, own_number());
    let ended = run(Own::Nothing, &mut KeptStack::default(), &mut |tid| {
        (told, found, number) = (tid, own_tid().cast_unsigned(), own_number());
    });
    assert_eq!((ended, told), (Ok(Ended::Returned), found));
    assert_ne!(number, own);
    assert_eq!(own_number(), own);
}

/// An address on the stack of the thread that calls it.
#[inline(never)]
fn frame() -> usize {
    let here = std::hint::black_box(0_u8);
    (&raw const here).addr()
}

fn is_mapped(address: usize) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the kernel tells");
    maps.lines().any(|line| {
        let (from, rest) = line.split_once('-').expect("a range");
        let to = rest.split_whitespace().next().expect("its end");
        let number = |text| usize::from_str_radix(text, 16).expect("an address");
        line.contains(" rw-p ") && (number(from)..number(to)).contains(&address)
    })
}
