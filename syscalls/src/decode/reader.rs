//! Numbers in the bytes of a structure, for the decoders of structures. A number behind the end is `None`.

/// The bytes of one structure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

macro_rules! numbers {
    ($($name:ident)*) => {
        $(pub(super) fn $name(self, at: usize) -> Option<$name> {
            let bytes = self.0.get(at..at.checked_add(size_of::<$name>())?)?;
            bytes.try_into().ok().map($name::from_ne_bytes)
        })*
    };
}

impl Reader<'_> {
    numbers! { u16 i16 u32 i32 u64 i64 }

    /// A number of so many bytes, 4 or 8.
    pub(super) fn signed(self, at: usize, bytes: usize) -> Option<i64> {
        if bytes == 4 { self.i32(at).map(i64::from) } else { self.i64(at) }
    }

    /// A number of so many bytes, 4 or 8.
    pub(super) fn unsigned(self, at: usize, bytes: usize) -> Option<u64> {
        if bytes == 4 { self.u32(at).map(u64::from) } else { self.u64(at) }
    }
}
