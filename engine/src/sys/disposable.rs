//! A disposable thread: it makes one call that changes the thread it is made by (POOL-25), or Landlock's calls, and ends.
//! Workers start it, and `confinement::landlock` does.
//!
//! The C library does not know of it. Were it one of the library's threads, the next `setuid` of the application would
//! change it as well, find that it cannot, or that the ids differ, and end the process. It borrows the thread-local
//! storage of the thread that starts it. That thread sleeps meanwhile, and does not look at the storage: as `vfork` does,
//! but for signals, which are handled meanwhile.
#![allow(unsafe_code, reason = "clone and the memory of a stack have no safe form")]

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::ffi::{c_int, c_void};
use std::num::NonZeroUsize;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use nix::sys::prctl;
use syslet_syscalls::invoke;

use crate::sys::thread::{STACK_BYTES, change_number};

/// How a disposable thread ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Ended {
    /// Its body has returned.
    Returned,
    /// The kernel has killed it on the way, as a seccomp filter can ask for.
    Killed,
}

/// The body of a disposable thread, on the stack of the thread that starts it.
struct Errand<'a> {
    body: &'a mut dyn FnMut(u32),
    /// The kernel's number of the thread. The kernel writes it before the thread runs.
    tid: AtomicU32,
    has_returned: AtomicBool,
}

/// Not zero until the kernel has let go of the thread.
const ALIVE: u32 = 1;

/// The state that the thread has for itself, beside the state that every thread has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Own {
    /// Nothing.
    Nothing,
    /// Copies of the process's working directory, root and umask.
    Fs,
}

/// A thread of this process in everything, but without storage of its own, and with [`Own::Fs`] or not.
const FLAGS: c_int = libc::CLONE_VM
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// Runs `body` in a thread of its own, on the stack that is kept there, and waits until it has ended. `body` gets the kernel's number of
/// the thread. The thread has the caller's confinement, signal mask and thread-local storage; its changes to itself end with it.
/// `body` must not panic: that aborts.
///
/// # Errors
/// EAGAIN or ENOMEM when the system has no thread or no memory to give; `body` has not run then.
pub(crate) fn run(own: Own, kept: &mut KeptStack, body: &mut dyn FnMut(u32)) -> Result<Ended, Errno> {
    let flags = if own == Own::Fs { FLAGS } else { FLAGS | libc::CLONE_FS };
    let stack = kept.get()?;
    let errand = Errand { body, tid: AtomicU32::new(0), has_returned: AtomicBool::new(false) };
    let alive = AtomicU32::new(ALIVE);
    let none: *mut c_void = ptr::null_mut();
    let own_number = change_number(0);
    // SAFETY: the new thread begins at the top of a stack that no other thread uses: `kept` is borrowed until this thread has seen
    // the last one on it gone. Errand, stack and word live until `wait_for_end` has seen that it is gone, and so does
    // everything that `body` borrows. It shares this thread's local storage, which this thread leaves alone meanwhile.
    let tid = unsafe {
        libc::clone(
            begin,
            stack.top(),
            flags,
            (&raw const errand).cast_mut().cast::<c_void>(),
            errand.tid.as_ptr(),
            none,
            alive.as_ptr(),
        )
    };
    if tid == -1 {
        let errno = Errno::last();
        change_number(own_number);
        return Err(errno);
    }
    wait_for_end(&alive);
    change_number(own_number);
    // Acquire: pairs with the store of `begin` (release). The kernel's clearing of `alive` has ordered both already.
    Ok(if errand.has_returned.load(Ordering::Acquire) { Ended::Returned } else { Ended::Killed })
}

/// Where the thread begins. It ends by returning.
extern "C" fn begin(errand: *mut c_void) -> c_int {
    // SAFETY: `run` gives the address of its errand, and does not use its body until this thread is gone.
    let errand = unsafe { &mut *errand.cast::<Errand<'_>>() };
    // A thread without its name runs as well.
    let _ = prctl::set_name(c"syslet-private");
    // Relaxed: the kernel has written the number before this thread began.
    (errand.body)(errand.tid.load(Ordering::Relaxed));
    // Release: pairs with the load at the end of `run` (acquire): everything that `body` wrote is seen there.
    errand.has_returned.store(true, Ordering::Release);
    0
}

/// Sleeps until the kernel has cleared the word, and woken the thread that waits for it: then the other one uses no
/// memory. Entered without the C library, which would write its error number to the storage that the other thread uses
/// now.
fn wait_for_end(alive: &AtomicU32) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "call numbers are small")]
    const FUTEX: u32 = libc::SYS_futex as u32;
    let never = crate::sys::sync::AtomicU32::new(0);
    let address = alive.as_ptr().expose_provenance() as u64;
    // The shared kind: the kernel wakes the waiters of the word in any process.
    let args = [address, libc::FUTEX_WAIT as u64, u64::from(ALIVE), 0, 0, 0].into();
    // Acquire: pairs with the kernel's store of zero when the thread is gone. Its stack may be used again, or unmapped, after that.
    while alive.load(Ordering::Acquire) == ALIVE {
        // SAFETY: a wait on a word that lives; it ends when the word is another one, and by signals.
        let _ = unsafe { invoke(&never, FUTEX, &args) };
    }
}

/// The stack of a thread's disposable threads, one after the other. It is mapped for the first of them, stays mapped between them, and
/// goes with this.
#[derive(Debug, Default)]
pub(crate) struct KeptStack(Option<Stack>);

impl KeptStack {
    fn get(&mut self) -> Result<&Stack, Errno> {
        match &mut self.0 {
            Some(stack) => Ok(stack),
            none => Ok(none.insert(Stack::new()?)),
        }
    }
}

/// Memory for one thread, with a guard page below it.
#[derive(Debug)]
struct Stack {
    /// INVARIANT: the start of `BYTES` bytes that were mapped for this. They are in use in `run` only.
    base: NonNull<c_void>,
}

// SAFETY: by its invariant no thread uses the memory outside of `run`, and mappings belong to no thread.
unsafe impl Send for Stack {}

const GUARD_BYTES: usize = 64 << 10;
const BYTES: NonZeroUsize = NonZeroUsize::new(GUARD_BYTES + STACK_BYTES).expect("more than nothing");

impl Stack {
    fn new() -> Result<Stack, Errno> {
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_STACK | MapFlags::MAP_NORESERVE;
        // SAFETY: new memory, where the kernel has room.
        let base =
            unsafe { mmap_anonymous(None, BYTES, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) }?;
        let stack = Stack { base };
        // SAFETY: the lower end of memory that is not in use yet. It is whole pages for every page size up to this one.
        unsafe { mprotect(base, GUARD_BYTES, ProtFlags::PROT_NONE) }?;
        Ok(stack)
    }

    /// Its upper end: a stack grows down.
    fn top(&self) -> *mut c_void {
        self.base.as_ptr().wrapping_byte_add(BYTES.get())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: this memory is its own, and no thread uses it any more.
        let unmapped = unsafe { munmap(self.base, BYTES.get()) };
        debug_assert_eq!(unmapped, Ok(()), "it was mapped");
    }
}
