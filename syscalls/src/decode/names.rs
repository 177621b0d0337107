//! The names that belong to each argument of each call. The decoder of arguments and the command's table look them up.

use crate::constants::{events, files, memory, options, process, sockets, system};
use crate::decode::naming::{Naming, any, one, one_and_any, one_or_number};
use crate::decode::number;
use crate::lookup::row;

/// The names of one argument of some calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) calls: &'static [&'static str],
    pub(super) arg: &'static str,
    /// Another argument that decides, and the numbers it must be one of.
    pub(super) given: Option<(usize, &'static [i32])>,
    pub(super) naming: Naming,
}

/// The names of this argument, from the first place that fits.
pub(super) fn find(call: &str, arg: &str, args: &[u64; 6]) -> Option<Naming> {
    let fits = |place: &&Place| place.arg == arg && place.calls.contains(&call) && place.holds(args);
    PLACES.iter().find(fits).map(|place| place.naming)
}

/// The name of a number as that argument of that call, where `args` are the arguments that decide about names: the
/// level for an option. A number without a name is in hex.
#[must_use]
pub fn value_name(call: &str, arg: &str, args: &[u64; 6], value: u64) -> String {
    find(call, arg, args).map_or_else(|| number::hex(value), |naming| naming.name(value))
}

/// The call of that number; a number without a row in hex.
pub(super) fn call_name(nr: u32) -> String {
    row(nr).map_or_else(|| format!("syscall_{nr:#x}"), |row| row.name.to_owned())
}

impl Place {
    fn holds(&self, args: &[u64; 6]) -> bool {
        let number = |by: usize| number::int(args[by]);
        self.given.is_none_or(|(by, among)| among.contains(&number(by)))
    }

    /// The place, only when that argument is one of these.
    const fn given(self, by: usize, among: &'static [i32]) -> Place {
        Place { given: Some((by, among)), ..self }
    }
}

const fn at(calls: &'static [&'static str], arg: &'static str, naming: Naming) -> Place {
    Place { calls, arg, given: None, naming }
}

/// A word without names, shown in hex.
const WORD: Naming = any(&[]);
const OPEN: Naming = one_and_any(libc::O_ACCMODE as u64, &[files::ACCESS], &[files::OPEN]);
/// Flags of opening without an access mode.
const OPEN_BITS: Naming = any(&[files::OPEN]);
const AT: Naming = any(&[files::AT]);
const STATX_AT: Naming = one_and_any(libc::AT_STATX_SYNC_TYPE as u64, &[files::AT_SYNC], &[files::AT]);
const MODE: Naming = one_and_any(libc::S_IFMT as u64, &[files::FILE_TYPE], &[files::SPECIAL_MODE]).and_mode();
const PROT: Naming = any(&[memory::PROT]);
const MAP: Naming = one_and_any(0xf, &[memory::MAP_KIND], &[memory::MAP]);
const SOCKET_TYPE: Naming = one_and_any(0xf, &[sockets::SOCKET_TYPE], &[sockets::SOCKET_FLAG]);
const MESSAGE: Naming = any(&[sockets::MESSAGE]);
const FUTEX_OPTIONS: u64 = (libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) as u64;
const FUTEX: Naming = one_and_any(0xffff_ffff & !FUTEX_OPTIONS, &[events::FUTEX], &[events::FUTEX_FLAG]);
const CLONE: Naming = one_and_any(0xff, &[process::SIGNAL], &[process::CLONE]);
const NAMESPACES: Naming = any(&[process::CLONE]);
const SCHEDULER: Naming = one_and_any(
    0xffff_ffff & !(libc::SCHED_RESET_ON_FORK as u64),
    &[process::SCHEDULER],
    &[process::SCHEDULER_FLAG],
);
const IPC_MODE: Naming = any(&[system::IPC, system::SHARED_MEMORY_MADE]).and_mode();
const IPC_WAIT: Naming = any(&[system::IPC]);
const MEMFD: Naming = any(&[files::MEMFD]);
const INTERNET: &[i32] = &[libc::AF_INET, libc::AF_INET6];
const FANOTIFY_INIT: Naming = one_and_any(0xc, &[events::FANOTIFY_CLASS], &[events::FANOTIFY]);
const POLICY: Naming = one_and_any(0xffff_ffff & !MPOL_FLAGS, &[memory::POLICY], &[memory::POLICY_FLAG]);
const MPOL_FLAGS: u64 =
    (libc::MPOL_F_STATIC_NODES | libc::MPOL_F_RELATIVE_NODES | libc::MPOL_F_NUMA_BALANCING) as u64;

