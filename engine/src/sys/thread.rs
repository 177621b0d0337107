//! A worker's thread: a joinable pthread with a small stack, a name, and a signal mask of its own.
//!
//! `std::thread` is not used. It maps an alternate signal stack for each thread, two mappings more: with ten thousand
//! sleeping workers that is 40,000 mappings instead of 20,000, and a process has 65,530. It also has no way to ask
//! whether a thread was killed by the kernel.
#![allow(unsafe_code, reason = "pthread_create and pthread_tryjoin_np have no safe form")]

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ffi::{CString, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::unistd;

use crate::sys::interrupt::unblocked;

/// Stack of a worker, without the thread-local storage that glibc cuts out of a stack. It holds the engine's frames,
/// the attributes' code (an application's own among it), and one signal frame: glibc's setuid runs a handler here, and
/// with all vector registers in use a frame takes up to 11 KiB. Small enough that no huge page fits in.
pub(crate) const STACK_BYTES: usize =
    if libc::PTHREAD_STACK_MIN > 64 << 10 { libc::PTHREAD_STACK_MIN } else { 64 << 10 };
const _: () = assert!(STACK_BYTES.is_multiple_of(libc::PTHREAD_STACK_MIN));

/// Signals that an instruction of the thread itself raises. A thread that blocks one of them when it
/// comes has the kernel kill its process, handler or not.
const SYNCHRONOUS: [Signal; 6] =
    [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGFPE, Signal::SIGTRAP, Signal::SIGSYS];

/// A thread that runs, or has ended and is not joined yet. Dropped, it goes on by itself.
#[derive(Debug)]
#[must_use = "dropped, the thread goes on by itself"]
pub(crate) struct Thread {
    /// INVARIANT: while this is `Some`, the thread is neither joined nor detached, and no other code does either.
    handle: Option<libc::pthread_t>,
}

/// The name and the code of a thread that is being started.
struct Start {
    name: CString,
    body: Box<dyn FnOnce() + Send>,
}

/// Starts a thread that runs `body`. All signals are blocked in it from its first instruction, but the synchronous
/// ones and those that the C library keeps for itself. `name` has at most 15 bytes; the rest of a longer one is cut off.
///
/// A panic in `body` aborts the process: the thread has no caller to unwind to.
///
/// # Errors
/// EAGAIN when the system has no thread or no memory to give, EINVAL for a name with a NUL in it. `body` is dropped.
pub(crate) fn spawn(name: &str, body: Box<dyn FnOnce() + Send>) -> nix::Result<Thread> {
    let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
    let start = Box::into_raw(Box::new(Start { name, body }));
    // A new thread has the mask of its creator.
    let created = match worker_mask().thread_swap_mask(SigmaskHow::SIG_SETMASK) {
        Ok(own_mask) => {
            // SAFETY: `start` was leaked for this.
            let created = unsafe { create(start) };
            let restored = own_mask.thread_set_mask();
            debug_assert_eq!(restored, Ok(()), "it was this thread's mask before");
            created
        }
        Err(errno) => Err(errno),
    };
    if created.is_err() {
        // SAFETY: no thread was started, so the box is still this function's.
        drop(unsafe { Box::from_raw(start) });
    }
    created
}

thread_local! {
    /// The number of the thread that uses this storage; 0 before it is asked for.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// A number of the calling thread that no other thread of this process has or had.
pub(crate) fn own_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(0);
    if NUMBER.get() == 0 {
        // Relaxed: the number is told from others, and no other data is read through it.
        NUMBER.set(NUMBERS.fetch_add(1, Ordering::Relaxed) + 1);
    }
    NUMBER.get()
}

/// Another thread begins or ends to use the calling thread's storage: `number` is the number of that thread, or 0 if it has none yet.
/// Gives the number before.
pub(crate) fn change_number(number: u64) -> u64 {
    NUMBER.replace(number)
}

/// The calling thread's id.
pub(crate) fn own_tid() -> i32 {
    unistd::gettid().as_raw()
}

thread_local! {
    /// The calling thread's id, once it has asked.
    static TID: Cell<u32> = const { Cell::new(0) };
}

/// The calling thread's id, of which the kernel is asked once. Not for a forked child, which has another.
#[inline(always)]
pub(crate) fn current_tid() -> u32 {
    match TID.get() {
        0 => ask_tid(),
        tid => tid,
    }
}

#[cold]
fn ask_tid() -> u32 {
    let tid = own_tid().cast_unsigned();
    TID.set(tid);
    tid
}

/// The signals that a worker blocks. The one that interrupts workers is not in it, nor are signals 32 and 33, which the C
/// library takes out of a full set: it uses them for cancelling threads and for setuid, which waits for ever for a thread
/// that blocks 33.
fn worker_mask() -> SigSet {
    let mut mask = SigSet::all();
    SYNCHRONOUS.into_iter().for_each(|signal| mask.remove(signal));
    unblocked(mask)
}

/// # Safety
/// `start` comes from a box, and is the new thread's if this gives one.
unsafe fn create(start: *mut Start) -> nix::Result<Thread> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: writes attributes to where it is told, which is uninitialised memory of that type.
    check(unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) })?;
    let stack_bytes = STACK_BYTES + local_storage_bytes(attributes.as_ptr());
    // SAFETY: initialised above.
    let sized = check(unsafe { libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), stack_bytes) });
    let mut handle = MaybeUninit::uninit();
    let created = sized.and_then(|()| {
        // SAFETY: `enter` takes a pointer from a box, which the caller promises, and outlives every thread.
        check(unsafe {
            libc::pthread_create(handle.as_mut_ptr(), attributes.as_ptr(), enter, start.cast::<c_void>())
        })
    });
    // SAFETY: initialised above, and not used any more.
    let destroyed = unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    debug_assert_eq!(destroyed, 0, "the attributes were initialised");
    created?;
    // SAFETY: pthread_create succeeded, so it has written the handle.
    Ok(Thread { handle: Some(unsafe { handle.assume_init() }) })
}

