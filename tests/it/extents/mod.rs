//! What the kernel reads and writes, beside what the table says: in memory that ends where nobody may touch.

mod raw;
mod sockets;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use syslet::syscalls::{Arg, ArgType, Len, row_by_name};

use raw::{Guarded, ROOM};
use sockets::KINDS;

/// Each option that the row lists, with its level: what the argument is then.
fn options(call: &str) -> Vec<([i32; 2], Arg)> {
    let optval = &row_by_name(call).expect("there is a row").args[3];
    let form = |form: &'static syslet::syscalls::Form| {
        let (_, level) = form.also.expect("an option has a level");
        form.equals.iter().map(move |option| ([level.cast_signed(), option.cast_signed()], form.arg))
    };
    optval.forms.iter().flat_map(form).collect()
}

/// As many bytes as the rule allows for this length, and for this content.
fn reach(arg: &Arg, len: u32, content: &[u8]) -> usize {
    let len = len as usize;
    match arg.len {
        Len::Const(bytes) => bytes as usize,
        Len::Arg(_) | Len::At(_) => len,
        Len::ArgLeast(_, least) | Len::AtLeast(_, least) => len.max(least as usize),
        Len::AtTimes(_, each) => len * each as usize,
        Len::Counted { at, head, each } => {
            let count = content[usize::from(at)..].first_chunk().map(|count| u32::from_ne_bytes(*count));
            (head + each * count.expect("the head holds it")) as usize
        }
        other => panic!("no rule of an option: {other:?}"),
    }
}

/// Too short, exact and too long for every option there is.
const LENGTHS: &[u32] = &[
    0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 15, 16, 17, 20, 24, 28, 31, 32, 36, 39, 40, 48, 64, 110, 128, 136, 143,
    144, 145, 216, 264, 272, 300, 512,
];

/// What is given to be read: the head of a filter of sources, with room for so many; for others nothing.
fn contents(option: [i32; 2], arg: &Arg) -> Vec<Vec<u8>> {
    let Len::Counted { at, head, .. } = arg.len else { return vec![Vec::new()] };
    let head_of = |count: u32| {
        let mut content = vec![0; head as usize];
        match (option, head) {
            (_, 16) => content[..8].copy_from_slice(&[224, 0, 0, 9, 127, 0, 0, 1]),
            ([libc::IPPROTO_IPV6, _], _) => content[8..136].copy_from_slice(&sockets::address6([0xff, 2], 9)),
            // An address of IPv4.
            _ => content[8..16].copy_from_slice(&[2, 0, 0, 0, 224, 0, 0, 9]),
        }
        if head != 16 {
            content[0] = 1;
        }
        content[usize::from(at)..usize::from(at) + 4].copy_from_slice(&count.to_ne_bytes());
        content
    };
    [0, 1, 4, 5, 9].map(head_of).to_vec()
}

/// Reads the option into `room` bytes in front of the guard: the result, the length, and where the last byte ends that was
/// written.
fn read(
    memory: &mut Guarded,
    socket: &OwnedFd,
    option: [i32; 2],
    (len, content, room): (u32, &[u8], usize),
) -> (i64, u32, usize) {
    let mut seen = (0, 0, 0);
    for fill in [0x5a, 0xa5] {
        let mut before = [fill; ROOM];
        let at = ROOM - room;
        let given = content.len().min(room);
        before[at..at + given].copy_from_slice(&content[..given]);
        memory.bytes().copy_from_slice(&before);
        let (result, left) = raw::get(socket, option, memory.last(room), len);
        let after = memory.bytes();
        drop((result == 0 && left == 4).then(|| sockets::made(option, &after[at..])));
        assert_eq!(before[..at], after[..at], "{option:?} writes before its value");
        if before[..] != after[..] {
            let last = before.iter().zip(&*after).rposition(|(before, after)| before != after);
            seen.2 = seen.2.max(last.map_or(0, |last| last + 1 - at));
        }
        (seen.0, seen.1) = (result, left);
    }
    seen
}

/// What the kernel does not know as an option, on this kind of socket.
const UNKNOWN: [i64; 3] =
    [-(libc::ENOPROTOOPT as i64), -(libc::EOPNOTSUPP as i64), -(libc::EPROTONOSUPPORT as i64)];

