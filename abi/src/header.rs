//! The header of a pair of rings: the constants, the engine's words and the peer's words, each on a page of its own, so
//! that a peer can be given the first two read-only. The engine lays its rings out by it.

use crate::ABI_VERSION;
use crate::bytes::tiles;
use crate::setup::{Params, RING_BYTES_MAX};

/// Pages of the header, and of the areas behind it.
pub const PAGE_BYTES: usize = 4096;
/// Words that different threads write stand this far apart: two cache lines, for the adjacent-line prefetcher.
pub const LINE_BYTES: usize = 128;
/// Size of the header.
pub const HEADER_BYTES: usize = 3 * PAGE_BYTES;
/// The header as 64-bit words.
pub const HEADER_WORDS: usize = HEADER_BYTES / 8;
/// "SYSLETR1" in memory order.
pub const MAGIC: u64 = u64::from_ne_bytes(*b"SYSLETR1");

/// Byte offsets in the header. Positions are 64-bit words that only grow; futex words are 32 bits.
pub mod offset {
    use super::{LINE_BYTES, PAGE_BYTES};

    /// [`MAGIC`](super::MAGIC).
    pub const MAGIC: usize = 0;
    /// Version (u32), size of the header (u32).
    pub const VERSION: usize = 8;
    /// Size of header and both rings, u64.
    pub const TOTAL_BYTES: usize = 16;
    /// Features granted at set-up, u64.
    pub const FEATURES: usize = 24;
    /// Offset of the submission ring (u32), its size (u32).
    pub const SUBMISSION_RING: usize = 32;
    /// Offset of the completion ring (u32), its size (u32).
    pub const COMPLETION_RING: usize = 40;
    /// Longest submission (u32), longest completion (u32).
    pub const RECORD_MAX: usize = 48;
    /// Number of slots (u32), then zero (u32).
    pub const SLOTS: usize = 56;

    /// Written by the engine: how far submissions are taken, u64.
    pub const SUBMISSION_HEAD: usize = PAGE_BYTES;
    /// Written by the engine: how far room for completions is claimed, u64.
    pub const COMPLETION_TAIL: usize = PAGE_BYTES + LINE_BYTES;
    /// Written by the engine: an [`EngineStatus`](super::EngineStatus), u64.
    pub const ENGINE_STATUS: usize = PAGE_BYTES + 2 * LINE_BYTES;
    /// Written by the engine: the futex on which a peer waits for completions, u32.
    pub const COMPLETION_FUTEX: usize = PAGE_BYTES + 3 * LINE_BYTES;
    /// Written by the engine: armed when the engine waits for submissions of another process, u32. Reserved.
    pub const ENGINE_ARMED: usize = PAGE_BYTES + 4 * LINE_BYTES;

    /// Written by the peer: how far submissions are published, u64.
    pub const SUBMISSION_TAIL: usize = 2 * PAGE_BYTES;
    /// Written by the peer: how far completions are consumed, u64.
    pub const COMPLETION_HEAD: usize = 2 * PAGE_BYTES + LINE_BYTES;
    /// Written by the peer: the futex value it waits on, with bit 0 set; zero when it is awake. u32.
    pub const PEER_ARMED: usize = 2 * PAGE_BYTES + 2 * LINE_BYTES;
    /// Written by the peer: the futex on which the engine waits for submissions of another process, u32. Reserved.
    pub const SUBMISSION_FUTEX: usize = 2 * PAGE_BYTES + 3 * LINE_BYTES;
}

/// Whether words of `(offset, bytes)` stand on the page at `page` only, rising, each aligned, each on a line of its own.
const fn lines_of(page: usize, words: &[(usize, usize)]) -> bool {
    let (mut line, mut index) = (page, 0);
    while index < words.len() {
        let (offset, bytes) = words[index];
        if offset < line || !offset.is_multiple_of(bytes) || bytes > LINE_BYTES {
            return false;
        }
        line = (offset / LINE_BYTES + 1) * LINE_BYTES;
        index += 1;
    }
    line <= page + PAGE_BYTES
}

