//! Rows: what each says about itself must fit together.

use syslet_syscalls::{
    Arg, ArgType, Class, Descriptors, Direction, Len, Memory, NonBlockingForm, Row, Scope, Written,
    row_by_name, rows,
};

/// Every argument as its row says, and in every form, with the values that make it so.
fn each_argument(check: impl Fn(&Row, &Arg, &dyn Fn(usize) -> Option<u64>)) {
    for row in rows() {
        for arg in row.args {
            check(row, arg, &|_| None);
            for form in arg.forms {
                for &command in form.equals {
                    let value = |index| match form.also {
                        _ if index == usize::from(form.by) => Some(u64::from(command)),
                        Some((by, number)) if index == usize::from(by) => Some(u64::from(number)),
                        _ => None,
                    };
                    let formed = Arg { name: arg.name, ..*arg.formed(value) };
                    check(row, &formed, &value);
                }
            }
        }
    }
}

#[test]
fn a_row_has_at_most_six_arguments_of_different_names() {
    for row in rows() {
        let names: std::collections::BTreeSet<_> = row.args.iter().map(|arg| arg.name).collect();
        assert_eq!(names.len(), row.args.len(), "{}", row.name);
        assert!(row.args.len() <= 6, "{}", row.name);
    }
}

/// TABLE-5: what goes through memory has a length, and what does not has none.
#[test]
fn memory_has_a_length() {
    each_argument(|row, arg, _| {
        let through = matches!(arg.ty.direction(), Direction::In | Direction::Out | Direction::InOut);
        assert_eq!(through, arg.len != Len::None, "{} {}", row.name, arg.name);
        let string = matches!(arg.ty, ArgType::Path | ArgType::Text);
        assert_eq!(string, arg.len == Len::Nul, "{} {}", row.name, arg.name);
    });
}

/// TABLE-5: a length counts by another argument of the call, of a type that counts.
#[test]
fn lengths_refer_to_arguments_that_count() {
    each_argument(|row, arg, value| {
        let says = format!("{} {}", row.name, arg.name);
        match arg.len {
            Len::Arg(by)
            | Len::ArgLeast(by, _)
            | Len::Times(by, _)
            | Len::Plus(by, _)
            | Len::Bits(by)
            | Len::Pages(by) => {
                let by = row.args[usize::from(by)].formed(value);
                assert!(matches!(by.ty, ArgType::Size | ArgType::Uint), "{says}: {:?}", by.ty);
            }
            Len::At(by) | Len::AtLeast(by, _) | Len::AtTimes(by, _) => {
                let by = &row.args[usize::from(by)];
                assert_eq!((by.ty, by.len), (ArgType::InOut, Len::Const(4)), "{says}");
            }
            Len::Const(bytes) => assert!(bytes > 0, "{says}"),
            Len::Sized(_, bytes) | Len::Headed(bytes) => {
                assert!(matches!(arg.ty, ArgType::In | ArgType::InOut) && bytes >= 4, "{says}");
            }
            Len::Counted { at, head, each } => {
                assert!(arg.ty == ArgType::InOut && u32::from(at) + 4 <= head && each > 0, "{says}");
            }
            Len::None | Len::Nul => {}
        }
    });
}

/// TABLE-6: what is written fits the direction, and a rule that asks the result fits the length.
#[test]
fn what_is_written_fits_direction_and_length() {
    each_argument(|row, arg, _| {
        let says = format!("{} {}: {:?} {:?}", row.name, arg.name, arg.len, arg.written);
        let writes = matches!(arg.ty.direction(), Direction::Out | Direction::InOut);
        assert_eq!(writes, arg.written != Written::Never, "{says}");
        let fits = match (arg.written, arg.len) {
            (Written::Never, _) => true,
            (Written::Whole, len) => {
                arg.ty.direction() == Direction::InOut || !matches!(len, Len::Nul | Len::At(_))
            }
            (Written::Result | Written::Perhaps, len) => matches!(len, Len::Arg(_)),
            (Written::Plus(left), Len::Plus(_, right)) | (Written::Times(left), Len::Times(_, right)) => {
                left == right
            }
            (Written::At(left), Len::At(right) | Len::AtLeast(right, _)) => left == right,
            (Written::AtTimes(left, each), Len::AtTimes(right, all)) => (left, each) == (right, all),
            (Written::Interrupted, len) => matches!(len, Len::Const(_)),
            _ => false,
        };
        assert!(fits, "{says}");
    });
}

