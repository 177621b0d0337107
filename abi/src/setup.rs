//! The versioned set-up: the parameters that a peer asks for, and those that the engine grants.

use crate::ABI_VERSION;
use crate::bytes::{all_zero, put, tiles, u32_at, u64_at};
use crate::completion::DONE_BYTES_MIN;
use crate::errno::Errno;
use crate::submission::CALL_BYTES_MIN;

mod field {
    pub(super) const SIZE: usize = 0;
    pub(super) const ABI_VERSION: usize = 4;
    pub(super) const REQUIRED: usize = 8;
    pub(super) const WANTED: usize = 16;
    pub(super) const GRANTED: usize = 24;
    pub(super) const SUBMISSION_BYTES: usize = 32;
    pub(super) const COMPLETION_BYTES: usize = 36;
    pub(super) const SUBMISSION_RECORD_MAX: usize = 40;
    pub(super) const COMPLETION_RECORD_MAX: usize = 44;
    pub(super) const SLOTS: usize = 48;
    pub(super) const RESERVED: usize = 52;
}

/// Size of the set-up in this version. Later ones grow at the end.
pub const PARAMS_BYTES: usize = field::RESERVED + 4;
/// A ring is at least a page.
pub const RING_BYTES_MIN: u32 = 4096;
/// A ring is at most 1 GiB.
pub const RING_BYTES_MAX: u32 = 1 << 30;
/// The smallest limit for a record: any call with six arguments, or its bare completion.
pub const RECORD_MAX_MIN: u32 = 128;

const _: () = assert!(tiles(
    0,
    &[
        (field::SIZE, 4),
        (field::ABI_VERSION, 4),
        (field::REQUIRED, 8),
        (field::WANTED, 8),
        (field::GRANTED, 8),
        (field::SUBMISSION_BYTES, 4),
        (field::COMPLETION_BYTES, 4),
        (field::SUBMISSION_RECORD_MAX, 4),
        (field::COMPLETION_RECORD_MAX, 4),
        (field::SLOTS, 4),
        (field::RESERVED, 4),
    ],
    PARAMS_BYTES
));
const _: () = assert!(PARAMS_BYTES == 56, "the size of version 1, by which every later one knows it");
const _: () = assert!(CALL_BYTES_MIN + 48 <= RECORD_MAX_MIN as usize);
const _: () = assert!(DONE_BYTES_MIN <= RECORD_MAX_MIN as usize);

crate::flags! {
    /// Abilities, one bit each.
    pub struct Features(pub u64) {
        /// No ability.
        NONE;
        /// A waiting submitter runs queued calls inline.
        INLINE = 1;
        /// Workers run calls.
        WORKERS = 2;
        /// Running calls can be cancelled.
        CANCEL = 4;
        /// Programs of calls.
        SYSLETS = 8;
        /// Reserved: another process may write the rings.
        SHARED = 16;
    }
}

impl Features {
    /// Features in both.
    #[must_use]
    pub const fn and(self, other: Features) -> Features {
        Features(self.0 & other.0)
    }

    /// Features of either.
    #[must_use]
    pub const fn or(self, other: Features) -> Features {
        self.with(other)
    }
}

/// A set-up, asked for or granted. Zero sizes ask for the default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Params {
    /// The version of the bytes.
    pub abi_version: u32,
    /// Without these the set-up is refused.
    pub features_required: Features,
    /// These are granted if known.
    pub features_wanted: Features,
    /// The answer: the features granted. Zero in a set-up that asks.
    pub features_granted: Features,
    /// Size of the submission ring, a power of two.
    pub submission_bytes: u32,
    /// Size of the completion ring, a power of two.
    pub completion_bytes: u32,
    /// Longest submission, at most half its ring.
    pub submission_record_max: u32,
    /// Longest completion, at most half its ring.
    pub completion_record_max: u32,
    /// Calls in flight at most.
    pub slots: u32,
}

