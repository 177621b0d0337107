//! Everybody there is: rings and workers. Nobody needs it to run a call.

use std::sync::Arc;

use super::tally::Tally;
use super::worker::seat::Seat;
use crate::port::Port;
use crate::sync::{Mutex, lock};

/// The rings and the workers of a pool.
#[derive(Debug)]
pub(super) struct Roll(Mutex<Members>);

#[derive(Debug, Default)]
struct Members {
    ports: Vec<Arc<Port>>,
    seats: Vec<Arc<Seat>>,
    /// Calls accepted by rings that are gone.
    accepted: u64,
    /// Calls ended without being run in rings that are gone: some of them end later, by their way out or by request.
    late: Vec<Arc<Tally>>,
    /// Calls ended by rings and workers that are gone.
    finished: u64,
}

impl Members {
    /// Rings whose last call is over count nothing any more.
    fn fold_late(&mut self) {
        let finished = &mut self.finished;
        self.late.retain_mut(|refused| {
            let is_shared = Arc::get_mut(refused).is_none();
            *finished += if is_shared { 0 } else { refused.get() };
            is_shared
        });
    }
}

impl Roll {
    pub(super) fn new() -> Roll {
        Roll(Mutex::new(Members::default()))
    }

    pub(super) fn add_port(&self, port: Arc<Port>) {
        lock(&self.0).ports.push(port);
    }

    pub(super) fn remove_port(&self, port: &Arc<Port>) {
        let mut members = lock(&self.0);
        if let Some(at) = members.ports.iter().position(|other| Arc::ptr_eq(other, port)) {
            members.ports.swap_remove(at);
            members.accepted += port.submitter.accepted.get();
            members.finished += port.submitter.finished.get();
            members.fold_late();
            members.late.push(Arc::clone(&port.refused));
        }
    }

    pub(super) fn add_seat(&self, seat: Arc<Seat>) {
        lock(&self.0).seats.push(seat);
    }

    pub(super) fn remove_seat(&self, seat: &Arc<Seat>) {
        let mut members = lock(&self.0);
        if let Some(at) = members.seats.iter().position(|other| Arc::ptr_eq(other, seat)) {
            members.seats.swap_remove(at);
            members.finished += seat.face.finished.get();
        }
    }

    /// A call is over that no worker and no ring counts: it was given up.
    pub(super) fn finish_one(&self) {
        lock(&self.0).finished += 1;
    }

    pub(super) fn ports(&self) -> Vec<Arc<Port>> {
        lock(&self.0).ports.clone()
    }

    pub(super) fn seats(&self) -> Vec<Arc<Seat>> {
        lock(&self.0).seats.clone()
    }

    /// Calls accepted and not over. What changes meanwhile makes it less, never more: see POOL-5.
    pub(super) fn in_flight(&self) -> u64 {
        let members = lock(&self.0);
        let accepted: u64 = members.ports.iter().map(|port| port.submitter.accepted.get()).sum();
        let by_workers: u64 = members.seats.iter().map(|seat| seat.face.finished.get()).sum();
        let by_rings: u64 =
            members.ports.iter().map(|port| port.submitter.finished.get() + port.refused.get()).sum();
        let late: u64 = members.late.iter().map(|refused| refused.get()).sum();
        let in_groups: u64 = members.ports.iter().map(|port| port.groups.calls()).sum();
        (members.accepted + accepted + in_groups)
            .saturating_sub(members.finished + by_workers + by_rings + late)
    }
}
