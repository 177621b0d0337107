//! Holds the table of calls that are in lanes or wait for one, which `Lanes` keeps behind its lock.
//!
//! The table knows no ring: a call is a name, and a value that is kept until the call may go.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use syslet_attrs::LaneAsk;

use crate::queues::priority::Key;

/// The name of a call: its ring, and its ticket.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Name {
    pub(crate) owner: usize,
    pub(crate) ticket: u64,
}

/// The request of a call: its lane, its limit, and its key among the waiting calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) lane: u64,
    pub(crate) limit: u32,
    pub(crate) key: Key,
}

/// All lanes of an engine. `C` is the value kept of a call that waits.
#[derive(Debug)]
pub(crate) struct Table<C> {
    calls: HashMap<Name, Member>,
    /// INVARIANT: every lane in the map has running > 0, so a lane that is absent has no waiting calls.
    lanes: HashMap<u64, Lane<C>>,
    /// The number of the next call that waits: among calls with one key the lowest number goes first.
    number: u64,
    /// No call waits from now on.
    is_closed: bool,
}

/// The place of a waiting call.
type Rank = (Key, u64);

#[derive(Debug)]
struct Member {
    lane: u64,
    /// `None` when it is in the lane.
    waits: Option<Rank>,
}

#[derive(Debug)]
struct Lane<C> {
    running: u32,
    waiting: BTreeMap<Rank, Waiting<C>>,
}

#[derive(Debug)]
struct Waiting<C> {
    name: Name,
    limit: u32,
    call: C,
}

impl<C> Table<C> {
    pub(crate) fn new() -> Table<C> {
        Table { calls: HashMap::new(), lanes: HashMap::new(), number: 0, is_closed: false }
    }

    /// Adds a call. `let_in` gets each call that now has its place, which is this one or none, and the number of calls in the
    /// lane with it.
    pub(crate) fn enter(&mut self, name: Name, wish: Wish, call: C, let_in: impl FnMut(C, u32)) {
        let mut let_in = let_in;
        if self.is_closed {
            return let_in(call, 1);
        }
        let rank = (wish.key, self.number);
        self.number += 1;
        self.calls.insert(name, Member { lane: wish.lane, waits: Some(rank) });
        let lane = Lane { running: 0, waiting: BTreeMap::new() };
        let lane = self.lanes.entry(wish.lane).or_insert(lane);
        lane.waiting.insert(rank, Waiting { name, limit: wish.limit, call });
        self.fill(wish.lane, let_in);
    }

    /// Adds a call if its lane has room at once; gives the number of calls in the lane with it. Nothing is kept of the call.
    pub(crate) fn try_enter(&mut self, name: Name, ask: LaneAsk) -> Option<u32> {
        if self.is_closed {
            return None;
        }
        let lane = Lane { running: 0, waiting: BTreeMap::new() };
        let lane = self.lanes.entry(ask.id).or_insert(lane);
        if !lane.waiting.is_empty() || !lane_has_room(lane.running, ask.limit) {
            return None;
        }
        lane.running += 1;
        self.calls.insert(name, Member { lane: ask.id, waits: None });
        Some(lane.running)
    }

    /// Takes out a call that is over, or will never begin. Gives back the value kept of it, if it was still waiting. Leaving
    /// twice is leaving once.
    pub(crate) fn leave(&mut self, name: Name, let_in: impl FnMut(C, u32)) -> Option<C> {
        let member = self.calls.remove(&name)?;
        let lane = self.lanes.get_mut(&member.lane)?;
        let kept = match member.waits {
            None => {
                lane.running -= 1;
                None
            }
            Some(rank) => lane.waiting.remove(&rank),
        };
        self.fill(member.lane, let_in);
        kept.map(|waiting| waiting.call)
    }

    /// Takes out all waiting calls of one owner.
    pub(crate) fn give_up(&mut self, owner: usize, mut let_in: impl FnMut(C, u32)) -> Vec<C> {
        let of_owner = |(name, member): (&Name, &Member)| {
            (name.owner == owner && member.waits.is_some()).then_some(*name)
        };
        let names: Vec<Name> = self.calls.iter().filter_map(of_owner).collect();
        names.into_iter().filter_map(|name| self.leave(name, &mut let_in)).collect()
    }

    /// Takes out all waiting calls, and keeps none from now on.
    pub(crate) fn close(&mut self) -> Vec<C> {
        self.is_closed = true;
        self.calls.retain(|_, member| member.waits.is_none());
        let waiting =
            self.lanes.values_mut().flat_map(|lane| std::mem::take(&mut lane.waiting).into_values());
        waiting.map(|waiting| waiting.call).collect()
    }

    /// Gives places to the first waiting calls, as long as each finds room under its own limit.
    fn fill(&mut self, id: u64, mut let_in: impl FnMut(C, u32)) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        while let Some(first) =
            lane.waiting.first_entry().filter(|first| lane_has_room(lane.running, first.get().limit))
        {
            let Waiting { name, call, .. } = first.remove();
            lane.running += 1;
            if let Some(member) = self.calls.get_mut(&name) {
                member.waits = None;
            }
            let_in(call, lane.running);
        }
        if lane.running == 0 {
            self.lanes.remove(&id);
        }
    }
}

fn lane_has_room(running: u32, limit: u32) -> bool {
    running < limit
}
