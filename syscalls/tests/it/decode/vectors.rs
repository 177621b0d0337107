//! Lines of vectors and messages, and of arguments that a command decides.

use super::calls::{Made, ints, longs, made};

/// DECODE-17: what a vector sends lies in DATA; what it receives is shared out as the kernel does.
#[test]
fn vectors() {
    let data = [longs([32, 5, 37, 3]), b"helloabc".to_vec()].concat();
    let writev = made("writev").v([1]).bytes(&data).v([2]);
    assert_eq!(
        writev.gives(8),
        r#"writev(1, [{iov_base="hello", iov_len=5}, {iov_base="abc", iov_len=3}], 2) = 8"#
    );
    let readv = |came: &[u8]| made("readv").v([0]).bytes(&longs([0, 5, 8, 3])).v([2]).room(16, came);
    assert_eq!(
        readv(b"").asked(),
        "readv(0, [{iov_base=out(5), iov_len=5}, {iov_base=out(3), iov_len=3}], 2)"
    );
    assert_eq!(
        readv(b"hello\0\0\0ab").gives(7),
        r#"readv(0, [{iov_base="hello", iov_len=5}, {iov_base="ab", iov_len=3}], 2) = 7"#
    );
    assert_eq!(
        readv(b"hel\0\0\0\0\0old").gives(3),
        r#"readv(0, [{iov_base="hel", iov_len=5}, {iov_base=out(3), iov_len=3}], 2) = 3"#
    );
    let outside = made("writev").v([1]).bytes(&longs([99, 5])).v([1]);
    assert_eq!(outside.asked(), "writev(1, [{iov_base=in@99, iov_len=5}], 1)");
    let short = made("writev").v([1]).bytes(&longs([0, 5])).v([9]);
    assert!(short.asked().contains(", ...], 9)"), "{}", short.asked());
}

/// A header with these offsets and lengths: name, vector, control data.
fn header(name: [i64; 2], vector: [i64; 2]) -> Vec<u8> {
    longs([name[0], name[1], vector[0], vector[1], 0, 0, 0])
}

/// DECODE-17: a message's name, vector and flags.
#[test]
fn messages() {
    let unix = [&1_u16.to_ne_bytes()[..], b"/s\0\0\0\0"].concat();
    let data = [header([72, 8], [56, 1]), longs([80, 2]), unix.clone(), b"hi".to_vec()].concat();
    assert_eq!(
        made("sendmsg").v([3]).bytes(&data).v([0x4000]).gives(2),
        r#"sendmsg(3, {msg_name={sa_family=AF_UNIX, sun_path="/s"}, msg_namelen=8, msg_iov=[{iov_base="hi", iov_len=2}], msg_iovlen=1, msg_control=NULL, msg_controllen=0, msg_flags=0}, MSG_NOSIGNAL) = 2"#
    );
    let data = [header([0, 0], [56, 1]), longs([64, 8])].concat();
    let came = [vec![0; 64], b"hi".to_vec()].concat();
    let received = made("recvmsg").v([3]).inout(&data, &came).v([0]);
    assert_eq!(
        received.gives(2),
        r#"recvmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi", iov_len=8}], msg_iovlen=1, msg_control=NULL, msg_controllen=0, msg_flags=0}, 0) = 2"#
    );
}

/// DECODE-18: a command decides what its argument is.
#[test]
fn commands() {
    let gives = |made: Made| made.gives(0);
    assert_eq!(gives(made("prctl").v([15]).text("abc")), r#"prctl(PR_SET_NAME, "abc") = 0"#);
    assert_eq!(gives(made("prctl").v([2]).out(4, &ints([9]))), "prctl(PR_GET_PDEATHSIG, [9]) = 0");
    assert_eq!(
        gives(made("futex").v([0x7ffd, 0, 5]).bytes(&longs([1, 2]))),
        "futex(0x7ffd, FUTEX_WAIT, 5, {tv_sec=1, tv_nsec=2}) = 0"
    );
    assert_eq!(gives(made("futex").v([0x7ffd, 3, 5, 7])), "futex(0x7ffd, FUTEX_REQUEUE, 5, 0x7) = 0");
}
