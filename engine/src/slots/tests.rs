//! Slots through their owner.

use std::sync::Arc;

use syslet_abi::{ArgKinds, Call, CallFlags, CallRepr};

use crate::slots::admission::Verdict;
use crate::slots::{SlotOwner, Slots, Ticket};

fn take(owner: &mut SlotOwner) -> Option<Ticket> {
    let (flags, kinds) = (CallFlags::NONE, ArgKinds::default());
    let getppid = CallRepr { flags, user_data: 7, nr: 110, kinds, args: &[], out_len: 0, attributes: &[] };
    let mut record = [0; 32];
    getppid.emit(&mut record);
    let (call, verdict) = (Call::admitted(&record), Verdict { credit: 24, ..Verdict::default() });
    owner.take(&call, &verdict.at_push(&call, || 0))
}

/// ENGINE-13: a ticket names its call while that is in flight, and none after.
#[test]
fn a_ticket_is_never_given_twice() {
    let table = Arc::new(Slots::new(2).unwrap());
    let mut owner = SlotOwner::new(Arc::clone(&table), Vec::new());
    let mut seen = Vec::new();
    for round in 0..100 {
        let first = take(&mut owner).unwrap();
        let second = take(&mut owner).unwrap();
        assert!(take(&mut owner).is_none(), "both slots are taken");
        assert!(!seen.contains(&first) && !seen.contains(&second) && first != second);
        seen.extend([first, second]);
        // Both orders: the list of free slots is a stack.
        let order = if round % 2 == 0 { [first, second] } else { [second, first] };
        assert_eq!(order.map(|ticket| owner.settle(ticket)), [(7, 24); 2]);
    }
    assert_eq!(owner.in_use(), 0);
}
