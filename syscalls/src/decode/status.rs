//! The status of a child in words: how it ended, or why it is stopped. The decoder of structures calls it.

use crate::decode::signals::signal;

const CONTINUED: u32 = 0xffff;
const STOPPED: u32 = 0x7f;
const CORE: u32 = 0x80;

/// The status in terms of the C library's macros.
pub(super) fn shown(status: u32) -> Option<String> {
    let code = status >> 8;
    let text = match (status & 0x7f, code) {
        _ if status == CONTINUED => "WIFCONTINUED(s)".to_owned(),
        _ if code > 0xff => return None,
        (0, code) => format!("WIFEXITED(s) && WEXITSTATUS(s) == {code}"),
        (STOPPED, code) => format!("WIFSTOPPED(s) && WSTOPSIG(s) == {}", signal(code.cast_signed())),
        (by, _) => {
            let core = if status & CORE == 0 { "" } else { " && WCOREDUMP(s)" };
            format!("WIFSIGNALED(s) && WTERMSIG(s) == {}{core}", signal(by.cast_signed()))
        }
    };
    Some(format!("[{{{text}}}]"))
}
