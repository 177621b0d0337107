//! RETRY: a worker makes the call again until it is done, until it may not be made again, or until it is cancelled. The attempt of a
//! call that asks for it calls this.
#![allow(unsafe_code, reason = "makes the call that `push` was asked for")]

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use syslet_abi::{AttributeId, Call};
use syslet_attrs::{RetryAsk, RetryEnd, RetryOn, RetryValue};
use syslet_syscalls::{Invoked, RawArgs, Row, invoke, row};

use crate::nonblocking::{Stream, again, says_not_now};
use crate::sys::clock::now_ns;
use crate::sys::sync::{AtomicU32, Ordering};

const EINTR: i64 = -(libc::EINTR as i64);
const EAGAIN: i64 = -(libc::EAGAIN as i64);

/// The consequence of one attempt.
enum Next {
    /// Nothing: it is over.
    Over(i64, RetryEnd),
    /// Another attempt at once.
    AtOnce,
    /// Another attempt after a pause.
    Later,
}

/// A call that is made until it is done.
struct Retrying<'a> {
    asked: RetryAsk,
    call: &'a Call<'a>,
    args: &'a RawArgs,
    /// How it goes on after a part, if it does.
    stream: Option<Stream>,
    /// Bytes moved.
    done: u64,
    attempts: u32,
    /// Attempts since one has moved something.
    in_vain: u32,
    /// When that was, or when the first attempt began.
    since_ns: u64,
    pause_ns: u64,
}