/// TABLE-4: a number without a call behind it changes nothing that safe code could ask for.
#[test]
fn calls_that_are_gone_are_not_safe() {
    let gone: Vec<_> = rows().iter().filter(|row| row.gone.is_some()).collect();
    assert_eq!(gone.len(), 17);
    assert!(gone.iter().all(|row| !row.is_safe() && row.nonblocking.is_none()));
}

/// TABLE-11: what travels in a submission has no address in it, and what changes addresses does not travel.
#[test]
fn self_contained_rows_need_no_address() {
    let self_contained = |name: &str| row_by_name(name).is_some_and(Row::is_self_contained);
    for name in [
        "read",
        "openat",
        "poll",
        "close",
        "kill",
        "setuid",
        "unshare",
        "getpid",
        "semop",
        "readv",
        "recvmsg",
        "fcntl",
        "ioctl",
        "getsockopt",
        "setsockopt",
    ] {
        assert!(self_contained(name), "{name}");
    }
    for name in [
        "mmap",
        "munmap",
        "futex",
        "process_vm_readv",
        "io_setup",
        "create_module",
        "exit",
        "execve",
        "uselib",
        "ptrace",
        "brk",
    ] {
        assert!(row_by_name(name).is_some() && !self_contained(name), "{name}");
    }
    assert!(rows().iter().all(|row| row.is_self_contained() || !row.is_safe()), "safe code needs no address");
}

/// Structures with addresses have the size that is built.
#[test]
fn structures_with_addresses_have_their_size() {
    each_argument(|row, arg, _| {
        let (Len::Const(bytes) | Len::Times(_, bytes)) = arg.len else {
            return assert!(!arg.ty.has_addresses(), "{} {}", row.name, arg.name);
        };
        let fits = match arg.ty {
            ArgType::Gather | ArgType::Scatter => bytes == 16,
            ArgType::SendMessage | ArgType::ReceiveMessage => arg.len == Len::Const(56),
            ArgType::SendMessages | ArgType::ReceiveMessages => bytes == 64,
            _ => true,
        };
        assert!(fits, "{} {}: {bytes}", row.name, arg.name);
    });
}

/// TABLE-21: a form is decided by plain numbers of the call, by bits that can match, and each of its values by one form. One
/// that memory has otherwise is decided for every value: the others have none.
#[test]
fn forms_can_match() {
    for row in rows() {
        for arg in row.args.iter().filter(|arg| !arg.forms.is_empty()) {
            let says = format!("{} {}", row.name, arg.name);
            let is_plain = |by: u8| row.args[usize::from(by)].ty.direction() == Direction::Value;
            let mut values = std::collections::BTreeSet::new();
            for form in arg.forms {
                assert!(is_plain(form.by) && form.also.is_none_or(|(by, _)| is_plain(by)), "{says}");
                for value in form.equals {
                    assert_eq!(value & !form.mask, 0, "{says}");
                    assert!(values.insert((form.by, form.also, *value)), "{says}: {value}");
                }
            }
        }
    }
}

