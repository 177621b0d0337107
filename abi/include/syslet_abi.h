/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes of syslet for C99 and later, and for C++11 and later. specs/abi.md is the normative description; a test
 * compares every field and every constant below with the Rust code.
 *
 * All numbers are in the machine's own byte order. Every record begins at a multiple of 8 and its length is one.
 * Reserved bits and bytes must be zero.
 */
#ifndef SYSLET_ABI_H
#define SYSLET_ABI_H

#include <stddef.h>
#include <stdint.h>

#define SYSLET_ABI_VERSION 1

/* Limits. */
#define SYSLET_ARGS_MAX 6
#define SYSLET_ATTRIBUTES_MAX 16
#define SYSLET_ATOMS_MAX 256
#define SYSLET_REGISTERS_MAX 16
#define SYSLET_SCRATCH_BYTES_MAX 1048576
#define SYSLET_RING_BYTES_MIN 4096
#define SYSLET_RING_BYTES_MAX 1073741824
#define SYSLET_RECORD_MAX_MIN 128
#define SYSLET_SLOTS_MAX 16777216

/* The next multiple of 8: the room that a payload of so many bytes takes. */
#define SYSLET_PADDED(bytes) (((bytes) + 7u) & ~7u)

/* The kind of a record. */
enum syslet_kind {
    SYSLET_KIND_PAD = 1,
    SYSLET_KIND_CALL = 2,
    SYSLET_KIND_SYSLET = 3,
    SYSLET_KIND_CANCEL = 4,
    SYSLET_KIND_DONE = 5,
    SYSLET_KIND_STEP = 6
};

/* The first word of every record. As a whole it is zero where no record stands yet. */
struct syslet_record {
    uint32_t len;
    uint16_t kind;
    uint16_t flags;
};

/* Flags of a submission. */
enum syslet_call_flag {
    SYSLET_CALL_ASYNC = 1,
    SYSLET_CALL_SYNC = 2,
    SYSLET_CALL_STORAGE = 4,
    SYSLET_CALL_PRIVATE = 8,
    SYSLET_CALL_NO_COMPLETE = 16,
    SYSLET_CALL_RELEASE = 32
};

/* The kind of an argument. */
enum syslet_arg_kind {
    SYSLET_ARG_VALUE = 0,
    SYSLET_ARG_IN = 1,
    SYSLET_ARG_OUT = 2,
    SYSLET_ARG_INOUT = 3,
    SYSLET_ARG_RESULT = 4,
    SYSLET_ARG_REGISTER = 5,
    SYSLET_ARG_HANDLE = 6,
    SYSLET_ARG_ARENA = 7
};

/* The bits of arg_kinds that hold the kind of argument `index`. */
#define SYSLET_ARG_KIND(index, kind) ((uint32_t)(kind) << (4 * (index)))

/* An INOUT argument: an offset in the out area, and one in DATA. */
#define SYSLET_INOUT(out, data) ((uint64_t)(uint32_t)(out) | (uint64_t)(uint32_t)(data) << 32)

/* A place of a program, as an IN or OUT argument of an atom: `len` bytes belong to it, at most 2^27 - 2. */
#define SYSLET_PLACE(at, len) ((uint64_t)(uint32_t)(at) | ((uint64_t)(len) + 1) << 37)

/* A place with a register that is added to its offset. */
#define SYSLET_PLACE_PLUS(at, len, number) (SYSLET_PLACE(at, len) | ((uint64_t)(number) + 1) << 32)

/* A submission of one call. Behind it: `argc` arguments of 64 bits, then `attr_count` attributes. */
struct syslet_call {
    struct syslet_record record;
    uint64_t user_data;
    uint32_t nr;
    uint8_t argc;
    uint8_t attr_count;
    uint16_t reserved;
    uint32_t arg_kinds;
    uint32_t out_len;
};

/* A program of calls. Behind it: `register_count` registers, `attr_count` attributes, then `atom_count` atoms. Bit 31 of
   `scratch` is set; below it stand the bytes at the end of the out area that do not come back. */
struct syslet_program {
    struct syslet_record record;
    uint64_t user_data;
    uint32_t scratch;
    uint8_t register_count;
    uint8_t attr_count;
    uint16_t atom_count;
    uint32_t budget;
    uint32_t out_len;
};

/* Flags of an atom. */
enum syslet_atom_flag {
    SYSLET_ATOM_ASYNC = 1,
    SYSLET_ATOM_STORAGE = 4,
    SYSLET_ATOM_FINALLY = 64,
    SYSLET_ATOM_STOPPABLE = 128
};

