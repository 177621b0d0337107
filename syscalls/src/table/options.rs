//! What an option of a socket holds. Only options are listed that keep to the length beside them: the kernel neither
//! reads nor writes a byte of the value beyond it, whatever family the socket is of, or the rule says how many it does.
//! A number of an option is its level's own, so it takes both to know it.
//!
//! Left out, and why:
//! - TCP_ZEROCOPY_RECEIVE, SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, PACKET_FANOUT_DATA, XDP's, and those of tables of
//!   packet filters: addresses in the value, which the kernel follows;
//! - TCP_AO_GET_KEYS, TCP_AO_INFO, TCP_AO_REPAIR, SCTP's, MPTCP's: the value's content says how much is written;
//! - IPV6_FLOWLABEL_MGR, PACKET_HDRLEN: what is given to be read is written as well, or the other way round;
//! - SO_DEVMEM_DONTNEED, PACKET_RX_RING, TCP_REPAIR and what belongs to it: they act on memory or on sequence numbers
//!   of one's own making;
//! - levels of families that number their options as their drivers do (Bluetooth, ATM, …).

use super::forms::NAMES_DESCRIPTOR;
use super::words::*;
use crate::argument::{Arg, Form, Len};
use crate::constants::options::*;

macro_rules! from_libc {
    ($($name:ident)*) => { &[$(libc::$name.cast_unsigned()),*] };
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
/// What Bluetooth's own options of the same number read or write, whatever the length says.
const BLUETOOTH_INT: u32 = 4;
/// Why an option is not for safe code.
const LATE: &str = "what is sent with MSG_ZEROCOPY is read after the call, when its bytes are another call's";

/// These options, at that level.
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

/// A filter of sources: its header says for how many it has room.
const fn filter(level: u32, options: &'static [u32], at: u8, head: u32, each: u32) -> Form {
    of(level, options, update(IT, Len::Counted { at, head, each }))
}

/// getsockopt's `optval`.
pub(super) const GETSOCKOPT: &[Form] = &[
    get(
        SOCKET,
        from_libc! {
            SO_DEBUG SO_REUSEADDR SO_TYPE SO_ERROR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF SO_KEEPALIVE SO_OOBINLINE
            SO_NO_CHECK SO_PRIORITY SO_LINGER SO_BSDCOMPAT SO_REUSEPORT SO_PASSCRED SO_PEERCRED SO_RCVLOWAT SO_SNDLOWAT
            SO_RCVTIMEO SO_SNDTIMEO SO_BINDTODEVICE SO_PEERNAME SO_TIMESTAMP SO_ACCEPTCONN SO_PEERSEC SO_PASSSEC
            SO_TIMESTAMPNS SO_MARK SO_TIMESTAMPING SO_PROTOCOL SO_DOMAIN SO_RXQ_OVFL SO_WIFI_STATUS SO_PEEK_OFF SO_NOFCS
            SO_LOCK_FILTER SO_SELECT_ERR_QUEUE SO_BUSY_POLL SO_MAX_PACING_RATE SO_BPF_EXTENSIONS SO_INCOMING_CPU SO_MEMINFO
            SO_INCOMING_NAPI_ID SO_COOKIE SO_PEERGROUPS SO_ZEROCOPY SO_TXTIME SO_BINDTOIFINDEX SO_TIMESTAMP_NEW
            SO_TIMESTAMPNS_NEW SO_TIMESTAMPING_NEW SO_RCVTIMEO_NEW SO_SNDTIMEO_NEW SO_PREFER_BUSY_POLL SO_NETNS_COOKIE
            SO_BUF_LOCK SO_RESERVE_MEM SO_TXREHASH SO_RCVMARK SO_PASSPIDFD SO_PEERPIDFD
        },
    ),
    get(SOCKET, &[SO_RCVPRIORITY, SO_PASSRIGHTS, SO_INQ]),
    // The length counts instructions, not bytes, before and after.
    of(
        SOCKET,
        from_libc! { SO_GET_FILTER },
        output(IT, Len::AtTimes(4, INSTRUCTION), crate::argument::Written::AtTimes(4, INSTRUCTION)),
    ),
    get(
        IP_LEVEL,
        &[
            IP_TTL,
            IP_OPTIONS,
            IP_ROUTER_ALERT,
            IP_RECVOPTS,
            IP_RETOPTS,
            IP_PKTINFO,
            IP_PKTOPTIONS,
            IP_MTU_DISCOVER,
            IP_RECVERR,
            IP_RECVTTL,
            IP_RECVTOS,
            IP_MTU,
            IP_FREEBIND,
            IP_PASSSEC,
            IP_TRANSPARENT,
            IP_RECVORIGDSTADDR,
            IP_MINTTL,
            IP_NODEFRAG,
            IP_CHECKSUM,
            IP_BIND_ADDRESS_NO_PORT,
            IP_RECVFRAGSIZE,
            IP_RECVERR_RFC4884,
            IP_MULTICAST_IF,
            IP_MULTICAST_TTL,
            IP_MULTICAST_LOOP,
            IP_MULTICAST_ALL,
            IP_UNICAST_IF,
            IP_LOCAL_PORT_RANGE,
            IP_PROTOCOL,
        ],
    ),
    of(IP_LEVEL, &[IP_TOS, IP_HDRINCL], at_least(IT, 4, BLUETOOTH_INT)),
    filter(IP_LEVEL, &[IP_MSFILTER], 12, 16, 4),
    filter(IP_LEVEL, &[MCAST_MSFILTER], 140, 144, 128),
    get(
        IPV6_LEVEL,
        &[
            IPV6_ADDRFORM,
            IPV6_2292PKTINFO,
            IPV6_2292HOPOPTS,
            IPV6_2292DSTOPTS,
            IPV6_2292RTHDR,
            IPV6_2292PKTOPTIONS,
            IPV6_CHECKSUM,
            IPV6_2292HOPLIMIT,
            IPV6_FLOWINFO,
            IPV6_UNICAST_HOPS,
            IPV6_MULTICAST_IF,
            IPV6_MULTICAST_HOPS,
            IPV6_MULTICAST_LOOP,
            IPV6_ROUTER_ALERT,
            IPV6_MTU_DISCOVER,
            IPV6_MTU,
            IPV6_RECVERR,
            IPV6_V6ONLY,
            IPV6_MULTICAST_ALL,
            IPV6_ROUTER_ALERT_ISOLATE,
            IPV6_RECVERR_RFC4884,
            IPV6_FLOWINFO_SEND,
            IPV6_HDRINCL,
            IPV6_RECVPKTINFO,
            IPV6_RECVHOPLIMIT,
            IPV6_RECVHOPOPTS,
            IPV6_HOPOPTS,
            IPV6_RTHDRDSTOPTS,
            IPV6_RECVRTHDR,
            IPV6_RTHDR,
            IPV6_RECVDSTOPTS,
            IPV6_DSTOPTS,
            IPV6_RECVPATHMTU,
            IPV6_PATHMTU,
            IPV6_DONTFRAG,
            IPV6_RECVTCLASS,
            IPV6_TCLASS,
            IPV6_AUTOFLOWLABEL,
            IPV6_ADDR_PREFERENCES,
            IPV6_MINHOPCOUNT,
            IPV6_RECVORIGDSTADDR,
            IPV6_TRANSPARENT,
            IPV6_UNICAST_IF,
            IPV6_RECVFRAGSIZE,
            IPV6_FREEBIND,
        ],
    ),
    filter(IPV6_LEVEL, &[MCAST_MSFILTER], 140, 144, 128),
    get(
        TCP_LEVEL,
        &[
            TCP_NODELAY,
            TCP_MAXSEG,
            TCP_KEEPIDLE,
            TCP_KEEPINTVL,
            TCP_KEEPCNT,
            TCP_SYNCNT,
            TCP_LINGER2,
            TCP_DEFER_ACCEPT,
            TCP_WINDOW_CLAMP,
            TCP_INFO,
            TCP_QUICKACK,
            TCP_CONGESTION,
            TCP_THIN_LINEAR_TIMEOUTS,
            TCP_THIN_DUPACK,
            TCP_USER_TIMEOUT,
            TCP_FASTOPEN,
            TCP_TIMESTAMP,
            TCP_NOTSENT_LOWAT,
            TCP_CC_INFO,
            TCP_SAVE_SYN,
            TCP_SAVED_SYN,
            TCP_FASTOPEN_CONNECT,
            TCP_ULP,
            TCP_FASTOPEN_KEY,
            TCP_FASTOPEN_NO_COOKIE,
            TCP_INQ,
            TCP_TX_DELAY,
            TCP_IS_MPTCP,
            TCP_RTO_MAX_MS,
            TCP_RTO_MIN_US,
            TCP_DELACK_MAX_US,
        ],
    ),
    of(TCP_LEVEL, &[TCP_CORK], at_least(IT, 4, BLUETOOTH_INT)),
    get(UDP_LEVEL, &[UDP_CORK, UDP_ENCAP, UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX, UDP_SEGMENT, UDP_GRO]),
    get(RAW_LEVEL, &[ICMP_FILTER]),
    get(ICMPV6_LEVEL, &[ICMPV6_FILTER]),
    get(
        NETLINK_LEVEL,
        &[
            NETLINK_PKTINFO,
            NETLINK_BROADCAST_ERROR,
            NETLINK_NO_ENOBUFS,
            NETLINK_LISTEN_ALL_NSID,
            NETLINK_LIST_MEMBERSHIPS,
            NETLINK_CAP_ACK,
            NETLINK_EXT_ACK,
            NETLINK_GET_STRICT_CHK,
        ],
    ),
    get(
        PACKET_LEVEL,
        &[
            PACKET_STATISTICS,
            PACKET_AUXDATA,
            PACKET_ORIGDEV,
            PACKET_VERSION,
            PACKET_RESERVE,
            PACKET_LOSS,
            PACKET_VNET_HDR,
            PACKET_TIMESTAMP,
            PACKET_TX_HAS_OFF,
            PACKET_QDISC_BYPASS,
            PACKET_ROLLOVER_STATS,
            PACKET_IGNORE_OUTGOING,
            PACKET_VNET_HDR_SZ,
        ],
    ),
    get(
        VSOCK_LEVEL,
        &[
            SO_VM_SOCKETS_BUFFER_SIZE,
            SO_VM_SOCKETS_BUFFER_MIN_SIZE,
            SO_VM_SOCKETS_BUFFER_MAX_SIZE,
            SO_VM_SOCKETS_CONNECT_TIMEOUT,
            SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW,
        ],
    ),
];

/// setsockopt's `optval`.
pub(super) const SETSOCKOPT: &[Form] = &[
    set(
        SOCKET,
        from_libc! {
            SO_DEBUG SO_REUSEADDR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF SO_KEEPALIVE SO_OOBINLINE SO_NO_CHECK
            SO_PRIORITY SO_LINGER SO_BSDCOMPAT SO_REUSEPORT SO_PASSCRED SO_RCVLOWAT SO_RCVTIMEO SO_SNDTIMEO SO_BINDTODEVICE
            SO_DETACH_FILTER SO_TIMESTAMP SO_SNDBUFFORCE SO_RCVBUFFORCE SO_PASSSEC SO_TIMESTAMPNS SO_MARK SO_TIMESTAMPING
            SO_RXQ_OVFL SO_WIFI_STATUS SO_PEEK_OFF SO_NOFCS SO_LOCK_FILTER SO_SELECT_ERR_QUEUE SO_BUSY_POLL
            SO_MAX_PACING_RATE SO_INCOMING_CPU SO_CNX_ADVICE SO_TXTIME SO_BINDTOIFINDEX SO_TIMESTAMP_NEW SO_TIMESTAMPNS_NEW
            SO_TIMESTAMPING_NEW SO_RCVTIMEO_NEW SO_SNDTIMEO_NEW SO_DETACH_REUSEPORT_BPF SO_PREFER_BUSY_POLL
            SO_BUSY_POLL_BUDGET SO_BUF_LOCK SO_RESERVE_MEM SO_TXREHASH SO_RCVMARK SO_PASSPIDFD
        },
    ),
    set(SOCKET, &[SO_RCVPRIORITY, SO_PASSRIGHTS, SO_INQ]),
    set(SOCKET, from_libc! { SO_ZEROCOPY }).danger(LATE),
    set(SOCKET, from_libc! { SO_ATTACH_BPF SO_ATTACH_REUSEPORT_EBPF }).danger(NAMES_DESCRIPTOR),
    set(
        IP_LEVEL,
        &[
            IP_TTL,
            IP_OPTIONS,
            IP_ROUTER_ALERT,
            IP_RECVOPTS,
            IP_RETOPTS,
            IP_PKTINFO,
            IP_MTU_DISCOVER,
            IP_RECVERR,
            IP_RECVTTL,
            IP_RECVTOS,
            IP_FREEBIND,
            IP_PASSSEC,
            IP_TRANSPARENT,
            IP_RECVORIGDSTADDR,
            IP_MINTTL,
            IP_NODEFRAG,
            IP_CHECKSUM,
            IP_BIND_ADDRESS_NO_PORT,
            IP_RECVFRAGSIZE,
            IP_RECVERR_RFC4884,
            IP_MULTICAST_IF,
            IP_MULTICAST_TTL,
            IP_MULTICAST_LOOP,
            IP_ADD_MEMBERSHIP,
            IP_DROP_MEMBERSHIP,
            IP_UNBLOCK_SOURCE,
            IP_BLOCK_SOURCE,
            IP_ADD_SOURCE_MEMBERSHIP,
            IP_DROP_SOURCE_MEMBERSHIP,
            IP_MSFILTER,
            IP_MULTICAST_ALL,
            IP_UNICAST_IF,
            IP_LOCAL_PORT_RANGE,
            MCAST_JOIN_GROUP,
            MCAST_BLOCK_SOURCE,
            MCAST_UNBLOCK_SOURCE,
            MCAST_LEAVE_GROUP,
            MCAST_JOIN_SOURCE_GROUP,
            MCAST_LEAVE_SOURCE_GROUP,
            MCAST_MSFILTER,
        ],
    ),
    of(IP_LEVEL, &[IP_TOS, IP_HDRINCL], input(IT, Len::ArgLeast(4, BLUETOOTH_INT))),
    set(
        IPV6_LEVEL,
        &[
            IPV6_ADDRFORM,
            IPV6_2292PKTINFO,
            IPV6_2292HOPOPTS,
            IPV6_2292DSTOPTS,
            IPV6_2292RTHDR,
            IPV6_CHECKSUM,
            IPV6_2292HOPLIMIT,
            IPV6_FLOWINFO,
            IPV6_UNICAST_HOPS,
            IPV6_MULTICAST_IF,
            IPV6_MULTICAST_HOPS,
            IPV6_MULTICAST_LOOP,
            IPV6_ADD_MEMBERSHIP,
            IPV6_DROP_MEMBERSHIP,
            IPV6_ROUTER_ALERT,
            IPV6_MTU_DISCOVER,
            IPV6_MTU,
            IPV6_RECVERR,
            IPV6_V6ONLY,
            IPV6_JOIN_ANYCAST,
            IPV6_LEAVE_ANYCAST,
            IPV6_MULTICAST_ALL,
            IPV6_ROUTER_ALERT_ISOLATE,
            IPV6_RECVERR_RFC4884,
            IPV6_FLOWINFO_SEND,
            IPV6_HDRINCL,
            IPV6_RECVPKTINFO,
            IPV6_PKTINFO,
            IPV6_RECVHOPLIMIT,
            IPV6_RECVHOPOPTS,
            IPV6_HOPOPTS,
            IPV6_RTHDRDSTOPTS,
            IPV6_RECVRTHDR,
            IPV6_RTHDR,
            IPV6_RECVDSTOPTS,
            IPV6_DSTOPTS,
            IPV6_RECVPATHMTU,
            IPV6_DONTFRAG,
            IPV6_RECVTCLASS,
            IPV6_TCLASS,
            IPV6_AUTOFLOWLABEL,
            IPV6_ADDR_PREFERENCES,
            IPV6_MINHOPCOUNT,
            IPV6_RECVORIGDSTADDR,
            IPV6_TRANSPARENT,
            IPV6_UNICAST_IF,
            IPV6_RECVFRAGSIZE,
            IPV6_FREEBIND,
            MCAST_JOIN_GROUP,
            MCAST_BLOCK_SOURCE,
            MCAST_UNBLOCK_SOURCE,
            MCAST_LEAVE_GROUP,
            MCAST_JOIN_SOURCE_GROUP,
            MCAST_LEAVE_SOURCE_GROUP,
            MCAST_MSFILTER,
        ],
    ),
    set(
        TCP_LEVEL,
        &[
            TCP_NODELAY,
            TCP_MAXSEG,
            TCP_KEEPIDLE,
            TCP_KEEPINTVL,
            TCP_KEEPCNT,
            TCP_SYNCNT,
            TCP_LINGER2,
            TCP_DEFER_ACCEPT,
            TCP_WINDOW_CLAMP,
            TCP_QUICKACK,
            TCP_CONGESTION,
            TCP_MD5SIG,
            TCP_MD5SIG_EXT,
            TCP_THIN_LINEAR_TIMEOUTS,
            TCP_THIN_DUPACK,
            TCP_USER_TIMEOUT,
            TCP_FASTOPEN,
            TCP_TIMESTAMP,
            TCP_NOTSENT_LOWAT,
            TCP_SAVE_SYN,
            TCP_FASTOPEN_CONNECT,
            TCP_ULP,
            TCP_FASTOPEN_KEY,
            TCP_FASTOPEN_NO_COOKIE,
            TCP_INQ,
            TCP_TX_DELAY,
            TCP_RTO_MAX_MS,
            TCP_RTO_MIN_US,
            TCP_DELACK_MAX_US,
        ],
    ),
    of(TCP_LEVEL, &[TCP_CORK], input(IT, Len::ArgLeast(4, BLUETOOTH_INT))),
    set(UDP_LEVEL, &[UDP_CORK, UDP_ENCAP, UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX, UDP_SEGMENT, UDP_GRO]),
    set(RAW_LEVEL, &[ICMP_FILTER]),
    set(ICMPV6_LEVEL, &[ICMPV6_FILTER]),
    set(
        NETLINK_LEVEL,
        &[
            NETLINK_ADD_MEMBERSHIP,
            NETLINK_DROP_MEMBERSHIP,
            NETLINK_PKTINFO,
            NETLINK_BROADCAST_ERROR,
            NETLINK_NO_ENOBUFS,
            NETLINK_LISTEN_ALL_NSID,
            NETLINK_CAP_ACK,
            NETLINK_EXT_ACK,
            NETLINK_GET_STRICT_CHK,
        ],
    ),
    set(
        PACKET_LEVEL,
        &[
            PACKET_ADD_MEMBERSHIP,
            PACKET_DROP_MEMBERSHIP,
            PACKET_COPY_THRESH,
            PACKET_AUXDATA,
            PACKET_ORIGDEV,
            PACKET_VERSION,
            PACKET_RESERVE,
            PACKET_LOSS,
            PACKET_VNET_HDR,
            PACKET_TIMESTAMP,
            PACKET_TX_HAS_OFF,
            PACKET_QDISC_BYPASS,
            PACKET_IGNORE_OUTGOING,
            PACKET_VNET_HDR_SZ,
        ],
    ),
    set(
        VSOCK_LEVEL,
        &[
            SO_VM_SOCKETS_BUFFER_SIZE,
            SO_VM_SOCKETS_BUFFER_MIN_SIZE,
            SO_VM_SOCKETS_BUFFER_MAX_SIZE,
            SO_VM_SOCKETS_CONNECT_TIMEOUT,
            SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW,
        ],
    ),
];