/// How long the values are that are no int, where some socket has one.
const VALUES: &[([i32; 2], usize)] = &[
    ([libc::SOL_SOCKET, libc::SO_LINGER], 8),
    ([libc::SOL_SOCKET, libc::SO_PEERCRED], 12),
    ([libc::SOL_SOCKET, libc::SO_RCVTIMEO], 16),
    ([libc::SOL_SOCKET, libc::SO_SNDTIMEO], 16),
    ([libc::SOL_SOCKET, 66], 16),
    ([libc::SOL_SOCKET, 67], 16),
    ([libc::SOL_SOCKET, libc::SO_BINDTODEVICE], 0),
    // Three instructions.
    ([libc::SOL_SOCKET, libc::SO_GET_FILTER], 24),
    ([libc::SOL_SOCKET, libc::SO_PEERNAME], 28),
    ([libc::SOL_SOCKET, libc::SO_TIMESTAMPING], 8),
    ([libc::SOL_SOCKET, 65], 8),
    ([libc::SOL_SOCKET, libc::SO_MAX_PACING_RATE], 8),
    ([libc::SOL_SOCKET, libc::SO_MEMINFO], 36),
    ([libc::SOL_SOCKET, libc::SO_COOKIE], 8),
    ([libc::SOL_SOCKET, libc::SO_NETNS_COOKIE], 8),
    ([libc::SOL_SOCKET, libc::SO_TXTIME], 8),
    // Four groups at most.
    ([libc::SOL_SOCKET, libc::SO_PEERGROUPS], 0),
    ([libc::IPPROTO_IP, libc::IP_OPTIONS], 0),
    ([libc::IPPROTO_IP, libc::IP_PKTOPTIONS], 0),
    // The head, and the five sources that there are.
    ([libc::IPPROTO_IP, libc::IP_MSFILTER], 16 + 5 * 4),
    ([libc::IPPROTO_IP, 48], 144 + 5 * 128),
    ([libc::IPPROTO_IPV6, 48], 144 + 5 * 128),
    ([libc::IPPROTO_IPV6, 6], 0),
    ([libc::IPPROTO_IPV6, libc::IPV6_HOPOPTS], 0),
    ([libc::IPPROTO_IPV6, libc::IPV6_RTHDRDSTOPTS], 0),
    ([libc::IPPROTO_IPV6, libc::IPV6_RTHDR], 0),
    ([libc::IPPROTO_IPV6, libc::IPV6_DSTOPTS], 0),
    ([libc::IPPROTO_IPV6, libc::IPV6_PATHMTU], 32),
    ([libc::IPPROTO_TCP, libc::TCP_CONGESTION], 16),
    ([libc::IPPROTO_TCP, libc::TCP_ULP], 16),
    ([libc::IPPROTO_TCP, libc::TCP_SAVED_SYN], 0),
    ([libc::IPPROTO_TCP, libc::TCP_FASTOPEN_KEY], 0),
    ([libc::IPPROTO_ICMPV6, 1], 32),
    ([libc::SOL_NETLINK, libc::NETLINK_LIST_MEMBERSHIPS], 0),
    ([libc::SOL_PACKET, 6], 8),
    ([libc::AF_VSOCK, 0], 8),
    ([libc::AF_VSOCK, 1], 8),
    ([libc::AF_VSOCK, 2], 8),
    ([libc::AF_VSOCK, 6], 16),
    ([libc::AF_VSOCK, 8], 16),
];
/// What grows with the kernel, and how long it may be without a look at its rule.
const GROWING: &[[i32; 2]] = &[[libc::IPPROTO_TCP, libc::TCP_INFO], [libc::IPPROTO_TCP, libc::TCP_CC_INFO]];
/// Options that old kernels lack, or that want what no test has.
const RARE_MAX: usize = 60;