/* The test of an atom's value. */
enum syslet_test {
    SYSLET_TEST_ALWAYS = 0,
    SYSLET_TEST_ZERO = 1,
    SYSLET_TEST_NON_ZERO = 2,
    SYSLET_TEST_NEGATIVE = 3,
    SYSLET_TEST_NON_POSITIVE = 4,
    SYSLET_TEST_EQUAL = 5,
    SYSLET_TEST_LESS = 6,
    SYSLET_TEST_GREATER = 7,
    SYSLET_TEST_MASK = 8,
    SYSLET_TEST_ERRNO = 9,
    SYSLET_TEST_ERROR = 10
};

/* The operation of an atom that makes no call. */
enum syslet_step {
    SYSLET_STEP_SET = 1,
    SYSLET_STEP_ADD = 2,
    SYSLET_STEP_SUBTRACT = 3,
    SYSLET_STEP_COMPARE = 4,
    SYSLET_STEP_JUMP = 5,
    SYSLET_STEP_LOAD = 6,
    SYSLET_STEP_STORE = 7,
    SYSLET_STEP_TOGETHER = 8
};

/* The next atom, where no number names it. */
enum syslet_next {
    SYSLET_NEXT_STOP = 65534,
    SYSLET_NEXT_NEXT = 65535
};

/* Added to the bytes of a number in memory that has a sign. */
#define SYSLET_WIDTH_SIGNED 128

/* A call or a step of a program. Behind it: `argc` arguments of 64 bits, then `attr_count` attributes. */
struct syslet_atom {
    struct syslet_record record;
    uint64_t operand;
    uint32_t nr;
    uint8_t argc;
    uint8_t attr_count;
    uint8_t test;
    uint8_t operand_kind;
    uint32_t arg_kinds;
    uint16_t then;
    uint16_t otherwise;
};

/* The property that names the submissions to cancel. */
enum syslet_cancel_by {
    SYSLET_CANCEL_ALL = 0,
    SYSLET_CANCEL_USER_DATA = 1,
    SYSLET_CANCEL_FD = 2,
    SYSLET_CANCEL_NUMBER = 3,
    SYSLET_CANCEL_TRACE = 4
};

/* The steps that follow when the signal does not end the call. */
enum syslet_cancel_step {
    SYSLET_STEP_SHUTDOWN = 1,
    SYSLET_STEP_ABANDON = 2
};

/* A request to cancel submissions of the same ring. */
struct syslet_cancel {
    struct syslet_record record;
    uint64_t user_data;
    uint32_t by;
    uint32_t steps;
    uint64_t value;
    uint64_t shutdown_ns;
    uint64_t abandon_ns;
};

/* Which attribute. Ids from APPLICATION up are the application's own. */
enum syslet_attribute_id {
    SYSLET_ATTRIBUTE_DATA = 1,
    SYSLET_ATTRIBUTE_TIMING = 2,
    SYSLET_ATTRIBUTE_WORKER = 3,
    SYSLET_ATTRIBUTE_CACHE = 4,
    SYSLET_ATTRIBUTE_USAGE = 5,
    SYSLET_ATTRIBUTE_IO = 6,
    SYSLET_ATTRIBUTE_BLOCKED = 7,
    SYSLET_ATTRIBUTE_CHECKSUM = 8,
    SYSLET_ATTRIBUTE_COUNTERS = 9,
    SYSLET_ATTRIBUTE_TRACE = 10,
    SYSLET_ATTRIBUTE_DEADLINE = 11,
    SYSLET_ATTRIBUTE_PRIORITY = 12,
    SYSLET_ATTRIBUTE_LANE = 13,
    SYSLET_ATTRIBUTE_ATOMS = 14,
    SYSLET_ATTRIBUTE_NICE = 16,
    SYSLET_ATTRIBUTE_SCHED = 17,
    SYSLET_ATTRIBUTE_IOPRIO = 18,
    SYSLET_ATTRIBUTE_AFFINITY = 19,
    SYSLET_ATTRIBUTE_CREDENTIALS = 20,
    SYSLET_ATTRIBUTE_CWD = 21,
    SYSLET_ATTRIBUTE_UMASK = 22,
    SYSLET_ATTRIBUTE_TIMER_SLACK = 23,
    SYSLET_ATTRIBUTE_RETRY = 24,
    SYSLET_ATTRIBUTE_APPLICATION = 32768
};

/* Flags of an attribute. */
enum syslet_attribute_flag {
    SYSLET_ATTRIBUTE_REQUIRED = 1
};