#[rustfmt::skip]
pub(super) const PLACES: &[Place] = &[
    // Files.
    at(&["open", "openat", "open_by_handle_at"], "flags", OPEN),
    at(&["mq_open"], "oflag", OPEN),
    at(&["fanotify_init"], "event_f_flags", OPEN),
    at(&["pipe2", "dup3"], "flags", OPEN_BITS),
    at(&["mknod", "mknodat"], "mode", MODE),
    at(&["newfstatat", "fchownat", "name_to_handle_at"], "flag", AT),
    at(&["linkat", "fchmodat2", "utimensat", "execveat", "fspick"], "flags", AT),
    at(&["faccessat2"], "flags", AT),
    at(&["unlinkat"], "flag", any(&[files::AT_UNLINK])),
    at(&["statx"], "flags", STATX_AT),
    at(&["statx"], "mask", any(&[files::STATX])),
    at(&["setxattrat", "getxattrat", "listxattrat", "removexattrat", "file_getattr", "file_setattr"], "at_flags", AT),
    at(&["access", "faccessat", "faccessat2"], "mode", any(&[files::PERMITTED])),
    at(&["setxattr", "lsetxattr", "fsetxattr"], "flags", any(&[files::XATTR])),
    at(&["renameat2"], "flags", any(&[files::RENAME])),
    at(&["lseek"], "whence", one(&[files::WHENCE])),
    at(&["fallocate"], "mode", any(&[files::FALLOC])),
    at(&["fadvise64"], "advice", one(&[files::ADVICE])),
    at(&["sync_file_range"], "flags", any(&[files::SYNC_RANGE])),
    at(&["preadv2", "pwritev2"], "flags", any(&[files::RWF])),
    at(&["splice", "tee", "vmsplice"], "flags", any(&[files::SPLICE])),
    at(&["flock"], "cmd", any(&[files::FLOCK])),
    at(&["close_range"], "flags", any(&[files::CLOSE_RANGE])),
    at(&["memfd_create"], "flags", MEMFD),
    at(&["memfd_secret"], "flags", OPEN_BITS),
    at(&["ioctl"], "cmd", one(&[system::IOCTL, options::SHARED_IOCTL])),
    at(&["ioctl"], "arg", WORD),
    at(&["fcntl"], "cmd", one(&[files::FCNTL])),
    at(&["fcntl"], "arg", any(&[files::FD])).given(1, &[libc::F_SETFD]),
    at(&["fcntl"], "arg", OPEN).given(1, &[libc::F_SETFL]),
    at(&["fcntl"], "arg", one(&[files::LEASE])).given(1, &[libc::F_SETLEASE]),
    at(&["fcntl"], "arg", any(&[files::SEAL])).given(1, &[libc::F_ADD_SEALS]),
    at(&["fcntl"], "arg", one_or_number(&[])).given(1, &[libc::F_DUPFD, libc::F_DUPFD_CLOEXEC, libc::F_SETOWN, libc::F_SETPIPE_SZ,
        libc::F_GETFD, libc::F_GETFL, libc::F_GETOWN, libc::F_GETLEASE, libc::F_GETPIPE_SZ, libc::F_GET_SEALS]),

    // Sockets.
    at(&["socket", "socketpair"], "family", one(&[sockets::FAMILY])),
    at(&["socket", "socketpair"], "type", SOCKET_TYPE),
    at(&["socket", "socketpair"], "protocol", one(&[sockets::PROTOCOL])).given(0, INTERNET),
    at(&["accept4"], "flags", any(&[sockets::SOCKET_FLAG])),
    at(&["shutdown"], "how", one(&[sockets::SHUT])),
    at(&["sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"], "flags", MESSAGE),
    at(&["setsockopt", "getsockopt"], "level", one(&[sockets::LEVEL])),
    at(&["setsockopt", "getsockopt"], "optname", one(&[sockets::SOCKET_OPTION, options::SOCKET_MORE])).given(1, &[libc::SOL_SOCKET]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::IP, options::MULTICAST])).given(1, &[libc::SOL_IP]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::IPV6, options::MULTICAST])).given(1, &[libc::SOL_IPV6]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::TCP])).given(1, &[libc::SOL_TCP]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::UDP])).given(1, &[libc::SOL_UDP]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::RAW])).given(1, &[libc::SOL_RAW]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::ICMPV6])).given(1, &[libc::SOL_ICMPV6]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::NETLINK])).given(1, &[libc::SOL_NETLINK]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::PACKET])).given(1, &[libc::SOL_PACKET]),
    at(&["setsockopt", "getsockopt"], "optname", one(&[options::VSOCK])).given(1, &[libc::AF_VSOCK]),

    // Waiting and events.
    at(&["epoll_create1"], "flags", any(&[events::EPOLL])),
    at(&["epoll_ctl"], "op", one(&[events::EPOLL_CTL])),
    at(&["eventfd2"], "flags", any(&[events::EVENTFD])),
    at(&["inotify_init1"], "flags", any(&[events::INOTIFY])),
    at(&["inotify_add_watch"], "mask", any(&[events::INOTIFY_EVENT])),
    at(&["fanotify_init"], "flags", FANOTIFY_INIT),
    at(&["fanotify_mark"], "flags", any(&[events::FANOTIFY_MARK])),
    at(&["fanotify_mark"], "mask", any(&[events::FANOTIFY_EVENT])),
    at(&["futex"], "op", FUTEX),
    at(&["timerfd_create"], "flags", any(&[events::TIMERFD])),
    at(&["timerfd_settime"], "flags", any(&[events::TIMERFD_SET])),
    at(&["timer_settime", "clock_nanosleep"], "flags", any(&[events::TIMER])),
    at(&["getitimer", "setitimer"], "which", one(&[events::ITIMER])),
    at(&["signalfd4"], "flags", any(&[events::SIGNALFD])),

    // Processes and threads.
    at(&["rt_sigprocmask"], "how", one(&[process::MASKING])),
    at(&["wait4", "waitid"], "options", any(&[process::WAIT])),
    at(&["waitid"], "which", one(&[process::WAIT_FOR])),
    at(&["pidfd_open"], "flags", any(&[process::PIDFD])),
    at(&["pidfd_send_signal"], "flags", any(&[process::PIDFD_SIGNAL])),
    at(&["getrlimit", "setrlimit", "prlimit64"], "resource", one(&[process::LIMIT])),
    at(&["getrusage"], "who", one(&[process::USAGE])),
    at(&["getpriority", "setpriority"], "which", one(&[process::PRIORITY_WHO])),
    at(&["sched_setscheduler", "sched_get_priority_max", "sched_get_priority_min"], "policy", SCHEDULER),
    at(&["ptrace"], "request", one(&[process::PTRACE])),
    at(&["clone"], "clone_flags", CLONE),
    at(&["unshare"], "unshare_flags", NAMESPACES),
    at(&["setns"], "flags", NAMESPACES),
    at(&["seccomp"], "op", one(&[process::SECCOMP])),
    at(&["seccomp"], "flags", any(&[process::SECCOMP_FLAG])),
    at(&["prctl"], "option", one(&[process::PRCTL])),
    at(&["prctl"], "arg2", one_or_number(&[process::SIGNAL])).given(0, &[libc::PR_SET_PDEATHSIG]),
    at(&["prctl", "keyctl", "arch_prctl"], "arg2", WORD),
    at(&["prctl", "keyctl"], "arg3", WORD),
    at(&["prctl", "keyctl"], "arg4", WORD),
    at(&["prctl", "keyctl"], "arg5", WORD),
    at(&["keyctl"], "option", one(&[system::KEYCTL])),
    at(&["add_key"], "ringid", one_or_number(&[system::KEYRING])),
    at(&["request_key"], "destringid", one_or_number(&[system::KEYRING])),

    // Memory.
    at(&["mmap", "mprotect", "pkey_mprotect", "remap_file_pages"], "prot", PROT),
    at(&["mmap", "remap_file_pages"], "flags", MAP),
    at(&["mremap"], "flags", any(&[memory::MREMAP])),
    at(&["madvise", "process_madvise"], "behavior", one(&[memory::MADVISE])),
    at(&["msync"], "flags", any(&[memory::MSYNC])),
    at(&["mlock2"], "flags", any(&[memory::MLOCK])),
    at(&["mlockall"], "flags", any(&[memory::MLOCKALL])),
    at(&["mbind", "set_mempolicy"], "mode", POLICY),
    at(&["userfaultfd"], "flags", OPEN_BITS),

    // System V and POSIX objects.
    at(&["shmget", "semget", "msgget"], "key", one(&[system::KEY])),
    at(&["shmget"], "shmflg", IPC_MODE),
    at(&["semget"], "semflg", IPC_MODE),
    at(&["msgget"], "msgflg", IPC_MODE),
    at(&["shmat"], "shmflg", any(&[system::SHARED_MEMORY])),
    at(&["msgsnd"], "msgflg", IPC_WAIT),
    at(&["msgrcv"], "msgflg", any(&[sockets::QUEUE_MESSAGE, system::IPC])),
    at(&["shmctl"], "cmd", one(&[system::IPC_COMMAND, system::SHARED_MEMORY_COMMAND])),
    at(&["semctl"], "cmd", one(&[system::IPC_COMMAND, system::SEMAPHORE])),
    at(&["msgctl"], "cmd", one(&[system::IPC_COMMAND])),

    // The machine.
    at(&["getrandom"], "flags", any(&[process::GETRANDOM])),
    at(&["reboot"], "cmd", one(&[system::REBOOT])),
    at(&["mount"], "flags", any(&[system::MOUNT])),
    at(&["umount2"], "flags", any(&[system::UNMOUNT])),
    at(&["open_tree", "open_tree_attr"], "flags", any(&[files::OPEN_TREE, files::AT])),
    at(&["mount_setattr"], "flags", AT),
    at(&["move_mount"], "flags", any(&[system::MOVE_MOUNT])),
    at(&["fsopen"], "flags", any(&[system::FSOPEN])),
    at(&["fsmount"], "flags", any(&[system::FSMOUNT])),
    at(&["fsmount"], "attr_flags", any(&[system::MOUNT_ATTRIBUTE])),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// DECODE-4: every list stands at an argument that a row has.
    #[test]
    fn every_place_is_an_argument() {
        for place in PLACES {
            for call in place.calls {
                let row = crate::row_by_name(call).unwrap_or_else(|| panic!("{call} has no row"));
                assert!(row.args.iter().any(|arg| arg.name == place.arg), "{call} has no {}", place.arg);
            }
        }
    }
}
