//! The arguments that name a descriptor. Safe code lends every descriptor that a call uses, so each number and each structure
//! that it may pass has an answer: it names a descriptor, which is lent or negative; or it names none, and its meaning stands
//! here. A call with an argument that has no answer is not safe. Rows ask, when safe code makes a call.

use crate::argument::{Arg, ArgType, Form};

/// Whether an argument names a descriptor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Names {
    /// The number is a descriptor: it must be lent, or negative, which is AT_FDCWD or no descriptor.
    Descriptor,
    /// An address of a socket, which can hold a descriptor: it is looked at, and refused when it does.
    LookedAt,
    /// The argument names no descriptor; this is its meaning.
    Nothing(&'static str),
    /// No answer is stated.
    Unstated,
}

/// Whether `arg` of `call` names a descriptor, in the forms that safe code may give it, too.
pub(crate) fn names(call: &str, arg: &Arg) -> Names {
    let stated = stated(call, arg.name);
    let asked = asked(arg);
    match by_type(arg.ty) {
        Some(names) if asked == 0 => names,
        _ => counted(stated, asked).unwrap_or(Names::Unstated),
    }
}

/// The answer that an argument's type gives; `None` where the type says only that it is a number or memory.
const fn by_type(ty: ArgType) -> Option<Names> {
    Some(match ty {
        ArgType::Fd | ArgType::DirFd => Names::Descriptor,
        ArgType::SocketAddress => Names::LookedAt,
        ArgType::Path | ArgType::Text => Names::Nothing("a name"),
        ArgType::Out | ArgType::Scatter | ArgType::ReceiveMessage | ArgType::ReceiveMessages => {
            Names::Nothing("written by the call")
        }
        ArgType::SendMessage | ArgType::SendMessages => {
            Names::Nothing("bytes of a message without control data")
        }
        ArgType::Size | ArgType::Offset => Names::Nothing("a length, a count or a position"),
        ArgType::Flags | ArgType::Mode | ArgType::Command => {
            Names::Nothing("bits, or the name of an operation")
        }
        ArgType::Id | ArgType::Signal | ArgType::Clock => Names::Nothing("a user, a signal or a clock"),
        ArgType::Int
        | ArgType::Uint
        | ArgType::Pid
        | ArgType::In
        | ArgType::InOut
        | ArgType::Gather
        | ArgType::Descriptors
        | ArgType::Address
        | ArgType::Opaque => return None,
    })
}

/// How many values of the deciding arguments give it, for safe code, a type that has no answer.
fn asked(arg: &Arg) -> usize {
    let is_open = |form: &&Form| form.is_safe() && by_type(form.arg.ty).is_none();
    arg.forms.iter().filter(is_open).map(|form| form.equals.len()).sum()
}

/// The stated answer, where it was given for as many values as there are.
fn counted(stated: Option<&Stated>, asked: usize) -> Option<Names> {
    stated.filter(|stated| stated.forms == asked).map(|stated| Names::Nothing(stated.what))
}

/// The answer for one argument of these calls.
struct Stated {
    calls: &'static [&'static str],
    arg: &'static str,
    /// For how many commands or options the question was asked: a further one asks it again.
    forms: usize,
    what: &'static str,
}

fn stated(call: &str, arg: &str) -> Option<&'static Stated> {
    STATED.iter().find(|stated| stated.arg == arg && stated.calls.contains(&call))
}

const fn none(calls: &'static [&'static str], arg: &'static str, what: &'static str) -> Stated {
    Stated { calls, arg, forms: 0, what }
}

const fn forms(
    calls: &'static [&'static str],
    arg: &'static str,
    forms: usize,
    what: &'static str,
) -> Stated {
    Stated { calls, arg, forms, what }
}

const TIME: &str = "a time";
const OBJECT: &str = "an object of System V";
const PROCESS: &str = "a process or thread";
const BYTES: &str = "bytes for a file, to which they may mean anything, as in std::fs::write";
const SET: &str = "a set of bits";