/* An attribute of a submission. Behind it: `len` bytes of payload, padded with zeros to a multiple of 8. */
struct syslet_attribute {
    uint16_t id;
    uint16_t flags;
    uint32_t len;
};

/* Flags of a completion. */
enum syslet_done_flag {
    SYSLET_DONE_NOT_RUN = 1,
    SYSLET_DONE_ENGINE_RESULT = 2,
    SYSLET_DONE_CANCELLED = 4,
    SYSLET_DONE_ABANDONED = 8,
    SYSLET_DONE_MORE = 16,
    SYSLET_DONE_FINALLY_FAILED = 32,
    SYSLET_DONE_RELEASED = 64
};

/* A completion. Behind it: attribute returns up to the record's end, DATA first if there is one. */
struct syslet_done {
    struct syslet_record record;
    uint64_t user_data;
    int64_t result;
};

/* The outcome of an attribute. */
enum syslet_status {
    SYSLET_STATUS_HANDLED = 1,
    SYSLET_STATUS_UNSUPPORTED = 2,
    SYSLET_STATUS_UNAVAILABLE = 3,
    SYSLET_STATUS_INAPPLICABLE = 4,
    SYSLET_STATUS_INVALID = 5,
    SYSLET_STATUS_DENIED = 6,
    SYSLET_STATUS_MISMATCH = 7
};

/* An attribute return. Behind it: `len` bytes of value, padded with zeros to a multiple of 8. */
struct syslet_return {
    uint16_t id;
    uint16_t status;
    uint32_t len;
};

/* The value of a TIMING return: nanoseconds of CLOCK_MONOTONIC. */
struct syslet_timing {
    uint64_t queued_ns;
    uint64_t started_ns;
    uint64_t finished_ns;
};

/* The value of a WORKER return. `run_by`: 1 the waiting submitter, 2 a worker, 3 the submitter's non-blocking
   attempt, 4 a thread of its own. */
struct syslet_worker {
    uint32_t tid;
    uint32_t cpu;
    uint32_t run_by;
    uint32_t attempts;
};

/* The value of a CACHE return. `verdict`: 1 hit, 2 miss, 3 unknown; `evidence`: bits, see specs/attributes.md. */
struct syslet_cache {
    uint32_t verdict;
    uint32_t evidence;
};

/* The value of a USAGE return. Bit 0 of `flags`: the split into user and system time is sampled. */
struct syslet_usage {
    uint64_t cpu_ns;
    uint64_t user_ns;
    uint64_t system_ns;
    uint64_t minor_faults;
    uint64_t major_faults;
    uint64_t voluntary_switches;
    uint64_t involuntary_switches;
    uint64_t flags;
};

/* The value of an IO return: bytes of storage, as the kernel charged them to the threads that tried the call. */
struct syslet_io {
    uint64_t read_bytes;
    uint64_t written_bytes;
};

/* The value of a BLOCKED return. */
struct syslet_blocked {
    uint64_t sleeps;
    uint64_t off_cpu_ns;
};

/* The payload that CHECKSUM may have. Bit 0 of `flags`: `expected` is given. */
struct syslet_checksum_ask {
    uint32_t flags;
    uint32_t expected;
};

/* The value of a CHECKSUM return: a count of bytes, and their CRC-32C. */
struct syslet_checksum {
    uint64_t bytes;
    uint32_t crc32c;
    uint32_t reserved;
};

/* The value of a COUNTERS return. Bits of `valid` and `user_only`, from 0: the four counters in order. */
struct syslet_counters {
    uint32_t valid;
    uint32_t user_only;
    uint64_t task_clock_ns;
    uint64_t context_switches;
    uint64_t instructions;
    uint64_t cycles;
};

/* The payload of TRACE, and its value. */
struct syslet_trace {
    uint64_t id;
};

/* The begin of the value of an ATOMS return. Behind it: an entry for each atom that ran. */
struct syslet_atoms {
    uint32_t steps;
    uint16_t last;
    uint16_t finally_failed;
    uint64_t reserved;
};

/* The outcome of one atom, the last time it ran. Behind it: `len` bytes of returns of its own attributes. */
struct syslet_atom_entry {
    uint16_t atom;
    uint16_t flags;
    uint32_t runs;
    int64_t value;
    uint32_t len;
    uint32_t reserved;
};

/* The value of a PRIORITY return. It is asked with an int32_t. */
struct syslet_priority {
    uint64_t waited_ns;
    int64_t level;
};

/* The payload of LANE. */
struct syslet_lane_ask {
    uint64_t id;
    uint32_t limit;
    uint32_t reserved;
};

