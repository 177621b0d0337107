//! The eventfd behind `Event`: the descriptor that an application polls for completions. A ring makes it when it is first
//! asked for.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::notify::event::{Event, EventCounter};

/// A descriptor that is readable when completions may be there: for epoll, mio, tokio's `AsyncFd`, level- or
/// edge-triggered. It is readable from the start. Taking completions from the ring makes it unreadable again; it need
/// not be read, and reading it does no harm. Readable does not promise a completion: now and then there is none.
///
/// Copies share one descriptor, which outlives the ring as long as a copy does.
#[derive(Clone, Debug)]
pub struct CompletionEvent(Arc<EventFd>);

impl CompletionEvent {
    fn new() -> nix::Result<CompletionEvent> {
        // 1: a poll that comes before the first look must not wait for a second completion.
        let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
        Ok(CompletionEvent(Arc::new(EventFd::from_value_and_flags(1, flags)?)))
    }
}

impl EventCounter for CompletionEvent {
    fn add_one(&self) {
        // It fails only at a count of 2^64 - 2, and is readable then.
        let _ = self.0.write(1);
    }

    fn take(&self) -> u64 {
        // It fails only when there is nothing.
        self.0.read().unwrap_or(0)
    }
}

impl Event<CompletionEvent> {
    /// The descriptor, made when it is first asked for.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM: as eventfd2.
    pub(crate) fn descriptor(&self) -> nix::Result<CompletionEvent> {
        self.get_or_create(CompletionEvent::new).cloned()
    }
}

impl AsFd for CompletionEvent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for CompletionEvent {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, AsRawFd};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering, fence};
    use std::thread;

    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::{CompletionEvent, Event};

    fn event() -> (Event<CompletionEvent>, CompletionEvent) {
        let event = Event::new();
        let descriptor = event.descriptor().unwrap();
        (event, descriptor)
    }

    fn is_readable(descriptor: &CompletionEvent) -> bool {
        poll(&mut [PollFd::new(descriptor.as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO).unwrap() == 1
    }

    /// RING-19: one descriptor, which does not block and is not inherited by another program, readable at first.
    #[test]
    fn there_is_one_descriptor_and_it_is_readable_at_first() {
        let (event, descriptor) = event();
        assert_eq!(event.descriptor().unwrap().as_raw_fd(), descriptor.as_raw_fd());
        let status = OFlag::from_bits_retain(fcntl(&descriptor, FcntlArg::F_GETFL).unwrap());
        assert!(status.contains(OFlag::O_NONBLOCK));
        let flags = FdFlag::from_bits_retain(fcntl(&descriptor, FcntlArg::F_GETFD).unwrap());
        assert!(flags.contains(FdFlag::FD_CLOEXEC));
        assert!(is_readable(&descriptor));
    }

    /// RING-19: nothing is counted before the descriptor is asked for.
    #[test]
    fn without_a_descriptor_nothing_happens() {
        let event = Event::<CompletionEvent>::new();
        event.rearm();
        event.raise();
        event.rearm();
        let descriptor = event.descriptor().unwrap();
        event.rearm();
        assert!(!is_readable(&descriptor));
    }

    /// RING-21, RING-22: readable from a post until the next look, however many posts there are.
    #[test]
    fn a_look_ends_what_a_post_began() {
        let (event, descriptor) = event();
        for _ in 0..3 {
            event.rearm();
            assert!(!is_readable(&descriptor));
            event.rearm();
            event.raise();
            event.raise();
            assert!(is_readable(&descriptor));
            assert_eq!(descriptor.0.read(), Ok(1), "one arming, one write");
            descriptor.0.write(1).unwrap();
        }
    }

    /// RING-22: an application that reads the descriptor loses nothing by it.
    #[test]
    fn reading_the_descriptor_does_no_harm() {
        let (event, descriptor) = event();
        for _ in 0..3 {
            descriptor.0.read().unwrap();
            event.rearm();
            assert!(!is_readable(&descriptor));
            event.raise();
            assert!(is_readable(&descriptor));
        }
    }

    /// RING-20: the kernel's eventfd ends the poll, however the two threads meet.
    #[test]
    fn a_post_ends_the_poll() {
        const POSTS: u32 = 2000;
        let (event, descriptor) = event();
        let (event, posted) = (Arc::new(event), Arc::new(AtomicU32::new(0)));
        let poster = {
            let (event, posted) = (Arc::clone(&event), Arc::clone(&posted));
            thread::spawn(move || {
                for _ in 0..POSTS {
                    posted.fetch_add(1, Ordering::Release);
                    fence(Ordering::SeqCst);
                    event.raise();
                }
            })
        };
        let mut seen = 0;
        while seen < POSTS {
            let mut polled = [PollFd::new(descriptor.as_fd(), PollFlags::POLLIN)];
            assert_eq!(poll(&mut polled, PollTimeout::NONE), Ok(1));
            event.rearm();
            seen = posted.load(Ordering::Acquire);
        }
        poster.join().unwrap();
        event.rearm();
        assert!(!is_readable(&descriptor));
    }
}
