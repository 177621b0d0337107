//! Shortages: memory, descriptors and threads that the system did not give while an engine or a ring was set up.

use std::fmt;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

/// A resource that the system did not give: its purpose, its amount, and the error number.
///
/// Its words name the limits of the process that are set and may be the reason.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shortage {
    what: &'static str,
    of: Of,
    errno: Errno,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Of {
    /// In bytes.
    Memory(u64),
    Descriptor,
    Thread,
}

impl Shortage {
    /// No memory for `what`, of so many bytes.
    pub(crate) fn memory(what: &'static str, bytes: u64, errno: Errno) -> Shortage {
        Shortage { what, of: Of::Memory(bytes), errno }
    }

    /// No descriptor for `what`.
    pub(crate) fn descriptor(what: &'static str, errno: Errno) -> Shortage {
        Shortage { what, of: Of::Descriptor, errno }
    }

    /// No thread for `what`.
    pub(crate) fn thread(what: &'static str, errno: Errno) -> Shortage {
        Shortage { what, of: Of::Thread, errno }
    }

    /// The purpose of the resource, in words.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Bytes of memory that were asked for; 0 when it was no memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        if let Of::Memory(bytes) = self.of { bytes } else { 0 }
    }

    /// The error number: ENOMEM, EAGAIN, EMFILE, ENFILE, ….
    #[must_use]
    pub fn errno(&self) -> Errno {
        self.errno
    }

    /// The limits that may be the reason.
    fn limits(&self) -> impl Iterator<Item = (Resource, &'static str)> {
        const MEMORY: [(Resource, &str); 2] =
            [(Resource::RLIMIT_AS, "RLIMIT_AS"), (Resource::RLIMIT_DATA, "RLIMIT_DATA")];
        let threads = (Resource::RLIMIT_NPROC, "RLIMIT_NPROC");
        let descriptors = (Resource::RLIMIT_NOFILE, "RLIMIT_NOFILE");
        // After mlockall(MCL_FUTURE) new memory is locked.
        let locked = (Resource::RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK");
        let (threads, descriptors, memory) = match (self.of, self.errno) {
            (Of::Thread, _) => (Some(threads), None, true),
            (Of::Descriptor, Errno::EMFILE) => (None, Some(descriptors), false),
            // The whole system has none left: no limit of the process is the reason.
            (Of::Descriptor, Errno::ENFILE) => (None, None, false),
            (Of::Memory(_) | Of::Descriptor, _) => (None, None, true),
        };
        let locked = (memory && self.errno == Errno::EAGAIN).then_some(locked);
        let memory = MEMORY.into_iter().filter(move |_| memory);
        threads.into_iter().chain(descriptors).chain(memory).chain(locked)
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shortage { what, of, errno } = self;
        match of {
            Of::Memory(bytes) => write!(f, "the system has no {bytes} bytes of memory for {what}: {errno}")?,
            Of::Descriptor => write!(f, "the system has no descriptor for {what}: {errno}")?,
            Of::Thread => write!(f, "the system has no thread for {what}: {errno}")?,
        }
        let mut between = "; of the process's limits are set: ";
        for (resource, name) in self.limits() {
            match getrlimit(resource) {
                Ok((soft, _)) if soft != RLIM_INFINITY => write!(f, "{between}{name} {soft}")?,
                _ => continue,
            }
            between = ", ";
        }
        Ok(())
    }
}

impl std::error::Error for Shortage {}

/// Reserves room for `count` values at once; it is used later.
///
/// # Errors
/// ENOMEM.
pub(crate) fn reserve<T>(values: &mut Vec<T>, count: usize, what: &'static str) -> Result<(), Shortage> {
    let bytes = count.saturating_mul(size_of::<T>()) as u64;
    values.try_reserve_exact(count).map_err(|_| Shortage::memory(what, bytes, Errno::ENOMEM))
}

/// More bytes than set-up allocates apart from the memory that its parameters ask for.
const SMALL_BYTES: usize = 128 << 10;

/// Sees to it that the small allocations of a set-up, which cannot report a failure, find memory: takes as much, and gives it
/// back to the allocator for them.
///
/// # Errors
/// ENOMEM.
pub(crate) fn expect_small(what: &'static str) -> Result<(), Shortage> {
    let mut room: Vec<u8> = Vec::new();
    reserve(&mut room, SMALL_BYTES, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ENGINE-34: a shortage names the resource, and the limits that are set and may be the reason.
    #[test]
    fn limits_are_named() {
        let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("it can be asked for");
        let event = Shortage::descriptor("the event", Errno::EMFILE);
        let text = event.to_string();
        assert!(text.starts_with("the system has no descriptor for the event: EMFILE"), "{text}");
        if descriptors != RLIM_INFINITY {
            assert!(text.ends_with(&format!("RLIMIT_NOFILE {descriptors}")), "{text}");
        }
        let none = Shortage::descriptor("the event", Errno::ENFILE).to_string();
        assert!(!none.contains("RLIMIT"), "{none}");
        let slots = Shortage::memory("the slots", 1 << 40, Errno::ENOMEM);
        assert!(slots.to_string().contains("no 1099511627776 bytes of memory for the slots: ENOMEM"));
        assert_eq!((slots.what(), slots.bytes(), slots.errno()), ("the slots", 1 << 40, Errno::ENOMEM));
        assert_eq!(event.bytes(), 0);
    }

    #[test]
    fn a_reservation_that_fails_is_an_error() {
        let mut values: Vec<u64> = Vec::new();
        let short = reserve(&mut values, usize::MAX / 8, "much").expect_err("no machine has that");
        assert_eq!(short.errno(), Errno::ENOMEM);
        reserve(&mut values, 10, "little").expect("there is as much");
        expect_small("little").expect("there is as much");
    }
}
