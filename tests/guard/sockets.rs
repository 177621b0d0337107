//! Options of sockets: every number, whether the table has it or not.
#![allow(unsafe_code, reason = "makes sockets of families that no library makes")]

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use syslet::Submission;
use syslet::syscalls::{Row, row_by_name};

use crate::bag::Bag;
use crate::bench::Bench;
use crate::draft::{Draft, Drawn, Room};
use crate::enclosed::{self, Here, child, enter, is_soak, said};

const NAME: &str = "sockets::no_socket_option_reaches_further_than_its_row_says";
const DONE: &str = "no option breaks out";

const LEVELS: u64 = 300;
const OPTIONS: u64 = 255;
const SIZES: [usize; 10] = [0, 1, 4, 8, 12, 16, 36, 136, 144, 260];
/// Levels that have options, and are tried whole: IP, SOL_SOCKET, TCP, UDP, IPv6, ICMPv6, raw, packet, netlink, vsock's
/// family and others.
const FULL: [u64; 14] = [0, 1, 6, 17, 41, 58, 132, 255, 263, 270, 279, 280, 283, 287];

/// SAFETY-1: of all levels and options of sockets, those that safe code can ask for reach as far as their row says.
#[test]
fn no_socket_option_reaches_further_than_its_row_says() {
    match enter(NAME) {
        Here::Outside(None) => {}
        Here::Outside(Some(output)) => {
            assert!(output.status.success() && said(&output).contains(DONE), "{}", said(&output));
            println!("{}", said(&output));
        }
        Here::Inside => {
            let output = child(NAME, "options");
            assert!(output.status.success() && said(&output).contains(DONE), "{}", said(&output));
            println!("{}", said(&output));
        }
        // The superuser, in a network of its own: more options are there then.
        Here::Task(_) => options(),
    }
}

fn families() -> Vec<OwnedFd> {
    use libc::{AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_VSOCK, IPPROTO_ICMP, IPPROTO_ICMPV6};
    use libc::{SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM};
    let kinds = [
        (AF_INET, SOCK_STREAM, 0),
        (AF_INET, SOCK_DGRAM, 0),
        (AF_INET6, SOCK_STREAM, 0),
        (AF_INET6, SOCK_DGRAM, 0),
        (AF_INET, SOCK_RAW, IPPROTO_ICMP),
        (AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
        (AF_UNIX, SOCK_STREAM, 0),
        (AF_UNIX, SOCK_SEQPACKET, 0),
        (AF_NETLINK, SOCK_RAW, 0),
        (AF_PACKET, SOCK_RAW, 0),
        (AF_VSOCK, SOCK_STREAM, 0),
    ];
    kinds.into_iter().filter_map(open).collect()
}

/// A socket; nothing where the kernel has no such family.
fn open((family, kind, protocol): (i32, i32, i32)) -> Option<OwnedFd> {
    // SAFETY: it touches no memory.
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, protocol) };
    // SAFETY: nothing else has the descriptor that was made just now.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What an option is there for only then: a filter, and groups with sources.
fn furnish(socket: &OwnedFd) {
    let pass = [[6_u8, 0, 0, 0, 0xff, 0xff, 0, 0]; 5];
    let filter = libc::sock_fprog { len: 5, filter: pass.as_ptr().cast_mut().cast() };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter);
    for source in 1..=5 {
        // 232.1.1.1 from 127.0.0.1 and so on, on the loopback interface.
        let membership = [[232, 1, 1, 1], [127, 0, 0, 1], [127, 0, 0, source]];
        set(socket, libc::IPPROTO_IP, libc::IP_ADD_SOURCE_MEMBERSHIP, &membership);
        let address = |last: u8| {
            let mut address = [0_u8; 128];
            address[..2].copy_from_slice(&10_u16.to_ne_bytes());
            address[8..10].copy_from_slice(&[0xff, 0x3e]);
            address[23] = last;
            address
        };
        let mut from = address(source);
        from[8] = 0xfd;
        set(socket, libc::IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &(1_u64, address(9), from));
    }
}