/// The reason for which a set-up is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetupError {
    /// Shorter than the fields of version 1, or its size is not the number of bytes given.
    Size,
    /// Another version of the bytes; this engine speaks [`ABI_VERSION`].
    Version(u32),
    /// Bytes behind the known fields, the reserved ones, or the granted features of a set-up that asks, are not zero.
    Reserved,
    /// Required features that this engine does not have.
    Features(Features),
    /// A ring's size is no power of two between [`RING_BYTES_MIN`] and [`RING_BYTES_MAX`].
    RingBytes(u32),
    /// A record limit is no multiple of 8, below [`RECORD_MAX_MIN`], or above half the ring.
    RecordMax(u32),
    /// The number of slots is zero or more than 2^24.
    Slots(u32),
}

impl SetupError {
    /// The error number that a caller in C sees.
    #[must_use]
    pub const fn errno(self) -> Errno {
        match self {
            SetupError::Reserved => Errno::E2BIG,
            SetupError::Version(_) | SetupError::Features(_) => Errno::EOPNOTSUPP,
            SetupError::Size | SetupError::RingBytes(_) | SetupError::RecordMax(_) | SetupError::Slots(_) => {
                Errno::EINVAL
            }
        }
    }
}

impl core::fmt::Display for SetupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            SetupError::Size => {
                write!(f, "the set-up is shorter than {PARAMS_BYTES} bytes, or its size is another")
            }
            SetupError::Version(version) => {
                write!(f, "the set-up asks for version {version}; this engine speaks {ABI_VERSION}")
            }
            SetupError::Reserved => f.write_str("the set-up has bytes set that this version does not know"),
            SetupError::Features(missing) => {
                write!(f, "required features {:#x} are not available", missing.0)
            }
            SetupError::RingBytes(bytes) => {
                write!(
                    f,
                    "a ring of {bytes} bytes: must be a power of two from {RING_BYTES_MIN} to {RING_BYTES_MAX}"
                )
            }
            SetupError::RecordMax(bytes) => {
                write!(
                    f,
                    "a record limit of {bytes} bytes: must be a multiple of 8, at least {RECORD_MAX_MIN} and at most half the ring"
                )
            }
            SetupError::Slots(slots) => write!(f, "{slots} slots: must be from 1 to {}", Params::SLOTS_MAX),
        }
    }
}

impl core::error::Error for SetupError {}

impl Default for Params {
    fn default() -> Params {
        Params {
            abi_version: ABI_VERSION,
            features_required: Features::NONE,
            features_wanted: Features::NONE,
            features_granted: Features::NONE,
            submission_bytes: 0,
            completion_bytes: 0,
            submission_record_max: 0,
            completion_record_max: 0,
            slots: 0,
        }
    }
}

impl Params {
    /// At most this many slots.
    pub const SLOTS_MAX: u32 = 1 << 24;

    /// Reads a set-up. A longer one is accepted when all bytes behind the known fields are zero.
    ///
    /// # Errors
    /// When its size, version or reserved bytes are wrong.
    pub fn parse(bytes: &[u8]) -> Result<Params, SetupError> {
        if bytes.len() < PARAMS_BYTES || u32_at(bytes, field::SIZE) as usize != bytes.len() {
            return Err(SetupError::Size);
        }
        let abi_version = u32_at(bytes, field::ABI_VERSION);
        if abi_version != ABI_VERSION {
            return Err(SetupError::Version(abi_version));
        }
        if !all_zero(&bytes[PARAMS_BYTES..]) || u32_at(bytes, field::RESERVED) != 0 {
            return Err(SetupError::Reserved);
        }
        Ok(Params {
            abi_version,
            features_required: Features(u64_at(bytes, field::REQUIRED)),
            features_wanted: Features(u64_at(bytes, field::WANTED)),
            features_granted: Features(u64_at(bytes, field::GRANTED)),
            submission_bytes: u32_at(bytes, field::SUBMISSION_BYTES),
            completion_bytes: u32_at(bytes, field::COMPLETION_BYTES),
            submission_record_max: u32_at(bytes, field::SUBMISSION_RECORD_MAX),
            completion_record_max: u32_at(bytes, field::COMPLETION_RECORD_MAX),
            slots: u32_at(bytes, field::SLOTS),
        })
    }

