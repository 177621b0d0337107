//! The attributes of a submission, as structure.

use syslet_abi::{
    ATTRIBUTES_MAX, Ask, AskRepr, AttributeFlags, AttributeId, Call, CallRepr, Errno, Refusal, Status,
};

use crate::sample::{BARE, LIMITS, OWN, RICH, RICH_ATTRIBUTES, emit, poked, refusal, with_own_len};

/// Place of the header that follows the first attribute of `RICH`.
const SECOND: usize = RICH_ATTRIBUTES + 16;

fn at(place: usize) -> u32 {
    u32::try_from(place).expect("records of tests are short")
}

fn many(count: u16) -> Vec<u8> {
    let attributes: Vec<_> = (0..count)
        .map(|index| AskRepr { id: AttributeId(0x8000 + index), flags: AttributeFlags::NONE, payload: &[] })
        .collect();
    emit(&CallRepr { attributes: &attributes, ..BARE })
}

/// ABI-22: an attribute is id, flags, length and payload, and the next begins behind its padding.
#[test]
fn attributes_stand_in_the_order_asked() {
    let record = emit(&RICH);
    let call = Call::check(&record, &LIMITS).expect("the sample is sound");
    let expected = [
        Ask { id: OWN, flags: AttributeFlags::NONE, payload: b"own", payload_offset: RICH_ATTRIBUTES + 8 },
        Ask {
            id: AttributeId::DATA,
            flags: AttributeFlags::NONE,
            payload: b"sixteen bytes in",
            payload_offset: SECOND + 8,
        },
        Ask {
            id: AttributeId::TIMING,
            flags: AttributeFlags::REQUIRED,
            payload: b"",
            payload_offset: SECOND + 32,
        },
    ];
    assert_eq!(call.asks().collect::<Vec<_>>(), expected);
    assert_eq!((call.attribute_count(), call.data()), (3, &b"sixteen bytes in"[..]));
    assert_eq!(record[RICH_ATTRIBUTES..][..8], [0x01, 0x80, 0, 0, 3, 0, 0, 0]);
}

/// ABI-23: an attribute that runs past the end of the record is refused.
#[test]
fn overrunning_attribute_is_refused() {
    let last = emit(&RICH).len() - 8;
    for len in [1, 8, 0xffff_fff8_u32, u32::MAX] {
        let record = poked(&emit(&RICH), last + 4, &len.to_ne_bytes());
        assert_eq!(refusal(&record), (Refusal::ATTRIBUTE_OVERRUN, at(last)), "{len}");
    }
    let no_room_for_a_header = poked(&emit(&BARE), 21, &[1]);
    assert_eq!(refusal(&no_room_for_a_header), (Refusal::ATTRIBUTE_OVERRUN, 32));
}

/// ABI-24: bytes behind the last attribute are refused, zeros too.
#[test]
fn bytes_behind_the_last_attribute_are_refused() {
    for whole in [emit(&BARE), emit(&RICH)] {
        let end = whole.len();
        let longer = with_own_len([whole, vec![0; 8]].concat());
        assert_eq!(refusal(&longer), (Refusal::ATTRIBUTE_OVERRUN, at(end)));
    }
    let one_not_counted = poked(&emit(&RICH), 21, &[2]);
    assert_eq!(refusal(&one_not_counted), (Refusal::ATTRIBUTE_OVERRUN, at(emit(&RICH).len() - 8)));
}

/// ABI-25: two attributes with the same id are refused, wherever they stand; the second is at fault.
#[test]
fn duplicate_attribute_is_refused() {
    let [first, second, third] = [RICH.attributes[0], RICH.attributes[1], RICH.attributes[2]];
    let record = |attributes: &[AskRepr<'_>]| emit(&CallRepr { attributes, ..RICH });
    let next_to_it = [first, AskRepr { payload: b"", ..first }, second, third];
    assert_eq!(refusal(&record(&next_to_it)), (Refusal::ATTRIBUTE_DUPLICATE, at(SECOND)));
    let apart = [first, second, third, AskRepr { flags: AttributeFlags::REQUIRED, ..first }];
    assert_eq!(refusal(&record(&apart)), (Refusal::ATTRIBUTE_DUPLICATE, at(SECOND + 32)));
}

/// ABI-26: a bit set in the padding of a payload is refused.
#[test]
fn padding_is_zero() {
    for place in RICH_ATTRIBUTES + 11..SECOND {
        let record = poked(&emit(&RICH), place, &[1]);
        assert_eq!(refusal(&record), (Refusal::RESERVED_BIT, at(RICH_ATTRIBUTES + 11)), "byte {place}");
    }
}

/// ABI-27: id 0 is no attribute.
#[test]
fn id_zero_is_refused() {
    let record = poked(&emit(&RICH), SECOND, &[0, 0]);
    assert_eq!(refusal(&record), (Refusal::ATTRIBUTE_ID_ZERO, at(SECOND)));
}

/// ABI-28: 16 attributes are accepted, 17 are not.
#[test]
fn at_most_sixteen_attributes() {
    let record = many(16);
    assert_eq!(Call::check(&record, &LIMITS).map(|call| call.asks().count()), Ok(ATTRIBUTES_MAX));
    assert_eq!(refusal(&many(17)), (Refusal::TOO_MANY_ATTRIBUTES, 21));
    assert_eq!(refusal(&poked(&emit(&BARE), 21, &[255])), (Refusal::TOO_MANY_ATTRIBUTES, 21));
}

/// ABI-29: REQUIRED is the only flag; every other bit is refused.
#[test]
fn unknown_attribute_flags_are_refused() {
    for bit in 1..16 {
        let record = poked(&emit(&RICH), SECOND + 2, &(1_u16 << bit).to_ne_bytes());
        assert_eq!(refusal(&record), (Refusal::RESERVED_BIT, at(SECOND + 2)), "bit {bit}");
    }
    assert!(AttributeFlags::REQUIRED.is_required());
    assert!(!AttributeFlags::NONE.is_required());
}

/// ABI-30: structure judges neither id nor payload: any of them is accepted, and ids from 0x8000 are the
/// application's.
#[test]
fn ids_and_payloads_are_not_judged() {
    for id in [1, 2, 3, 0x7fff, 0x8000, 0xffff].map(AttributeId) {
        let ask = AskRepr { id, flags: AttributeFlags::REQUIRED, payload: &[0xff; 9] };
        let record = emit(&CallRepr { attributes: &[ask], ..BARE });
        let call = Call::check(&record, &LIMITS).expect("structure is sound");
        assert_eq!(call.asks().map(|ask| ask.id).collect::<Vec<_>>(), [id]);
        assert_eq!(id.is_application(), id.0 >= 0x8000);
    }
}

/// ABI-36: each status has a number and a name, and those that stop a call that requires the attribute an errno.
#[test]
fn statuses_have_names_and_errnos() {
    let expected = [
        (0, "unknown", Some(Errno::EOPNOTSUPP)),
        (1, "handled", None),
        (2, "unsupported", Some(Errno::EOPNOTSUPP)),
        (3, "unavailable", Some(Errno::EOPNOTSUPP)),
        (4, "inapplicable", Some(Errno::EOPNOTSUPP)),
        (5, "invalid", Some(Errno::EINVAL)),
        (6, "denied", Some(Errno::EPERM)),
        (7, "mismatch", None),
        (8, "unknown", Some(Errno::EOPNOTSUPP)),
    ];
    for (number, name, errno) in expected {
        assert_eq!((Status(number).name(), Status(number).required_errno()), (name, errno));
    }
}
