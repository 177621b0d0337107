//! Rows of calls about the address space. They take a lock that other threads hold while they wait for storage.

use super::sizes::INT;
use super::words::*;
use crate::argument::{Len, Written};
use crate::nature::Scope::{ReadsThread, WritesThread};
use crate::restart::Restart::Uninterrupted;
use crate::row::Memory::{Changes, Maps, Moves, Unmaps};
use crate::row::Row;
use crate::row::Yields::{Address, Bytes, Fd, Number};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Mappings.
    storage("mmap", [9, 222], &[address("addr"), size("len"), flags("prot").bits_64(), flags("flags").bits_64(), fd("fd"), offset("off")])
        .yields(Address).memory(Maps).restart(Uninterrupted),
    storage("munmap", [11, 215], &[address("addr"), size("len")])
        .memory(Unmaps).restart(Uninterrupted),
    storage("mremap", [25, 216], &[address("addr"), size("old_len"), size("new_len"), flags("flags").bits_64(), address("new_addr")])
        .yields(Address).memory(Moves).restart(Uninterrupted),
    storage("mprotect", [10, 226], &[address("start"), size("len"), flags("prot").bits_64()])
        .memory(Changes).restart(Uninterrupted),
    storage("brk", [12, 214], &[address("brk")])
        .yields(Address).memory(Changes).restart(Uninterrupted),
    storage("remap_file_pages", [216, 234], &[address("start"), size("size"), flags("prot").bits_64(), size("pgoff"), flags("flags").bits_64()])
        .memory(Changes).restart(Uninterrupted),
    storage("mseal", [462, 462], &[address("start"), size("len"), flags("flags").bits_64()])
        .memory(Changes).restart(Uninterrupted),
    storage("map_shadow_stack", [453, 453], &[address("addr"), size("size"), flags("flags")])
        .yields(Address).memory(Maps).restart(Uninterrupted),

    // Advice and residence. Lists of addresses are passed as they are.
    storage("madvise", [28, 233], &[address("start"), size("len_in"), int("behavior")])
        .memory(Changes),
    storage("process_madvise", [440, 440], &[fd("pidfd"), opaque("vec"), size("vlen").bits_32(), int("behavior"), flags("flags")])
        .yields(Bytes).memory(Changes),
    storage("process_mrelease", [448, 448], &[fd("pidfd"), flags("flags")]),
    storage("msync", [26, 227], &[address("start"), size("len"), flags("flags")]),
    storage("mincore", [27, 232], &[address("start"), size("len"), output("vec", Len::Pages(1), Written::Whole)]),
    storage("mlock", [149, 228], &[address("start"), size("len")]),
    storage("mlock2", [325, 284], &[address("start"), size("len"), flags("flags")]),
    storage("munlock", [150, 229], &[address("start"), size("len")]),
    storage("mlockall", [151, 230], &[flags("flags")]),
    storage("munlockall", [152, 231], &[]),

    // Protection keys. A new key's rights are those of the thread that made it.
    storage("pkey_mprotect", [329, 288], &[address("start"), size("len"), flags("prot").bits_64(), int("pkey")])
        .memory(Changes).restart(Uninterrupted),
    instant("pkey_alloc", [330, 289], &[flags("flags").bits_64(), flags("init_val").bits_64()])
        .yields(Number).scope(WritesThread),
    instant("pkey_free", [331, 290], &[int("pkey")])
        .danger("pages that still carry the key pass to the next thread that allocates it"),

    // Nodes. A set of nodes has as many bits as the argument beside it says.
    storage("mbind", [237, 235], &[address("start"), size("len"), int("mode").bits_64(), input("nmask", Len::Bits(4)), uint("maxnode").bits_64(), flags("flags")]),
    instant("set_mempolicy", [238, 237], &[int("mode"), input("nmask", Len::Bits(2)), uint("maxnode").bits_64()])
        .scope(WritesThread),
    instant("get_mempolicy", [239, 236], &[output_of("policy", INT), output("nmask", Len::Bits(2), Written::Whole), uint("maxnode").bits_64(), address("addr"), flags("flags").bits_64()])
        .scope(ReadsThread),
    storage("set_mempolicy_home_node", [450, 450], &[address("start"), size("len"), uint("home_node").bits_64(), flags("flags").bits_64()]),
    storage("migrate_pages", [256, 238], &[pid("pid"), uint("maxnode").bits_64(), input("old_nodes", Len::Bits(1)), input("new_nodes", Len::Bits(1))])
        .yields(Number),
    storage("move_pages", [279, 239], &[pid("pid"), size("nr_pages"), opaque("pages"), input("nodes", Len::Times(1, INT)), output("status", Len::Times(1, INT), Written::Whole), flags("flags")])
        .yields(Number),

    // Another process's memory, and faults handled in user space. Their vectors are addresses.
    storage("process_vm_readv", [310, 270], &[pid("pid"), opaque("lvec"), size("liovcnt").bits_32(), opaque("rvec"), size("riovcnt"), flags("flags").bits_64()])
        .yields(Bytes),
    storage("process_vm_writev", [311, 271], &[pid("pid"), opaque("lvec"), size("liovcnt").bits_32(), opaque("rvec"), size("riovcnt"), flags("flags").bits_64()])
        .yields(Bytes),
    instant("userfaultfd", [323, 282], &[flags("flags")])
        .yields(Fd),
    storage("membarrier", [324, 283], &[command("cmd"), flags("flags"), int("cpu_id")])
        .yields(Number),
];
