//! Calls that would end, replace or break the thread that makes them.

use std::collections::BTreeSet;

use syslet_syscalls::{Harm, Scope, is_foreign, row, rows};

fn harm(nr: i64, args: [u64; 2]) -> Option<Harm> {
    let nr = u32::try_from(nr).expect("call numbers are small and positive");
    row(nr).expect("it has a row").harm_with(&[args[0], args[1], 0, 0, 0, 0].into())
}

/// TABLE-8: on every architecture.
#[test]
fn calls_that_end_the_thread_have_a_reason() {
    for (nr, why) in [
        (libc::SYS_exit, Harm::EndsThread),
        (libc::SYS_exit_group, Harm::EndsProcess),
        (libc::SYS_execve, Harm::Replaces),
        (libc::SYS_execveat, Harm::Replaces),
        (libc::SYS_clone, Harm::Child),
        (libc::SYS_clone3, Harm::Child),
        (libc::SYS_rt_sigreturn, Harm::SignalReturn),
        (libc::SYS_restart_syscall, Harm::GoesOn),
        (libc::SYS_set_tid_address, Harm::Library),
        (libc::SYS_set_robust_list, Harm::Library),
        (libc::SYS_rseq, Harm::Library),
    ] {
        assert_eq!(harm(nr, [0, 0]), Some(why), "{nr}");
    }
    for nr in [libc::SYS_getpid, libc::SYS_read, libc::SYS_munmap, libc::SYS_prctl, libc::SYS_seccomp] {
        assert_eq!(harm(nr, [99, 99]), None, "{nr}");
    }
}

/// TABLE-8: on x86_64.
#[test]
#[cfg(target_arch = "x86_64")]
fn calls_of_this_architecture_that_end_the_thread_have_a_reason() {
    for (nr, first, why) in [
        (libc::SYS_fork, 0, Harm::Child),
        (libc::SYS_vfork, 0, Harm::Child),
        (libc::SYS_arch_prctl, 0x1001, Harm::LocalStorage),
        (libc::SYS_arch_prctl, 0x1002, Harm::LocalStorage),
        (libc::SYS_arch_prctl, 0x5001, Harm::Returns),
        (335, 0, Harm::Trampoline),
        (336, 0, Harm::Trampoline),
    ] {
        assert_eq!(harm(nr, [first, 0]), Some(why), "{nr}");
    }
    assert_eq!(harm(libc::SYS_arch_prctl, [0x1003, 0]), None, "ARCH_GET_FS only reads");
    assert_eq!(harm(libc::SYS_prctl, [26, 2]), Some(Harm::Clock));
    assert_eq!(harm(libc::SYS_prctl, [26, 1]), None, "PR_TSC_ENABLE");
}

/// TABLE-7: an option is an int: bits above 32 do not hide it. The mode behind it is a long: there they do.
#[test]
fn arguments_are_compared_as_the_kernel_does() {
    const HIGH: u64 = 0xdead_beef_0000_0000;
    assert_eq!(harm(libc::SYS_prctl, [22 | HIGH, 1]), Some(Harm::Strict));
    assert_eq!(harm(libc::SYS_prctl, [22, 1 | HIGH]), None);
    assert_eq!(harm(libc::SYS_prctl, [22, 2]), None);
    assert_eq!(harm(libc::SYS_prctl, [59 | HIGH, 0]), Some(Harm::Dispatch));
    assert_eq!(harm(libc::SYS_seccomp, [HIGH, 0]), Some(Harm::Strict));
    assert_eq!(harm(libc::SYS_seccomp, [1 | HIGH, 1 | HIGH]), Some(Harm::FiltersAll));
    assert_eq!(harm(libc::SYS_seccomp, [1, 3]), Some(Harm::FiltersAll));
    assert_eq!(harm(libc::SYS_seccomp, [1, 2 | HIGH]), None);
    assert_eq!(harm(libc::SYS_landlock_restrict_self, [3, 8]), Some(Harm::FiltersAll));
    assert_eq!(harm(libc::SYS_landlock_restrict_self, [3, 7]), None);
}

/// TABLE-8: each reason stands in the list, says something of its own, and is some row's.
#[test]
fn every_reason_is_used_and_listed() {
    let sentences: BTreeSet<_> = Harm::ALL.iter().map(|harm| harm.why()).collect();
    assert_eq!(sentences.len(), Harm::ALL.len());
    let scopes =
        rows().iter().flat_map(|row| row.scope_when.iter().map(|when| when.scope).chain([row.scope]));
    let used: Vec<Harm> = scopes
        .filter_map(|scope| match scope {
            Scope::EngineLife(harm) => Some(harm),
            _ => None,
        })
        .collect();
    assert!(used.iter().all(|harm| Harm::ALL.contains(harm)));
    let elsewhere = |harm: &Harm| cfg!(target_arch = "aarch64") && *harm == Harm::Clock;
    for harm in Harm::ALL {
        assert!(used.contains(harm) || elsewhere(harm), "{harm:?}");
    }
}

#[test]
fn numbers_of_other_interfaces_are_foreign() {
    assert!(is_foreign(0x8000_0000) && is_foreign(u32::MAX));
    assert_eq!(is_foreign(0x4000_0000), cfg!(target_arch = "x86_64"));
    assert!(!is_foreign(0) && !is_foreign(511));
}