/// How much of a stack glibc takes for the program's thread-local variables, which may be any number. Other C
/// libraries put them elsewhere, and have no such function.
fn local_storage_bytes(attributes: *const libc::pthread_attr_t) -> usize {
    type MinStack = unsafe extern "C" fn(*const libc::pthread_attr_t) -> libc::size_t;
    // SAFETY: looks for a name among the loaded objects.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__pthread_get_minstack".as_ptr()) };
    if found.is_null() {
        return 0;
    }
    // SAFETY: this is the type that glibc gives the function.
    let min_stack = unsafe { std::mem::transmute::<*mut c_void, MinStack>(found) };
    // SAFETY: the attributes are initialised, and only read.
    unsafe { min_stack(attributes) }.saturating_sub(libc::PTHREAD_STACK_MIN)
}

/// Where a new thread begins. It must not unwind: `extern "C"` makes that an abort.
extern "C" fn enter(start: *mut c_void) -> *mut c_void {
    // SAFETY: `create` was promised a box, and it is this thread's.
    let Start { name, body } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    // A thread without its name runs as well.
    let _ = prctl::set_name(&name);
    drop(name);
    body();
    ptr::null_mut()
}

impl Thread {
    /// Whether the thread has ended; then it is joined, and its stack given back. Never waits for the thread's own
    /// doing. True as well for a thread that the kernel has killed (a seccomp filter's KILL_THREAD): the values that its
    /// `body` held are lost then.
    pub(crate) fn try_join(&mut self) -> bool {
        let Some(handle) = self.handle else { return true };
        // SAFETY: by the invariant of `handle`.
        let joined = unsafe { libc::pthread_tryjoin_np(handle, ptr::null_mut()) };
        if joined == libc::EBUSY {
            return false;
        }
        debug_assert_eq!(joined, 0, "the thread can be joined");
        self.handle = None;
        true
    }

    /// Waits until the thread has ended.
    pub(crate) fn join(mut self) {
        if let Some(handle) = self.handle.take() {
            // SAFETY: by the invariant of `handle`.
            let joined = unsafe { libc::pthread_join(handle, ptr::null_mut()) };
            debug_assert_eq!(joined, 0, "the thread can be joined, and is not the caller");
        }
    }

    /// Lets the thread go on by itself.
    pub(crate) fn detach(self) {
        drop(self);
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            // SAFETY: by the invariant of `handle`.
            let detached = unsafe { libc::pthread_detach(handle) };
            debug_assert_eq!(detached, 0, "the thread was neither joined nor detached");
        }
    }
}

fn check(errno: c_int) -> nix::Result<()> {
    if errno == 0 { Ok(()) } else { Err(Errno::from_raw(errno)) }
}
