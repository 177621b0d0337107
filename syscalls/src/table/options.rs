//! The forms of the values of socket options; the rows of getsockopt and setsockopt name them. Options are listed if their
//! value keeps to the length beside it: for a socket of any family, the kernel reads and writes no byte beyond it, or the
//! form says how many. A number means an option only together with its level.
//!
//! Left out, with the reasons:
//! - TCP_ZEROCOPY_RECEIVE, SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, PACKET_FANOUT_DATA, XDP's, and those of tables of
//!   packet filters: addresses in the value, which the kernel follows;
//! - TCP_AO_GET_KEYS, TCP_AO_INFO, TCP_AO_REPAIR, SCTP's, MPTCP's: the value's content says how much is written;
//! - IPV6_FLOWLABEL_MGR, PACKET_HDRLEN: one call both reads and writes the value;
//! - SO_DEVMEM_DONTNEED, PACKET_RX_RING, TCP_REPAIR and the options beside it: they act on memory, or set sequence
//!   numbers;
//! - levels of families that number their options as their drivers do (Bluetooth, ATM, …).

use super::forms::NAMES_DESCRIPTOR;
use super::words::*;
use crate::argument::{Arg, Form, Len};
use crate::constants::options::*;

macro_rules! from_libc {
    ($($name:ident)*) => { &[$(libc::$name.cast_unsigned()),*] };
}

macro_rules! numbers {
    ($($name:ident)*) => { &[$($name),*] };
}

/// The plain form of the options in a list that getsockopt takes.
macro_rules! get {
    ($level:expr, $options:expr) => {
        get($level, const { &pick::<{ count($options, Call::Get) }>($options, Call::Get) })
    };
}

/// The plain form of the options in a list that setsockopt takes.
macro_rules! set {
    ($level:expr, $options:expr) => {
        set($level, const { &pick::<{ count($options, Call::Set) }>($options, Call::Set) })
    };
}

const SOCKET: u32 = libc::SOL_SOCKET.cast_unsigned();
const IP_LEVEL: u32 = libc::IPPROTO_IP.cast_unsigned();
const IPV6_LEVEL: u32 = libc::IPPROTO_IPV6.cast_unsigned();
const TCP_LEVEL: u32 = libc::IPPROTO_TCP.cast_unsigned();
const UDP_LEVEL: u32 = libc::IPPROTO_UDP.cast_unsigned();
const ICMPV6_LEVEL: u32 = libc::IPPROTO_ICMPV6.cast_unsigned();
const RAW_LEVEL: u32 = libc::SOL_RAW.cast_unsigned();
const NETLINK_LEVEL: u32 = libc::SOL_NETLINK.cast_unsigned();
const PACKET_LEVEL: u32 = libc::SOL_PACKET.cast_unsigned();
const VSOCK_LEVEL: u32 = libc::AF_VSOCK.cast_unsigned();

/// `struct sock_filter`: one instruction of a filter.
const INSTRUCTION: u32 = 8;
/// The bytes that Bluetooth's own options of the same number read or write, for any length.
const BLUETOOTH_INT: u32 = 4;
/// The reason for which an option is not for safe code.
const LATE: &str =
    "bytes sent with MSG_ZEROCOPY are read after the call, when their memory is another call's";

/// The form of these options, at that level.
const fn of(level: u32, options: &'static [u32], value: Arg) -> Form {
    on(2, options, value).and(1, level)
}

/// As many bytes come back as the length says, and fewer when the value is shorter.
const fn get(level: u32, options: &'static [u32]) -> Form {
    of(level, options, sized(IT, 4))
}

/// As many bytes are read as the length says, and fewer when the value is shorter.
const fn set(level: u32, options: &'static [u32]) -> Form {
    of(level, options, input(IT, Len::Arg(4)))
}

/// A filter of sources: a count in its header says how many it has room for.
const fn filter(level: u32, options: &'static [u32], at: u8, head: u32, each: u32) -> Form {
    of(level, options, update(IT, Len::Counted { at, head, each }))
}

