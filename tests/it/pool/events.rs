//! The descriptor that tells of completions, in the hands of those who poll.
#![allow(unsafe_code, reason = "tokio asks for a promise that a descriptor stays open")]

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mio::unix::SourceFd;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use syslet::{CallFlags, CompletionEvent, Config, Params, Ring, RingError};
use tokio::io::unix::AsyncFd;

use crate::rig::{self, drain, getpid, push};
use syslet_tests::pool::{PATIENCE, is_readable, start, until, within};

const CALLS: usize = 20_000;

/// One stream of calls for workers: how many are pushed, and how many of them have come back.
struct Stream {
    ring: Ring,
    /// How many are in flight at most.
    window: usize,
    pushed: usize,
    seen: usize,
}

impl Stream {
    fn new(window: usize) -> Stream {
        Stream { ring: rig::pooled(), window, pushed: 0, seen: 0 }
    }

    /// Pushes what the window allows; no wait will run it.
    fn feed(&mut self) {
        while self.pushed < CALLS && self.pushed - self.seen < self.window {
            push(&mut self.ring, &getpid().flags(CallFlags::ASYNC).build()).expect("accepted");
            self.pushed += 1;
        }
        self.ring.submit();
    }

    /// Reads until there are none, as who is told of edges has to.
    fn read(&mut self) {
        loop {
            let count = drain(&mut self.ring).len();
            if count == 0 {
                return;
            }
            self.seen += count;
        }
    }

    fn is_over(&self) -> bool {
        self.seen == CALLS
    }
}

/// Streams that are read whenever `told` has returned, which is given how many have been read.
fn drive(told_of: impl Fn(&CompletionEvent) -> Box<dyn FnMut(usize)>) {
    for window in [1, 2, 32] {
        let mut stream = Stream::new(window);
        let event = stream.ring.event().expect("a descriptor");
        let mut told = told_of(&event);
        while !stream.is_over() {
            stream.feed();
            told(stream.seen);
            stream.read();
        }
    }
}

/// ENGINE-30, RING-20: epoll, edge-triggered: an edge for what was posted after the last look, however it is timed.
#[test]
fn epoll_loses_no_edge() {
    drive(|event| {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
        epoll.add(event, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 7)).unwrap();
        Box::new(move |seen| {
            let mut events = [EpollEvent::empty()];
            let timeout = EpollTimeout::try_from(PATIENCE).unwrap();
            assert_eq!(epoll.wait(&mut events, timeout), Ok(1), "after {seen}");
        })
    });
}

/// ENGINE-30, RING-20: the same through mio, which knows edges only.
#[test]
fn mio_loses_no_edge() {
    drive(|event| {
        let mut poll = mio::Poll::new().unwrap();
        let fd = event.as_raw_fd();
        poll.registry().register(&mut SourceFd(&fd), mio::Token(7), mio::Interest::READABLE).unwrap();
        let mut events = mio::Events::with_capacity(4);
        Box::new(move |seen| {
            poll.poll(&mut events, Some(PATIENCE)).unwrap();
            let event = events.iter().next();
            assert!(event.is_some_and(|event| event.is_readable()), "after {seen}");
        })
    });
}

/// ENGINE-30, RING-20: the same through tokio's `AsyncFd`, while another task of the same thread runs.
#[test]
fn tokio_loses_no_edge() {
    within(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let turns = std::rc::Rc::new(AtomicU64::new(0));
            let counted = std::rc::Rc::clone(&turns);
            let other = async move {
                loop {
                    counted.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            };
            let tasks = tokio::task::LocalSet::new();
            let other = tasks.spawn_local(other);
            tasks.run_until(read_by_tokio()).await;
            other.abort();
            assert!(turns.load(Ordering::Relaxed) > 0, "the runtime was free meanwhile");
        });
    });
}

async fn read_by_tokio() {
    for window in [1, 32] {
        let mut stream = Stream::new(window);
        let event = stream.ring.event().expect("a descriptor");
        // SAFETY: a completion event owns its descriptor, and gives the same number as long as it lives.
        let event = unsafe { AsyncFd::register(event) }.expect("registered");
        while !stream.is_over() {
            stream.feed();
            let mut guard = event.readable().await.expect("polled");
            guard.clear_ready();
            stream.read();
        }
    }
}

/// ENGINE-30, RING-19, RING-22: one descriptor for a ring, readable at first, and from a worker's post until the
/// completion is taken. What the submitter has run itself is not told of.
#[test]
fn readable_from_a_post_until_a_look() {
    let (_engine, mut ring) = start(Config::default());
    let event = ring.event().unwrap();
    assert_eq!(event.as_raw_fd(), ring.event().unwrap().as_raw_fd());
    assert!(is_readable(&event, Duration::ZERO), "something may have been posted before");
    assert_eq!(drain(&mut ring).len(), 0);
    for _ in 0..100 {
        assert!(!is_readable(&event, Duration::ZERO));
        push(&mut ring, &getpid().flags(CallFlags::ASYNC).build()).unwrap();
        ring.submit();
        until("it is told", || is_readable(&event, Duration::ZERO));
        assert_eq!(drain(&mut ring).len(), 1);
        assert_eq!(drain(&mut ring).len(), 0);
        assert!(!is_readable(&event, Duration::ZERO));
        push(&mut ring, &getpid().flags(CallFlags::SYNC).build()).unwrap();
        assert_eq!(ring.wait(1, None), Ok(1));
        assert!(!is_readable(&event, Duration::ZERO), "the submitter knows");
        assert_eq!(drain(&mut ring).len(), 1);
    }
    drop(ring);
    assert!(!is_readable(&event, Duration::ZERO), "it outlives the ring");
}

/// ENGINE-30: a ring of an engine that is closed still has its descriptor.
#[test]
fn a_closed_engines_completions_can_be_polled() {
    let (engine, mut ring) = start(Config::default());
    push(&mut ring, &getpid().flags(CallFlags::ASYNC).build()).unwrap();
    ring.submit();
    let event = ring.event().unwrap();
    engine.close(PATIENCE).unwrap();
    assert!(is_readable(&event, Duration::ZERO));
    assert_eq!(drain(&mut ring).len(), 1, "run, or ended without");
    assert_eq!(engine.ring(&Params::default()).err(), Some(RingError::Closed));
}
