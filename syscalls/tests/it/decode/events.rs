//! Lines of calls that wait, of clocks and of timers.

use libc::*;

use super::calls::{longs, made};

/// DECODE-8, DECODE-9: what descriptors are polled for, and what has come.
#[test]
fn polling() {
    let polled = |fd: i32, events: i16, came: i16| {
        [&fd.to_ne_bytes()[..], &events.to_ne_bytes(), &came.to_ne_bytes()].concat()
    };
    let before = [polled(7, POLLIN, 0), polled(-1, 0, 0)].concat();
    let after = [polled(7, POLLIN, POLLIN | POLLHUP), polled(-1, 0, 0)].concat();
    let poll = |after: &[u8], result: i64| made("ppoll").inout(&before, after).v([2, 0, 0, 0]).gives(result);
    assert_eq!(
        poll(&after, 1),
        "ppoll([{fd=7, events=POLLIN}, {fd=-1, events=0}] => \
         [{fd=7, events=POLLIN, revents=POLLIN|POLLHUP}, {fd=-1, events=0}], 2, NULL, NULL, 0) = 1"
    );
    assert_eq!(
        poll(&before, 0),
        "ppoll([{fd=7, events=POLLIN}, {fd=-1, events=0}], 2, NULL, NULL, 0) = 0 (Timeout)"
    );
}

/// DECODE-4, DECODE-8: epoll, with its events.
#[test]
#[cfg(target_arch = "x86_64")]
fn epoll() {
    let event = [&0x8000_0001_u32.to_ne_bytes()[..], &7_u64.to_ne_bytes()].concat();
    assert_eq!(made("epoll_create1").v([0x80000]).gives(6), "epoll_create1(EPOLL_CLOEXEC) = 6");
    assert_eq!(
        made("epoll_ctl").v([6, 1, 7]).bytes(&event).gives(0),
        "epoll_ctl(6, EPOLL_CTL_ADD, 7, {events=EPOLLIN|EPOLLET, data={u32=7, u64=7}}) = 0"
    );
    let wait = |came: &[u8], result: i64| made("epoll_wait").v([6]).out(36, came).v([3, 0]).gives(result);
    assert_eq!(wait(&event, 1), "epoll_wait(6, [{events=EPOLLIN|EPOLLET, data={u32=7, u64=7}}], 3, 0) = 1");
    assert_eq!(wait(b"", 0), "epoll_wait(6, [], 3, 0) = 0");
}

/// DECODE-4: sources of events, futexes.
#[test]
fn sources() {
    let lines = [
        (made("eventfd2").v([3, 0x80800]).gives(15), "eventfd2(3, EFD_CLOEXEC|EFD_NONBLOCK) = 15"),
        (made("inotify_init1").v([0x800]).gives(16), "inotify_init1(IN_NONBLOCK) = 16"),
        (
            made("inotify_add_watch").v([9]).text("/x").v([0x300]).gives(1),
            r#"inotify_add_watch(9, "/x", IN_CREATE|IN_DELETE) = 1"#,
        ),
        (
            made("futex").v([0x7ffd, 128, 5, 0]).fails(EAGAIN),
            "futex(0x7ffd, FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 5, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
        ),
        (
            made("futex").v([0x7ffd, 9 | 256, 5, 0, 0, 0xffff_ffff]).gives(0),
            "futex(0x7ffd, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 5, NULL, NULL, 4294967295) = 0",
        ),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}

/// DECODE-4, DECODE-8: clocks, times and timers.
#[test]
fn time() {
    let lines = [
        (
            made("clock_gettime").v([11]).out(16, &longs([1_795_409_359, 196])).gives(0),
            "clock_gettime(CLOCK_TAI, {tv_sec=1795409359, tv_nsec=196}) = 0",
        ),
        (
            made("clock_gettime").v([-6]).out(16, b"").fails(EINVAL),
            "clock_gettime(-6, out(16)) = -1 EINVAL (Invalid argument)",
        ),
        (
            made("nanosleep").bytes(&longs([5, 0])).out(16, &longs([3, 9])).fails(EINTR),
            "nanosleep({tv_sec=5, tv_nsec=0}, {tv_sec=3, tv_nsec=9}) = -1 EINTR (Interrupted system call)",
        ),
        (
            made("nanosleep").bytes(&longs([0, 1000])).out(16, b"").gives(0),
            "nanosleep({tv_sec=0, tv_nsec=1000}, \"\") = 0",
        ),
        (
            made("clock_nanosleep").v([1, 1]).bytes(&longs([0, 1000])).v([0]).gives(0),
            "clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=0, tv_nsec=1000}, NULL) = 0",
        ),
        (made("timerfd_create").v([1, 0x800]).gives(9), "timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK) = 9"),
        (
            made("timerfd_settime").v([9, 1]).bytes(&longs([0, 0, 1, 500])).v([0]).gives(0),
            "timerfd_settime(9, TFD_TIMER_ABSTIME, {it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=1, tv_nsec=500}}, NULL) = 0",
        ),
        (
            made("setitimer").v([1]).bytes(&longs([1, 2, 0, 0])).v([0]).gives(0),
            "setitimer(ITIMER_VIRTUAL, {it_interval={tv_sec=1, tv_usec=2}, it_value={tv_sec=0, tv_usec=0}}, NULL) = 0",
        ),
        (
            made("ppoll").v([0, 0]).inout(&longs([2, 0]), &longs([1, 5])).v([0, 0]).fails(EINTR),
            "ppoll(NULL, 0, {tv_sec=2, tv_nsec=0} => {tv_sec=1, tv_nsec=5}, NULL, 0) = -1 EINTR (Interrupted system call)",
        ),
        (made("getpriority").v([0, 0]).gives(20), "getpriority(PRIO_PROCESS, 0) = 20"),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}
