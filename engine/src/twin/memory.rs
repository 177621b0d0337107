//! The caller's memory, looked at without trusting an address: the kernel is asked first, so a bad one is an EFAULT of
//! the plain call and no fault of ours.
#![allow(unsafe_code, reason = "reads and writes memory that a call's arguments name")]

use super::ask;

/// Leave to look where the arguments of one call point.
///
/// INVARIANT: made only while a submitter answers for the addresses in them: what is mapped there stays mapped, and
/// nobody else writes it, until the call is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory(());

/// The length of a vector's entry, in words: address and length.
const ENTRY_WORDS: usize = 2;
/// The parts of a siginfo that waitid fills, in bytes: signal, errno, code, then behind a gap process, user, status.
const SIGINFO_FILLED: [std::ops::Range<usize>; 2] = [0..12, 16..28];
/// The last 8 bytes of them.
const SIGINFO_LAST: u64 = 20;

impl Memory {
    /// # Safety
    /// By the type's invariant.
    pub(super) unsafe fn promised() -> Memory {
        Memory(())
    }

    /// `N` words, at most a page of them, from any address; nothing when the kernel cannot read them.
    pub(super) fn words<const N: usize>(self, at: u64) -> Option<[u64; N]> {
        let last = at.checked_add(8 * (N as u64 - 1))?;
        (ask::is_readable(at) && ask::is_readable(last)).then(|| self.words_just_used(at))
    }

    /// `N` words that the kernel has just read for this very call.
    fn words_just_used<const N: usize>(self, at: u64) -> [u64; N] {
        let Ok(at) = usize::try_from(at) else { return [0; N] };
        let words: *const [u64; N] = std::ptr::with_exposed_provenance(at);
        // SAFETY: readable, as the kernel said; by the invariant nobody changes that.
        unsafe { words.read_unaligned() }
    }

    /// The entries of a vector that the kernel has just read for this very call: addresses and lengths.
    pub(super) fn entries(self, vec: u64, count: u64) -> impl Iterator<Item = [u64; ENTRY_WORDS]> {
        (0..count).map(move |index| self.words_just_used(vec + index * 8 * ENTRY_WORDS as u64))
    }

    /// Writes what waitid writes of a siginfo; false when the memory is not there.
    pub(super) fn put_siginfo(self, at: u64, info: &[u64; 16]) -> bool {
        let Some(last) = at.checked_add(SIGINFO_LAST) else { return false };
        // SAFETY: by the invariant the siginfo is the call's to write; these are its first 8 bytes.
        let first_is_there = unsafe { ask::overwrite(at) };
        // SAFETY: as above; these are the last 8 that are filled.
        if !first_is_there || !unsafe { ask::overwrite(last) } {
            return false;
        }
        let Ok(at) = usize::try_from(at) else { return false };
        let to: *mut u8 = std::ptr::with_exposed_provenance_mut(at);
        let from: &[u8] = bytemuck::cast_slice(info);
        for range in SIGINFO_FILLED {
            // SAFETY: within what was just written, first and last byte.
            let to = unsafe { to.add(range.start) };
            // SAFETY: as above; our own copy does not overlap it.
            unsafe { std::ptr::copy_nonoverlapping(from[range.clone()].as_ptr(), to, range.len()) };
        }
        true
    }
}