const MCAST_JOIN_SOURCE_GROUP: i32 = 46;
const MCAST_MSFILTER: i32 = 48;

/// Sets an option where the socket has it.
fn set<T>(socket: &OwnedFd, level: i32, option: i32, value: &T) {
    let len = libc::socklen_t::try_from(size_of::<T>()).expect("a small structure");
    // SAFETY: the kernel reads as many bytes as the value has, and the instructions that a filter names.
    let _perhaps =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, std::ptr::from_ref(value).cast(), len) };
}

/// Brings the loopback interface up.
fn bring_up(socket: &OwnedFd) {
    const REQUEST: usize = 40;
    let mut request = [0_u8; REQUEST];
    request[..2].copy_from_slice(b"lo");
    // IFF_UP.
    request[16..18].copy_from_slice(&1_u16.to_ne_bytes());
    // SAFETY: the kernel reads the request, which is as long as it should be.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, request.as_ptr()) };
    assert_eq!(result, 0, "the network is this process's own");
}

fn options() {
    let families = families();
    assert!(families.len() > 6, "{} kinds of sockets", families.len());
    bring_up(&families[1]);
    families.iter().for_each(furnish);
    let mut bench = Bench::new(Bag::of(families), enclosed::seed(), is_soak());
    for name in ["getsockopt", "setsockopt"] {
        let row = row_by_name(name).expect("a row's name");
        for level in 0..=LEVELS {
            let step = if is_soak() || FULL.contains(&level) { 1 } else { 41 };
            for option in (0..=OPTIONS).step_by(step) {
                one(&mut bench, row, level, option);
            }
        }
        println!("{name}: {} calls, {} refused", bench.made, bench.refused);
    }
    assert!(bench.made > 0, "none is safe");
    assert!(sources(&mut bench) > 5, "the groups have sources");
    bench.end();
    println!("{DONE}");
}

/// Asks for the sources of the groups that were joined, with counts in the content; gives how often some came.
fn sources(bench: &mut Bench) -> usize {
    let row = row_by_name("getsockopt").expect("a row's name");
    let mut came = 0;
    for (count, fd) in (0..=6_u32).flat_map(|count| (0..4).map(move |fd| (count, fd))) {
        let mut short = [[232, 1, 1, 1], [127, 0, 0, 1], [0; 4], count.to_ne_bytes()].concat();
        short.resize(16 + 4 * count as usize, 0);
        let mut long = vec![0; 144 + 128 * count as usize];
        long[..4].copy_from_slice(&1_u32.to_ne_bytes());
        long[8..16].copy_from_slice(&[2, 0, 0, 0, 232, 1, 1, 1]);
        long[140..144].copy_from_slice(&count.to_ne_bytes());
        for (option, content) in [(libc::IP_MSFILTER, short), (MCAST_MSFILTER, long)] {
            let len = u32::try_from(content.len()).expect("a small structure").to_ne_bytes();
            let call = Submission::call(libc::SYS_getsockopt).lend(bench.bag().get(fd)).int(0);
            let builder = call.int(option.into()).inout(&content).inout(&len);
            came += usize::from(bench.run(row, Drawn { builder, is_refused: false }) == Some(0));
        }
    }
    came
}

fn one(bench: &mut Bench, row: &Row, level: u64, option: u64) {
    let fixed = vec![(1, level), (2, option)];
    let values = [None, Some(level), Some(option)];
    let is_known = row.args[3].form(|by| values.get(by).copied().flatten()).is_some();
    let descriptors = bench.descriptors();
    if is_soak() || is_known {
        let fds = if is_soak() { 0..descriptors } else { 0..3 };
        for (size, fd) in SIZES.iter().flat_map(|size| fds.clone().map(move |fd| (*size, fd))) {
            let fd = if is_soak() { fd } else { bench.rng.usize(..descriptors) };
            bench.make(&Draft { row, fixed: fixed.clone(), size, room: Room::Exact, fd });
        }
    } else {
        let size = *bench.rng.choice(&SIZES).expect("one of them");
        bench.make(&Draft { row, fixed, size, room: Room::Exact, fd: 0 });
    }
}
