//! The caller's memory, looked at without trusting an address: the kernel is asked first, so a bad one is an EFAULT of
//! the plain call and no fault of ours.
#![allow(unsafe_code, reason = "reads and writes memory that a call's arguments name")]

use syslet_syscalls::Narrowed;

use crate::nonblocking::ask;

/// A number that no kernel takes for a count of descriptors.
const TOO_MANY: u64 = u32::MAX as u64;

/// Leave to look where the arguments of one call point.
///
/// INVARIANT: made only while a submitter answers for the addresses in them: what is mapped there stays mapped, and
/// nobody else writes it, until the call is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory(());

/// The length of a vector's entry, in words: address and length.
const ENTRY_WORDS: usize = 2;
/// The parts of a siginfo that waitid fills, in bytes: signal, errno, code, then behind a gap process, user, status.
const SIGINFO_FILLED: [std::ops::Range<usize>; 2] = [0..12, 16..28];
/// The last 8 bytes of them.
const SIGINFO_LAST: u64 = 20;

/// Whether the bytes from a word to a last one behind it, on the same page or the next, can be read. One page is there
/// or not, so it is asked for once.
fn is_readable(at: u64, last: u64) -> bool {
    const PAGE: u64 = syslet_abi::PAGE_BYTES as u64;
    let is_one_page = at / PAGE == last.saturating_add(7) / PAGE;
    ask::is_readable(at) && (is_one_page || ask::is_readable(last))
}

impl Memory {
    /// # Safety
    /// By the type's invariant.
    pub(crate) unsafe fn promised() -> Memory {
        Memory(())
    }

    /// `N` words, at most a page of them, from any address; nothing when the kernel cannot read them.
    pub(crate) fn words<const N: usize>(self, at: u64) -> Option<[u64; N]> {
        let last = at.checked_add(8 * (N as u64 - 1))?;
        is_readable(at, last).then(|| self.words_just_used(at))
    }

    /// `N` words that the kernel has just read for this very call.
    fn words_just_used<const N: usize>(self, at: u64) -> [u64; N] {
        let Ok(at) = usize::try_from(at) else { return [0; N] };
        let words: *const [u64; N] = std::ptr::with_exposed_provenance(at);
        // SAFETY: readable, as the kernel said; by the invariant nobody changes that.
        unsafe { words.read_unaligned() }
    }

    /// Copies at most a page of bytes from any address; false when the kernel cannot read them, or cannot say so.
    pub(crate) fn copy(self, at: u64, into: &mut [u8]) -> bool {
        const PAGE: u64 = syslet_abi::PAGE_BYTES as u64;
        let Some(behind) = (into.len() as u64).checked_sub(1) else { return true };
        let (Some(last), Ok(from)) = (at.checked_add(behind), usize::try_from(at)) else { return false };
        // The kernel is asked for the aligned words that have the first and the last byte: they lie in the same pages.
        let is_there = |byte: u64| ask::is_readable(byte & !7);
        if !is_there(at) || (at / PAGE != last / PAGE && !is_there(last)) {
            return false;
        }
        let from: *const u8 = std::ptr::with_exposed_provenance(from);
        // SAFETY: readable, first and last byte, as the kernel said; by the invariant nobody changes that.
        unsafe { std::ptr::copy_nonoverlapping(from, into.as_mut_ptr(), into.len()) };
        true
    }

    /// Writes two words; false when the memory is not there.
    pub(crate) fn put(self, at: u64, words: [u64; 2]) -> bool {
        let Some(last) = at.checked_add(8) else { return false };
        // SAFETY: by the invariant the words are the call's to write; this is the first.
        let first_is_there = unsafe { ask::overwrite(at) };
        // SAFETY: as above; this is the second.
        if !first_is_there || !unsafe { ask::overwrite(last) } {
            return false;
        }
        let Ok(at) = usize::try_from(at) else { return false };
        let to: *mut [u64; 2] = std::ptr::with_exposed_provenance_mut(at);
        // SAFETY: both words have just been written.
        unsafe { to.write_unaligned(words) };
        true
    }

    /// Takes back what the kernel has just written over words that were copied from there. A word that is another one
    /// than it was has been written, so it can be.
    pub(crate) fn put_back(self, at: u64, words: &[u64]) {
        for (index, was) in (0u64..).zip(words) {
            let at = at + 8 * index;
            let ([is], Ok(to)) = (self.words_just_used(at), usize::try_from(at)) else { return };
            if is != *was {
                let to: *mut u64 = std::ptr::with_exposed_provenance_mut(to);
                // SAFETY: the kernel has written there for this very call.
                unsafe { to.write_unaligned(*was) };
            }
        }
    }

    /// Makes the kernel write back what is left of a time. It does that also when it refuses the call, as it does here
    /// for a `count` that cannot be.
    pub(crate) fn write_back_time(self, nr: u32, args: Narrowed<'_>, count: usize) {
        let refused = args.raw().with(count, TOO_MANY);
        // SAFETY: by the invariant the time is the call's to write; nothing else is looked at.
        let _refused = unsafe { ask::ask_raw(nr.into(), &refused) };
    }

    /// The entries of a vector that the kernel has just read for this very call: addresses and lengths.
    pub(crate) fn entries(self, vec: u64, count: u64) -> impl Iterator<Item = [u64; ENTRY_WORDS]> {
        (0..count).map(move |index| self.words_just_used(vec + index * 8 * ENTRY_WORDS as u64))
    }

    /// Writes what waitid writes of a siginfo; false when the memory is not there.
    pub(crate) fn put_siginfo(self, at: u64, info: &[u64; 16]) -> bool {
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
