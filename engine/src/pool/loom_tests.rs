//! Every interleaving of those who publish work and those who park, over the board itself and a model of a futex.

use loom::thread;

use super::board::{Board, Parked, Quota, Rouse, Sleeper, Work};
use crate::sync::{Arc, AtomicBool, AtomicU32, Ordering};
use crate::wake::Wake;
use crate::wake::loom_tests::{ModelWord, word};

/// A ring: a count of calls.
struct Queue {
    calls: AtomicU32,
    listed: AtomicBool,
}

impl Queue {
    fn new() -> Arc<Queue> {
        Arc::new(Queue { calls: AtomicU32::new(0), listed: AtomicBool::new(false) })
    }

    /// Claims one call, as an exchange on the ring's head does.
    fn claim(&self) -> bool {
        let calls = self.calls.load(Ordering::Acquire);
        calls > 0
            && self.calls.compare_exchange(calls, calls - 1, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl Work for Queue {
    fn listed(&self) -> &AtomicBool {
        &self.listed
    }

    fn has_work(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > 0
    }
}

struct Worker {
    called: AtomicBool,
    wake: Wake<ModelWord>,
}

impl Worker {
    fn new() -> Arc<Worker> {
        Arc::new(Worker { called: AtomicBool::new(false), wake: Wake::new(word(), word()) })
    }

    fn sleep(&self) {
        while !self.called.swap(false, Ordering::Acquire) {
            self.wake.sleep_unless(|| self.called.load(Ordering::Acquire), None);
        }
    }
}

impl Sleeper for Worker {
    fn call(&self) {
        // An exchange: loom would otherwise let the sleeper overwrite it with an older false.
        self.called.swap(true, Ordering::Release);
        self.wake.notify();
    }

    fn stays(&self) -> bool {
        true
    }
}

const QUOTA: Quota = Quota { workers_max: 1, runnable_max: 1, given_up: 0 };

type Pool = Board<Queue, Worker>;

fn offer(board: &Pool, queue: &Arc<Queue>) {
    queue.calls.fetch_add(1, Ordering::Release);
    if board.announce(queue) {
        rouse(board);
    }
}

fn rouse(board: &Pool) {
    match board.rouse(QUOTA, || 1) {
        Rouse::Wake(worker) => worker.call(),
        Rouse::Start => panic!("there is one, and there may be no other"),
        Rouse::Nobody | Rouse::Held => {}
    }
}

/// The loop of a worker, without what it does with time; ends once it has run so many calls.
fn work(board: &Pool, worker: &Arc<Worker>, calls: u32) {
    let (mut searching, mut done) = (true, 0);
    while done < calls {
        if let Some(queue) = board.next(None) {
            if queue.claim() {
                if std::mem::take(&mut searching) && board.end_search() {
                    rouse(board);
                }
                done += 1;
            }
            continue;
        }
        match board.park(worker, std::mem::take(&mut searching), QUOTA) {
            Parked::Idle | Parked::Superfluous => worker.sleep(),
            Parked::Search => {}
            Parked::Leave => panic!("nobody has closed the pool"),
        }
        searching = true;
    }
}

/// POOL-10: one who publishes twice, and a worker that parks when it finds nothing: no call is forgotten. A forgotten
/// call is a deadlock, which loom reports.
#[test]
fn loom_published_work_is_found() {
    loom::model(|| {
        let (board, queue) = (Arc::new(Pool::new()), Queue::new());
        board.first();
        let worker = {
            let board = Arc::clone(&board);
            thread::spawn(move || work(&board, &Worker::new(), 2))
        };
        offer(&board, &queue);
        offer(&board, &queue);
        worker.join().unwrap();
    });
}

/// POOL-10: two who publish to rings of their own.
#[test]
fn loom_work_of_two_rings_is_found() {
    loom::model(|| {
        let board = Arc::new(Pool::new());
        board.first();
        let publisher = {
            let board = Arc::clone(&board);
            thread::spawn(move || offer(&board, &Queue::new()))
        };
        let worker = {
            let board = Arc::clone(&board);
            thread::spawn(move || work(&board, &Worker::new(), 2))
        };
        offer(&board, &Queue::new());
        publisher.join().unwrap();
        worker.join().unwrap();
    });
}

/// POOL-14: a worker goes to sleep in a call while another call is published. Either it sees the listed ring and
/// brings the idle one, or who publishes sees that it does not count any more.
#[test]
fn loom_a_blocked_worker_or_who_publishes_wakes_the_idle_one() {
    loom::model(|| {
        let (board, queue) = (Arc::new(Pool::new()), Queue::new());
        // Two workers: one idle, one about to block. One may run.
        board.first();
        board.first();
        let idle = Worker::new();
        assert_eq!(board.park(&idle, true, QUOTA), Parked::Idle);
        assert!(board.end_search(), "the other one runs");
        let blocked = {
            let board = Arc::clone(&board);
            thread::spawn(move || {
                if board.block() {
                    rouse(&board);
                }
            })
        };
        let worker = {
            let board = Arc::clone(&board);
            thread::spawn(move || {
                idle.sleep();
                let found = board.next(None).expect("it was called for something");
                assert!(found.claim());
            })
        };
        offer(&board, &queue);
        blocked.join().unwrap();
        worker.join().unwrap();
    });
}

/// POOL-21: one publishes while another closes. Either the closer sees the call, or who publishes sees that the board
/// is closed; whoever sees it ends it. The ring is listed already, so the lock orders nothing.
#[test]
fn loom_a_call_offered_while_closing_is_ended() {
    loom::model(|| {
        let (board, queue) = (Arc::new(Pool::new()), Queue::new());
        let ended = Arc::new(AtomicU32::new(0));
        let end_queued = |queue: &Queue, ended: &AtomicU32| {
            while queue.claim() {
                ended.fetch_add(1, Ordering::Relaxed);
            }
        };
        // As a worker in between would leave it.
        queue.listed.store(true, Ordering::Relaxed);
        let closer = {
            let (board, queue, ended) = (Arc::clone(&board), Arc::clone(&queue), Arc::clone(&ended));
            thread::spawn(move || {
                assert!(board.close().is_empty());
                end_queued(&queue, &ended);
            })
        };
        queue.calls.store(1, Ordering::Release);
        board.announce(&queue);
        if board.is_closed() {
            end_queued(&queue, &ended);
        }
        closer.join().unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 1);
    });
}
