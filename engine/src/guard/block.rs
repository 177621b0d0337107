//! One guarded area: its bytes, known bytes around them, and pages that fault around these. `guard` makes one for each argument.
#![allow(unsafe_code, reason = "maps memory, and moves a call's bytes in and out of it")]

use std::cell::RefCell;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ptr::{self, NonNull};
use std::slice;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

const PAGE: usize = 4096;
/// Before the area there are at least so many known bytes.
const BEFORE: usize = 64;

/// How a call broke out of its row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Break {
    /// It wrote before the area, so many bytes.
    Before(usize),
    /// It wrote behind the area, so many bytes as far as this is seen.
    Behind(usize),
    /// It wrote into bytes that it only reads, by its row.
    Input,
    /// It said EFAULT, though all of its addresses are good by its row.
    Fault,
}

/// The page that follows an area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ends {
    /// A page that faults.
    Shut,
    /// A page of known bytes, then one that faults.
    Open,
}

/// A copy of some bytes of a call.
#[derive(Debug)]
pub(crate) struct Block {
    mapping: Option<Mapping>,
    /// Where the bytes begin in the mapping.
    at: usize,
    len: usize,
    /// Where the bytes come from, and go to if the call may write them.
    home: *mut u8,
    writes: bool,
    /// The bytes as they were.
    was: Vec<u8>,
}

// SAFETY: `home` lies in memory that the owner of the call keeps until the call is over, in whichever thread it ends.
unsafe impl Send for Block {}

impl Block {
    /// Guards `len` bytes at an address that the engine has made for a call.
    pub(crate) fn new(address: u64, len: usize, ends: Ends, writes: bool) -> Block {
        let home: *mut u8 = ptr::with_exposed_provenance_mut(usize::try_from(address).unwrap_or(0));
        // SAFETY: admission has checked that so many bytes lie in the area that the address is in.
        let was = unsafe { slice::from_raw_parts(home, len) }.to_vec();
        let mut mapping = Mapping::take((BEFORE + len).div_ceil(PAGE), ends);
        let at = mapping.body_bytes() - len;
        for (at, byte) in mapping.bytes_mut().iter_mut().enumerate() {
            *byte = canary(at);
        }
        mapping.bytes_mut()[at..at + len].copy_from_slice(&was);
        Block { mapping: Some(mapping), at, len, home, writes, was }
    }

    fn mapping(&mut self) -> &mut Mapping {
        self.mapping.as_mut().expect("until drop")
    }