/// Makes the call, and makes it again, as its RETRY asks.
///
/// # Safety
/// As for [`invoke`]. `enter` does nothing but make the call it is given, unless `cancel` is set.
pub(crate) unsafe fn retried(
    call: &Call<'_>,
    cancel: &AtomicU32,
    args: &RawArgs,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> (Invoked, RetryValue) {
    let ask = call.asks().find(|ask| ask.id == AttributeId::RETRY);
    let asked = ask.and_then(|ask| RetryAsk::parse(ask.payload).ok()).unwrap_or_default();
    let begun_ns = now_ns();
    let mut retrying = Retrying {
        asked,
        call,
        args,
        stream: None,
        done: 0,
        attempts: 1,
        in_vain: 0,
        since_ns: begun_ns,
        pause_ns: asked.pause_ns,
    };
    let mut invoked = enter(call.nr(), args);
    loop {
        let Invoked::Result(result) = invoked else { return retrying.stopped(Invoked::NeverBegan) };
        // SAFETY: the caller promises that the kernel may make the call, and that its arguments stay as they are.
        let next = unsafe { retrying.judge(result) };
        match next {
            Next::Over(result, end) => return retrying.over(result, end),
            _ if cancel.load(Ordering::Relaxed) != 0 => return retrying.stopped(invoked),
            Next::Later => retrying.pause(cancel),
            Next::AtOnce => {}
        }
        if cancel.load(Ordering::Relaxed) != 0 {
            return retrying.stopped(invoked);
        }
        retrying.attempts += 1;
        invoked = if let (Some(stream), 1..) = (&retrying.stream, retrying.done) {
            stream.go_on(retrying.done, enter)
        } else if result == EINTR {
            let row = row(call.nr()).expect("a call without a row is not made again");
            // SAFETY: the caller promises that the kernel may make the call, and that `enter` does nothing else.
            match unsafe { again(row, call.nr(), args, now_ns() - begun_ns, enter) } {
                Some(invoked) => invoked,
                None => {
                    retrying.attempts -= 1;
                    return retrying.over(result, RetryEnd::NOT_AGAIN);
                }
            }
        } else {
            enter(call.nr(), args)
        };
    }
}

impl Retrying<'_> {
    /// The consequence of this result.
    ///
    /// # Safety
    /// As for [`retried`].
    unsafe fn judge(&mut self, result: i64) -> Next {
        let on = |what| self.asked.on.contains(what);
        let Some(row) = row(self.call.nr()) else { return Next::Over(result, RetryEnd::DONE) };
        match result {
            0.. if on(RetryOn::SHORT) => {
                // SAFETY: the caller promises that the arguments are those of a call that the kernel may make.
                unsafe { self.moved(row, result.cast_unsigned()) }
            }
            EINTR if on(RetryOn::INTERRUPTED) => self.unless_exhausted(Next::AtOnce),
            EAGAIN if on(RetryOn::AGAIN) && says_not_now(row, self.args) => {
                self.unless_exhausted(Next::Later)
            }
            EAGAIN if on(RetryOn::AGAIN) => Next::Over(result, RetryEnd::NOT_AGAIN),
            ..0 if self.done > 0 => Next::Over(result, RetryEnd::FAILED),
            _ => Next::Over(result, RetryEnd::DONE),
        }
    }

    /// So many bytes more, if they are bytes at all.
    ///
    /// # Safety
    /// As for [`retried`].
    unsafe fn moved(&mut self, row: &'static Row, bytes: u64) -> Next {
        if self.stream.is_none() {
            // SAFETY: the caller promises that memory which the arguments name stays until the call is over; the
            // value ends with this call.
            self.stream = unsafe { Stream::of(row, self.call.nr(), self.args) };
        }
        let result = bytes.cast_signed();
        let Some(stream) = &self.stream else {
            // A call that is no transfer cannot be short.
            return Next::Over(result, RetryEnd::DONE);
        };
        self.done += bytes;
        if self.done >= stream.total() {
            return Next::Over(result, RetryEnd::DONE);
        }
        if bytes == 0 {
            return Next::Over(result, RetryEnd::END);
        }
        (self.in_vain, self.since_ns, self.pause_ns) = (0, now_ns(), self.asked.pause_ns);
        Next::AtOnce
    }

    /// Another attempt, if there may be one.
    fn unless_exhausted(&mut self, next: Next) -> Next {
        let result = if matches!(next, Next::Later) { EAGAIN } else { EINTR };
        self.in_vain += 1;
        if self.in_vain >= self.asked.attempts {
            Next::Over(result, RetryEnd::ATTEMPTS)
        } else if now_ns().saturating_sub(self.since_ns) >= self.asked.time_ns {
            Next::Over(result, RetryEnd::TIME)
        } else {
            next
        }
    }

    /// Sleeps, for longer each time. A cancel ends it.
    fn pause(&mut self, cancel: &AtomicU32) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "call numbers are small")]
        const SLEEP: u32 = libc::SYS_nanosleep as u32;
        let left_ns = self.asked.time_ns.saturating_sub(now_ns().saturating_sub(self.since_ns));
        let ns = self.pause_ns.min(left_ns);
        let time = [ns / 1_000_000_000, ns % 1_000_000_000];
        let place = time.as_ptr().expose_provenance() as u64;
        // SAFETY: the kernel reads two words that outlive the call.
        let _early = unsafe { invoke(cancel, SLEEP, &[place, 0, 0, 0, 0, 0].into()) };
        self.pause_ns = (2 * self.pause_ns).min(RetryAsk::PAUSE_MAX_NS);
    }

    /// The end, with the last result, or with the bytes that were moved before.
    fn over(&self, result: i64, ended: RetryEnd) -> (Invoked, RetryValue) {
        let result = if self.done > 0 { self.done.cast_signed() } else { result };
        (Invoked::Result(result), RetryValue { attempts: self.attempts, ended })
    }

    /// The end of a call that is cancelled: it was interrupted, in an attempt or between two.
    fn stopped(&self, last: Invoked) -> (Invoked, RetryValue) {
        if self.attempts == 1 && matches!(last, Invoked::NeverBegan) {
            return (last, RetryValue { attempts: 0, ended: RetryEnd::STOPPED });
        }
        self.over(EINTR, RetryEnd::STOPPED)
    }
}
