//! The versioned set-up: what is read, what is refused, what is granted.

use syslet_abi::{
    ABI_VERSION, Errno, Features, PARAMS_BYTES, Params, RECORD_MAX_MIN, RING_BYTES_MAX, RING_BYTES_MIN,
    SetupError,
};

use crate::sample::{poked, with_own_len};

const DEFAULTS: Params = Params {
    abi_version: ABI_VERSION,
    features_required: Features::NONE,
    features_wanted: Features::NONE,
    features_granted: Features::NONE,
    submission_bytes: 1 << 16,
    completion_bytes: 1 << 17,
    submission_record_max: 4096,
    completion_record_max: 1 << 16,
    slots: 256,
};

fn grant(asked: Params) -> Result<Params, SetupError> {
    asked.grant(&DEFAULTS, Features::INLINE)
}

fn longer(tail: &[u8]) -> Vec<u8> {
    with_own_len([&Params::default().emit()[..], tail].concat())
}

/// ABI-42: a set-up is read as it was written.
#[test]
fn a_set_up_holds_what_was_written() {
    let params = Params {
        features_required: Features(1),
        features_wanted: Features(1 << 63),
        features_granted: Features(2),
        slots: 7,
        ..DEFAULTS
    };
    assert_eq!(Params::parse(&params.emit()), Ok(params));
}

/// ABI-43: a set-up shorter than version 1, or whose size is not the number of bytes given, is refused with EINVAL.
#[test]
fn a_wrong_size_is_refused() {
    let bytes = Params::default().emit();
    for len in 0..PARAMS_BYTES {
        assert_eq!(Params::parse(&bytes[..len]), Err(SetupError::Size));
        if len >= 4 {
            assert_eq!(Params::parse(&with_own_len(bytes[..len].to_vec())), Err(SetupError::Size));
        }
    }
    for size in [0, 55, 57, 64, u32::MAX] {
        assert_eq!(Params::parse(&poked(&bytes, 0, &size.to_ne_bytes())), Err(SetupError::Size));
    }
    assert_eq!(SetupError::Size.errno(), Errno::EINVAL);
}

/// ABI-44: another version is refused, read from bytes or not, and the error says which one is spoken.
#[test]
fn another_version_is_refused() {
    for version in [0, 2, u32::MAX] {
        let params = Params { abi_version: version, ..DEFAULTS };
        assert_eq!(Params::parse(&params.emit()), Err(SetupError::Version(version)));
        assert_eq!(grant(params), Err(SetupError::Version(version)));
    }
    assert_eq!(SetupError::Version(2).errno(), Errno::EOPNOTSUPP);
    assert_eq!(SetupError::Version(2).to_string(), "the set-up asks for version 2; this engine speaks 1");
}

/// ABI-45: a longer set-up, of a later version, is accepted while what this version does not know is zero.
#[test]
fn a_longer_set_up_with_a_zero_tail_is_accepted() {
    for tail in [1, 4, 8, 100, 4000] {
        assert_eq!(Params::parse(&longer(&vec![0; tail])), Ok(Params::default()));
    }
}

/// ABI-46: a longer set-up with anything set that this version does not know is refused with E2BIG.
#[test]
fn a_longer_set_up_with_a_set_tail_is_refused() {
    for place in 0..16 {
        let tail = poked(&[0; 16], place, &[1]);
        assert_eq!(Params::parse(&longer(&tail)), Err(SetupError::Reserved), "byte {place} of the tail");
    }
    for place in 52..56 {
        let bytes = poked(&Params::default().emit(), place, &[0x80]);
        assert_eq!(Params::parse(&bytes), Err(SetupError::Reserved), "reserved byte {place}");
    }
    assert_eq!(SetupError::Reserved.errno(), Errno::E2BIG);
}

/// ABI-47: a required feature that is not available is refused, and the error names all that are missing.
#[test]
fn an_unknown_required_feature_is_a_clear_error() {
    let asked = Params { features_required: Features(1 << 40 | 3), ..Params::default() };
    let error = grant(asked).expect_err("bits 1 and 40 are not available");
    assert_eq!(error, SetupError::Features(Features(1 << 40 | 2)));
    assert_eq!(error.errno(), Errno::EOPNOTSUPP);
    assert_eq!(error.to_string(), "required features 0x10000000002 are not available");
}

