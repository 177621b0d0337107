//! Sets of flags: what the macro gives each of them.

use syslet_abi::{AtomFlags, AttributeFlags, CallFlags, CancelSteps, DoneFlags, Features};

syslet_abi::flags! {
    /// As a crate declares flags of its own.
    struct Lamp(u8) {
        /// Dark.
        DARK;
        /// Both colours.
        WHITE = 0b110, "white";
        /// One of them.
        RED = 0b010, "red";
        /// Bits stand in any order.
        BROKEN = 0b1000_0000, "broken";
    }
}

/// Flags print as the names of their bits, and what has no name as a number.
#[test]
fn flags_print_by_name() {
    assert_eq!(format!("{:?}", DoneFlags::NONE), "DoneFlags(0)");
    assert_eq!(
        format!("{:?}", DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN)),
        "DoneFlags(NOT_RUN|CANCELLED)"
    );
    assert_eq!(format!("{:?}", CallFlags(0x8001)), "CallFlags(ASYNC|0x8000)");
    assert_eq!(format!("{:?}", Features(1 << 63)), "Features(0x8000000000000000)");
    assert_eq!(format!("{:?}", AtomFlags::FINALLY), "AtomFlags(FINALLY)");
    assert_eq!(format!("{:?}", CancelSteps::KNOWN), "CancelSteps(SHUTDOWN|ABANDON)");
    assert_eq!(format!("{:?}", AttributeFlags::REQUIRED), "AttributeFlags(REQUIRED)");
}

/// A name of two bits stands for both, and one of its bits alone has its own name.
#[test]
fn a_name_may_have_several_bits() {
    assert_eq!(format!("{:?} {0}", Lamp::WHITE.with(Lamp::BROKEN)), "Lamp(WHITE|BROKEN) white, red, broken");
    assert_eq!(format!("{:?} {0}", Lamp::RED), "Lamp(RED) red");
    assert_eq!(format!("{:?} {0}", Lamp(0b101)), "Lamp(0x5) ");
    assert_eq!(format!("{:?} {0}", Lamp::DARK), "Lamp(0) ");
}

/// Every byte as a set: what the methods say agrees with the bits, one by one.
#[test]
fn the_methods_are_those_of_sets() {
    const BITS: u8 = 8;
    assert_eq!(Lamp::default(), Lamp::DARK);
    assert_eq!(Lamp::KNOWN, Lamp(0b1000_0110));
    let has = |set: Lamp, bit: u8| set.0 >> bit & 1 != 0;
    for (left, right) in
        (0..=u8::MAX).flat_map(|left| (0..=u8::MAX).map(move |right| (Lamp(left), Lamp(right))))
    {
        assert_eq!(left.contains(right), (0..BITS).all(|bit| has(left, bit) || !has(right, bit)));
        assert_eq!(left.intersects(right), (0..BITS).any(|bit| has(left, bit) && has(right, bit)));
        for bit in 0..BITS {
            assert_eq!(has(left.with(right), bit), has(left, bit) || has(right, bit));
            assert_eq!(has(left.without(right), bit), has(left, bit) && !has(right, bit));
            assert_eq!(has(left.unknown(), bit), has(left, bit) && !has(Lamp::KNOWN, bit));
        }
        assert_eq!(left.is_empty(), left == Lamp::DARK);
    }
}
