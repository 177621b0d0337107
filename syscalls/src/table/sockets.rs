//! Rows of calls about sockets. An address that comes back has the room that the length beside it says, and the length comes
//! back too.

use super::bits::MSG_DONTWAIT;
use super::forms::SEND_FLAGS;
use super::options::{GETSOCKOPT, SETSOCKOPT};
use super::sizes::{INT, MMSGHDR, MSGHDR, TIMESPEC};
use super::words::*;
use crate::argument::ArgType::{ReceiveMessage, ReceiveMessages, SendMessage, SendMessages};
use crate::argument::{Len, Written};
use crate::kick::Kick;
use crate::nature::Class::Instant;
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart::{Never, Shortened};
use crate::row::Row;
use crate::row::Yields::{Bytes, Fd, Number};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    storage("socket", [41, 198], &[int("family"), int("type"), int("protocol")])
        .yields(Fd),
    storage("socketpair", [53, 199], &[int("family"), int("type"), int("protocol"), output_of("usockvec", 2 * INT)]),
    storage("bind", [49, 200], &[fd("fd"), socket_address("umyaddr", 2), size("addrlen").bits_32()]),
    instant("listen", [50, 201], &[fd("fd"), int("backlog")]),
    sleeps("accept", [43, 202], &[fd("fd"), sized("upeer_sockaddr", 2), update_of("upeer_addrlen", INT)])
        .yields(Fd).nonblocking(NonBlockingForm::NonBlocking),
    sleeps("accept4", [288, 242], &[fd("fd"), sized("upeer_sockaddr", 2), update_of("upeer_addrlen", INT), flags("flags")])
        .yields(Fd).nonblocking(NonBlockingForm::NonBlocking),
    sleeps("connect", [42, 203], &[fd("fd"), socket_address("uservaddr", 2), size("addrlen").bits_32()])
        .restart(Never("the connection is being made: the same call again says EALREADY or EISCONN")).nonblocking(NonBlockingForm::NonBlocking).kick(Kick::Never("the connection is being made, whatever the result")),
    instant("shutdown", [48, 210], &[fd("fd"), int("how")]),

    // Messages. A stream that truncates throws bytes away and counts them without writing them.
    sleeps("sendto", [44, 206], &[fd("fd"), input("buff", Len::Arg(2)), size("len"), flags("flags").or(SEND_FLAGS[0]), input("addr", Len::Arg(5)), size("addr_len").bits_32()])
        .yields(Bytes).when(&[has(3, MSG_DONTWAIT, Instant)]).nonblocking(flag(3, MSG_DONTWAIT)),
    sleeps("sendmsg", [46, 211], &[fd("fd"), messages("msg", SendMessage, Len::Const(MSGHDR)), flags("flags").or(SEND_FLAGS[1])])
        .yields(Bytes).when(&[has(2, MSG_DONTWAIT, Instant)]).nonblocking(flag(2, MSG_DONTWAIT)),
    sleeps("sendmmsg", [307, 269], &[fd("fd"), messages("mmsg", SendMessages, Len::Times(2, MMSGHDR)), size("vlen").bits_32(), flags("flags").or(SEND_FLAGS[0])])
        .yields(Number).when(&[has(3, MSG_DONTWAIT, Instant)]).blocking_only("a short count does not say whether the next message would have waited or failed"),
    sleeps("recvfrom", [45, 207], &[fd("fd"), output("ubuf", Len::Arg(2), Written::Perhaps), size("size"), flags("flags"), sized("addr", 5), update_of("addr_len", INT)])
        .yields(Bytes).when(&[has(3, MSG_DONTWAIT, Instant)]).nonblocking(flag(3, MSG_DONTWAIT)),
    sleeps("recvmsg", [47, 212], &[fd("fd"), messages("msg", ReceiveMessage, Len::Const(MSGHDR)), flags("flags")])
        .yields(Bytes).when(&[has(2, MSG_DONTWAIT, Instant)]).nonblocking(flag(2, MSG_DONTWAIT)),
    sleeps("recvmmsg", [299, 243], &[fd("fd"), messages("mmsg", ReceiveMessages, Len::Times(2, MMSGHDR)), size("vlen").bits_32(), flags("flags"), update_of("timeout", TIMESPEC)])
        .yields(Number).when(&[has(3, MSG_DONTWAIT, Instant)]).nonblocking(flag(3, MSG_DONTWAIT)).restart(Shortened(4)),

    // Names and options.
    instant("getsockname", [51, 204], &[fd("fd"), sized("usockaddr", 2), update_of("usockaddr_len", INT)]),
    instant("getpeername", [52, 205], &[fd("fd"), sized("usockaddr", 2), update_of("usockaddr_len", INT)]),
    storage("setsockopt", [54, 208], &[fd("fd"), int("level"), int("optname"), formed("optval", SETSOCKOPT), size("optlen").bits_32()]),
    storage("getsockopt", [55, 209], &[fd("fd"), int("level"), int("optname"), formed("optval", GETSOCKOPT), update_of("optlen", INT)]),
];
