//! Whether this is still the process that started the engine. Ring memory does not go through fork: a page that the
//! kernel wipes in the child tells the entries of the public interface before they touch a ring.
#![allow(unsafe_code, reason = "maps one page and asks the kernel to wipe it in a child")]

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

const PAGE_BYTES: NonZeroUsize = NonZeroUsize::new(syslet_abi::PAGE_BYTES).expect("a page is not empty");

/// A page that reads 1 in the process that made it and 0 in its children.
#[derive(Debug)]
pub(crate) struct ForkGuard {
    /// INVARIANT: a mapped page, in every process that inherits it, until this value is dropped.
    page: NonNull<AtomicU32>,
}

// SAFETY: the page holds one atomic, and is unmapped by the one owner only.
unsafe impl Send for ForkGuard {}
// SAFETY: the page holds one atomic, which threads may share.
unsafe impl Sync for ForkGuard {}

impl ForkGuard {
    pub(crate) fn new() -> nix::Result<ForkGuard> {
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE);
        // SAFETY: a new private mapping at an address of the kernel's choice affects no other memory.
        let page = unsafe { mmap_anonymous(None, PAGE_BYTES, access, flags) }?;
        let guard = ForkGuard { page: page.cast() };
        // SAFETY: the page was mapped just now and nothing else uses it.
        unsafe { madvise(page, PAGE_BYTES.get(), MmapAdvise::MADV_WIPEONFORK) }?;
        // Relaxed, as in `is_home`: fork copies the page, or the kernel has wiped it. No other memory is read behind it.
        guard.word().store(1, Ordering::Relaxed);
        Ok(guard)
    }

    /// Whether this process made the guard.
    pub(crate) fn is_home(&self) -> bool {
        self.word().load(Ordering::Relaxed) == 1
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: by the invariant of `page`; a page is aligned, and zero pages are valid atomics.
        unsafe { self.page.as_ref() }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        let page: NonNull<c_void> = self.page.cast();
        // SAFETY: by the invariant of `page`, and no reference to it outlives `self`.
        let unmapped = unsafe { munmap(page, PAGE_BYTES.get()) };
        debug_assert_eq!(unmapped, Ok(()), "the page was mapped");
    }
}
