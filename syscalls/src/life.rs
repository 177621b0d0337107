//! Calls that would end, replace or break the thread that makes them: no thread of an engine survives these, so
//! they are refused at the door, each with its reason.

use here::*;

use crate::lookup::NUMBERS_MAX;

/// What an argument must be for a rule to hold, compared as the kernel does.
#[derive(Clone, Copy, Debug)]
enum If {
    /// The low 32 bits of that argument are this number: it is an int there.
    Is(usize, u32),
    /// All 64 bits of that argument are this number: it is a long there.
    Long(usize, u64),
    /// That argument has this bit.
    Has(usize, u32),
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    nr: i64,
    /// All of these hold; always, when there are none.
    given: &'static [If],
    why: &'static str,
}

const fn always(nr: i64, why: &'static str) -> Rule {
    Rule { nr, given: &[], why }
}

const fn given(nr: i64, given: &'static [If], why: &'static str) -> Rule {
    Rule { nr, given, why }
}

const CHILD: &str = "it makes a child that would run on in the engine's code";
const REPLACES: &str = "it replaces the whole process, with every call in flight";
const STRICT: &str = "afterwards the thread is killed by any call but read, write and exit";
const LIBRARY: &str = "it takes from the C library what it has registered for this thread";
const FRAME: &str = "it returns to where a signal interrupted the thread, and no signal did";
const RETURN: &str = "afterwards the return from a function kills the thread";

const RULES: &[Rule] = &[
    always(libc::SYS_exit, "it ends the engine's thread, not the call"),
    always(libc::SYS_exit_group, "it ends the process, and no completion comes"),
    always(libc::SYS_execve, REPLACES),
    always(libc::SYS_execveat, REPLACES),
    always(libc::SYS_clone, CHILD),
    always(libc::SYS_clone3, CHILD),
    always(libc::SYS_rt_sigreturn, FRAME),
    always(libc::SYS_restart_syscall, "it goes on with a call that a signal interrupted, and none was"),
    always(libc::SYS_set_tid_address, LIBRARY),
    always(libc::SYS_set_robust_list, LIBRARY),
    always(libc::SYS_rseq, LIBRARY),
    given(libc::SYS_seccomp, &[If::Is(0, SECCOMP_SET_MODE_STRICT)], STRICT),
    given(
        libc::SYS_seccomp,
        &[If::Is(0, SECCOMP_SET_MODE_FILTER), If::Has(1, SECCOMP_FILTER_FLAG_TSYNC)],
        "its filter would bind every thread of the process",
    ),
    given(libc::SYS_prctl, &[If::Is(0, PR_SET_SECCOMP), If::Long(1, SECCOMP_MODE_STRICT)], STRICT),
    given(
        libc::SYS_prctl,
        &[If::Is(0, PR_SET_SYSCALL_USER_DISPATCH)],
        "afterwards a call of this thread may raise a signal instead of being made",
    ),
];

#[cfg(target_arch = "x86_64")]
const RULES_HERE: &[Rule] = &[
    always(libc::SYS_fork, CHILD),
    always(libc::SYS_vfork, CHILD),
    given(libc::SYS_arch_prctl, &[If::Is(0, ARCH_SET_FS)], BASE),
    given(libc::SYS_arch_prctl, &[If::Is(0, ARCH_SET_GS)], BASE),
    given(libc::SYS_arch_prctl, &[If::Is(0, ARCH_SHSTK_ENABLE)], RETURN),
    given(
        libc::SYS_prctl,
        &[If::Is(0, PR_SET_TSC), If::Is(1, PR_TSC_SIGSEGV)],
        "afterwards reading the clock kills the thread",
    ),
    always(SYS_URETPROBE, PROBE),
    always(SYS_UPROBE, PROBE),
];

#[cfg(target_arch = "aarch64")]
const RULES_HERE: &[Rule] = &[
    given(
        libc::SYS_prctl,
        &[If::Is(0, PR_SET_SHADOW_STACK_STATUS), If::Has(1, PR_SHADOW_STACK_ENABLE)],
        RETURN,
    ),
    given(libc::SYS_prctl, &[If::Is(0, PR_PAC_RESET_KEYS)], RETURN),
    given(libc::SYS_prctl, &[If::Is(0, PR_PAC_SET_ENABLED_KEYS)], RETURN),
];

const SECCOMP_SET_MODE_STRICT: u32 = libc::SECCOMP_SET_MODE_STRICT;
const SECCOMP_SET_MODE_FILTER: u32 = libc::SECCOMP_SET_MODE_FILTER;
const SECCOMP_MODE_STRICT: u64 = libc::SECCOMP_MODE_STRICT as u64;
const SECCOMP_FILTER_FLAG_TSYNC: u32 = 1;
const PR_SET_SECCOMP: u32 = libc::PR_SET_SECCOMP.cast_unsigned();
const PR_SET_SYSCALL_USER_DISPATCH: u32 = 59;

#[cfg(target_arch = "x86_64")]
mod here {
    pub(super) const ARCH_SET_GS: u32 = 0x1001;
    pub(super) const ARCH_SET_FS: u32 = 0x1002;
    pub(super) const ARCH_SHSTK_ENABLE: u32 = 0x5001;
    pub(super) const PR_SET_TSC: u32 = 26;
    pub(super) const PR_TSC_SIGSEGV: u32 = 2;
    pub(super) const SYS_URETPROBE: i64 = 335;
    pub(super) const SYS_UPROBE: i64 = 336;
    /// Set in a number of the x32 interface.
    pub(super) const FOREIGN_BIT: u32 = 0x4000_0000;
    pub(super) const BASE: &str = "it moves the thread's local storage away under the running code";
    pub(super) const PROBE: &str =
        "the kernel takes it from its own trampolines only, and kills the thread otherwise";
}

