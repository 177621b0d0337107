//! The needs of an attribute, one bit each. The `check` of each attribute states them in its plan, and the engine
//! adds up those of a call.

syslet_abi::flags! {
    /// Observations that the engine makes for an attribute, and things that it provides for the call; one bit each.
    pub struct Needs(pub u32) {
        /// No need.
        NONE;
        /// The clock, read when the call is queued, before it starts and after it has finished.
        CLOCK = 1;
        /// The thread that ends the call, and its CPU.
        WORKER = 1 << 1;
        /// Time on the processor.
        CPU = 1 << 2;
        /// The counts of getrusage: times, faults, switches, blocks.
        RESOURCES = 1 << 3;
        /// The time that each attempt takes.
        WALL = 1 << 4;
        /// How the call was tried, and for a plain call the counts of [`Needs::RESOURCES`] as well.
        CACHE = 1 << 5;
        /// The checksum of the bytes that the call moves.
        BYTES = 1 << 6;
        /// Performance counters.
        COUNTERS = 1 << 7;
        /// The call's lines in the trace, where the engine writes one.
        TRACE = 1 << 8;
        /// A timer that stops the call when its time is up.
        DEADLINE = 1 << 16;
        /// A place in a lane. As soon as the call has its place, the engine writes the `LaneValue` over the payload
        /// in its copy of the record, where `after` finds it.
        LANE = 1 << 17;
        /// A thread for this call alone: a disposable worker, which ends after the call, and all changes with it.
        OWN_THREAD = 1 << 20;
        /// A working directory and a umask that the call's own thread shares with no other thread.
        OWN_FS = 1 << 21;
        /// The call is made again as RETRY asks. The number of attempts, and why the last one was the last, come to
        /// `after` as the token.
        RETRY = 1 << 22;
    }
}
