//! One ring's thread: pushes calls, pays what it owes, waits in one way or another, and looks at completions.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use fastrand::Rng;
use syslet::{Completion, DoneFlags, Params, Refusal, Refused, Ring, Ticket, Which};

use super::RINGS;
use super::call::Call;
use super::debt::Debt;
use super::door;
use super::draw::draw;
use super::entry::Entry;
use super::pay::pay;
use super::stopped::group;
use super::turmoil::WORKERS_MAX;
use super::world::{Seat, Tally, World, lock};

/// A ring, and who drives it.
#[derive(Debug)]
pub(super) struct Player<'w> {
    pub(super) world: &'w World,
    pub(super) seat: &'w Seat,
    pub(super) rng: Rng,
    pub(super) ring: Ring,
    /// What it owes, each with the number of turns that it waits yet.
    pub(super) debts: Vec<(u8, Debt)>,
    tally: Tally,
    next_user_data: u64,
    /// It has at most so many calls in flight.
    most: usize,
    /// The engine was closed: results may be anything that an end explains.
    is_over: bool,
}

/// At most so many calls of one ring wait for something that the ring has yet to do, and one more reads for them.
const OWING_MAX: usize = 6;
const _: () = assert!(RINGS * (OWING_MAX + 1) < WORKERS_MAX as usize);
/// After so many turns on average a ring is dropped.
const TURNS_PER_LIFE: u32 = 3000;

/// Plays until the world stops, and everything is over.
pub(super) fn play(world: &World, index: usize, seed: u64) -> Result<(), String> {
    let mut rng = Rng::with_seed(seed);
    let seat = &world.seats[index];
    let ring = open(world, seat, &mut rng)?;
    let next_user_data = (index as u64) << 48;
    let most = rng.usize(4..96);
    let tally = Tally::default();
    let mut player =
        Player { world, seat, rng, ring, debts: Vec::new(), tally, next_user_data, most, is_over: false };
    let played = player.run();
    lock(&world.tally).add(&player.tally);
    if played.is_err() {
        // Calls that still run use it.
        std::mem::forget(std::mem::take(&mut *lock(&seat.table)));
    }
    played
}

fn open(world: &World, seat: &Seat, rng: &mut Rng) -> Result<Ring, String> {
    let params = Params {
        slots: 1 << rng.u32(3..9),
        submission_bytes: 1 << rng.u32(13..17),
        completion_bytes: 1 << rng.u32(17..19),
        ..Params::default()
    };
    let ring = world.engine.ring(&params).map_err(|error| format!("no ring: {error}"))?;
    *lock(&seat.waker) = Some(ring.waker());
    Ok(ring)
}