    /// The bytes of this set-up.
    #[must_use]
    pub fn emit(&self) -> [u8; PARAMS_BYTES] {
        let mut bytes = [0; PARAMS_BYTES];
        put(&mut bytes, field::SIZE, &crate::bytes::len32(PARAMS_BYTES).to_ne_bytes());
        put(&mut bytes, field::ABI_VERSION, &self.abi_version.to_ne_bytes());
        put(&mut bytes, field::REQUIRED, &self.features_required.0.to_ne_bytes());
        put(&mut bytes, field::WANTED, &self.features_wanted.0.to_ne_bytes());
        put(&mut bytes, field::GRANTED, &self.features_granted.0.to_ne_bytes());
        put(&mut bytes, field::SUBMISSION_BYTES, &self.submission_bytes.to_ne_bytes());
        put(&mut bytes, field::COMPLETION_BYTES, &self.completion_bytes.to_ne_bytes());
        put(&mut bytes, field::SUBMISSION_RECORD_MAX, &self.submission_record_max.to_ne_bytes());
        put(&mut bytes, field::COMPLETION_RECORD_MAX, &self.completion_record_max.to_ne_bytes());
        put(&mut bytes, field::SLOTS, &self.slots.to_ne_bytes());
        bytes
    }

    /// The granted set-up: this one with `defaults` for its zeros, and the features of both. A default record limit
    /// is cut to half its ring.
    ///
    /// # Errors
    /// When the version is another, features are said to be granted already, a required feature is not among
    /// `available`, or a size is out of its range.
    pub fn grant(&self, defaults: &Params, available: Features) -> Result<Params, SetupError> {
        if self.abi_version != ABI_VERSION {
            return Err(SetupError::Version(self.abi_version));
        }
        if self.features_granted != Features::NONE {
            return Err(SetupError::Reserved);
        }
        let missing = self.features_required.without(available);
        if missing != Features::NONE {
            return Err(SetupError::Features(missing));
        }
        let or = |asked: u32, default: u32| if asked == 0 { default } else { asked };
        let submission_bytes = or(self.submission_bytes, defaults.submission_bytes);
        let completion_bytes = or(self.completion_bytes, defaults.completion_bytes);
        // A set-up with a small ring and an open record limit is not refused for the default limit.
        let within = |default: u32, ring_bytes: u32| default.min(ring_bytes / 2);
        let granted = Params {
            features_granted: self.features_required.or(self.features_wanted).and(available),
            submission_bytes,
            completion_bytes,
            submission_record_max: or(
                self.submission_record_max,
                within(defaults.submission_record_max, submission_bytes),
            ),
            completion_record_max: or(
                self.completion_record_max,
                within(defaults.completion_record_max, completion_bytes),
            ),
            slots: or(self.slots, defaults.slots),
            ..*self
        };
        granted.check_sizes().map(|()| granted)
    }

    fn check_sizes(&self) -> Result<(), SetupError> {
        check_ring(self.submission_bytes, self.submission_record_max)?;
        check_ring(self.completion_bytes, self.completion_record_max)?;
        if self.slots == 0 || self.slots > Params::SLOTS_MAX {
            return Err(SetupError::Slots(self.slots));
        }
        Ok(())
    }
}

fn check_ring(ring_bytes: u32, record_max: u32) -> Result<(), SetupError> {
    if !ring_bytes.is_power_of_two() || !(RING_BYTES_MIN..=RING_BYTES_MAX).contains(&ring_bytes) {
        return Err(SetupError::RingBytes(ring_bytes));
    }
    if !record_max.is_multiple_of(8) || record_max < RECORD_MAX_MIN || record_max > ring_bytes / 2 {
        return Err(SetupError::RecordMax(record_max));
    }
    Ok(())
}