/// The two calls that take options.
#[derive(Clone, Copy)]
enum Call {
    Get,
    Set,
}

/// Options of one level, by the calls that take them in the plain form.
#[derive(Clone, Copy)]
enum Taken {
    Both(&'static [u32]),
    Get(&'static [u32]),
    Set(&'static [u32]),
}

impl Taken {
    /// The options, if `call` takes them.
    const fn by(self, call: Call) -> &'static [u32] {
        match (self, call) {
            (Taken::Both(options), _)
            | (Taken::Get(options), Call::Get)
            | (Taken::Set(options), Call::Set) => options,
            (Taken::Get(_), Call::Set) | (Taken::Set(_), Call::Get) => &[],
        }
    }
}

/// How many options of a list `call` takes.
const fn count(options: &[Taken], call: Call) -> usize {
    let (mut sum, mut part) = (0, 0);
    while part < options.len() {
        sum += options[part].by(call).len();
        part += 1;
    }
    sum
}

/// The `COUNT` options of a list that `call` takes, in the order of the list.
const fn pick<const COUNT: usize>(options: &[Taken], call: Call) -> [u32; COUNT] {
    let mut picked = [0; COUNT];
    let (mut at, mut part) = (0, 0);
    while part < options.len() {
        let taken = options[part].by(call);
        let mut option = 0;
        while option < taken.len() {
            picked[at] = taken[option];
            at += 1;
            option += 1;
        }
        part += 1;
    }
    picked
}

/// Options of SOL_SOCKET that the C library names.
const OF_SOCKET: &[Taken] = &[
    Taken::Both(from_libc! { SO_DEBUG SO_REUSEADDR }),
    Taken::Get(from_libc! { SO_TYPE SO_ERROR }),
    Taken::Both(from_libc! {
        SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF SO_KEEPALIVE SO_OOBINLINE SO_NO_CHECK SO_PRIORITY SO_LINGER
        SO_BSDCOMPAT SO_REUSEPORT SO_PASSCRED
    }),
    Taken::Get(from_libc! { SO_PEERCRED }),
    Taken::Both(from_libc! { SO_RCVLOWAT }),
    Taken::Get(from_libc! { SO_SNDLOWAT }),
    Taken::Both(from_libc! { SO_RCVTIMEO SO_SNDTIMEO SO_BINDTODEVICE }),
    Taken::Get(from_libc! { SO_PEERNAME }),
    Taken::Set(from_libc! { SO_DETACH_FILTER }),
    Taken::Both(from_libc! { SO_TIMESTAMP }),
    Taken::Get(from_libc! { SO_ACCEPTCONN SO_PEERSEC }),
    Taken::Set(from_libc! { SO_SNDBUFFORCE SO_RCVBUFFORCE }),
    Taken::Both(from_libc! { SO_PASSSEC SO_TIMESTAMPNS SO_MARK SO_TIMESTAMPING }),
    Taken::Get(from_libc! { SO_PROTOCOL SO_DOMAIN }),
    Taken::Both(from_libc! {
        SO_RXQ_OVFL SO_WIFI_STATUS SO_PEEK_OFF SO_NOFCS SO_LOCK_FILTER SO_SELECT_ERR_QUEUE SO_BUSY_POLL
        SO_MAX_PACING_RATE
    }),
    Taken::Get(from_libc! { SO_BPF_EXTENSIONS }),
    Taken::Both(from_libc! { SO_INCOMING_CPU }),
    Taken::Get(from_libc! { SO_MEMINFO SO_INCOMING_NAPI_ID SO_COOKIE SO_PEERGROUPS SO_ZEROCOPY }),
    Taken::Set(from_libc! { SO_CNX_ADVICE }),
    Taken::Both(from_libc! {
        SO_TXTIME SO_BINDTOIFINDEX SO_TIMESTAMP_NEW SO_TIMESTAMPNS_NEW SO_TIMESTAMPING_NEW SO_RCVTIMEO_NEW
        SO_SNDTIMEO_NEW
    }),
    Taken::Set(from_libc! { SO_DETACH_REUSEPORT_BPF }),
    Taken::Both(from_libc! { SO_PREFER_BUSY_POLL }),
    Taken::Get(from_libc! { SO_NETNS_COOKIE }),
    Taken::Set(from_libc! { SO_BUSY_POLL_BUDGET }),
    Taken::Both(from_libc! { SO_BUF_LOCK SO_RESERVE_MEM SO_TXREHASH SO_RCVMARK SO_PASSPIDFD }),
    Taken::Get(from_libc! { SO_PEERPIDFD }),
];

/// Options of SOL_SOCKET beyond them.
const OF_SOCKET_MORE: &[Taken] = &[Taken::Both(numbers! { SO_RCVPRIORITY SO_PASSRIGHTS SO_INQ })];

const OF_IP: &[Taken] = &[
    Taken::Both(numbers! { IP_TTL IP_OPTIONS IP_ROUTER_ALERT IP_RECVOPTS IP_RETOPTS IP_PKTINFO }),
    Taken::Get(numbers! { IP_PKTOPTIONS }),
    Taken::Both(numbers! { IP_MTU_DISCOVER IP_RECVERR IP_RECVTTL IP_RECVTOS }),
    Taken::Get(numbers! { IP_MTU }),
    Taken::Both(numbers! {
        IP_FREEBIND IP_PASSSEC IP_TRANSPARENT IP_RECVORIGDSTADDR IP_MINTTL IP_NODEFRAG IP_CHECKSUM
        IP_BIND_ADDRESS_NO_PORT IP_RECVFRAGSIZE IP_RECVERR_RFC4884 IP_MULTICAST_IF IP_MULTICAST_TTL IP_MULTICAST_LOOP
    }),
    Taken::Set(numbers! {
        IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP IP_UNBLOCK_SOURCE IP_BLOCK_SOURCE IP_ADD_SOURCE_MEMBERSHIP
        IP_DROP_SOURCE_MEMBERSHIP IP_MSFILTER
    }),
    Taken::Both(numbers! { IP_MULTICAST_ALL IP_UNICAST_IF IP_LOCAL_PORT_RANGE }),
    Taken::Get(numbers! { IP_PROTOCOL }),
    Taken::Set(numbers! {
        MCAST_JOIN_GROUP MCAST_BLOCK_SOURCE MCAST_UNBLOCK_SOURCE MCAST_LEAVE_GROUP MCAST_JOIN_SOURCE_GROUP
        MCAST_LEAVE_SOURCE_GROUP MCAST_MSFILTER
    }),
];

const OF_IPV6: &[Taken] = &[
    Taken::Both(numbers! { IPV6_ADDRFORM IPV6_2292PKTINFO IPV6_2292HOPOPTS IPV6_2292DSTOPTS IPV6_2292RTHDR }),
    Taken::Get(numbers! { IPV6_2292PKTOPTIONS }),
    Taken::Both(numbers! {
        IPV6_CHECKSUM IPV6_2292HOPLIMIT IPV6_FLOWINFO IPV6_UNICAST_HOPS IPV6_MULTICAST_IF IPV6_MULTICAST_HOPS
        IPV6_MULTICAST_LOOP
    }),
    Taken::Set(numbers! { IPV6_ADD_MEMBERSHIP IPV6_DROP_MEMBERSHIP }),
    Taken::Both(numbers! { IPV6_ROUTER_ALERT IPV6_MTU_DISCOVER IPV6_MTU IPV6_RECVERR IPV6_V6ONLY }),
    Taken::Set(numbers! { IPV6_JOIN_ANYCAST IPV6_LEAVE_ANYCAST }),
    Taken::Both(numbers! {
        IPV6_MULTICAST_ALL IPV6_ROUTER_ALERT_ISOLATE IPV6_RECVERR_RFC4884 IPV6_FLOWINFO_SEND IPV6_HDRINCL
        IPV6_RECVPKTINFO
    }),
    Taken::Set(numbers! { IPV6_PKTINFO }),
    Taken::Both(numbers! {
        IPV6_RECVHOPLIMIT IPV6_RECVHOPOPTS IPV6_HOPOPTS IPV6_RTHDRDSTOPTS IPV6_RECVRTHDR IPV6_RTHDR IPV6_RECVDSTOPTS
        IPV6_DSTOPTS IPV6_RECVPATHMTU
    }),
    Taken::Get(numbers! { IPV6_PATHMTU }),
    Taken::Both(numbers! {
        IPV6_DONTFRAG IPV6_RECVTCLASS IPV6_TCLASS IPV6_AUTOFLOWLABEL IPV6_ADDR_PREFERENCES IPV6_MINHOPCOUNT
        IPV6_RECVORIGDSTADDR IPV6_TRANSPARENT IPV6_UNICAST_IF IPV6_RECVFRAGSIZE IPV6_FREEBIND
    }),
    Taken::Set(numbers! {
        MCAST_JOIN_GROUP MCAST_BLOCK_SOURCE MCAST_UNBLOCK_SOURCE MCAST_LEAVE_GROUP MCAST_JOIN_SOURCE_GROUP
        MCAST_LEAVE_SOURCE_GROUP MCAST_MSFILTER
    }),
];

const OF_TCP: &[Taken] = &[
    Taken::Both(numbers! {
        TCP_NODELAY TCP_MAXSEG TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2 TCP_DEFER_ACCEPT
        TCP_WINDOW_CLAMP
    }),
    Taken::Get(numbers! { TCP_INFO }),
    Taken::Both(numbers! { TCP_QUICKACK TCP_CONGESTION }),
    Taken::Set(numbers! { TCP_MD5SIG TCP_MD5SIG_EXT }),
    Taken::Both(numbers! {
        TCP_THIN_LINEAR_TIMEOUTS TCP_THIN_DUPACK TCP_USER_TIMEOUT TCP_FASTOPEN TCP_TIMESTAMP TCP_NOTSENT_LOWAT
    }),
    Taken::Get(numbers! { TCP_CC_INFO }),
    Taken::Both(numbers! { TCP_SAVE_SYN }),
    Taken::Get(numbers! { TCP_SAVED_SYN }),
    Taken::Both(numbers! {
        TCP_FASTOPEN_CONNECT TCP_ULP TCP_FASTOPEN_KEY TCP_FASTOPEN_NO_COOKIE TCP_INQ TCP_TX_DELAY
    }),
    Taken::Get(numbers! { TCP_IS_MPTCP }),
    Taken::Both(numbers! { TCP_RTO_MAX_MS TCP_RTO_MIN_US TCP_DELACK_MAX_US }),
];

const OF_UDP: &[Taken] =
    &[Taken::Both(numbers! { UDP_CORK UDP_ENCAP UDP_NO_CHECK6_TX UDP_NO_CHECK6_RX UDP_SEGMENT UDP_GRO })];

const OF_RAW: &[Taken] = &[Taken::Both(numbers! { ICMP_FILTER })];

const OF_ICMPV6: &[Taken] = &[Taken::Both(numbers! { ICMPV6_FILTER })];

const OF_NETLINK: &[Taken] = &[
    Taken::Set(numbers! { NETLINK_ADD_MEMBERSHIP NETLINK_DROP_MEMBERSHIP }),
    Taken::Both(
        numbers! { NETLINK_PKTINFO NETLINK_BROADCAST_ERROR NETLINK_NO_ENOBUFS NETLINK_LISTEN_ALL_NSID },
    ),
    Taken::Get(numbers! { NETLINK_LIST_MEMBERSHIPS }),
    Taken::Both(numbers! { NETLINK_CAP_ACK NETLINK_EXT_ACK NETLINK_GET_STRICT_CHK }),
];

const OF_PACKET: &[Taken] = &[
    Taken::Get(numbers! { PACKET_STATISTICS }),
    Taken::Set(numbers! { PACKET_ADD_MEMBERSHIP PACKET_DROP_MEMBERSHIP PACKET_COPY_THRESH }),
    Taken::Both(numbers! {
        PACKET_AUXDATA PACKET_ORIGDEV PACKET_VERSION PACKET_RESERVE PACKET_LOSS PACKET_VNET_HDR PACKET_TIMESTAMP
        PACKET_TX_HAS_OFF PACKET_QDISC_BYPASS
    }),
    Taken::Get(numbers! { PACKET_ROLLOVER_STATS }),
    Taken::Both(numbers! { PACKET_IGNORE_OUTGOING PACKET_VNET_HDR_SZ }),
];

const OF_VSOCK: &[Taken] = &[Taken::Both(numbers! {
    SO_VM_SOCKETS_BUFFER_SIZE SO_VM_SOCKETS_BUFFER_MIN_SIZE SO_VM_SOCKETS_BUFFER_MAX_SIZE
    SO_VM_SOCKETS_CONNECT_TIMEOUT SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW
})];

/// getsockopt's `optval`.
pub(super) const GETSOCKOPT: &[Form] = &[
    get!(SOCKET, OF_SOCKET),
    get!(SOCKET, OF_SOCKET_MORE),
    // The length counts instructions, not bytes, before and after.
    of(
        SOCKET,
        from_libc! { SO_GET_FILTER },
        output(IT, Len::AtTimes(4, INSTRUCTION), crate::argument::Written::AtTimes(4, INSTRUCTION)),
    ),
    get!(IP_LEVEL, OF_IP),
    of(IP_LEVEL, &[IP_TOS, IP_HDRINCL], at_least(IT, 4, BLUETOOTH_INT)),
    filter(IP_LEVEL, &[IP_MSFILTER], 12, 16, 4),
    filter(IP_LEVEL, &[MCAST_MSFILTER], 140, 144, 128),
    get!(IPV6_LEVEL, OF_IPV6),
    filter(IPV6_LEVEL, &[MCAST_MSFILTER], 140, 144, 128),
    get!(TCP_LEVEL, OF_TCP),
    of(TCP_LEVEL, &[TCP_CORK], at_least(IT, 4, BLUETOOTH_INT)),
    get!(UDP_LEVEL, OF_UDP),
    get!(RAW_LEVEL, OF_RAW),
    get!(ICMPV6_LEVEL, OF_ICMPV6),
    get!(NETLINK_LEVEL, OF_NETLINK),
    get!(PACKET_LEVEL, OF_PACKET),
    get!(VSOCK_LEVEL, OF_VSOCK),
];

/// setsockopt's `optval`.
pub(super) const SETSOCKOPT: &[Form] = &[
    set!(SOCKET, OF_SOCKET),
    set!(SOCKET, OF_SOCKET_MORE),
    set(SOCKET, from_libc! { SO_ZEROCOPY }).danger(LATE),
    set(SOCKET, from_libc! { SO_ATTACH_BPF SO_ATTACH_REUSEPORT_EBPF }).danger(NAMES_DESCRIPTOR),
    set!(IP_LEVEL, OF_IP),
    of(IP_LEVEL, &[IP_TOS, IP_HDRINCL], input(IT, Len::ArgLeast(4, BLUETOOTH_INT))),
    set!(IPV6_LEVEL, OF_IPV6),
    set!(TCP_LEVEL, OF_TCP),
    of(TCP_LEVEL, &[TCP_CORK], input(IT, Len::ArgLeast(4, BLUETOOTH_INT))),
    set!(UDP_LEVEL, OF_UDP),
    set!(RAW_LEVEL, OF_RAW),
    set!(ICMPV6_LEVEL, OF_ICMPV6),
    set!(NETLINK_LEVEL, OF_NETLINK),
    set!(PACKET_LEVEL, OF_PACKET),
    set!(VSOCK_LEVEL, OF_VSOCK),
];