/// ABI-48: a wanted feature that is not available is not granted; one that is, wanted or required, is.
#[test]
fn an_unknown_wanted_feature_is_not_granted() {
    let granted = |required, wanted| {
        let asked = Params { features_required: required, features_wanted: wanted, ..Params::default() };
        grant(asked).map(|params| params.features_granted)
    };
    assert_eq!(granted(Features::NONE, Features(u64::MAX)), Ok(Features::INLINE));
    assert_eq!(granted(Features::NONE, Features::WORKERS.or(Features(1 << 63))), Ok(Features::NONE));
    assert_eq!(granted(Features::INLINE, Features::NONE), Ok(Features::INLINE));
    assert_eq!(granted(Features::NONE, Features::NONE), Ok(Features::NONE));
}

/// ABI-49: a size of zero is the default; a default record limit is at most half a ring that was asked smaller.
#[test]
fn zeros_are_defaults() {
    assert_eq!(grant(Params::default()), Ok(DEFAULTS));
    let small = Params { submission_bytes: 4096, completion_bytes: 8192, slots: 1, ..Params::default() };
    let expected = Params { submission_record_max: 2048, completion_record_max: 4096, ..small };
    assert_eq!(grant(small), Ok(expected));
    let asked = Params {
        submission_bytes: 8192,
        completion_bytes: 4096,
        submission_record_max: 256,
        completion_record_max: 128,
        ..small
    };
    assert_eq!(grant(asked), Ok(asked));
}

/// ABI-50: a ring's size is a power of two from a page to 1 GiB.
#[test]
fn ring_sizes_have_limits() {
    let both = [
        |bytes| Params { submission_bytes: bytes, ..DEFAULTS },
        |bytes| Params { completion_bytes: bytes, completion_record_max: 128, ..DEFAULTS },
    ];
    for with in both {
        for bytes in [1 << 13, RING_BYTES_MAX] {
            assert_eq!(grant(with(bytes)), Ok(with(bytes)));
        }
        for bytes in [1, 2048, RING_BYTES_MIN + 8, 3 << 12, 1 << 31, u32::MAX] {
            assert_eq!(grant(with(bytes)), Err(SetupError::RingBytes(bytes)));
        }
    }
    assert_eq!(SetupError::RingBytes(1).errno(), Errno::EINVAL);
}

/// ABI-50: a record limit is a multiple of 8, from 128 to half its ring; the number of slots is from 1 to 2^24.
#[test]
fn record_limits_and_slots_have_limits() {
    let both = [
        |limit| Params { submission_record_max: limit, submission_bytes: 4096, ..DEFAULTS },
        |limit| Params { completion_record_max: limit, completion_bytes: 4096, ..DEFAULTS },
    ];
    for with in both {
        for limit in [RECORD_MAX_MIN, 136, 2048] {
            assert_eq!(grant(with(limit)), Ok(with(limit)));
        }
        for limit in [8, RECORD_MAX_MIN - 8, 132, 2056, 4096, u32::MAX] {
            assert_eq!(grant(with(limit)), Err(SetupError::RecordMax(limit)));
        }
    }
    let slots = |slots| grant(Params { slots, ..DEFAULTS }).map(|params| params.slots);
    assert_eq!(slots(1 << 24), Ok(1 << 24));
    assert_eq!(slots((1 << 24) + 1), Err(SetupError::Slots((1 << 24) + 1)));
    let no_default = Params { slots: 0, ..DEFAULTS };
    assert_eq!(Params::default().grant(&no_default, Features::INLINE), Err(SetupError::Slots(0)));
}

/// ABI-51: a set-up that asks names no granted features.
#[test]
fn granted_is_only_answered() {
    let asked = Params { features_granted: Features::INLINE, ..Params::default() };
    assert_eq!(grant(asked), Err(SetupError::Reserved));
}
