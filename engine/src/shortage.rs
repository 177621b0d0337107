//! What the system did not give, and the limits of the process that may be why.

use std::fmt;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

/// What the system did not give: what it was for, how much of it, and why.
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
    /// So many bytes.
    Memory(u64),
    Descriptor,
    Thread,
}

impl Shortage {
    /// No memory for that, of so many bytes.
    pub(crate) fn memory(what: &'static str, bytes: u64, errno: Errno) -> Shortage {
        Shortage { what, of: Of::Memory(bytes), errno }
    }

    /// No descriptor for that.
    pub(crate) fn descriptor(what: &'static str, errno: Errno) -> Shortage {
        Shortage { what, of: Of::Descriptor, errno }
    }

    /// No thread for that.
    pub(crate) fn thread(what: &'static str, errno: Errno) -> Shortage {
        Shortage { what, of: Of::Thread, errno }
    }

    /// What it was for.
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

    /// The limits that may be why.
    fn limits(&self) -> impl Iterator<Item = (Resource, &'static str)> {
        const MEMORY: [(Resource, &str); 2] =
            [(Resource::RLIMIT_AS, "RLIMIT_AS"), (Resource::RLIMIT_DATA, "RLIMIT_DATA")];
        let threads = (Resource::RLIMIT_NPROC, "RLIMIT_NPROC");
        let descriptors = (Resource::RLIMIT_NOFILE, "RLIMIT_NOFILE");
        // With mlockall(MCL_FUTURE) new memory is locked.
        let locked = (Resource::RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK");
        let (threads, descriptors, memory) = match (self.of, self.errno) {
            (Of::Thread, _) => (Some(threads), None, true),
            (Of::Descriptor, Errno::EMFILE) => (None, Some(descriptors), false),
            // Of the whole system: no limit of the process.
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

/// Room for `count` values, asked for at once and used later.
///
/// # Errors
/// ENOMEM.
pub(crate) fn reserve<T>(values: &mut Vec<T>, count: usize, what: &'static str) -> Result<(), Shortage> {
    let bytes = count.saturating_mul(size_of::<T>()) as u64;
    values.try_reserve_exact(count).map_err(|_| Shortage::memory(what, bytes, Errno::ENOMEM))
}

/// What set-up takes beside what its parameters ask for, in bytes, with room to spare.
const SMALL_BYTES: usize = 128 << 10;

/// Sees that the small things of a set-up will find memory, which have no way to say that there is none. What is asked for
/// here goes back to the allocator, and is there for them.
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

    /// ENGINE-34: what is short is named, with the limits that are set and may be why.
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
    fn what_there_is_not_is_said() {
        let mut values: Vec<u64> = Vec::new();
        let short = reserve(&mut values, usize::MAX / 8, "much").expect_err("nobody has that");
        assert_eq!(short.errno(), Errno::ENOMEM);
        reserve(&mut values, 10, "little").expect("there is as much");
        expect_small("little").expect("there is as much");
    }
}
