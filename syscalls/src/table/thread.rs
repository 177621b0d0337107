//! Rows of calls about the thread that makes them. To the kernel, ids and capabilities belong to a thread; the C library
//! extends them to the process. Scheduling calls mean the caller when their pid is zero.

use super::bits::*;
use super::forms::{self, ARCH_PRCTL, KEYCTL, LANDLOCK_RULE, MODIFY_LDT};
use super::sizes::{CAP_DATA, CAP_HEADER, INT, SCHED_ATTR, TIMESPEC};
use super::words::*;
use crate::argument::{Len, Written};
use crate::condition::ScopeWhen;
use crate::harm::Harm;
use crate::nature::Scope::{BoundToThread, EngineLife, Process, ReadsThread, WritesThread};
use crate::row::Row;
use crate::row::Yields::{Bytes, Fd, Number, Pid};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Ids.
    instant("gettid", [186, 178], &[])
        .yields(Pid).scope(ReadsThread),
    instant("getuid", [102, 174], &[])
        .yields(Number).scope(ReadsThread),
    instant("geteuid", [107, 175], &[])
        .yields(Number).scope(ReadsThread),
    instant("getgid", [104, 176], &[])
        .yields(Number).scope(ReadsThread),
    instant("getegid", [108, 177], &[])
        .yields(Number).scope(ReadsThread),
    instant("getresuid", [118, 148], &[output_of("ruidp", INT), output_of("euidp", INT), output_of("suidp", INT)])
        .scope(ReadsThread),
    instant("getresgid", [120, 150], &[output_of("rgidp", INT), output_of("egidp", INT), output_of("sgidp", INT)])
        .scope(ReadsThread),
    instant("getgroups", [115, 158], &[size("gidsetsize").bits_32(), output("grouplist", Len::Times(0, INT), Written::Times(INT))])
        .yields(Number).scope(ReadsThread),
    instant("setuid", [105, 146], &[id("uid")])
        .scope(WritesThread),
    instant("setgid", [106, 144], &[id("gid")])
        .scope(WritesThread),
    instant("setreuid", [113, 145], &[id("ruid"), id("euid")])
        .scope(WritesThread),
    instant("setregid", [114, 143], &[id("rgid"), id("egid")])
        .scope(WritesThread),
    instant("setresuid", [117, 147], &[id("ruid"), id("euid"), id("suid")])
        .scope(WritesThread),
    instant("setresgid", [119, 149], &[id("rgid"), id("egid"), id("sgid")])
        .scope(WritesThread),
    instant("setfsuid", [122, 151], &[id("uid")])
        .yields(Number).scope(WritesThread),
    instant("setfsgid", [123, 152], &[id("gid")])
        .yields(Number).scope(WritesThread),
    instant("setgroups", [116, 159], &[size("gidsetsize").bits_32(), input("grouplist", Len::Times(0, INT))])
        .scope(WritesThread),

    // Capabilities, confinement, namespaces, keyrings.
    instant("capget", [125, 90], &[update_of("header", CAP_HEADER), output_of("dataptr", CAP_DATA)])
        .scope(ReadsThread),
    instant("capset", [126, 91], &[update_of("header", CAP_HEADER), input_of("data", CAP_DATA)])
        .scope(WritesThread),
    instant("seccomp", [317, 277], &[command("op"), flags("flags"), formed("uargs", forms::SECCOMP)])
        .yields(Number).scope(WritesThread).scope_when(SECCOMP),
    instant("landlock_create_ruleset", [444, 444], &[input("attr", Len::Arg(1)), size("size"), flags("flags")])
        .yields(Fd),
    instant("landlock_add_rule", [445, 445], &[fd("ruleset_fd"), command("rule_type"), formed("rule_attr", LANDLOCK_RULE), flags("flags")]),
    instant("landlock_restrict_self", [446, 446], &[fd("ruleset_fd"), flags("flags")])
        .scope(WritesThread).scope_when(&[scope_has(1, LANDLOCK_RESTRICT_SELF_TSYNC, EngineLife(Harm::FiltersAll))]),
    instant("lsm_get_self_attr", [459, 459], &[uint("attr"), sized("ctx", 2).or(forms::LSM_ATTR), update_of("size", INT), flags("flags")])
        .yields(Number).scope(ReadsThread),
    instant("lsm_set_self_attr", [460, 460], &[uint("attr"), input("ctx", Len::Arg(2)), size("size").bits_32(), flags("flags")])
        .scope(WritesThread),
    storage("unshare", [272, 97], &[flags("unshare_flags").bits_64()])
        .scope(WritesThread),
    storage("setns", [308, 268], &[fd("fd"), flags("flags")])
        .scope(WritesThread),
    storage("keyctl", [250, 219], &[command("option"), formed("arg2", KEYCTL[0]), formed("arg3", KEYCTL[1]), formed("arg4", KEYCTL[2]), formed("arg5", KEYCTL[3])])
        .yields(Number).scope(WritesThread),
    storage("add_key", [248, 217], &[text("type"), text("description"), input("payload", Len::Arg(3)), size("plen"), int("ringid")])
        .yields(Number).scope(WritesThread),
    sleeps("request_key", [249, 218], &[text("type"), text("description"), text("callout_info"), int("destringid")])
        .yields(Number).scope(WritesThread).blocking_only("a second request would make a second key"),

    // Scheduling.
    instant("sched_yield", [24, 124], &[]),
    instant("getcpu", [309, 168], &[output_of("cpup", INT), output_of("nodep", INT), uint("unused").ignored()])
        .scope(ReadsThread),
    instant("getpriority", [140, 141], &[int("which"), pid("who")])
        .yields(Number).scope(ReadsThread),
    instant("setpriority", [141, 140], &[int("which"), pid("who"), int("niceval")])
        .scope_when(&[scope_is(0, PRIO_PROCESS, WritesThread).and_is(1, 0)]),
    instant("ioprio_get", [252, 31], &[int("which"), pid("who")])
        .yields(Number).scope(ReadsThread),
    instant("ioprio_set", [251, 30], &[int("which"), pid("who"), int("ioprio")])
        .scope_when(&[scope_is(0, IOPRIO_WHO_PROCESS, WritesThread).and_is(1, 0)]),
    instant("sched_getparam", [143, 121], &[pid("pid"), output_of("param", INT)])
        .scope(ReadsThread),
    instant("sched_setparam", [142, 118], &[pid("pid"), input_of("param", INT)])
        .scope_when(OF_ITSELF),
    instant("sched_getscheduler", [145, 120], &[pid("pid")])
        .yields(Number).scope(ReadsThread),
    instant("sched_setscheduler", [144, 119], &[pid("pid"), int("policy"), input_of("param", INT)])
        .scope_when(OF_ITSELF),
    instant("sched_getattr", [315, 275], &[pid("pid"), output("uattr", Len::Arg(2), Written::Whole), size("usize").bits_32(), flags("flags")])
        .scope(ReadsThread),
    instant("sched_setattr", [314, 274], &[pid("pid"), update("uattr", Len::Sized(0, SCHED_ATTR)), flags("flags")])
        .scope_when(OF_ITSELF),
    instant("sched_getaffinity", [204, 123], &[pid("pid"), size("len").bits_32(), buffer("user_mask_ptr", 1)])
        .yields(Bytes).scope(ReadsThread),
    instant("sched_setaffinity", [203, 122], &[pid("pid"), size("len").bits_32(), input("user_mask_ptr", Len::Arg(1))])
        .scope_when(OF_ITSELF),
    instant("sched_get_priority_max", [146, 125], &[int("policy")])
        .yields(Number),
    instant("sched_get_priority_min", [147, 126], &[int("policy")])
        .yields(Number),
    instant("sched_rr_get_interval", [148, 127], &[pid("pid"), output_of("interval", TIMESPEC)])
        .scope(ReadsThread),

    // All other state of a thread.
    instant("personality", [135, 92], &[flags("personality")])
        .yields(Number).scope(WritesThread),
    instant("prctl", [157, 167], &[command("option"), formed("arg2", forms::PRCTL[0]), formed("arg3", forms::PRCTL[1]), formed("arg4", forms::PRCTL[2]), formed("arg5", forms::PRCTL[3])])
        .yields(Number).scope(WritesThread).scope_when(PRCTL),
    instant("arch_prctl", [158, NO], &[command("option"), formed("arg2", ARCH_PRCTL)])
        .scope(WritesThread).scope_when(&[scope_is(0, ARCH_SET_FS, EngineLife(Harm::LocalStorage)), scope_is(0, ARCH_SET_GS, EngineLife(Harm::LocalStorage)),
                      scope_is(0, ARCH_SHSTK_ENABLE, EngineLife(Harm::Returns))]),
    instant("modify_ldt", [154, NO], &[command("func"), formed("ptr", MODIFY_LDT), size("bytecount")])
        .yields(Bytes).danger("it changes the meaning of segment registers"),
    instant("ioperm", [173, NO], &[uint("from").bits_64(), uint("num").bits_64(), int("turn_on")])
        .scope(WritesThread),
    instant("iopl", [172, NO], &[uint("level")])
        .scope(WritesThread),
];

