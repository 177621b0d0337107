//! Structures with offsets in them in words: vectors and messages. Bytes that are sent lie in DATA, bytes that are received
//! in the out area. The decoder of arguments calls it.

use syslet_abi::Call;

use crate::argument::{Arg, ArgType};
use crate::constants::sockets;
use crate::decode::answer::Answer;
use crate::decode::naming::any;
use crate::decode::shapes::Shape;
use crate::decode::structure::{self, Style};
use crate::inner::{Entry, Header, Inner, Vector};

/// The areas that the structures of one argument name.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    data: &'a [u8],
    /// The bytes that came back, when the call receives; `None` before it is over.
    came: Option<&'a [u8]>,
    receives: bool,
    /// Whether the out area is shared with other calls, so that offsets in it are shown.
    is_shared: bool,
    style: Style,
}

/// The structures of an argument, and with an answer the bytes received.
pub(super) fn shown(
    inner: Inner,
    arg: &Arg,
    call: &Call<'_>,
    answer: Option<&Answer<'_>>,
    style: Style,
) -> String {
    let result = answer.and_then(|answer| answer.result.decode().ok());
    let came = result.and(answer).and_then(|answer| answer.data);
    let named =
        Named { data: call.data(), came, receives: arg.ty.receives(), is_shared: call.is_sharing(), style };
    if let Inner::Vector(vector) = inner {
        return named.vector(vector, result);
    }
    let is_one = matches!(arg.ty, ArgType::SendMessage | ArgType::ReceiveMessage);
    // The length of each of many messages stands in its own structure, which the kernel has written.
    let bytes = result.map(|bytes| if is_one { bytes } else { u64::MAX });
    let headers = inner.headers(named.data).take(style.shown_bytes.max(1));
    let headers: Vec<String> = headers.map(|header| named.message(header, bytes)).collect();
    if is_one { headers.concat() } else { format!("[{}]", headers.join(", ")) }
}

impl Named<'_> {
    /// The entries, of which `bytes` were received in turn.
    fn vector(&self, vector: Vector, bytes: Option<u64>) -> String {
        let mut left = bytes.unwrap_or(0);
        let entries = vector.entries(self.data).take(self.style.shown_bytes);
        let entries = entries.map(|entry| {
            let taken = entry.len.min(left);
            left -= taken;
            let base = self.bytes(entry, taken, Shape::Bytes);
            format!("{{iov_base={base}, iov_len={}}}", entry.len)
        });
        let entries: Vec<String> = entries.collect();
        let more = if vector.count > entries.len() { ", ..." } else { "" };
        format!("[{}{more}]", entries.join(", "))
    }

    fn message(&self, header: Header, bytes: Option<u64>) -> String {
        let name = self.optional(header.name, Shape::Address);
        let control = self.optional(header.control, Shape::Structure);
        format!(
            "{{msg_name={name}, msg_namelen={}, msg_iov={}, msg_iovlen={}, msg_control={control}, \
             msg_controllen={}, msg_flags={}}}",
            header.name.len,
            self.vector(header.vector, bytes),
            header.vector.count,
            header.control.len,
            any(&[sockets::MESSAGE]).name(header.flags.into()),
        )
    }

    /// Bytes that need not be there.
    fn optional(&self, entry: Entry, shape: Shape) -> String {
        if entry.len == 0 { "NULL".to_owned() } else { self.bytes(entry, entry.len, shape) }
    }

    /// The bytes of an entry; for an entry that receives, those that arrived.
    fn bytes(&self, entry: Entry, taken: u64, shape: Shape) -> String {
        let (from, len) = if self.receives { (self.came, taken) } else { (Some(self.data), entry.len) };
        let at = usize::try_from(entry.at).unwrap_or(usize::MAX);
        match from.and_then(|from| from.get(at..)) {
            Some(from) if !self.receives || taken > 0 => {
                let len = usize::try_from(len).map_or(from.len(), |len| len.min(from.len()));
                structure::shown(shape, &from[..len], self.style)
            }
            _ if self.receives && self.is_shared => format!("out@{at}"),
            _ if self.receives => format!("out({})", entry.len),
            _ => format!("in@{}", entry.at),
        }
    }
}