/// A non-blocking form names an argument that can be changed, or a call that has a row.
#[test]
fn non_blocking_forms_refer_to_arguments_and_rows() {
    for row in rows() {
        let ty = |arg: u8| row.args[usize::from(arg)].ty;
        let fits = match row.nonblocking {
            None => true,
            Some(NonBlockingForm::Flag(arg, bits)) => {
                matches!(ty(arg), ArgType::Flags | ArgType::Command) && bits.is_power_of_two()
            }
            Some(NonBlockingForm::ZeroTimeout(arg) | NonBlockingForm::ZeroCount(arg)) => {
                ty(arg) == ArgType::Int
            }
            Some(NonBlockingForm::EachFlag(arg, bits)) => {
                matches!(row.args[usize::from(arg)].len, Len::Times(..)) && bits.is_power_of_two()
            }
            Some(NonBlockingForm::Cached(arg)) => ty(arg) == ArgType::In,
            Some(NonBlockingForm::ZeroTime(arg) | NonBlockingForm::Compared(arg)) => {
                matches!(ty(arg), ArgType::In | ArgType::InOut | ArgType::Opaque)
            }
            Some(NonBlockingForm::Command(arg, exchanges)) => {
                ty(arg) == ArgType::Command
                    && !exchanges.is_empty()
                    && exchanges.iter().all(|(from, to)| from != to)
            }
            Some(NonBlockingForm::NonBlocking) => ty(0) == ArgType::Fd,
            Some(NonBlockingForm::Closing(arg)) => {
                let closed = [Descriptors::Closes(arg), Descriptors::Replaces(arg)];
                ty(arg) == ArgType::Fd && closed.contains(&row.descriptors)
            }
            Some(NonBlockingForm::Shortened(arg)) => ty(arg) == ArgType::In,
            Some(NonBlockingForm::Vectored(name)) => {
                row_by_name(name).is_some_and(|other| other.args[1].name == "vec")
            }
        };
        assert!(fits, "{}: {:?}", row.name, row.nonblocking);
    }
}

/// TWIN-36: a call that may sleep has a non-blocking form, or its row says why not, and never both.
#[test]
fn a_call_that_may_sleep_has_an_attempt_or_a_reason() {
    for row in rows() {
        let classes = row.when.iter().map(|when| when.class).chain([row.class]);
        let may_sleep = classes.into_iter().any(|class| matches!(class, Class::Sleeps | Class::Descriptor));
        assert!(
            !may_sleep || row.nonblocking.is_some() || row.blocking_only.is_some(),
            "{} says nothing",
            row.name
        );
        assert!(row.nonblocking.is_none() || row.blocking_only.is_none(), "{} says both", row.name);
        assert!(row.blocking_only.is_none_or(|why| why.len() > 10 && !why.ends_with('.')), "{}", row.name);
    }
}

/// TABLE-7: exceptions name an argument of the call, and bits that can match.
#[test]
fn exceptions_can_match() {
    for row in rows() {
        let classes = row.when.iter().map(|when| when.given);
        let scopes = row.scope_when.iter().flat_map(|when| [Some(when.given), when.also]).flatten();
        let restarts = row.restart_when.iter().map(|when| when.given);
        for condition in classes.chain(scopes).chain(restarts) {
            assert!(usize::from(condition.arg) < row.args.len(), "{}", row.name);
            assert_eq!(condition.equals & !condition.mask, 0, "{}", row.name);
            assert_ne!(condition.mask, 0, "{}", row.name);
        }
    }
}

/// TABLE-10: what a call closes or replaces is an argument that names a descriptor.
#[test]
fn closed_descriptors_are_descriptors() {
    for row in rows() {
        if let Descriptors::Closes(arg) | Descriptors::Replaces(arg) = row.descriptors {
            assert_eq!(row.args[usize::from(arg)].ty, ArgType::Fd, "{}", row.name);
        }
    }
}

/// Calls that safe code must not make.
const UNSAFE: &[&str] = &[
    "close",
    "close_range",
    "dup2",
    "dup3",
    "mmap",
    "munmap",
    "brk",
    "mremap",
    "madvise",
    "futex",
    "prctl",
    "vmsplice",
    "process_vm_readv",
    "process_vm_writev",
    "poll",
    "select",
    "tgkill",
    "rt_sigaction",
    "pidfd_getfd",
    "setuid",
    "unshare",
    "ptrace",
    "io_submit",
    "shmat",
    "mq_notify",
    "timer_settime",
    "timer_delete",
    "mount",
    "fsconfig",
    "reboot",
    "io_uring_setup",
    "perf_event_open",
    "modify_ldt",
    "statmount",
    "process_madvise",
    "bpf",
    "set_robust_list",
    "exit",
    "clone",
    "uselib",
    "vserver",
    "finit_module",
    "execve",
];

