//! The structure behind each argument that is memory. The decoder of arguments looks it up.

/// The shape of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// A string, or any bytes.
    Bytes,
    /// A string that ends at its first NUL.
    Text,
    /// Numbers of so many bytes, signed.
    Numbers(usize),
    /// One number of so many bytes, unsigned.
    Unsigned(usize),
    /// Descriptors, 32 bits each.
    Descriptors,
    /// Seconds and nanoseconds.
    Timespec,
    /// Two of them, for a file's times.
    Timespecs,
    /// Seconds and microseconds.
    Timeval,
    /// Two of them, for a file's times.
    Timevals,
    /// An interval and a value of seconds and nanoseconds.
    Itimerspec,
    /// An interval and a value of seconds and microseconds.
    Itimerval,
    /// The resources that a process has used.
    Usage,
    /// The names of the system.
    Names,
    /// A soft and a hard limit.
    Limit,
    /// Descriptors, and the events that they are polled for.
    Polled,
    /// An event of an epoll.
    Event,
    /// Events of an epoll.
    Events,
    /// An address of a socket.
    Address,
    /// A set of signals.
    Signals,
    /// How a child ended.
    Status,
    /// The structure of `stat`.
    Stat,
    /// How `openat2` opens.
    How,
    /// Operations on semaphores.
    SemaphoreOperations,
    /// A structure that is not described.
    Structure,
}

/// The shape of the memory behind this argument, if the table of shapes has it.
pub(super) fn find(call: &str, arg: &str) -> Option<Shape> {
    SHAPES.iter().find(|(calls, known, _)| *known == arg && calls.contains(&call)).map(|&(_, _, shape)| shape)
}

use Shape::*;

#[rustfmt::skip]
const SHAPES: &[(&[&str], &str, Shape)] = &[
    // Files.
    (&["getcwd"], "buf", Text),
    (&["pipe", "pipe2"], "fildes", Descriptors),
    (&["stat", "lstat", "fstat", "newfstatat"], "statbuf", Stat),
    (&["openat2"], "how", How),
    (&["utimensat"], "utimes", Timespecs),
    (&["utimes", "futimesat"], "utimes", Timevals),
    (&["sendfile"], "offset", Numbers(8)),
    (&["copy_file_range", "splice"], "off_in", Numbers(8)),
    (&["copy_file_range", "splice"], "off_out", Numbers(8)),
    (&["name_to_handle_at"], "mnt_id", Numbers(4)),

    // Sockets.
    (&["socketpair"], "usockvec", Descriptors),
    (&["bind"], "umyaddr", Address),
    (&["connect"], "uservaddr", Address),
    (&["accept", "accept4"], "upeer_sockaddr", Address),
    (&["getsockname", "getpeername"], "usockaddr", Address),
    (&["sendto", "recvfrom"], "addr", Address),
    (&["accept", "accept4"], "upeer_addrlen", Unsigned(4)),
    (&["getsockname", "getpeername"], "usockaddr_len", Unsigned(4)),
    (&["recvfrom"], "addr_len", Unsigned(4)),
    (&["getsockopt"], "optlen", Unsigned(4)),
    (&["setsockopt", "getsockopt"], "optval", Numbers(4)),
    (&["recvmmsg"], "timeout", Timespec),

    // Waiting and events.
    (&["poll", "ppoll"], "ufds", Polled),
    (&["ppoll", "pselect6"], "tsp", Timespec),
    (&["select"], "tvp", Timeval),
    (&["ppoll", "epoll_pwait", "epoll_pwait2"], "sigmask", Signals),
    (&["epoll_ctl"], "event", Event),
    (&["epoll_wait", "epoll_pwait", "epoll_pwait2"], "events", Events),
    (&["futex"], "utime", Timespec),
    (&["epoll_pwait2", "io_getevents", "io_pgetevents", "futex_wait", "futex_waitv", "semtimedop"], "timeout", Timespec),

    // Time.
    (&["clock_gettime", "clock_getres", "clock_settime"], "tp", Timespec),
    (&["gettimeofday", "settimeofday"], "tv", Timeval),
    (&["time"], "tloc", Numbers(8)),
    (&["nanosleep", "clock_nanosleep"], "rqtp", Timespec),
    (&["nanosleep", "clock_nanosleep"], "rmtp", Timespec),
    (&["getitimer", "setitimer"], "value", Itimerval),
    (&["setitimer"], "ovalue", Itimerval),
    (&["timer_settime"], "new_setting", Itimerspec),
    (&["timer_settime"], "old_setting", Itimerspec),
    (&["timer_gettime"], "setting", Itimerspec),
    (&["timerfd_settime"], "utmr", Itimerspec),
    (&["timerfd_settime", "timerfd_gettime"], "otmr", Itimerspec),
    (&["timer_create"], "created_timer_id", Numbers(4)),

    // Processes and threads.
    (&["wait4"], "stat_addr", Status),
    (&["getrlimit", "setrlimit"], "rlim", Limit),
    (&["getrusage", "wait4", "waitid"], "ru", Usage),
    (&["uname"], "name", Names),
    (&["prlimit64"], "new_rlim", Limit),
    (&["prlimit64"], "old_rlim", Limit),
    (&["getresuid"], "ruidp", Unsigned(4)),
    (&["getresuid"], "euidp", Unsigned(4)),
    (&["getresuid"], "suidp", Unsigned(4)),
    (&["getresgid"], "rgidp", Unsigned(4)),
    (&["getresgid"], "egidp", Unsigned(4)),
    (&["getresgid"], "sgidp", Unsigned(4)),
    (&["getgroups", "setgroups"], "grouplist", Numbers(4)),
    (&["getcpu"], "cpup", Unsigned(4)),
    (&["getcpu"], "nodep", Unsigned(4)),
    (&["sched_getparam", "sched_setparam", "sched_setscheduler"], "param", Numbers(4)),
    (&["sched_rr_get_interval"], "interval", Timespec),
    (&["rt_sigprocmask"], "nset", Signals),
    (&["rt_sigprocmask"], "oset", Signals),
    (&["rt_sigpending"], "uset", Signals),
    (&["rt_sigtimedwait"], "uthese", Signals),
    (&["rt_sigtimedwait"], "uts", Timespec),
    (&["rt_sigsuspend"], "unewset", Signals),
    (&["signalfd", "signalfd4"], "user_mask", Signals),

    (&["getrandom"], "ubuf", Structure),

    // System V and POSIX objects.
    (&["semop", "semtimedop"], "tsops", SemaphoreOperations),
    (&["mq_timedsend", "mq_timedreceive"], "u_abs_timeout", Timespec),
    (&["mq_timedreceive"], "u_msg_prio", Unsigned(4)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argument::Direction;

    /// DECODE-8: every shape stands at an argument that a row has and that is memory.
    #[test]
    fn every_shape_is_memory_of_a_row() {
        for (calls, arg, shape) in SHAPES {
            for call in *calls {
                let row = crate::row_by_name(call).unwrap_or_else(|| panic!("{call} has no row"));
                let found = row.args.iter().find(|known| known.name == *arg);
                let found = found.unwrap_or_else(|| panic!("{call} has no {arg}"));
                let types = found.forms.iter().map(|form| form.arg.ty).chain([found.ty]);
                let memory =
                    |direction| matches!(direction, Direction::In | Direction::Out | Direction::InOut);
                let memory = types.into_iter().any(|ty| memory(ty.direction()));
                assert!(memory, "{call} {arg} is no {shape:?}");
            }
        }
    }
}
