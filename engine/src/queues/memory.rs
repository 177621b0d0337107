//! Holds the memory of one pair of rings, which `Ring::open` maps and `RingState` divides into slices of atomic words.
//!
//! Header and rings are one mapping, and each slice keeps the mapping alive. No other process maps it, so there is no file
//! behind it, which could be too large for RLIMIT_FSIZE.
#![allow(unsafe_code, reason = "maps memory and lends it out as atomics")]

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::notify::futex::{self, Scope};
use crate::notify::{FutexWord, Slept};
use crate::sys::fork::ForkGuard;

/// A mapping of zeroed memory.
#[derive(Debug)]
pub(crate) struct Region {
    /// INVARIANT: `bytes` bytes are mapped here, readable and writable, in the process of `guard`, until drop.
    base: NonNull<c_void>,
    bytes: NonZeroUsize,
    guard: Arc<ForkGuard>,
}

// SAFETY: the memory is only lent out as atomics, and unmapped once, by the last owner, on any thread.
unsafe impl Send for Region {}
// SAFETY: the memory is only lent out as atomics, which threads may share.
unsafe impl Sync for Region {}

impl Region {
    pub(crate) fn new(bytes: NonZeroUsize, guard: Arc<ForkGuard>) -> nix::Result<Region> {
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice affects no other memory.
        let base = unsafe { mmap_anonymous(None, bytes, access, MapFlags::MAP_PRIVATE) }?;
        let region = Region { base, bytes, guard };
        // SAFETY: the memory was mapped just now and nothing else uses it.
        unsafe { madvise(base, bytes.get(), MmapAdvise::MADV_DONTFORK) }?;
        Ok(region)
    }

    /// The 64-bit words from `offset`, as many as fit into `bytes`.
    pub(crate) fn words(self: &Arc<Self>, offset: usize, bytes: usize) -> Words64 {
        Words64 { at: self.at(offset, bytes), count: bytes / 8, _region: Arc::clone(self) }
    }

    /// The 32-bit word at `offset`.
    pub(crate) fn word32(self: &Arc<Self>, offset: usize) -> Word32 {
        Word32 { at: self.at(offset, 4), _region: Arc::clone(self) }
    }

    fn at<T>(&self, offset: usize, bytes: usize) -> NonNull<T> {
        let end = offset.checked_add(bytes);
        assert!(end.is_some_and(|end| end <= self.bytes.get()), "inside the mapping");
        assert!(offset.is_multiple_of(align_of::<T>()), "aligned");
        // SAFETY: `offset` lies inside the mapping, asserted above.
        unsafe { self.base.byte_add(offset) }.cast()
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if !self.guard.is_home() {
            return; // MADV_DONTFORK: a forked child has another mapping at this address, or none.
        }
        // SAFETY: by the invariant of `base` the bytes are mapped; every slice keeps the region alive, so none is left.
        let unmapped = unsafe { munmap(self.base, self.bytes.get()) };
        debug_assert_eq!(unmapped, Ok(()), "the region was mapped");
    }
}

/// 64-bit words of a region.
#[derive(Debug)]
pub(crate) struct Words64 {
    /// INVARIANT: `count` aligned words from here lie inside the region.
    at: NonNull<AtomicU64>,
    count: usize,
    _region: Arc<Region>,
}

// SAFETY: a slice of atomics that keeps its memory alive.
unsafe impl Send for Words64 {}
// SAFETY: a slice of atomics that keeps its memory alive; threads may share atomics.
unsafe impl Sync for Words64 {}

impl Deref for Words64 {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: by the invariant of `at`, and `_region` keeps it mapped. In a forked child it is not: there every entry
        // (`Ring::check_home`, `Waker`, `Canceller`) asks the guard first, and no worker runs.
        unsafe { slice::from_raw_parts(self.at.as_ptr(), self.count) }
    }
}

/// A 32-bit word of a region.
#[derive(Debug)]
pub(crate) struct Word32 {
    /// INVARIANT: an aligned word inside the region.
    at: NonNull<AtomicU32>,
    _region: Arc<Region>,
}

// SAFETY: an atomic that keeps its memory alive.
unsafe impl Send for Word32 {}
// SAFETY: an atomic that keeps its memory alive; threads may share atomics.
unsafe impl Sync for Word32 {}

impl Deref for Word32 {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        // SAFETY: by the invariant of `at`, and `_region` keeps it mapped. In a forked child it is not: there every entry
        // (`Ring::check_home`, `Waker`, `Canceller`) asks the guard first, and no worker runs.
        unsafe { self.at.as_ref() }
    }
}

/// The waiter may be a thread of another process that maps the ring.
impl FutexWord for Word32 {
    fn sleep(&self, expected: u32, timeout: Option<Duration>) -> Slept {
        futex::wait(self, Scope::Shared, expected, timeout)
    }

    fn wake_one(&self) {
        futex::wake(self, Scope::Shared);
    }
}
