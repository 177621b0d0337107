//! Addresses of sockets in words; the decoder of structures calls it.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::constants::sockets;
use crate::decode::bytes;
use crate::decode::naming::one;
use crate::decode::reader::Reader;

/// The offset of the family's own bytes.
const FAMILY_BYTES: usize = 2;

/// An address, its family first.
pub(super) fn shown(all: &[u8]) -> Option<String> {
    let reader = Reader(all);
    let family = reader.u16(0)?;
    let rest = match i32::from(family) {
        libc::AF_UNIX => Some(path(&all[FAMILY_BYTES..])),
        libc::AF_INET => internet(reader),
        libc::AF_INET6 => internet_6(reader),
        _ => None,
    };
    let rest = rest.unwrap_or_else(|| format!(", sa_data={}", bytes::quoted(&all[FAMILY_BYTES..], 14)));
    Some(format!("{{sa_family={}{rest}}}", one(&[sockets::FAMILY]).name(family.into())))
}

/// A path, or an abstract name behind a NUL; empty for a socket without a name.
fn path(all: &[u8]) -> String {
    match all {
        [] => String::new(),
        [0, name @ ..] => format!(", sun_path=@{}", bytes::quoted(name, name.len())),
        all => {
            let end = all.iter().position(|&byte| byte == 0).unwrap_or(all.len());
            format!(", sun_path={}", bytes::quoted(&all[..end], end))
        }
    }
}

fn internet(reader: Reader<'_>) -> Option<String> {
    let port = u16::from_be(reader.u16(2)?);
    let ip = Ipv4Addr::from(u32::from_be(reader.u32(4)?));
    Some(format!(", sin_port=htons({port}), sin_addr=inet_addr(\"{ip}\")"))
}

fn internet_6(reader: Reader<'_>) -> Option<String> {
    let port = u16::from_be(reader.u16(2)?);
    let flow = u32::from_be(reader.u32(4)?);
    let octets: [u8; 16] = reader.0.get(8..24)?.try_into().ok()?;
    let (ip, scope) = (Ipv6Addr::from(octets), reader.u32(24)?);
    Some(format!(
        ", sin6_port=htons({port}), sin6_flowinfo=htonl({flow}), \
         inet_pton(AF_INET6, \"{ip}\", &sin6_addr), sin6_scope_id={scope}"
    ))
}