impl Player<'_> {
    fn run(&mut self) -> Result<(), String> {
        loop {
            if self.world.closes() {
                self.give_up();
            }
            if self.world.stops() && self.is_done()? {
                return Ok(());
            }
            self.pay()?;
            if !self.world.stops() {
                self.push_some()?;
                if self.rng.u32(..TURNS_PER_LIFE) == 0 {
                    self.reopen()?;
                }
            }
            self.wait()?;
            *lock(&self.seat.doing) = "looks at completions";
            self.consume()?;
        }
    }

    /// Whether nothing is left: neither owed, nor in flight, nor to be looked at.
    fn is_done(&mut self) -> Result<bool, String> {
        if !self.debts.is_empty() || lock(&self.seat.table).values().any(|entry| !entry.is_hidden()) {
            return Ok(false);
        }
        if self.ring.in_flight() > 0 {
            return Ok(false);
        }
        match self.ring.completions().next() {
            Some(done) => Err(format!("nothing is in flight, and {:#x} is completed", done.user_data())),
            None => {
                self.count_hidden();
                Ok(true)
            }
        }
    }

    /// With nothing in flight the hidden ones have succeeded.
    fn count_hidden(&mut self) {
        let hidden: Vec<Entry> = lock(&self.seat.table).drain().map(|(_, entry)| entry).collect();
        for entry in hidden {
            *self.tally.calls.entry(entry.name).or_default() += 1;
            self.tally.hidden += 1;
        }
    }

    fn push_some(&mut self) -> Result<(), String> {
        for _ in 0..self.rng.usize(..8) {
            if lock(&self.seat.table).len() >= self.most {
                if self.ring.in_flight() == 0 && lock(&self.seat.table).values().all(Entry::is_hidden) {
                    self.count_hidden();
                }
                break;
            }
            if self.rng.u8(..32) == 0 {
                if !self.push_group()? {
                    break;
                }
                continue;
            }
            let call = draw(&mut self.rng, &self.world.scratch).map_err(|error| error.to_string())?;
            if self.may_owe(&call.entry) && !self.push(call)? {
                break;
            }
        }
        Ok(())
    }

    /// Whether there are workers enough, once the limit is as high as it gets, for this one to wait for its ring
    /// beside all others: else nobody might be left for what they wait for.
    fn may_owe(&self, entry: &Entry) -> bool {
        let table = lock(&self.seat.table);
        let is_big = |name: &str| name.starts_with("big-");
        let has_big = table.values().any(|other| is_big(other.name))
            || self.debts.iter().any(|(_, debt)| matches!(debt, Debt::Read(_)));
        !entry.owes
            || table.values().filter(|other| other.owes).count() < OWING_MAX
                && !(is_big(entry.name) && has_big)
    }

    /// Submits what is owed and due; at the end, everything.
    fn pay(&mut self) -> Result<(), String> {
        let stops = self.world.stops();
        for (turns, debt) in std::mem::take(&mut self.debts) {
            let is_due = turns == 0 || stops;
            if self.is_over || is_due && self.pay_one(&debt)? {
                continue;
            }
            self.debts.push((turns.saturating_sub(1), debt));
        }
        Ok(())
    }

    fn pay_one(&mut self, debt: &Debt) -> Result<bool, String> {
        let call = pay(debt, &mut self.rng);
        // What fills the ring may wait for just this.
        Ok(self.push(call)? || debt.pay_by_hand())
    }

    /// Pushes one call; says whether it was accepted.
    fn push(&mut self, mut call: Call) -> Result<bool, String> {
        let user_data = self.next_user_data;
        let submission = call.submission(&mut self.rng, user_data);
        call.entry.pushed = Instant::now();
        let may_stop = call.entry.may_stop;
        // Before the push: whoever looks at the table sees every call that runs.
        let before = lock(&self.seat.table).insert(user_data, call.entry);
        debug_assert!(before.is_none(), "numbers are used once");
        match door::push(&mut self.ring, &submission) {
            Ok(ticket) => {
                self.next_user_data += 1;
                self.stop_some(ticket, may_stop);
                let turns = &mut self.rng;
                self.debts.extend(call.debts.into_iter().map(|debt| (turns.u8(..6), debt)));
                Ok(true)
            }
            Err(refused) => self.refuse(user_data, &refused),
        }
    }

    /// Pushes a program; says whether it was accepted.
    fn push_group(&mut self) -> Result<bool, String> {
        let user_data = self.next_user_data;
        let (program, entry) = group(&mut self.rng, user_data).map_err(|refused| refused.to_string())?;
        lock(&self.seat.table).insert(user_data, entry);
        match door::push_program(&mut self.ring, &program) {
            Ok(ticket) => {
                self.next_user_data += 1;
                self.stop_some(ticket, true);
                Ok(true)
            }
            Err(refused) => self.refuse(user_data, &refused),
        }
    }

    /// Stops some of those that may be stopped.
    fn stop_some(&mut self, ticket: Ticket, may_stop: bool) {
        if may_stop && self.rng.u8(..3) == 0 {
            if self.rng.bool() {
                self.ring.submit();
            }
            let _found = self.ring.cancel(Which::Ticket(ticket));
        }
    }

    /// A submission was refused; says that it was not accepted, if that is no fault.
    fn refuse(&mut self, user_data: u64, refused: &Refused) -> Result<bool, String> {
        lock(&self.seat.table).remove(&user_data);
        if refused.is_full() {
            self.tally.full += 1;
            return Ok(false);
        }
        if refused.refusal() == Refusal::CLOSED && self.world.closes() {
            self.give_up();
            return Ok(false);
        }
        Err(format!("a call was refused: {refused}"))
    }

    /// Looks at completions: at all, or at some.
    fn consume(&mut self) -> Result<(), String> {
        let most = if self.rng.u8(..4) == 0 { self.rng.usize(..4) } else { usize::MAX };
        let mut debts = Vec::new();
        for done in self.ring.completions().take(most) {
            let user_data = done.user_data();
            let entry = lock(&self.seat.table).remove(&user_data);
            let Some(entry) = entry else {
                return Err(format!("a completion of {user_data:#x}, which is not in flight: {done:?}"));
            };
            // Asked now: what the end has done to a completion came after its announcement.
            let is_over = self.is_over || self.world.closes();
            let is_cancelled = is_over && done.flags().contains(DoneFlags::NOT_RUN);
            let checked = match is_over {
                true if entry.was_stopped(&done) => Ok(()),
                true => check_end(&done),
                false => entry.check(&done),
            };
            checked
                .map_err(|fault| format!("{} ({user_data:#x}, {:?}): {fault}", entry.name, entry.flags))?;
            self.tally.cancelled += u64::from(is_cancelled);
            *self.tally.calls.entry(entry.name).or_default() += u64::from(!is_cancelled);
            self.world.moves.fetch_add(1, Ordering::Relaxed);
            debts.extend(follow(entry, done.result().0).map(|debt| (self.rng.u8(..6), debt)));
        }
        self.debts.append(&mut debts);
        Ok(())
    }

    /// The ring is dropped with whatever is in flight, and another one opened.
    fn reopen(&mut self) -> Result<(), String> {
        let in_flight = self.ring.in_flight();
        self.tally.drops += u64::from(in_flight > 0);
        self.tally.dropped_calls += in_flight as u64;
        let opened = match open(self.world, self.seat, &mut self.rng) {
            Err(_) if self.world.closes() => return Ok(()),
            opened => opened?,
        };
        // First: the memory of what runs on is not to be given back.
        let table: HashMap<u64, Entry> = std::mem::take(&mut *lock(&self.seat.table));
        lock(&self.world.graveyard).extend(table.into_values());
        self.debts.clear();
        self.ring = opened;
        self.most = self.rng.usize(4..96);
        Ok(())
    }

    /// The engine is being closed: nothing that is owed can be submitted. It is done by hand, elsewhere.
    fn give_up(&mut self) {
        self.is_over = true;
        self.debts.clear();
    }
}

/// What may come of a call when the engine ends: it ran, with whatever it was given, or was kept from it.
fn check_end(done: &Completion<'_>) -> Result<(), String> {
    let is_cancelled = done.flags().contains(DoneFlags::NOT_RUN);
    let result = done.result().0;
    if is_cancelled && result != -i64::from(libc::ECANCELED)
        || !is_cancelled && done.flags() != DoneFlags::NONE
    {
        return Err(format!("result {result} with {:?} at the engine's end", done.flags()));
    }
    Ok(())
}

/// What a call that is over leaves to do.
fn follow(entry: Entry, result: i64) -> Option<Debt> {
    match entry.then? {
        Debt::Close(_) => (result >= 0).then_some(Debt::Close(result)),
        Debt::Read(mut flow) => {
            flow.at += usize::try_from(result).unwrap_or(0);
            (flow.at < flow.end).then_some(Debt::Read(flow))
        }
        debt => Some(debt),
    }
}