#[cfg(target_arch = "aarch64")]
mod here {
    pub(super) const PR_PAC_RESET_KEYS: u32 = 54;
    pub(super) const PR_PAC_SET_ENABLED_KEYS: u32 = 60;
    pub(super) const PR_SET_SHADOW_STACK_STATUS: u32 = 75;
    pub(super) const PR_SHADOW_STACK_ENABLE: u32 = 1;
    pub(super) const FOREIGN_BIT: u32 = 0;
}

/// Which numbers have a rule at all, so that all others pass with one look.
static RULED: [bool; NUMBERS_MAX] = ruled();

const fn ruled() -> [bool; NUMBERS_MAX] {
    let mut ruled = [false; NUMBERS_MAX];
    let lists = [RULES, RULES_HERE];
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            ruled[number(&lists[list][at])] = true;
            at += 1;
        }
        list += 1;
    }
    ruled
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "call numbers are small and positive"
)]
const fn number(rule: &Rule) -> usize {
    rule.nr as usize
}

/// Why this call cannot be made by an engine's thread, if so.
#[must_use]
#[inline]
pub fn ends_the_thread(nr: u32, args: impl FnOnce() -> [u64; 6]) -> Option<&'static str> {
    if RULED.get(nr as usize) == Some(&true) { first_rule(nr, &args()) } else { None }
}

#[cold]
fn first_rule(nr: u32, args: &[u64; 6]) -> Option<&'static str> {
    let mut rules = RULES.iter().chain(RULES_HERE);
    let applies = |rule: &&Rule| rule.nr == i64::from(nr) && rule.given.iter().all(|&term| holds(term, args));
    rules.find(applies).map(|rule| rule.why)
}

#[allow(clippy::cast_possible_truncation, reason = "the kernel takes an int's low 32 bits")]
fn holds(term: If, args: &[u64; 6]) -> bool {
    match term {
        If::Is(arg, number) => args[arg] as u32 == number,
        If::Long(arg, number) => args[arg] == number,
        If::Has(arg, bit) => args[arg] as u32 & bit != 0,
    }
}

/// Whether the number belongs to another system call interface than this architecture's own.
#[must_use]
#[inline]
pub const fn is_foreign(nr: u32) -> bool {
    nr > i32::MAX.cast_unsigned() || nr & FOREIGN_BIT != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(nr: i64, args: [u64; 2]) -> Option<&'static str> {
        let nr = u32::try_from(nr).expect("call numbers are small and positive");
        ends_the_thread(nr, || [args[0], args[1], 0, 0, 0, 0])
    }

    #[test]
    fn calls_that_end_the_thread_have_a_reason() {
        for nr in [
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_rt_sigreturn,
            libc::SYS_restart_syscall,
            libc::SYS_set_tid_address,
            libc::SYS_set_robust_list,
            libc::SYS_rseq,
        ] {
            assert!(reason(nr, [0, 0]).is_some(), "{nr}");
        }
        for nr in [libc::SYS_getpid, libc::SYS_read, libc::SYS_munmap, libc::SYS_prctl, libc::SYS_seccomp] {
            assert_eq!(reason(nr, [99, 99]), None, "{nr}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn calls_of_this_architecture_that_end_the_thread_have_a_reason() {
        for (nr, first) in [
            (libc::SYS_fork, 0),
            (libc::SYS_vfork, 0),
            (libc::SYS_arch_prctl, 0x1001),
            (libc::SYS_arch_prctl, 0x1002),
            (libc::SYS_arch_prctl, 0x5001),
            (335, 0),
            (336, 0),
        ] {
            assert!(reason(nr, [first, 0]).is_some(), "{nr}");
        }
        assert_eq!(reason(libc::SYS_arch_prctl, [0x1003, 0]), None, "ARCH_GET_FS only reads");
    }

    /// An option is an int: bits above 32 do not hide it. The mode behind it is a long: there they do.
    #[test]
    fn arguments_are_compared_as_the_kernel_does() {
        const HIGH: u64 = 0xdead_beef_0000_0000;
        assert!(reason(libc::SYS_prctl, [22 | HIGH, 1]).is_some());
        assert_eq!(reason(libc::SYS_prctl, [22, 1 | HIGH]), None);
        assert_eq!(reason(libc::SYS_prctl, [22, 2]), None);
        assert!(reason(libc::SYS_seccomp, [HIGH, 0]).is_some());
        assert!(reason(libc::SYS_seccomp, [1 | HIGH, 1 | HIGH]).is_some());
        assert!(reason(libc::SYS_seccomp, [1, 3]).is_some());
        assert_eq!(reason(libc::SYS_seccomp, [1, 2 | HIGH]), None);
    }

    #[test]
    fn numbers_of_other_interfaces_are_foreign() {
        assert!(is_foreign(0x8000_0000) && is_foreign(u32::MAX));
        assert_eq!(is_foreign(0x4000_0000), cfg!(target_arch = "x86_64"));
        assert!(!is_foreign(0) && !is_foreign(511));
    }
}
