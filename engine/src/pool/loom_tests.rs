//! Loom models of publishing against parking, blocking and closing, over the scheduler itself and a model of a futex.
//! Run by `--cfg syslet_loom` test builds.

use loom::thread;

use crate::notify::Wake;
use crate::notify::loom_tests::{ModelWord, word};
use crate::pool::scheduler::{Parked, Quota, Scheduler, Sleeper, WakeOne, Work};
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Ordering};

/// A ring: a count of calls.
struct Queue {
    calls: AtomicU32,
    listed: AtomicBool,
}

impl Queue {
    fn new() -> Arc<Queue> {
        Arc::new(Queue { calls: AtomicU32::new(0), listed: AtomicBool::new(false) })
    }

    /// Claims one call, as the exchange on a ring's head does.
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

const QUOTA: Quota = Quota { workers_max: 1, runnable_max: 1, abandoned: 0 };

type Pool = Scheduler<Queue, Worker>;

fn offer(scheduler: &Pool, queue: &Arc<Queue>) {
    queue.calls.fetch_add(1, Ordering::Release);
    if scheduler.announce(queue) {
        wake_one(scheduler);
    }
}

fn wake_one(scheduler: &Pool) {
    match scheduler.wake_one(QUOTA, || 1) {
        WakeOne::Wake(worker) => worker.call(),
        WakeOne::Start => panic!("there is one, and there may be no other"),
        WakeOne::Nothing | WakeOne::Held | WakeOne::Exhausted => {}
    }
}

/// The loop of a worker without its timeouts. It ends after so many calls.
fn work(scheduler: &Pool, worker: &Arc<Worker>, calls: u32) {
    let (mut searching, mut done) = (true, 0);
    while done < calls {
        if let Some(queue) = scheduler.next(None) {
            if queue.claim() {
                if std::mem::take(&mut searching) && scheduler.end_search() {
                    wake_one(scheduler);
                }
                done += 1;
            }
            continue;
        }
        match scheduler.park(worker, std::mem::take(&mut searching), QUOTA) {
            Parked::Idle | Parked::Superfluous => worker.sleep(),
            Parked::Search => {}
            Parked::Leave => panic!("the pool is open"),
        }
        searching = true;
    }
}

/// POOL-10: a thread publishes twice, and a worker parks when it finds nothing: no call is forgotten. A forgotten
/// call is a deadlock, which loom reports.
#[test]
fn loom_published_work_is_found() {
    loom::model(|| {
        let (scheduler, queue) = (Arc::new(Pool::new()), Queue::new());
        scheduler.first();
        let worker = {
            let scheduler = Arc::clone(&scheduler);
            thread::spawn(move || work(&scheduler, &Worker::new(), 2))
        };
        offer(&scheduler, &queue);
        offer(&scheduler, &queue);
        worker.join().unwrap();
    });
}

/// POOL-10: two threads publish, each to a ring of its own.
#[test]
fn loom_work_of_two_rings_is_found() {
    loom::model(|| {
        let scheduler = Arc::new(Pool::new());
        scheduler.first();
        let publisher = {
            let scheduler = Arc::clone(&scheduler);
            thread::spawn(move || offer(&scheduler, &Queue::new()))
        };
        let worker = {
            let scheduler = Arc::clone(&scheduler);
            thread::spawn(move || work(&scheduler, &Worker::new(), 2))
        };
        offer(&scheduler, &Queue::new());
        publisher.join().unwrap();
        worker.join().unwrap();
    });
}

/// POOL-14: a worker goes to sleep in a call while another call is published. Either the worker sees the listed ring
/// and wakes the idle one, or the publisher sees that the worker does not count any more.
#[test]
fn loom_a_blocked_worker_or_a_publisher_wakes_the_idle_one() {
    loom::model(|| {
        let (scheduler, queue) = (Arc::new(Pool::new()), Queue::new());
        // Two workers: one idle, one about to block. One may run.
        scheduler.first();
        scheduler.first();
        let idle = Worker::new();
        assert_eq!(scheduler.park(&idle, true, QUOTA), Parked::Idle);
        assert!(scheduler.end_search(), "the other one runs");
        let blocked = {
            let scheduler = Arc::clone(&scheduler);
            thread::spawn(move || {
                if scheduler.block() {
                    wake_one(&scheduler);
                }
            })
        };
        let worker = {
            let scheduler = Arc::clone(&scheduler);
            thread::spawn(move || {
                idle.sleep();
                let found = scheduler.next(None).expect("it was called for something");
                assert!(found.claim());
            })
        };
        offer(&scheduler, &queue);
        blocked.join().unwrap();
        worker.join().unwrap();
    });
}

/// POOL-21: one thread publishes while another closes. Either the closer sees the call, or the publisher sees the
/// scheduler closed; the one that sees it ends the call. The ring is listed already, so the lock orders nothing.
#[test]
fn loom_a_call_offered_while_closing_is_ended() {
    loom::model(|| {
        let (scheduler, queue) = (Arc::new(Pool::new()), Queue::new());
        let ended = Arc::new(AtomicU32::new(0));
        let end_queued = |queue: &Queue, ended: &AtomicU32| {
            while queue.claim() {
                ended.fetch_add(1, Ordering::Relaxed);
            }
        };
        // The state in which a worker in between leaves it.
        queue.listed.store(true, Ordering::Relaxed);
        let closer = {
            let (scheduler, queue, ended) = (Arc::clone(&scheduler), Arc::clone(&queue), Arc::clone(&ended));
            thread::spawn(move || {
                assert!(scheduler.close().is_empty());
                end_queued(&queue, &ended);
            })
        };
        queue.calls.store(1, Ordering::Release);
        scheduler.announce(&queue);
        if scheduler.is_closed() {
            end_queued(&queue, &ended);
        }
        closer.join().unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 1);
    });
}
