//! Makes the arguments of a call what the kernel gets: offsets become addresses. The runner and the calls of a program ask for it.

use syslet_abi::{ArgKind, Call, Inout};
use syslet_syscalls::{Bases, RawArgs, Row, build};

/// The arguments as the kernel gets them: offsets become addresses in the record and the out area, structures with
/// offsets in them become others, in `built`.
pub(crate) fn resolve(row: Option<&Row>, call: &Call<'_>, out: &mut [u8], built: &mut Vec<u64>) -> RawArgs {
    let kinds = call.kinds();
    let mut args = RawArgs::of(call);
    if kinds.all_values() {
        return args;
    }
    let data = call.data().as_ptr().expose_provenance() as u64;
    let out = out.as_mut_ptr().expose_provenance() as u64;
    for index in kinds.not_values() {
        let offset = call.raw_arg(index);
        match kinds.get(index) {
            ArgKind::IN => args.set(index, data + offset),
            ArgKind::OUT => args.set(index, out + offset),
            ArgKind::INOUT => args.set(index, out + u64::from(Inout::unpack(offset).out)),
            _ => {}
        }
    }
    if let Some(row) = row.filter(|row| row.is_built) {
        build(row, call, Bases { data, out }, built, &mut args);
    }
    args
}