/* The value of a LANE return. */
struct syslet_lane {
    uint64_t waited_ns;
    uint32_t running;
    uint32_t reserved;
};

/* The payload of SCHED: the kernel's number of a policy, and a priority for those in real time. */
struct syslet_sched_ask {
    uint32_t policy;
    uint32_t priority;
};

/* The payload of IOPRIO: the kernel's number of a class, and a level for those that have some. */
struct syslet_ioprio_ask {
    uint32_t io_class;
    uint32_t level;
};

/* The payload of CREDENTIALS. Behind it: the groups, 32 bits each. `given`: 1 fsuid, 2 fsgid, 4 groups. */
struct syslet_credentials_ask {
    uint32_t given;
    uint32_t fsuid;
    uint32_t fsgid;
    uint32_t groups;
};

/* The payload of RETRY. `on`: 1 EINTR, 2 EAGAIN, 4 a part was moved. */
struct syslet_retry_ask {
    uint32_t on;
    uint32_t attempts;
    uint64_t time_ns;
    uint64_t pause_ns;
};

/* The value of a RETRY return. `ended`: see specs/attributes.md. */
struct syslet_retry {
    uint32_t attempts;
    uint32_t ended;
};

/* The reasons for which a submission is refused. */
enum syslet_refusal {
    SYSLET_REFUSED_RECORD_SHORT = 1,
    SYSLET_REFUSED_LENGTH_UNALIGNED = 2,
    SYSLET_REFUSED_LENGTH_MISMATCH = 3,
    SYSLET_REFUSED_TOO_LARGE = 4,
    SYSLET_REFUSED_UNKNOWN_KIND = 5,
    SYSLET_REFUSED_KIND_NOT_YET = 6,
    SYSLET_REFUSED_RESERVED_BIT = 7,
    SYSLET_REFUSED_FLAG_NOT_YET = 8,
    SYSLET_REFUSED_FLAGS_CONTRADICT = 9,
    SYSLET_REFUSED_TOO_MANY_ARGUMENTS = 10,
    SYSLET_REFUSED_ARGUMENT_KIND_UNKNOWN = 11,
    SYSLET_REFUSED_ARGUMENT_KIND_NOT_YET = 12,
    SYSLET_REFUSED_TOO_MANY_ATTRIBUTES = 13,
    SYSLET_REFUSED_ATTRIBUTE_OVERRUN = 14,
    SYSLET_REFUSED_ATTRIBUTE_DUPLICATE = 15,
    SYSLET_REFUSED_ATTRIBUTE_ID_ZERO = 16,
    SYSLET_REFUSED_IN_OUTSIDE_DATA = 17,
    SYSLET_REFUSED_OUT_OUTSIDE_AREA = 18,
    SYSLET_REFUSED_STRING_UNTERMINATED = 19,
    SYSLET_REFUSED_LENGTH_UNKNOWN = 20,
    SYSLET_REFUSED_DIRECTION = 21,
    SYSLET_REFUSED_LENGTH_UNREADABLE = 22,
    SYSLET_REFUSED_VALUE_ONLY = 23,
    SYSLET_REFUSED_WRONG_ARGUMENT_COUNT = 24,
    SYSLET_REFUSED_FOREIGN_NUMBER = 25,
    SYSLET_REFUSED_ENGINE_LIFE = 26,
    SYSLET_REFUSED_THREAD_STATE = 27,
    SYSLET_REFUSED_THREAD_BOUND = 28,
    SYSLET_REFUSED_NEEDS_WORKER = 29,
    SYSLET_REFUSED_NOT_SAFE_ROW = 30,
    SYSLET_REFUSED_NOT_SAFE_ADDRESS = 31,
    SYSLET_REFUSED_NOT_SAFE_DESCRIPTOR = 32,
    SYSLET_REFUSED_SUBMISSION_FULL = 33,
    SYSLET_REFUSED_COMPLETION_FULL = 34,
    SYSLET_REFUSED_SLOTS_FULL = 35,
    SYSLET_REFUSED_FORKED = 36,
    SYSLET_REFUSED_CLOSED = 37,
    SYSLET_REFUSED_ATOM_ONLY = 38,
    SYSLET_REFUSED_ATOM_COUNT = 39,
    SYSLET_REFUSED_ATOM_OVERRUN = 40,
    SYSLET_REFUSED_ATOM_KIND = 41,
    SYSLET_REFUSED_STEP_UNKNOWN = 42,
    SYSLET_REFUSED_TEST_UNKNOWN = 43,
    SYSLET_REFUSED_TARGET = 44,
    SYSLET_REFUSED_RESULT_UNKNOWN = 45,
    SYSLET_REFUSED_REGISTER_UNKNOWN = 46,
    SYSLET_REFUSED_GROUP = 47,
    SYSLET_REFUSED_BUDGET = 48
};