/// TABLE-20: no option writes beyond what its rule allows, and none needs more.
#[test]
fn options_write_as_far_as_the_table_says() {
    let mut memory = Guarded::new();
    let mut longest: BTreeMap<[i32; 2], usize> = BTreeMap::new();
    for (kind, make) in KINDS {
        let Some(sockets) = make() else { continue };
        for (option, arg) in options("getsockopt") {
            let is_unknown = |len| UNKNOWN.contains(&raw::get(&sockets[0], option, memory.last(ROOM), len).0);
            if [4, 512].into_iter().all(is_unknown) {
                continue;
            }
            for (content, &len) in contents(option, &arg)
                .iter()
                .flat_map(|content| LENGTHS.iter().map(move |len| (content, len)))
            {
                let says = format!("{kind} {option:?}, length {len}, {} bytes given", content.len());
                let room = reach(&arg, len, content);
                let wide = read(&mut memory, &sockets[0], option, (len, content, ROOM));
                assert!(wide.2 <= room, "{says}: {} bytes written, {room} allowed", wide.2);
                let exact = read(&mut memory, &sockets[0], option, (len, content, room));
                assert_eq!((exact.0, exact.1), (wide.0, wide.1), "{says}: {room} bytes are not enough");
                if wide.0 == 0 {
                    let found = longest.entry(option).or_default();
                    *found = (*found).max(wide.2);
                }
            }
        }
    }
    for (option, bytes) in &longest {
        let value = VALUES.iter().find(|(known, _)| known == option).map_or(4, |(_, bytes)| *bytes);
        assert!(GROWING.contains(option) || *bytes == value, "{option:?} has {bytes} bytes, and not {value}");
    }
    let listed = options("getsockopt").len();
    assert!(longest.len() + RARE_MAX >= listed, "{} of {listed} are known", longest.len());
}

/// Given to be read: nothing, an int, a name, memberships of groups, and bytes of all kinds.
fn given() -> Vec<[u8; ROOM]> {
    let mut random = [0; ROOM];
    fastrand::Rng::with_seed(20).fill(&mut random);
    let padded = |bytes: &[u8]| {
        let mut room = [0; ROOM];
        room[..bytes.len()].copy_from_slice(bytes);
        room
    };
    let members = sockets::memberships();
    let members = members.iter().map(|bytes| padded(bytes));
    [padded(&[]), padded(&[1]), padded(b"reno"), random].into_iter().chain(members).collect()
}

/// As many options as nobody may set.
const ACCEPTED_MIN: usize = 120;

/// Options whose value is a name of a module that the kernel would look for.
const NAMES: [[i32; 2]; 2] = [[libc::IPPROTO_TCP, libc::TCP_CONGESTION], [libc::IPPROTO_TCP, libc::TCP_ULP]];

/// TABLE-20: no option reads beyond what its rule allows, and none writes what it is to read: two sockets of one kind are set
/// alike, one from memory that ends where the rule does.
#[test]
fn options_read_as_far_as_the_table_says() {
    let mut memory = Guarded::new();
    let all = options("setsockopt");
    let mut accepted: BTreeSet<[i32; 2]> = BTreeSet::new();
    let levels: BTreeSet<i32> = all.iter().map(|(option, _)| option[0]).collect();
    for ((kind, make), level) in KINDS.iter().flat_map(|kind| levels.iter().map(move |level| (kind, level))) {
        let (Some(one), Some(other)) = (make(), make()) else { continue };
        for (option, arg) in all.iter().filter(|(option, _)| option[0] == *level) {
            memory.bytes().fill(0);
            let is_unknown = |len| UNKNOWN.contains(&raw::set(&one[0], *option, memory.last(ROOM), len));
            if [4, 512].into_iter().all(is_unknown) {
                continue;
            }
            let _ = [4, 512].map(|len| raw::set(&other[0], *option, memory.last(ROOM), len));
            for bytes in given().iter().filter(|bytes| !NAMES.contains(option) || bytes[0] == b'r') {
                for &len in LENGTHS {
                    let says = format!("{kind} {option:?}, length {len}, {:?}…", &bytes[..8]);
                    let room = reach(arg, len, bytes);
                    memory.bytes().copy_from_slice(bytes);
                    let wide = raw::set(&one[0], *option, memory.last(ROOM), len);
                    assert_eq!(memory.bytes(), bytes, "{says}: what is read is written");
                    memory.bytes()[ROOM - room..].copy_from_slice(&bytes[..room]);
                    let exact = raw::set(&other[0], *option, memory.last(room), len);
                    assert_eq!(exact, wide, "{says}: {room} bytes are not enough");
                    if wide == 0 {
                        accepted.insert(*option);
                    }
                }
            }
        }
        // Nobody waits for what was never sent.
        memory.bytes().fill(0);
        for socket in [&one[0], &other[0]] {
            raw::set(socket, [libc::SOL_SOCKET, libc::SO_LINGER], memory.last(ROOM), 8);
        }
    }
    assert!(accepted.len() >= ACCEPTED_MIN, "{} of {} were set", accepted.len(), all.len());
    let rule = |option| all.iter().find(|(known, _)| *known == option).map(|(_, arg)| arg.len);
    assert_eq!(
        rule([libc::IPPROTO_TCP, libc::TCP_CORK]),
        Some(Len::ArgLeast(4, 4)),
        "Bluetooth's own is an int"
    );
}

