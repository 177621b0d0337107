//! The part of the builder for vectors and messages: structures with offsets, which the engine turns into addresses.

use syslet_abi::{ArgKind, Inout};

use crate::submission::SubmissionBuilder;

/// A message to send.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    /// The address it goes to, as `struct sockaddr`; empty for the one the socket is connected to.
    pub name: &'a [u8],
    /// Its bytes, in parts.
    pub parts: &'a [&'a [u8]],
    /// Control data, as `struct cmsghdr`. Safe code sends none: it can carry descriptors.
    pub control: &'a [u8],
}

/// Room for a message to receive.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageRoom<'a> {
    /// Bytes for the address it comes from.
    pub name: usize,
    /// Bytes for each part.
    pub parts: &'a [usize],
    /// Bytes for control data. Safe code has none: a message could bring descriptors without an owner.
    pub control: usize,
}

/// `struct iovec`: offset and length.
type Entry = [u64; 2];
/// `struct msghdr`: name, its length, vector, count, control data, their length, flags.
type Header = [u64; 7];
/// `struct mmsghdr`: a header, and the length of the message.
type CountedHeader = [u64; 8];

impl SubmissionBuilder {
    /// A vector of bytes that the call reads (writev): they travel with the submission. The count of parts is the next
    /// argument, and not added here.
    pub fn vector(mut self, parts: &[&[u8]]) -> SubmissionBuilder {
        let at = self.gather(parts);
        self.arg(ArgKind::IN, at)
    }

    /// A vector of rooms that the call fills (readv): they come back with the completion, one behind the other without a
    /// gap. The count of parts is the next argument, and not added here.
    pub fn vector_room(mut self, parts: &[usize]) -> SubmissionBuilder {
        let at = self.scatter(parts);
        self.arg(ArgKind::IN, at)
    }

    /// A message that the call sends (sendmsg).
    pub fn message(mut self, message: &Message<'_>) -> SubmissionBuilder {
        let header = self.header(message);
        let at = self.append(bytemuck::bytes_of(&header));
        self.arg(ArgKind::IN, at as u64)
    }

    /// Room for a message (recvmsg). The header comes back first, as `struct msghdr`: lengths and flags as the call has written
    /// them, and offsets in the bytes that come back in the place of addresses.
    pub fn message_room(mut self, room: &MessageRoom<'_>) -> SubmissionBuilder {
        let out = self.reserve(size_of::<Header>());
        let header = self.header_of_room(room);
        self.headers(bytemuck::bytes_of(&header), out)
    }

    /// Messages that the call sends (sendmmsg). The headers come back, as `struct mmsghdr`, with the bytes sent of each.
    /// Their count is the next argument, and not added here.
    pub fn messages(mut self, messages: &[Message<'_>]) -> SubmissionBuilder {
        let headers: Vec<CountedHeader> =
            messages.iter().map(|message| counted(&self.header(message))).collect();
        let out = self.reserve(size_of_val(&headers[..]));
        self.headers(bytemuck::cast_slice(&headers), out)
    }

    /// Room for messages (recvmmsg). The headers come back first, as `struct mmsghdr`. Their count is the next argument,
    /// and not added here.
    pub fn message_rooms(mut self, rooms: &[MessageRoom<'_>]) -> SubmissionBuilder {
        let out = self.reserve(rooms.len().saturating_mul(size_of::<CountedHeader>()));
        let headers: Vec<CountedHeader> =
            rooms.iter().map(|room| counted(&self.header_of_room(room))).collect();
        self.headers(bytemuck::cast_slice(&headers), out)
    }

    /// Headers in DATA that come back at `out`.
    fn headers(mut self, headers: &[u8], out: usize) -> SubmissionBuilder {
        let data = u32::try_from(self.append(headers)).unwrap_or(u32::MAX);
        let out = u32::try_from(out).unwrap_or(u32::MAX);
        self.arg(ArgKind::INOUT, Inout { out, data }.pack())
    }

    fn header(&mut self, message: &Message<'_>) -> Header {
        let name = self.append(message.name);
        let control = self.append(message.control);
        let vector = self.gather(message.parts);
        header([name, message.name.len()], vector, message.parts.len(), [control, message.control.len()])
    }

    fn header_of_room(&mut self, room: &MessageRoom<'_>) -> Header {
        let name = self.reserve(room.name);
        let control = self.reserve(room.control);
        let vector = self.scatter(room.parts);
        header([name, room.name], vector, room.parts.len(), [control, room.control])
    }

    /// Bytes in DATA and the vector that names them; returns the vector's offset.
    fn gather(&mut self, parts: &[&[u8]]) -> u64 {
        let entries: Vec<Entry> =
            parts.iter().map(|part| [self.append(part) as u64, part.len() as u64]).collect();
        self.append(bytemuck::cast_slice(&entries)) as u64
    }

    /// Rooms in the out area, one behind the other, and the vector that names them; returns the vector's offset.
    fn scatter(&mut self, parts: &[usize]) -> u64 {
        let mut at = self.reserve(parts.iter().fold(0, |sum: usize, len| sum.saturating_add(*len)));
        let mut entries: Vec<Entry> = Vec::with_capacity(parts.len());
        for &len in parts {
            entries.push([at as u64, len as u64]);
            at = at.saturating_add(len);
        }
        self.append(bytemuck::cast_slice(&entries)) as u64
    }
}

/// A name's length has 32 bits. A longer name fits no record anyway.
fn header(name: [usize; 2], vector: u64, count: usize, control: [usize; 2]) -> Header {
    let name_len = name[1].min(u32::MAX as usize) as u64;
    [name[0] as u64, name_len, vector, count as u64, control[0] as u64, control[1] as u64, 0]
}

fn counted(header: &Header) -> CountedHeader {
    let mut counted = [0; 8];
    counted[..header.len()].copy_from_slice(header);
    counted
}
