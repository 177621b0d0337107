//! The non-blocking attempts: ways of making a call that never sleep. A row names one, and the submitter tries it inline.

/// The way of making the same call without sleeping. A row has one only where the engine uses it; the engine leaves out
/// arguments and files for which the answer would not be exactly the plain call's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NonBlockingForm {
    /// The same call with these bits set in that argument.
    Flag(u8, u64),
    /// The same call with these bits set in the flags of each entry of the array in that argument.
    EachFlag(u8, u64),
    /// The same call with RESOLVE_CACHED in the structure in that argument.
    Cached(u8),
    /// The same call with that argument zero (a timeout in milliseconds).
    ZeroTimeout(u8),
    /// The same call with a time of zero in the place of the one to which that argument points.
    ZeroTime(u8),
    /// The same call with that argument zero: nothing has to be there.
    ZeroCount(u8),
    /// The same call, with a time of zero in that argument, once the futex is known to hold another value.
    Compared(u8),
    /// The same call with that argument's command exchanged, first for second.
    Command(u8, &'static [(u64, u64)]),
    /// The vectored call of that name, with RWF_NOWAIT.
    Vectored(&'static str),
    /// None in the kernel: the time counts from the first attempt, and the relative time to which that argument points is
    /// shortened by the time that has passed since.
    Shortened(u8),
    /// None in the kernel: the call itself, where the descriptor in argument 0 is non-blocking already.
    NonBlocking,
    /// None in the kernel: the call itself, where the file that it closes, named by that argument, is of a kind that is closed
    /// without a wait for a peer or a device.
    Closing(u8),
}

impl core::fmt::Display for NonBlockingForm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            NonBlockingForm::Flag(arg, bits) => {
                write!(f, "the same call with {bits:#x} set in argument {arg}")
            }
            NonBlockingForm::EachFlag(arg, bits) => {
                write!(f, "the same call with {bits:#x} set in each entry of argument {arg}")
            }
            NonBlockingForm::Cached(arg) => {
                write!(f, "the same call with RESOLVE_CACHED in the structure of argument {arg}")
            }
            NonBlockingForm::ZeroTimeout(arg) | NonBlockingForm::ZeroCount(arg) => {
                write!(f, "the same call with argument {arg} zero")
            }
            NonBlockingForm::ZeroTime(arg) => {
                write!(f, "the same call with a time of zero in the place of argument {arg}")
            }
            NonBlockingForm::Compared(arg) => {
                write!(
                    f,
                    "the same call with a time of zero in the place of argument {arg}, where the value differs"
                )
            }
            NonBlockingForm::Command(arg, exchanges) => {
                write!(f, "the same call with ")?;
                for (at, (from, to)) in exchanges.iter().enumerate() {
                    write!(f, "{}{to} for {from}", if at == 0 { "" } else { " or " })?;
                }
                write!(f, " in argument {arg}")
            }
            NonBlockingForm::Vectored(name) => write!(f, "{name} with RWF_NOWAIT"),
            NonBlockingForm::NonBlocking => {
                f.write_str("none, but the call itself where its descriptor is non-blocking")
            }
            NonBlockingForm::Closing(arg) => {
                write!(f, "none, but the call itself where the file of argument {arg} is closed at once")
            }
            NonBlockingForm::Shortened(arg) => {
                write!(f, "none, but the time in argument {arg} counts from the first attempt")
            }
        }
    }
}
