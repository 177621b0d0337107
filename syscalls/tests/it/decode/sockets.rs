//! Lines of calls on sockets.

use libc::*;

use super::calls::{ints, made};

/// DECODE-4: family, type and protocol, which has names in the internet only.
#[test]
fn making() {
    let socket = |family: i64, kind: i64, protocol: i64| made("socket").v([family, kind, protocol]).gives(3);
    assert_eq!(socket(1, 0x80001, 0), "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3");
    assert_eq!(socket(2, 2, 17), "socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3");
    assert_eq!(socket(10, 2, 0), "socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = 3");
    assert_eq!(socket(16, 0x803, 4), "socket(AF_NETLINK, SOCK_RAW|SOCK_NONBLOCK, 4) = 3");
    assert_eq!(socket(99, 9, 0), "socket(0x63, 0x9, 0) = 3");
    assert_eq!(
        made("socketpair").v([1, 2, 0]).out(8, &ints([18, 19])).gives(0),
        "socketpair(AF_UNIX, SOCK_DGRAM, 0, [18, 19]) = 0"
    );
    assert_eq!(made("shutdown").v([18, 2]).gives(0), "shutdown(18, SHUT_RDWR) = 0");
}

fn internet() -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes[..2].copy_from_slice(&2_u16.to_ne_bytes());
    bytes[2..8].copy_from_slice(&[0, 9, 127, 0, 0, 1]);
    bytes
}

/// DECODE-8: addresses of each family, those too short, and those of a family nobody knows.
#[test]
fn addresses() {
    let connect = |address: &[u8]| {
        let line =
            made("connect").v([3]).bytes(address).v([i64::try_from(address.len()).unwrap()]).fails(ENOENT);
        let line = line.strip_suffix(" = -1 ENOENT (No such file or directory)").unwrap();
        line.strip_prefix("connect(3, ").unwrap().to_owned()
    };
    let family = |family: u16, rest: &[u8]| [&family.to_ne_bytes()[..], rest].concat();
    assert_eq!(connect(&family(1, b"/tmp/none\0\0\0")), r#"{sa_family=AF_UNIX, sun_path="/tmp/none"}, 14)"#);
    assert_eq!(connect(&family(1, b"")), "{sa_family=AF_UNIX}, 2)");
    assert_eq!(connect(&family(1, b"\0abs")), r#"{sa_family=AF_UNIX, sun_path=@"abs"}, 6)"#);
    let expected = r#"{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16)"#;
    assert_eq!(connect(&internet()), expected);
    let mut six = family(10, &[0, 9, 0, 0, 0, 0]);
    six.extend([0; 15]);
    six.extend([1, 0, 0, 0, 0]);
    assert_eq!(
        connect(&six),
        r#"{sa_family=AF_INET6, sin6_port=htons(9), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28)"#
    );
    assert_eq!(connect(&family(2, b"\0\x09")), r#"{sa_family=AF_INET, sa_data="\0\t"}, 4)"#);
    assert_eq!(connect(&family(999, b"ab")), r#"{sa_family=0x3e7, sa_data="ab"}, 4)"#);
    assert_eq!(connect(b"\x01"), r#""\x01", 1)"#);
}

/// DECODE-4, DECODE-9: messages, options, a length that goes both ways.
#[test]
fn messages_and_options() {
    let lines = [
        (
            made("sendto").v([4]).bytes(b"hi").v([2, 0x4040]).bytes(&internet()).v([16]).gives(2),
            r#"sendto(4, "hi", 2, MSG_DONTWAIT|MSG_NOSIGNAL, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = 2"#,
        ),
        (
            made("recvfrom").v([4]).out(10, b"hello").v([10, 0x40, 0, 0]).gives(5),
            r#"recvfrom(4, "hello", 10, MSG_DONTWAIT, NULL, NULL) = 5"#,
        ),
        (
            made("getsockname")
                .v([4])
                .out(100, &[internet(), vec![0; 84]].concat())
                .inout(&ints([100]), &ints([16]))
                .gives(0),
            r#"getsockname(4, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, [100 => 16]) = 0"#,
        ),
        (
            made("getsockopt").v([4, 1, 3]).out(4, &ints([2])).inout(&ints([4]), &ints([4])).gives(0),
            "getsockopt(4, SOL_SOCKET, SO_TYPE, [2], [4]) = 0",
        ),
        (
            made("setsockopt").v([3, 6, 1]).bytes(&ints([2])).v([4]).fails(EOPNOTSUPP),
            "setsockopt(3, SOL_TCP, TCP_NODELAY, [2], 4) = -1 EOPNOTSUPP (Operation not supported)",
        ),
        (
            made("setsockopt").v([3, 1, 2]).bytes(&ints([1])).v([4]).gives(0),
            "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        ),
        (made("accept4").v([3, 0, 0, 0x800]).gives(5), "accept4(3, NULL, NULL, SOCK_NONBLOCK) = 5"),
        (made("recvmsg").v([3, 0x7f00, 0]).gives(5), "recvmsg(3, 0x7f00, 0) = 5"),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}