/// Each form of a command that has a size, with the command.
fn commands(call: &str, arg: usize) -> Vec<(u32, Arg)> {
    let forms = row_by_name(call).expect("there is a row").args[arg].forms;
    let each = |form: &'static syslet::syscalls::Form| form.equals.iter().map(|command| (*command, form.arg));
    forms
        .iter()
        .flat_map(each)
        .filter(|(_, arg)| matches!(arg.len, Len::Const(_) | Len::Counted { .. }))
        .collect()
}

/// TABLE-20: commands of ioctl and fcntl read and write as many bytes as their form says: FS_IOC_GETFLAGS four.
#[test]
fn commands_keep_to_their_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, [7; 9000]).expect("written");
    let open = || std::fs::OpenOptions::new().read(true).write(true).open(&path).expect("opens");
    let mut memory = Guarded::new();
    let mut written: BTreeMap<u32, usize> = BTreeMap::new();
    for (nr, call) in [(libc::SYS_ioctl, "ioctl"), (libc::SYS_fcntl, "fcntl")] {
        for (command, arg) in commands(call, 2) {
            // A lock is asked for by one, and would be waited for.
            if command == libc::F_SETLKW.cast_unsigned() || command == libc::F_OFD_SETLKW.cast_unsigned() {
                continue;
            }
            let (reader, writer) = std::io::pipe().expect("a pipe");
            let files: [OwnedFd; 4] =
                [open().into(), reader.into(), writer.into(), UnixStream::pair().expect("a pair").0.into()];
            for (file, count, fill) in every(&files, &arg) {
                let mut head = [fill; ROOM];
                if let Len::Counted { at, head: bytes, .. } = arg.len {
                    head[..bytes as usize].fill(0);
                    head[8..16].fill(0xff);
                    head[usize::from(at)..usize::from(at) + 4].copy_from_slice(&count.to_ne_bytes());
                }
                let room = reach(&arg, 0, &head);
                let results = [0, ROOM - room].map(|at| {
                    memory.bytes().copy_from_slice(&head);
                    memory.bytes()[at..at + room].copy_from_slice(&head[..room]);
                    let before = memory.bytes().to_vec();
                    let result = raw::control(nr, file.as_raw_fd(), command, memory.last(ROOM - at));
                    let last =
                        before.iter().zip(memory.bytes()).rposition(|(before, after)| *before != *after);
                    let end = last.map_or(0, |last| last + 1 - at);
                    assert!(end <= room, "{call} {command:#x}: {end} bytes written, {room} allowed");
                    let found = written.entry(command).or_default();
                    *found = (*found).max(end);
                    result
                });
                assert_eq!(results[0], results[1], "{call} {command:#x}: {room} bytes are not enough");
            }
        }
    }
    for (command, bytes) in WRITTEN {
        assert_eq!(written.get(command), Some(bytes), "{command:#x}");
    }
}

/// How many bytes commands write on any file system: FIGETBSZ, FIONREAD, FIOQSIZE.
const WRITTEN: &[(u32, usize)] = &[(2, 4), (0x541b, 4), (0x5460, 8)];

/// Each file, count of elements and fill, of which an output has two, since one of them is as what is written.
fn every<'a>(files: &'a [OwnedFd], arg: &Arg) -> Vec<(&'a OwnedFd, u32, u8)> {
    let fills: &[u8] = if arg.ty == ArgType::Out { &[0x5a, 0xa5] } else { &[0] };
    let counts: &[u32] = if matches!(arg.len, Len::Counted { .. }) { &[0, 1, 2] } else { &[0] };
    let of_file =
        |file| counts.iter().flat_map(move |count| fills.iter().map(move |fill| (file, *count, *fill)));
    files.iter().flat_map(of_file).collect()
}
