//! The header of a pair of rings.

use syslet_abi::{
    ABI_VERSION, EngineStatus, Features, HEADER_BYTES, HEADER_WORDS, LINE_BYTES, MAGIC, PAGE_BYTES, Params,
    RingHeader, RingLayout, offset,
};

use crate::layout;

const GRANTED: Params = Params {
    abi_version: ABI_VERSION,
    features_required: Features::NONE,
    features_wanted: Features::NONE,
    features_granted: Features(0x1122_3344_5566_7788),
    submission_bytes: 0x1_0000,
    completion_bytes: 0x4_0000,
    submission_record_max: 0x1000,
    completion_record_max: 0x2_0000,
    slots: 0x123,
};

/// ABI-52: the first page says what was granted, at the offsets of its table; what it does not name is zero.
#[test]
fn the_first_page_says_what_was_granted() {
    let words = RingHeader { params: GRANTED }.emit();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let u32_at = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let u64_at = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    assert_eq!(bytes[offset::MAGIC..][..8], *b"SYSLETR1");
    assert_eq!(u64_at(offset::MAGIC), MAGIC);
    assert_eq!((u32_at(offset::VERSION), u32_at(offset::VERSION + 4)), (ABI_VERSION, 12288));
    assert_eq!(u64_at(offset::TOTAL_BYTES), 12288 + 0x5_0000);
    assert_eq!(u64_at(offset::FEATURES), 0x1122_3344_5566_7788);
    let ring = |at| (u32_at(at), u32_at(at + 4));
    assert_eq!(ring(offset::SUBMISSION_RING), (12288, 0x1_0000));
    assert_eq!(ring(offset::COMPLETION_RING), (12288 + 0x1_0000, 0x4_0000));
    assert_eq!(ring(offset::RECORD_MAX), (0x1000, 0x2_0000));
    assert_eq!(ring(offset::SLOTS), (0x123, 0));
    assert_eq!(bytes.len(), 64);
}

/// ABI-53: no word of one writer shares a page with another writer's, and no two words that are written share a line.
#[test]
fn writers_have_pages_and_words_have_lines() {
    let header = layout::all().pop().expect("the header comes last");
    assert_eq!((header.bytes, HEADER_WORDS), (HEADER_BYTES, HEADER_BYTES / 8));
    let on_page = |page: usize| header.fields.iter().filter(move |field| field.offset / PAGE_BYTES == page);
    assert_eq!((on_page(0).count(), on_page(1).count(), on_page(2).count()), (13, 5, 4));
    let written: Vec<_> = on_page(1).chain(on_page(2)).collect();
    for (index, field) in written.iter().enumerate() {
        assert_eq!(field.offset % LINE_BYTES, 0, "{field:?}");
        assert!(written[..index].iter().all(|other| other.offset != field.offset), "{field:?}");
    }
}

/// ABI-54: the submission ring follows the header, the completion ring follows it, and nothing is between them.
#[test]
fn rings_follow_the_header() {
    let layout = RingLayout::of(&GRANTED);
    let expected = RingLayout {
        submission_offset: 12288,
        completion_offset: 12288 + 0x1_0000,
        total_bytes: 12288 + 0x1_0000 + 0x4_0000,
    };
    assert_eq!(layout, expected);
}

/// ABI-53: an engine status is one of three numbers, none of them zero.
#[test]
fn engine_statuses() {
    assert_eq!(
        [EngineStatus::RUNNING, EngineStatus::CLOSING, EngineStatus::GONE].map(|status| status.0),
        [1, 2, 3]
    );
}
