//! io_uring, for calls that it has an opcode for.
#![allow(unsafe_code, reason = "hands addresses to the kernel")]

use std::ptr::with_exposed_provenance_mut;

use ::io_uring::squeue::{Entry, Flags};
use ::io_uring::{Builder, IoUring as Ring, Probe, opcode, types};

use super::landing::Landing;
use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// Whether every call goes to a worker of the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Punt {
    /// The kernel tries at submission, and punts what would block.
    IfNeeded,
    /// `IOSQE_ASYNC`.
    Always,
}

/// One ring, one window handed over by one `io_uring_enter` that also waits for it.
pub struct IoUring {
    ring: Ring,
    depth: usize,
    punt: Punt,
    setup: &'static str,
}

impl IoUring {
    /// Sets up a ring that fits this thread.
    ///
    /// # Errors
    /// When the kernel refuses rings, or has no opcode for one of `calls`.
    pub fn prepare(depth: usize, calls: &[RawCall<'_>], punt: Punt) -> Result<IoUring, String> {
        let entries = calls.iter().map(entry).collect::<Result<Vec<Entry>, String>>()?;
        let (ring, setup) = set_up(u32::try_from(depth).map_err(|error| error.to_string())?)?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe).map_err(|error| format!("io_uring_register: {error}"))?;
        match entries.iter().find(|entry| !probe.is_supported(code(entry))) {
            Some(entry) => Err(format!("this kernel's io_uring has no opcode {}", code(entry))),
            None => Ok(IoUring { ring, depth, punt, setup }),
        }
    }
}

/// The most modern set-up the kernel knows.
pub(crate) fn set_up(entries: u32) -> Result<(Ring, &'static str), String> {
    let mut single = Ring::builder();
    single.setup_single_issuer();
    let mut deferred = single.clone();
    deferred.setup_defer_taskrun();
    let plain: Builder = Ring::builder();
    let setups =
        [(deferred, "SINGLE_ISSUER, DEFER_TASKRUN"), (single, "SINGLE_ISSUER"), (plain, "no set-up flags")];
    for (builder, name) in setups {
        match builder.build(entries) {
            Ok(ring) => return Ok((ring, name)),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            Err(error) => return Err(format!("io_uring_setup: {error}")),
        }
    }
    Err("io_uring_setup: no set of flags is valid".to_owned())
}

/// The same work as an entry of the submission queue.
fn entry(call: &RawCall<'_>) -> Result<Entry, String> {
    let [a, b, c, d, e, _] = *call.all_args();
    let fd = types::Fd(int(a));
    Ok(match libc::c_long::from(call.nr()) {
        libc::SYS_read => opcode::Read::new(fd, address(b), low(c)).offset(u64::MAX).build(),
        libc::SYS_pread64 => opcode::Read::new(fd, address(b), low(c)).offset(d).build(),
        libc::SYS_write => opcode::Write::new(fd, address(b), low(c)).offset(u64::MAX).build(),
        libc::SYS_statx => opcode::Statx::new(fd, address(b), address(e)).flags(int(c)).mask(low(d)).build(),
        libc::SYS_nanosleep => opcode::Timeout::new(address(a)).build(),
        _ => return Err(format!("io_uring has no opcode for {}", call.name())),
    })
}

/// What the system call gives where the opcode gives this.
fn as_call(call: &RawCall<'_>, result: i32) -> i64 {
    // A timeout ends by expiring.
    let has_slept = libc::c_long::from(call.nr()) == libc::SYS_nanosleep && result == -libc::ETIME;
    if has_slept { 0 } else { i64::from(result) }
}

#[allow(clippy::cast_possible_truncation, reason = "the kernel reads 32 bits of these arguments, too")]
fn low(value: u64) -> u32 {
    value as u32
}

fn int(value: u64) -> i32 {
    low(value).cast_signed()
}

fn address<T>(value: u64) -> *mut T {
    with_exposed_provenance_mut(usize::try_from(value).unwrap_or(usize::MAX))
}

fn code(entry: &Entry) -> u8 {
    u8::try_from(entry.get_opcode()).unwrap_or(u8::MAX)
}

impl Windows for IoUring {
    fn depth(&self) -> usize {
        self.depth
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        let landing = Landing;
        for (place, call) in calls.iter().enumerate() {
            sink.submitted(place);
            self.push(call, place);
        }
        let mut over = 0;
        while over < calls.len() {
            let wanted = if S::IS_TIMED { 1 } else { calls.len() - over };
            match self.ring.submit_and_wait(wanted) {
                Ok(_) => {}
                Err(error)
                    if matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY)) => {}
                Err(error) => panic!("io_uring_enter with calls in flight: {error}"),
            }
            for completion in self.ring.completion() {
                let place = usize::try_from(completion.user_data()).expect("user data are places");
                let call = &calls[place];
                sink.done(place, call.seen(as_call(call, completion.result())));
                over += 1;
            }
        }
        landing.over();
        Ok(())
    }

    fn settings(&self) -> String {
        let punt = if self.punt == Punt::Always { ", IOSQE_ASYNC on every entry" } else { "" };
        format!("{}, one io_uring_enter for each window{punt}", self.setup)
    }
}

impl IoUring {
    fn push(&mut self, call: &RawCall<'_>, place: usize) {
        let mut entry = entry(call).expect("prepared for calls like this").user_data(place as u64);
        if self.punt == Punt::Always {
            entry = entry.flags(Flags::ASYNC);
        }
        // SAFETY: the INVARIANT of `RawCall::args`; `window` returns only when this entry has completed.
        unsafe { self.ring.submission().push(&entry) }.expect("a queue as long as the depth has room");
    }
}

impl std::fmt::Debug for IoUring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IoUring")
            .field("depth", &self.depth)
            .field("punt", &self.punt)
            .finish_non_exhaustive()
    }
}
