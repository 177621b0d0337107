//! The rows: one file a topic, joined here when the crate is compiled. Only `lookup` reads them.

mod bits;
mod files;
mod gone;
mod forms;
mod ioctls;
mod ipc;
mod memory;
mod options;
mod paths;
mod process;
mod signals;
mod sizes;
mod sockets;
mod system;
mod thread;
mod time;
mod waiting;
mod words;

use crate::row::Row;

/// The topics, in the order in which their rows stand in the table.
const TOPICS: &[&[Row]] = &[
    files::ROWS,
    paths::ROWS,
    sockets::ROWS,
    waiting::ROWS,
    time::ROWS,
    process::ROWS,
    signals::ROWS,
    thread::ROWS,
    memory::ROWS,
    ipc::ROWS,
    system::ROWS,
    gone::ROWS,
];

const COUNT: usize = {
    let mut count = 0;
    let mut topic = 0;
    while topic < TOPICS.len() {
        count += TOPICS[topic].len();
        topic += 1;
    }
    count
};

static JOINED: [Row; COUNT] = {
    let mut joined = [TOPICS[0][0]; COUNT];
    let mut at = 0;
    let mut topic = 0;
    while topic < TOPICS.len() {
        let mut row = 0;
        while row < TOPICS[topic].len() {
            joined[at] = TOPICS[topic][row];
            at += 1;
            row += 1;
        }
        topic += 1;
    }
    joined
};

pub(crate) static ROWS: &[Row] = &JOINED;