    /// Where the kernel finds the bytes.
    pub(crate) fn address(&self) -> u64 {
        let base = self.mapping.as_ref().map_or(0, |mapping| mapping.base.as_ptr().expose_provenance());
        (base + PAGE + self.at) as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The word at byte `at`.
    pub(crate) fn word(&mut self, at: usize) -> u64 {
        let from = self.at + at;
        let bytes = &self.mapping().bytes_mut()[from..from + 8];
        u64::from_ne_bytes(bytes.try_into().expect("eight bytes"))
    }

    /// Puts an address in; it does not count as written by the call.
    pub(crate) fn set_word(&mut self, at: usize, word: u64) {
        let to = self.at + at;
        self.mapping().bytes_mut()[to..to + 8].copy_from_slice(&word.to_ne_bytes());
        self.was[at..at + 8].copy_from_slice(&word.to_ne_bytes());
    }

    /// Copies home the bytes that the call has written, and returns how it broke out, if it did.
    pub(crate) fn leave(&mut self) -> Option<Break> {
        let (at, len) = (self.at, self.len);
        let bytes = self.mapping.as_mut().expect("until drop").bytes_mut();
        let is_off = |(at, byte): (usize, &u8)| *byte != canary(at);
        let before = bytes[..at].iter().enumerate().position(is_off).map(|first| at - first);
        let behind = bytes.iter().enumerate().skip(at + len).rfind(|pair| is_off(*pair));
        let behind = behind.map(|(last, _)| last + 1 - at - len);
        let now = &bytes[at..at + len];
        let is_written = now != self.was;
        if self.writes {
            // Only bytes that have changed: another argument may have the same area.
            for (index, (byte, was)) in now.iter().zip(&mut self.was).enumerate() {
                if byte != was {
                    // SAFETY: the byte lies in the area of the call, which is there until it is over.
                    let to = unsafe { self.home.add(index) };
                    // SAFETY: as above; the owner of the area does not look at it before the call is over.
                    unsafe { to.write(*byte) };
                    *was = *byte;
                }
            }
        }
        if let Some(bytes) = before {
            return Some(Break::Before(bytes));
        }
        if let Some(bytes) = behind {
            return Some(Break::Behind(bytes));
        }
        (is_written && !self.writes).then_some(Break::Input)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(mapping) = self.mapping.take() {
            mapping.give_back();
        }
    }
}

/// The known byte of this place in the mapping.
fn canary(at: usize) -> u8 {
    u8::try_from(at % 251).expect("less than 251") ^ 0xa5
}

/// A page that faults, some pages of bytes, for an open end one more, and another page that faults.
#[derive(Debug)]
struct Mapping {
    /// INVARIANT: `pages + 2` pages are mapped here, the first and the last without access, until drop.
    base: NonNull<c_void>,
    pages: usize,
    ends: Ends,
}

thread_local! {
    /// Mappings to be used again: mapping and unmapping is most of the work.
    static FREE: RefCell<Vec<Mapping>> = const { RefCell::new(Vec::new()) };
}

impl Mapping {
    /// A mapping with `body` pages for the area.
    fn take(body: usize, ends: Ends) -> Mapping {
        let pages = body + usize::from(ends == Ends::Open);
        let free = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            let found = free.iter().position(|one| one.pages == pages && one.ends == ends)?;
            Some(free.swap_remove(found))
        });
        free.ok().flatten().unwrap_or_else(|| Mapping::map(pages, ends))
    }

    fn map(pages: usize, ends: Ends) -> Mapping {
        let bytes = NonZeroUsize::new((pages + 2) * PAGE).expect("more than none");
        let flags = MapFlags::MAP_PRIVATE;
        // SAFETY: a new mapping at an address of the kernel's choice affects no other memory.
        let base = unsafe { mmap_anonymous(None, bytes, ProtFlags::PROT_NONE, flags) }.expect("mapped");
        // SAFETY: the second page lies in the mapping.
        let body = unsafe { base.byte_add(PAGE) };
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: these pages were mapped just now, and nothing uses them.
        unsafe { mprotect(body, pages * PAGE, access) }.expect("pages of our own");
        Mapping { base, pages, ends }
    }

    /// The bytes from the first page of the area to where areas end.
    fn body_bytes(&self) -> usize {
        (self.pages - usize::from(self.ends == Ends::Open)) * PAGE
    }

    /// All that can be read.
    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the second page lies in the mapping.
        let body: *mut u8 = unsafe { self.base.byte_add(PAGE) }.as_ptr().cast();
        // SAFETY: by the invariant of `base`; no call is being made, so the kernel writes nothing.
        unsafe { slice::from_raw_parts_mut(body, self.pages * PAGE) }
    }

    fn give_back(self) {
        // A thread that ends keeps none.
        const KEPT_MAX: usize = 64;
        let _kept = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT_MAX {
                free.push(self);
            }
        });
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: by the invariant of `base`; a block that has the mapping has ended.
        let unmapped = unsafe { munmap(self.base, (self.pages + 2) * PAGE) };
        debug_assert_eq!(unmapped, Ok(()), "it was mapped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: &mut [u8], ends: Ends, writes: bool) -> Block {
        Block::new(bytes.as_mut_ptr().expose_provenance() as u64, bytes.len(), ends, writes)
    }

    /// SAFETY-1: writes around an area are found, writes to it go home.
    #[test]
    fn a_write_around_an_area_is_found() {
        for len in [0, 1, 7, 8, 4095, 4096, 4097] {
            let mut bytes = vec![1; len];
            let mut guarded = block(&mut bytes, Ends::Open, true);
            let at = guarded.at;
            assert_eq!(guarded.leave(), None);
            guarded.mapping().bytes_mut()[at + len] ^= 1;
            assert_eq!(guarded.leave(), Some(Break::Behind(1)));
            guarded.mapping().bytes_mut()[at + len] ^= 1;
            guarded.mapping().bytes_mut()[at - 3] ^= 1;
            assert_eq!(guarded.leave(), Some(Break::Before(3)));
            guarded.mapping().bytes_mut()[at - 3] ^= 1;
            if let Some(last) = len.checked_sub(1) {
                guarded.mapping().bytes_mut()[at + last] = 7;
                assert_eq!((guarded.leave(), bytes[last]), (None, 7));
                let mut input = block(&mut bytes, Ends::Shut, false);
                let at = input.at;
                input.mapping().bytes_mut()[at + last] = 8;
                assert_eq!((input.leave(), bytes[last]), (Some(Break::Input), 7));
            }
        }
    }

    /// SAFETY-1: an area ends where a page faults.
    #[test]
    fn an_area_ends_at_a_page_that_faults() {
        let mut bytes = [0; 10];
        for (ends, behind) in [(Ends::Shut, 0), (Ends::Open, PAGE as u64)] {
            let guarded = block(&mut bytes, ends, true);
            let end = guarded.address() + 10;
            let status = |at: u64| nix::errno::Errno::result(madvise(at));
            assert_eq!(end % PAGE as u64, 0);
            assert_eq!(status(end + behind), Err(nix::errno::Errno::EFAULT));
        }
    }

    /// Asks the kernel to read one byte at an address.
    fn madvise(at: u64) -> i32 {
        let from: *const libc::c_char = ptr::with_exposed_provenance(usize::try_from(at).expect("64 bits"));
        // SAFETY: the kernel reads a path from the address, and says EFAULT if there is nothing.
        unsafe { libc::access(from, 0) }
    }
}
