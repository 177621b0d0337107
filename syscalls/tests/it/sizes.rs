//! Sizes: against the C library's structures.

use std::mem::size_of;

use syslet_syscalls::{Len, row_by_name};

/// The bytes that argument `arg` of `call` has, or has for each element.
fn bytes(call: &str, arg: usize) -> Option<usize> {
    match row_by_name(call)?.args[arg].len {
        Len::Const(bytes) | Len::Times(_, bytes) => usize::try_from(bytes).ok(),
        _ => None,
    }
}

macro_rules! same {
    ($($call:ident $arg:literal $ty:ty,)*) => {
        $(assert_eq!(
            bytes(stringify!($call), $arg),
            Some(size_of::<$ty>()),
            concat!(stringify!($call), " ", $arg, ": ", stringify!($ty))
        );)*
    };
}

/// TABLE-5: against the C library.
#[test]
fn structures_have_the_size_of_the_c_library() {
    same! {
        sendfile 2 libc::loff_t, copy_file_range 1 libc::loff_t, copy_file_range 3 libc::loff_t,
        splice 1 libc::loff_t, splice 3 libc::loff_t, fstat 1 libc::stat, fstatfs 1 libc::statfs,
        pipe2 0 [libc::c_int; 2], newfstatat 2 libc::stat, statx 4 libc::statx, statfs 1 libc::statfs,
        utimensat 2 [libc::timespec; 2], socketpair 3 [libc::c_int; 2], accept 2 libc::socklen_t,
        accept4 2 libc::socklen_t, recvfrom 5 libc::socklen_t, recvmmsg 4 libc::timespec,
        getsockname 2 libc::socklen_t, getpeername 2 libc::socklen_t, getsockopt 4 libc::socklen_t,
        ppoll 0 libc::pollfd, ppoll 2 libc::timespec, pselect6 4 libc::timespec, epoll_ctl 3 libc::epoll_event,
        epoll_pwait 1 libc::epoll_event, epoll_pwait2 1 libc::epoll_event, epoll_pwait2 3 libc::timespec,
        futex_waitv 3 libc::timespec, futex_wait 4 libc::timespec, io_getevents 4 libc::timespec,
        clock_gettime 1 libc::timespec, clock_getres 1 libc::timespec, clock_settime 1 libc::timespec,
        clock_adjtime 1 libc::timex, adjtimex 0 libc::timex, gettimeofday 0 libc::timeval,
        gettimeofday 1 [libc::c_int; 2], settimeofday 0 libc::timeval, settimeofday 1 [libc::c_int; 2],
        times 0 libc::tms, nanosleep 0 libc::timespec, nanosleep 1 libc::timespec,
        clock_nanosleep 2 libc::timespec, clock_nanosleep 3 libc::timespec, getitimer 1 libc::itimerval,
        setitimer 1 libc::itimerval, setitimer 2 libc::itimerval, timer_create 1 libc::sigevent,
        timer_create 2 libc::c_int, timer_settime 2 libc::itimerspec, timer_settime 3 libc::itimerspec,
        timer_gettime 1 libc::itimerspec, timerfd_settime 2 libc::itimerspec,
        timerfd_settime 3 libc::itimerspec, timerfd_gettime 1 libc::itimerspec, getrlimit 1 libc::rlimit,
        setrlimit 1 libc::rlimit, prlimit64 2 libc::rlimit64, prlimit64 3 libc::rlimit64,
        getrusage 1 libc::rusage, wait4 1 libc::c_int, wait4 3 libc::rusage, waitid 2 libc::siginfo_t,
        waitid 4 libc::rusage, rt_sigqueueinfo 2 libc::siginfo_t, rt_tgsigqueueinfo 3 libc::siginfo_t,
        pidfd_send_signal 2 libc::siginfo_t, sigaltstack 1 libc::stack_t, rt_sigtimedwait 1 libc::siginfo_t,
        rt_sigtimedwait 2 libc::timespec, getresuid 0 libc::uid_t, getresgid 2 libc::gid_t,
        getgroups 1 libc::gid_t, setgroups 1 libc::gid_t, getcpu 0 libc::c_uint, getcpu 1 libc::c_uint,
        sched_getparam 1 libc::c_int, sched_setparam 1 libc::c_int, sched_setscheduler 2 libc::c_int,
        sched_rr_get_interval 1 libc::timespec, get_mempolicy 0 libc::c_int, move_pages 3 libc::c_int,
        move_pages 4 libc::c_int, semop 1 libc::sembuf, semtimedop 1 libc::sembuf,
        semtimedop 3 libc::timespec, mq_open 3 libc::mq_attr, mq_timedsend 4 libc::timespec,
        mq_timedreceive 3 libc::c_uint, mq_timedreceive 4 libc::timespec, mq_getsetattr 1 libc::mq_attr,
        mq_getsetattr 2 libc::mq_attr, uname 0 libc::utsname, sysinfo 0 libc::sysinfo,
    }
    #[cfg(target_arch = "x86_64")]
    same! {
        stat 1 libc::stat, lstat 1 libc::stat, pipe 0 [libc::c_int; 2], poll 0 libc::pollfd,
        select 4 libc::timeval, epoll_wait 1 libc::epoll_event, utime 1 libc::utimbuf,
        utimes 1 [libc::timeval; 2], futimesat 2 [libc::timeval; 2], time 0 libc::time_t,
    }
}
