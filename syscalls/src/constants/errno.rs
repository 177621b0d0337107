//! Names of error numbers, for scripts and the decoder.

/// Lists error numbers: every name is a constant, the first name of a number is the one that it is shown by.
macro_rules! errors {
    ($($name:ident)* ; $($other:ident)*) => {
        super::named::named! {
            /// Error numbers, second names among them.
            ERRNO: $($name)* $($other)*;
        }

        /// The name of an error number: `errno_name(2)` is `ENOENT`.
        #[must_use]
        pub fn errno_name(errno: i32) -> Option<&'static str> {
            match errno {
                $(libc::$name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

errors! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST
    EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM
    ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG
    EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT EBFONT ENOSTR ENODATA ETIME ENOSR ENONET
    ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG
    ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
    EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE
    EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN
    ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL
    EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD
    ENOTRECOVERABLE ERFKILL EHWPOISON
    ; EWOULDBLOCK EDEADLOCK ENOTSUP
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers up to the last have a name, except two that Linux leaves out.
    #[test]
    fn every_error_number_has_a_name() {
        let nameless: Vec<i32> = (1..=133).filter(|&errno| errno_name(errno).is_none()).collect();
        assert_eq!(nameless, [41, 58]);
        for errno in [0, -2, 134, 4096] {
            assert_eq!(errno_name(errno), None, "{errno}");
        }
        assert_eq!(errno_name(11), Some("EAGAIN"));
        assert_eq!(errno_name(95), Some("EOPNOTSUPP"));
    }
}