/// A call that names a thread by its number changes it from outside.
const OF_ITSELF: &[ScopeWhen] = &[scope_is(0, 0, WritesThread)];

const SECCOMP: &[ScopeWhen] = &[
    scope_is(0, SECCOMP_SET_MODE_STRICT, EngineLife(Harm::Strict)),
    scope_is(0, SECCOMP_SET_MODE_FILTER, EngineLife(Harm::FiltersAll)).and_has(1, SECCOMP_FILTER_FLAG_TSYNC),
    scope_is(0, SECCOMP_GET_ACTION_AVAIL, Process),
    scope_is(0, SECCOMP_GET_NOTIF_SIZES, Process),
];

/// A command that is not listed is taken to change the thread.
const PRCTL: &[ScopeWhen] = &[
    // The mode is a long, so bits above 32 make it another one.
    scope_is(0, PR_SET_SECCOMP, EngineLife(Harm::Strict)).and_long(1, SECCOMP_MODE_STRICT),
    scope_is(0, PR_SET_SYSCALL_USER_DISPATCH, EngineLife(Harm::Dispatch)),
    #[cfg(target_arch = "x86_64")]
    scope_is(0, PR_SET_TSC, EngineLife(Harm::Clock)).and_is(1, PR_TSC_SIGSEGV),
    #[cfg(target_arch = "aarch64")]
    scope_is(0, PR_SET_SHADOW_STACK_STATUS, EngineLife(Harm::Returns)).and_has(1, PR_SHADOW_STACK_ENABLE),
    #[cfg(target_arch = "aarch64")]
    scope_is(0, PR_PAC_RESET_KEYS, EngineLife(Harm::Returns)),
    #[cfg(target_arch = "aarch64")]
    scope_is(0, PR_PAC_SET_ENABLED_KEYS, EngineLife(Harm::Returns)),
    scope_is(0, PR_SET_PDEATHSIG, BoundToThread),
    scope_is(0, PR_GET_PDEATHSIG, ReadsThread),
    scope_is(0, PR_GET_DUMPABLE, Process),
    scope_is(0, PR_SET_DUMPABLE, Process),
    scope_is(0, PR_GET_KEEPCAPS, ReadsThread),
    scope_is(0, PR_GET_NAME, ReadsThread),
    scope_is(0, PR_GET_SECCOMP, ReadsThread),
    scope_is(0, PR_CAPBSET_READ, ReadsThread),
    scope_is(0, PR_GET_SECUREBITS, ReadsThread),
    scope_is(0, PR_GET_TIMERSLACK, ReadsThread),
    scope_is(0, PR_GET_NO_NEW_PRIVS, ReadsThread),
    scope_is(0, PR_SET_CHILD_SUBREAPER, Process),
    scope_is(0, PR_GET_CHILD_SUBREAPER, Process),
    scope_is(0, PR_SET_THP_DISABLE, Process),
    scope_is(0, PR_GET_THP_DISABLE, Process),
    scope_is(0, PR_SET_PTRACER, Process),
    scope_is(0, PR_SET_VMA, Process),
    scope_is(0, PR_GET_AUXV, Process),
    scope_is(0, PR_GET_TSC, ReadsThread),
    scope_is(0, PR_GET_TID_ADDRESS, ReadsThread),
];