const _: () = assert!(
    tiles(
        0,
        &[
            (offset::MAGIC, 8),
            (offset::VERSION, 8),
            (offset::TOTAL_BYTES, 8),
            (offset::FEATURES, 8),
            (offset::SUBMISSION_RING, 8),
            (offset::COMPLETION_RING, 8),
            (offset::RECORD_MAX, 8),
            (offset::SLOTS, 8),
        ],
        8 * RingHeader::WORDS
    ),
    "the constants fill the first words"
);
const _: () = assert!(8 * RingHeader::WORDS <= PAGE_BYTES, "the constants stay on the first page");
const _: () = assert!(
    lines_of(
        PAGE_BYTES,
        &[
            (offset::SUBMISSION_HEAD, 8),
            (offset::COMPLETION_TAIL, 8),
            (offset::ENGINE_STATUS, 8),
            (offset::COMPLETION_FUTEX, 4),
            (offset::ENGINE_ARMED, 4),
        ]
    ),
    "the engine's words stay on their page, a line each"
);
const _: () = assert!(
    lines_of(
        2 * PAGE_BYTES,
        &[
            (offset::SUBMISSION_TAIL, 8),
            (offset::COMPLETION_HEAD, 8),
            (offset::PEER_ARMED, 4),
            (offset::SUBMISSION_FUTEX, 4),
        ]
    ),
    "the peer's words stay on their page, a line each"
);
const _: () = assert!(!lines_of(0, &[(0, 8), (LINE_BYTES - 8, 8)]), "two words on one line");
const _: () = assert!(!lines_of(0, &[(PAGE_BYTES, 8)]), "a word on the next page");
const _: () = assert!(
    HEADER_BYTES as u64 + 2 * RING_BYTES_MAX as u64 <= u32::MAX as u64,
    "the header's 32-bit offsets reach the end of the largest rings"
);

/// The state of the engine, as the header shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EngineStatus(pub u64);

impl EngineStatus {
    /// Submissions are taken.
    pub const RUNNING: EngineStatus = EngineStatus(1);
    /// No new submissions; those in flight complete.
    pub const CLOSING: EngineStatus = EngineStatus(2);
    /// The engine is gone; a call that has not completed never will.
    pub const GONE: EngineStatus = EngineStatus(3);
}

/// The places of both rings, derived from the set-up here alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RingLayout {
    /// Offset of the submission ring in bytes.
    pub submission_offset: usize,
    /// Offset of the completion ring in bytes.
    pub completion_offset: usize,
    /// Header and both rings, in bytes.
    pub total_bytes: usize,
}

impl RingLayout {
    /// The layout for granted parameters: the sizes in them are powers of two and at least a page.
    #[must_use]
    pub const fn of(params: &Params) -> RingLayout {
        let submission_offset = HEADER_BYTES;
        let completion_offset = submission_offset + params.submission_bytes as usize;
        let total_bytes = completion_offset + params.completion_bytes as usize;
        RingLayout { submission_offset, completion_offset, total_bytes }
    }
}

/// The part of the header that is written once, as words from offset 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RingHeader {
    /// The parameters granted at set-up.
    pub params: Params,
}

impl RingHeader {
    /// Words that [`RingHeader::emit`] writes.
    pub const WORDS: usize = 8;

    /// The header's first words.
    #[must_use]
    pub const fn emit(&self) -> [u64; RingHeader::WORDS] {
        let params = &self.params;
        let layout = RingLayout::of(params);
        [
            MAGIC,
            pair(ABI_VERSION, HEADER_BYTES as u64),
            layout.total_bytes as u64,
            params.features_granted.0,
            pair32(layout.submission_offset as u64, params.submission_bytes),
            pair32(layout.completion_offset as u64, params.completion_bytes),
            pair(params.submission_record_max, params.completion_record_max as u64),
            pair(params.slots, 0),
        ]
    }
}

const fn pair(low: u32, high: u64) -> u64 {
    low as u64 | high << 32
}

const fn pair32(low: u64, high: u32) -> u64 {
    low | (high as u64) << 32
}
