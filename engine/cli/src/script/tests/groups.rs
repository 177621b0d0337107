//! Trees of groups, any that can be written.

use proptest::prelude::*;

use super::properties::{after, at, attribute, call, value, view, word};
use crate::script::group::syntax::{Asked, Change, Comparison, Condition, Group, Item, Leave};
use crate::script::source::Spanned;
use crate::script::statement::{Body, Statement};
use crate::script::syntax::{Call, Operand};

fn condition() -> impl Strategy<Value = Condition> {
    let comparison = (0..Comparison::ALL.len()).prop_map(|index| Comparison::ALL[index].0);
    let asked = prop_oneof![
        (comparison, value()).prop_map(|(comparison, value)| Asked::Compared(comparison, value)),
        prop::collection::vec(word().prop_map(at), 1..4).prop_map(Asked::Errno),
        Just(Asked::Error),
    ];
    (word(), asked).prop_map(|(of, asked)| Condition { of: at(of), asked })
}

fn change() -> impl Strategy<Value = Item> {
    let plain = (0..Change::ALL.len(), value())
        .prop_map(|(index, value)| (Change::ALL[index].0, Operand::Value(value)));
    let read = view().prop_map(|view| (Change::Set, Operand::View(view)));
    (word(), prop_oneof![plain, read]).prop_map(|(register, (change, by))| Item::Change {
        register: at(register),
        change,
        by,
    })
}

/// A statement that has no block.
fn plain() -> impl Strategy<Value = Item> {
    let leave = (0..Leave::ALL.len()).prop_map(|index| Leave::ALL[index].0);
    let call = call().prop_map(|call| Call { after: Vec::new(), ..call });
    prop_oneof![
        (word(), value(), any::<bool>()).prop_map(|(name, size, comes_back)| Item::Area {
            name: at(name),
            size: at(size),
            comes_back
        }),
        (prop::option::of(word()), call).prop_map(|(name, call)| Item::Call { name: name.map(at), call }),
        change(),
        (leave, prop::option::of(condition())).prop_map(|(how, when)| Item::Leave { how, when }),
    ]
}

fn items(item: impl Strategy<Value = Item>) -> impl Strategy<Value = Vec<Spanned<Item>>> {
    prop::collection::vec(item.prop_map(at), 0..4)
}

fn item() -> impl Strategy<Value = Item> {
    plain().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            (condition(), items(inner.clone()), items(inner.clone()))
                .prop_map(|(when, then, otherwise)| Item::If { when, then, otherwise }),
            items(inner.clone()).prop_map(Item::Loop),
            items(inner.clone()).prop_map(Item::Finally),
            (prop::option::of(value().prop_map(at)), items(inner))
                .prop_map(|(enough, items)| Item::Together { enough, items }),
        ]
    })
}

/// A statement that is a group.
pub(super) fn group() -> impl Strategy<Value = Statement> {
    let attributes = prop::collection::vec(attribute(), 0..3);
    let after = prop::collection::vec(after(), 0..3);
    let budget = prop::option::of(value().prop_map(at));
    (prop::option::of(word()), budget, any::<bool>(), after, attributes, items(item())).prop_map(
        |(name, budget, in_order, after, attributes, items)| {
            let group = Group { word: at(()), budget, in_order, after, attributes, items };
            Statement { name: name.map(at), body: Body::Group(group), line: 1 }
        },
    )
}
