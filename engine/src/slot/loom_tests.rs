//! Every interleaving of the one who takes slots and two who free them.

use loom::thread;
use syslet_abi::{ArgKinds, Call, CallFlags, CallRepr};

use super::{SlotOwner, Slots, Ticket};
use crate::admission::Admission;
use crate::sync::Arc;

fn take(owner: &mut SlotOwner) -> Option<Ticket> {
    let getppid = CallRepr {
        flags: CallFlags::NONE,
        user_data: 0,
        nr: 110,
        kinds: ArgKinds::default(),
        args: &[],
        out_len: 0,
        attributes: &[],
    };
    let mut record = [0; 32];
    getppid.emit(&mut record);
    owner.take(&Call::admitted(&record), &Admission::default())
}

/// ENGINE-13: two threads free slots while a third takes them: none is lost or given out twice, and no ticket
/// comes again.
#[test]
fn loom_slots_come_back_once_and_with_new_tickets() {
    loom::model(|| {
        let table = Arc::new(Slots::new(2));
        let mut owner = SlotOwner::new(Arc::clone(&table));
        let first = [take(&mut owner).unwrap(), take(&mut owner).unwrap()];
        assert!(take(&mut owner).is_none(), "both slots are taken");
        let threads: Vec<_> = first
            .into_iter()
            .map(|ticket| {
                let table = Arc::clone(&table);
                thread::spawn(move || table.free_elsewhere(ticket))
            })
            .collect();
        let mut second = Vec::new();
        while second.is_empty() {
            second.extend(take(&mut owner));
            thread::yield_now();
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(owner.in_use(), 1, "one is taken again");
        second.extend(take(&mut owner));
        second.extend(take(&mut owner));
        assert_eq!(second.len(), 2, "both came back, and no more");
        assert!(second[0] != second[1] && second.iter().all(|ticket| !first.contains(ticket)), "new tickets");
    });
}