/* Features of a set-up, one bit each. */
#define SYSLET_FEATURE_INLINE 1
#define SYSLET_FEATURE_WORKERS 2
#define SYSLET_FEATURE_CANCEL 4
#define SYSLET_FEATURE_SYSLETS 8
#define SYSLET_FEATURE_SHARED 16

/* A set-up, asked for or granted. A size of zero asks for the default. Later versions grow at the end. */
struct syslet_params {
    uint32_t size;
    uint32_t abi_version;
    uint64_t features_required;
    uint64_t features_wanted;
    uint64_t features_granted;
    uint32_t submission_bytes;
    uint32_t completion_bytes;
    uint32_t submission_record_max;
    uint32_t completion_record_max;
    uint32_t slots;
    uint32_t reserved;
};

/* "SYSLETR1" in memory order. */
#define SYSLET_MAGIC UINT64_C(0x315254454c535953)
#define SYSLET_PAGE_BYTES 4096
#define SYSLET_LINE_BYTES 128

/* The state of the engine, as the header shows it. */
enum syslet_engine_status {
    SYSLET_ENGINE_RUNNING = 1,
    SYSLET_ENGINE_CLOSING = 2,
    SYSLET_ENGINE_GONE = 3
};

/* The header of a pair of rings: a page that never changes, one that the engine writes, one that the peer
   writes. */
struct syslet_ring_header {
    uint64_t magic;
    uint32_t abi_version;
    uint32_t header_bytes;
    uint64_t total_bytes;
    uint64_t features_granted;
    uint32_t submission_offset;
    uint32_t submission_bytes;
    uint32_t completion_offset;
    uint32_t completion_bytes;
    uint32_t submission_record_max;
    uint32_t completion_record_max;
    uint32_t slots;
    uint32_t reserved;
    uint8_t pad_constants[SYSLET_PAGE_BYTES - 64];

    uint64_t submission_head;
    uint8_t pad_submission_head[SYSLET_LINE_BYTES - 8];
    uint64_t completion_tail;
    uint8_t pad_completion_tail[SYSLET_LINE_BYTES - 8];
    uint64_t engine_status;
    uint8_t pad_engine_status[SYSLET_LINE_BYTES - 8];
    uint32_t completion_futex;
    uint8_t pad_completion_futex[SYSLET_LINE_BYTES - 4];
    uint32_t engine_armed;
    uint8_t pad_engine[SYSLET_PAGE_BYTES - 4 * SYSLET_LINE_BYTES - 4];

    uint64_t submission_tail;
    uint8_t pad_submission_tail[SYSLET_LINE_BYTES - 8];
    uint64_t completion_head;
    uint8_t pad_completion_head[SYSLET_LINE_BYTES - 8];
    uint32_t peer_armed;
    uint8_t pad_peer_armed[SYSLET_LINE_BYTES - 4];
    uint32_t submission_futex;
    uint8_t pad_peer[SYSLET_PAGE_BYTES - 3 * SYSLET_LINE_BYTES - 4];
};

#if defined(__cplusplus)
#define SYSLET_STATIC_ASSERT(truth, text) static_assert(truth, text)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define SYSLET_STATIC_ASSERT(truth, text) _Static_assert(truth, text)
#endif

#ifdef SYSLET_STATIC_ASSERT
SYSLET_STATIC_ASSERT(sizeof(struct syslet_record) == 8, "the first word of a record");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_call) == 32, "a submission without arguments");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_cancel) == 48, "a request to cancel");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_attribute) == 8, "the header of an attribute");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_done) == 24, "a completion without returns");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_return) == 8, "the header of an attribute return");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_timing) == 24, "the value of TIMING");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_worker) == 16, "the value of WORKER");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_params) == 56, "the set-up of version 1");
SYSLET_STATIC_ASSERT(sizeof(struct syslet_ring_header) == 3 * SYSLET_PAGE_BYTES, "a header of three pages");
SYSLET_STATIC_ASSERT(offsetof(struct syslet_ring_header, submission_head) == SYSLET_PAGE_BYTES,
                     "the engine's words begin a page");
SYSLET_STATIC_ASSERT(offsetof(struct syslet_ring_header, submission_tail) == 2 * SYSLET_PAGE_BYTES,
                     "the peer's words begin a page");
#undef SYSLET_STATIC_ASSERT
#endif

#endif
