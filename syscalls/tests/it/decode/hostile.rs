//! Bytes that nobody would send in good faith.

use syslet_abi::DoneFlags;
use syslet_syscalls::decode::{Decoder, escaped, quoted};

use super::calls::{made, numbered};

/// DECODE-6: what cannot be printed is escaped, so that a line is one line of ASCII and tells which bytes there were.
#[test]
fn escapes() {
    assert_eq!(escaped(b"a\n\t\x0b\x0c\r\"\\"), r#"a\n\t\v\f\r\"\\"#);
    assert_eq!(escaped(b"\x001\x009\x01\xff\x07\x08\x1b\xc3\xa9\x7f"), r"\0001\09\1\377\7\10\33\303\251\177");
    assert_eq!(escaped(b"\x018\x017"), r"\18\0017");
    assert_eq!(escaped(b"\x1b[31m"), r"\33[31m");
    assert_eq!(quoted(b"abcd", 4), r#""abcd""#);
    assert_eq!(quoted(b"abcde", 4), r#""abcd"..."#);
    assert_eq!(quoted(b"abcde", 0), r#"""..."#);
    let all: Vec<u8> = (0..=255).collect();
    assert!(escaped(&all).bytes().all(|byte| (0x20..0x7f).contains(&byte)));
}

/// DECODE-13: strings without an end, offsets outside, lengths nobody can read: the line says what was passed.
#[test]
fn offsets() {
    assert_eq!(made("chdir").bytes(b"/tmp").asked(), r#"chdir("/tmp"...)"#);
    assert_eq!(made("chdir").input_at(5).asked(), "chdir(in@5)");
    assert_eq!(made("chdir").bytes(b"ab\0").input_at(99).asked(), r#"chdir("ab", in@99)"#);
    assert_eq!(made("write").v([1]).bytes(b"abc").v([4]).asked(), "write(1, in@0, 4)");
    assert_eq!(made("write").v([1]).bytes(b"abc").asked(), r#"write(1, "")"#);
    assert_eq!(made("write").v([1]).bytes(b"abc").v([-1]).asked(), "write(1, in@0, 18446744073709551615)");
    assert_eq!(made("close").bytes(b"abc").asked(), r#"close("abc"...)"#);
    assert_eq!(
        made("recvfrom").v([1, 0, 0, 0]).out(8, b"").v([0]).asked(),
        "recvfrom(1, NULL, 0, 0, out@0, NULL)"
    );
    assert_eq!(numbered(9999).bytes(b"abc").out(3, b"").asked(), "syscall_0x270f(in@0, out@0)");
    assert_eq!(made("ppoll").inout_at(0x5_0000_0006).v([1, 0]).asked(), "ppoll(inout@0x500000006, 1, NULL)");
    assert_eq!(made("statmount").input_at(u64::MAX).asked(), "statmount(in@18446744073709551615)");
    assert_eq!(
        made("writev").v([1]).input_at(u64::MAX).v([1]).asked(),
        "writev(1, in@18446744073709551615, 1)"
    );
    assert_eq!(made("close").v([3, 4, 5]).asked(), "close(3, 0x4, 0x5)");
}

/// DECODE-13: data that are shorter than the result says, or longer.
#[test]
fn data() {
    assert_eq!(made("read").v([3]).out(8, b"ab").v([8]).gives(8), r#"read(3, "ab", 8) = 8"#);
    assert_eq!(
        made("read").v([3]).out(8, b"abcdefgh").v([8]).gives(i64::MAX),
        r#"read(3, "abcdefgh", 8) = 9223372036854775807"#
    );
    assert_eq!(made("pipe2").out(8, b"\x01\0\0").v([0]).gives(0), r#"pipe2("\x01\x00\x00", 0) = 0"#);
    assert_eq!(
        made("clock_gettime").v([0]).out(16, b"").gives(0),
        r#"clock_gettime(CLOCK_REALTIME, "") = 0"#
    );
}

/// DECODE-3: an address is printed and never read, whatever it is.
#[test]
fn addresses_are_not_followed() {
    assert_eq!(made("openat").v([-100, 1, 0]).gives(3), "openat(AT_FDCWD, 0x1, O_RDONLY) = 3");
    assert_eq!(made("read").v([0, -1, -1]).gives(5), "read(0, 0xffffffffffffffff, 18446744073709551615) = 5");
}

/// DECODE-7: a path is shown whole, another string as far as bytes are shown; arrays have as many elements.
#[test]
fn long_ones() {
    let long = "x".repeat(300);
    assert_eq!(made("chdir").text(&long).asked(), format!("chdir(\"{long}\")"));
    let cut = format!("memfd_create(\"{}\"..., 0)", "x".repeat(32));
    assert_eq!(made("memfd_create").text(&long).v([0]).asked(), cut);
    let groups = made("setgroups").v([3]).bytes(&[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    assert_eq!(
        groups.printed(Decoder::default().shown_bytes(2), 0, DoneFlags::NONE),
        "setgroups(3, [1, 2, ...]) = 0"
    );
}