#[rustfmt::skip]
const STATED: &[Stated] = &[
    // Files.
    none(&["write", "pwrite64"], "buf", BYTES),
    none(&["writev", "pwritev", "pwritev2"], "vec", BYTES),
    none(&["copy_file_range", "splice"], "off_in", "a position"),
    none(&["copy_file_range", "splice"], "off_out", "a position"),
    none(&["sendfile"], "offset", "a position"),
    none(&["lseek"], "whence", "a choice of three"),
    none(&["fadvise64"], "advice", "a kind of advice"),
    none(&["cachestat"], "cstat_range", "a position and a length"),
    none(&["setxattr", "lsetxattr", "fsetxattr"], "value", "bytes that are kept"),
    none(&["file_setattr"], "ufattr", "flags, sizes and a project"),
    none(&["openat2"], "how", "flags and a mode"),
    none(&["name_to_handle_at", "open_by_handle_at"], "handle", "a file by its file system's own number"),
    none(&["utime"], "times", TIME),
    none(&["utimes", "futimesat", "utimensat"], "utimes", TIME),
    none(&["mknod", "mknodat", "ustat"], "dev", "a device"),
    // A lower bound for a new descriptor, a size, a signal's receiver, locks, hints. F_DUPFD_QUERY's is lent.
    forms(&["fcntl"], "arg", 23, "a lower bound, a size, an owner, a lock or a hint"),
    // FICLONE's is lent, FICLONERANGE's not for safe code.
    forms(&["ioctl"], "arg", 7, "an int, flags, or extents"),
    forms(&["sysfs"], "arg1", 1, "nothing"),
    forms(&["sysfs"], "arg2", 2, "nothing"),
    forms(&["quotactl", "quotactl_fd"], "addr", 10, "limits and times of quotas"),

    // Sockets. Options that hold a descriptor are not for safe code.
    none(&["socket", "socketpair"], "family", "a family"),
    none(&["socket", "socketpair"], "type", "a type"),
    none(&["socket", "socketpair"], "protocol", "a protocol"),
    none(&["listen"], "backlog", "a count"),
    none(&["shutdown"], "how", "a choice of three"),
    none(&["setsockopt", "getsockopt"], "level", "a level"),
    none(&["setsockopt", "getsockopt"], "optname", "an option"),
    forms(&["setsockopt"], "optval", 217, "numbers, times, addresses, interfaces, names"),
    forms(&["getsockopt"], "optval", 3, "a group and its sources"),
    none(&["sendto"], "buff", "bytes"),
    none(&["sendto"], "addr", "an address; no family has a descriptor in one that is sent to"),
    none(&["accept", "accept4"], "upeer_addrlen", "a length"),
    none(&["getsockname", "getpeername"], "usockaddr_len", "a length"),
    none(&["recvfrom"], "addr_len", "a length"),
    none(&["getsockopt"], "optlen", "a length"),
    none(&["recvmmsg", "semtimedop", "epoll_pwait2"], "timeout", TIME),

    // Waiting and events. The descriptor that epoll_ctl adds is its third argument, which is lent.
    none(&["epoll_create"], "size", "a count"),
    none(&["epoll_ctl"], "event", "bits and a word of the caller's"),
    none(&["epoll_wait", "epoll_pwait", "epoll_pwait2"], "maxevents", "a count"),
    none(&["epoll_wait", "epoll_pwait"], "timeout", TIME),
    none(&["epoll_pwait", "epoll_pwait2"], "sigmask", SET),
    none(&["inotify_rm_watch"], "wd", "a watch, counted by its inotify"),
    none(&["eventfd", "eventfd2"], "count", "a count"),
    none(&["signalfd", "signalfd4"], "user_mask", SET),
    none(&["rt_sigtimedwait"], "uthese", SET),
    none(&["rt_sigtimedwait"], "uts", TIME),

    // Time.
    none(&["clock_settime"], "tp", TIME),
    none(&["clock_adjtime"], "utx", TIME),
    none(&["adjtimex"], "txc_p", TIME),
    none(&["settimeofday"], "tv", TIME),
    none(&["settimeofday"], "tz", TIME),
    none(&["nanosleep", "clock_nanosleep"], "rqtp", TIME),
    none(&["alarm"], "seconds", TIME),
    none(&["getitimer", "setitimer"], "which", "a choice of three"),
    none(&["setitimer"], "value", TIME),
    none(&["timer_gettime", "timer_getoverrun"], "timer_id", "a timer of the process"),
    none(&["timerfd_settime"], "utmr", TIME),

    // Processes and threads. waitid's is a descriptor for P_PIDFD, which is lent; kcmp's numbers of files are refused.
    none(&["getpgid", "setpgid", "getsid", "prlimit64", "pidfd_open", "get_robust_list", "kill", "migrate_pages"], "pid", PROCESS),
    none(&["sched_getparam", "sched_setparam", "sched_getscheduler", "sched_setscheduler", "sched_getattr", "sched_setattr",
           "sched_getaffinity", "sched_setaffinity", "sched_rr_get_interval"], "pid", PROCESS),
    none(&["setpgid"], "pgid", "a group of processes"),
    none(&["wait4", "waitid"], "upid", PROCESS),
    none(&["waitid"], "which", "a kind of number"),
    none(&["kcmp"], "pid1", PROCESS),
    none(&["kcmp"], "pid2", PROCESS),
    forms(&["kcmp"], "idx1", 6, "nothing"),
    forms(&["kcmp"], "idx2", 6, "nothing"),
    none(&["getpriority", "setpriority", "ioprio_get", "ioprio_set"], "which", "a choice of three"),
    none(&["getpriority", "setpriority", "ioprio_get", "ioprio_set"], "who", "a process, a group or a user"),
    none(&["getrusage"], "who", "a choice of three"),
    none(&["setpriority"], "niceval", "a nice value"),
    none(&["ioprio_set"], "ioprio", "a priority"),
    none(&["getrlimit", "setrlimit", "prlimit64"], "resource", "a kind of limit"),
    none(&["setrlimit"], "rlim", "a limit"),
    none(&["prlimit64"], "new_rlim", "a limit"),
    none(&["sched_setscheduler", "sched_get_priority_max", "sched_get_priority_min"], "policy", "a policy"),
    none(&["sched_setparam", "sched_setscheduler"], "param", "a priority"),
    none(&["sched_setattr"], "uattr", "a policy and its numbers"),
    none(&["sched_setaffinity"], "user_mask_ptr", SET),
    none(&["migrate_pages"], "maxnode", "a count"),
    none(&["migrate_pages"], "old_nodes", SET),
    none(&["migrate_pages"], "new_nodes", SET),
    none(&["membarrier"], "cpu_id", "a processor"),
    none(&["getcpu"], "unused", "nothing"),
    none(&["capget"], "header", "a version and a process"),
    none(&["lsm_get_self_attr"], "attr", "a kind of attribute"),
    none(&["lsm_get_self_attr", "lsm_list_modules"], "size", "a length"),
    forms(&["lsm_get_self_attr"], "ctx", 1, "a module's number"),
    none(&["landlock_create_ruleset"], "attr", SET),
    forms(&["landlock_add_rule"], "rule_attr", 1, "a port"),

    // System V and POSIX objects, the machine.
    none(&["shmget", "semget", "msgget"], "key", "a key"),
    none(&["shmctl"], "shmid", OBJECT),
    none(&["semop", "semtimedop", "semctl"], "semid", OBJECT),
    none(&["msgsnd", "msgrcv", "msgctl"], "msqid", OBJECT),
    none(&["semget"], "nsems", "a count"),
    none(&["semctl"], "semnum", "a semaphore of the set"),
    none(&["semop", "semtimedop"], "tsops", "semaphores and the operations on them"),
    none(&["msgsnd"], "msgp", "a type and bytes"),
    none(&["msgrcv"], "msgtyp", "a type"),
    forms(&["semctl"], "arg", 7, "a value, or an owner and a mode"),
    forms(&["shmctl"], "buf", 4, "an owner and a mode"),
    forms(&["msgctl"], "buf", 2, "an owner, a mode and a size"),
    none(&["mq_open"], "u_attr", "flags and sizes"),
    none(&["mq_getsetattr"], "u_mqstat", "flags and sizes"),
    none(&["mq_timedsend"], "u_msg_ptr", "bytes"),
    none(&["mq_timedsend"], "msg_prio", "a priority"),
    none(&["mq_timedsend", "mq_timedreceive"], "u_abs_timeout", TIME),
    none(&["sethostname", "setdomainname"], "name", "a name"),
    none(&["listns"], "req", "kinds of namespaces, and a namespace by its own number"),
];