/// TABLE-10: the calls that safe code may make, and some that it must not.
#[test]
fn safe_rows_are_safe() {
    let safe = |name: &str| row_by_name(name).is_some_and(Row::is_safe);
    for name in [
        "readv",
        "pwritev2",
        "sendmsg",
        "recvmmsg",
        "fcntl",
        "ioctl",
        "getsockopt",
        "setsockopt",
        "semctl",
        "read",
        "pwrite64",
        "openat",
        "statx",
        "getdents64",
        "recvfrom",
        "wait4",
        "gettid",
        "epoll_ctl",
    ] {
        assert!(safe(name), "{name}");
    }
    for name in UNSAFE {
        assert!(row_by_name(name).is_some() && !safe(name), "{name}");
    }
}

/// TABLE-10: an address as such, or memory that comes or goes, never reaches safe code.
#[test]
fn memory_effects_are_never_safe() {
    for row in rows().iter().filter(|row| row.is_safe()) {
        assert_eq!(row.memory, Memory::Kept, "{}", row.name);
        let opaque = |arg: &Arg| arg.ty == ArgType::Opaque && arg.forms.is_empty();
        assert!(row.args.iter().all(|arg| arg.ty != ArgType::Address && !opaque(arg)), "{}", row.name);
    }
}

/// TABLE-7, TABLE-9: calls that change or bind their thread, by argument where that decides.
#[test]
fn scopes_depend_on_arguments() {
    let scope = |name: &str, args: &[u64]| {
        row_by_name(name).map(|row| row.scope_with(&args.iter().copied().collect()))
    };
    assert_eq!(scope("prctl", &[15]), Some(Scope::WritesThread));
    assert_eq!(scope("prctl", &[16]), Some(Scope::ReadsThread));
    assert_eq!(scope("prctl", &[1]), Some(Scope::BoundToThread));
    assert_eq!(scope("prctl", &[0xdead_0000_0010]), Some(Scope::ReadsThread), "the kernel takes 32 bits");
    assert_eq!(scope("futex", &[0, 128]), Some(Scope::Process));
    assert_eq!(scope("futex", &[0, 6 | 128]), Some(Scope::BoundToThread));
    assert_eq!(scope("wait4", &[0, 0, 0x2000_0000]), Some(Scope::BoundToThread));
    assert_eq!(scope("wait4", &[0, 0, 1]), Some(Scope::Process));
    assert_eq!(scope("clock_gettime", &[3]), Some(Scope::ReadsThread));
    for name in [
        "setns",
        "unshare",
        "setfsuid",
        "setfsgid",
        "setuid",
        "setgid",
        "setreuid",
        "setregid",
        "setresuid",
        "setresgid",
        "setgroups",
        "capset",
        "personality",
        "set_mempolicy",
        "seccomp",
        "sigaltstack",
        "rt_sigprocmask",
        "landlock_restrict_self",
        "keyctl",
        "add_key",
        "request_key",
        "prctl",
        "pkey_alloc",
        "lsm_set_self_attr",
    ] {
        assert_eq!(row_by_name(name).map(|row| row.scope), Some(Scope::WritesThread), "{name}");
    }
    for name in ["sched_setparam", "sched_setscheduler", "sched_setattr", "sched_setaffinity"] {
        assert_eq!(
            (scope(name, &[0]), scope(name, &[77])),
            (Some(Scope::WritesThread), Some(Scope::Process))
        );
    }
    for (name, itself) in [("setpriority", 0), ("ioprio_set", 1)] {
        assert_eq!(scope(name, &[itself, 0]), Some(Scope::WritesThread), "{name}");
        assert_eq!(scope(name, &[itself, 77]), Some(Scope::Process), "{name}");
        assert_eq!(scope(name, &[itself + 1, 0]), Some(Scope::Process), "{name}: a group");
    }
}
