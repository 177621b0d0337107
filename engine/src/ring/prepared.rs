//! Holds `PreparedCall`, a call that a hot loop pushes again and again with other arguments: `Ring::prepare` makes it, and the
//! application pushes it.
#![allow(unsafe_code, reason = "declares an unsafe entry that calls another")]

use crate::admission::dependence::keep;
use crate::refused::Refused;
use crate::ring::Ring;
use crate::slots::admission::Verdict;
use crate::submission::Submission;
use crate::ticket::Ticket;

/// A call that was checked once, and is pushed with `N` arguments and a word of its own each time. Made by [`Ring::prepare`].
///
/// A push checks again only where an argument can change the verdict, and does: `pread64` with another buffer and
/// another position passes on the verdict of the first check. It is as valid for every ring of the same engine with the same
/// limits; for another ring each push checks anew.
#[derive(Clone, Debug)]
pub struct PreparedCall<const N: usize> {
    submission: Submission,
    /// INVARIANT: the submission has an argument at each of these places.
    places: [usize; N],
}

impl Ring {
    /// Checks a submission as a push would, and prepares it for many: each brings the arguments at `places`, counted from 0, in
    /// this order, and a word that its completion echoes. All else stays as it is in the submission.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use syslet::{Config, Engine, Params, Submission};
    ///
    /// let file = Arc::new(std::fs::File::open("/proc/self/exe")?);
    /// let mut ring = Engine::start(Config::default())?.ring(&Params::default())?;
    /// let read = Submission::call(libc::SYS_pread64).lend(&file).output(4096).value(4096).value(0);
    /// let mut read_at = ring.prepare(&read.build(), [3])?;
    /// for position in [0, 4096, 8192] {
    ///     read_at.push_safe(&mut ring, [position], position)?;
    /// }
    /// ring.wait(3, None)?;
    /// assert_eq!(ring.completions().filter(|done| done.data().is_some()).count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Ring::push`], but for room: nothing is queued.
    ///
    /// # Panics
    /// When the submission was built without an argument at one of the places.
    pub fn prepare<const N: usize>(
        &mut self,
        submission: &Submission,
        places: [usize; N],
    ) -> Result<PreparedCall<N>, Refused> {
        let argc = submission.argc();
        for place in places {
            assert!(place < argc, "argument {place} of {argc}");
        }
        let (by, mut verdict) = (self.enter()?, Verdict::default());
        let by = self.check(submission.bytes(), by, &mut verdict)?;
        let mut submission = submission.clone();
        let kept = keep(&submission, by, &verdict);
        kept.into_iter().for_each(|kept| submission.keeper_mut().replace(kept, false));
        Ok(PreparedCall { submission, places })
    }
}

impl<const N: usize> PreparedCall<N> {
    /// Queues the call with these arguments.
    ///
    /// # Errors
    /// As for [`Ring::push`]. The next push needs no part of this one.
    ///
    /// # Safety
    /// As for [`Ring::push`], with these arguments.
    #[inline]
    pub unsafe fn push(
        &mut self,
        ring: &mut Ring,
        args: [u64; N],
        user_data: u64,
    ) -> Result<Ticket, Refused> {
        self.set(args, user_data);
        // SAFETY: the caller makes the promise of `Ring::push` for this call with these arguments.
        unsafe { ring.push(&self.submission) }
    }

    /// The same for safe code.
    ///
    /// # Errors
    /// As for [`Ring::push_safe`].
    #[inline]
    pub fn push_safe(&mut self, ring: &mut Ring, args: [u64; N], user_data: u64) -> Result<Ticket, Refused> {
        self.set(args, user_data);
        ring.push_safe(&self.submission)
    }

    /// The submission with the arguments of the last push, for [`Refused::explain`] and for other ways of pushing it.
    #[must_use]
    pub fn submission(&self) -> &Submission {
        &self.submission
    }

    #[inline(always)]
    fn set(&mut self, args: [u64; N], user_data: u64) {
        for (place, arg) in self.places.into_iter().zip(args) {
            self.submission.set_arg(place, arg);
        }
        self.submission.set_user_data(user_data);
    }
}