/// Whether the address of a socket names a descriptor: an AF_XDP socket shares another's memory, an L2TP session has
/// a tunnel.
pub(crate) fn address_names_descriptor(address: &[u8]) -> bool {
    let short = |at: usize| address.get(at..at + 2).map(|bytes| u16::from_ne_bytes([bytes[0], bytes[1]]));
    let family = short(0).map(i32::from);
    let shares = family == Some(libc::AF_XDP) && short(2).is_none_or(|flags| flags & XDP_SHARED_UMEM != 0);
    // The kernel looks at the length and the protocol of an L2TP address, not at its family.
    let protocol = crate::bytes::u32_in(address, 2);
    shares || (L2TP_LENGTHS.contains(&address.len()) && protocol == Some(PX_PROTO_OL2TP))
}

/// A flag of `struct sockaddr_xdp`.
const XDP_SHARED_UMEM: u16 = 1;
/// A protocol of AF_PPPOX.
const PX_PROTO_OL2TP: u32 = 1;
/// `struct sockaddr_pppol2tp`, that for version 3, and both for IPv6.
const L2TP_LENGTHS: [usize; 4] = [38, 46, 50, 58];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::rows;

    /// TABLE-19: every argument of a safe call has an answer, and each answer an argument that needs it.
    #[test]
    fn every_argument_of_a_safe_call_is_stated() {
        for row in rows().iter().filter(|row| row.is_safe_otherwise()) {
            for (index, arg) in row.args.iter().enumerate() {
                let says = format!("{} {}: {} forms", row.name, arg.name, asked(arg));
                assert_ne!(row.names(index), Names::Unstated, "{says}");
            }
        }
        for Stated { calls, arg, forms, .. } in STATED {
            for call in *calls {
                let row = crate::row_by_name(call).unwrap_or_else(|| panic!("{call} has no row"));
                let known = row.args.iter().find(|known| known.name == *arg);
                let known = known.unwrap_or_else(|| panic!("{call} has no {arg}"));
                assert_eq!(asked(known), *forms, "{call} {arg}");
                assert!(row.is_safe(), "{call} is not safe");
                assert!(by_type(known.ty).is_none() || *forms > 0, "{call} {arg} has its type's answer");
            }
        }
    }

    #[test]
    fn addresses_that_name_a_descriptor_are_told() {
        let xdp = |flags: u8| [44, 0, flags, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0];
        assert_eq!([0, 1, 3].map(|flags| address_names_descriptor(&xdp(flags))), [false, true, true]);
        assert!(address_names_descriptor(&[44, 0]), "cut before the flags");
        let tunnel = |len: usize| [&[24, 0, 1, 0, 0, 0][..], &[0; 64][..len - 6]].concat();
        assert!(L2TP_LENGTHS.iter().all(|len| address_names_descriptor(&tunnel(*len))));
        assert!(!address_names_descriptor(&tunnel(30)), "PPPoE");
        let loopback = [2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(!address_names_descriptor(&loopback) && !address_names_descriptor(&[]));
    }
}
