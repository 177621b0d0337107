//! The table of calls that wait for input: one entry for each open file, with the calls that wait for it in the order in which they were
//! parked (PARK-4). The pool's poller and the threads that stop calls share it under a lock.

use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;

use crate::parking::files::FileId;

/// The name of a call: its ring, by address, and its ticket.
pub(crate) type Name = (usize, u64);

/// All calls that wait. `T` is a call.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// Calls of which the file is on its way, in the order sent; `None` for one that was taken.
    arriving: VecDeque<Option<(Name, T)>>,
    calls: Slab<Waiting<T>>,
    files: Slab<Entry>,
    by_name: HashMap<Name, u32>,
    by_file: HashMap<FileId, u32>,
    /// Files that no call waits for any more: the poller lets go of them.
    released: Vec<RawFd>,
}

#[derive(Debug)]
struct Waiting<T> {
    name: Name,
    call: T,
    entry: u32,
    before: u32,
    behind: u32,
}

#[derive(Debug)]
struct Entry {
    fd: RawFd,
    id: FileId,
    first: u32,
    last: u32,
    /// Whether the poller has its first call.
    is_held: bool,
}

/// No index.
const NONE: u32 = u32::MAX;

/// How a call was added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Added {
    /// Its file is new: the poller waits for it under this word.
    New(u64),
    /// Other calls wait for the file already, under this word and number.
    Joined(u64, RawFd),
}

/// A list with holes that are used again; each use of a place has a number of its own.
#[derive(Debug)]
struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    fn put(&mut self, value: T) -> u32 {
        if let Some(index) = self.free.pop() {
            self.places[index as usize].1 = Some(value);
            return index;
        }
        self.places.push((0, Some(value)));
        u32::try_from(self.places.len() - 1).expect("calls in flight are fewer")
    }

    fn get(&mut self, index: u32) -> Option<&mut T> {
        self.places.get_mut(index as usize)?.1.as_mut()
    }

    fn take(&mut self, index: u32) -> Option<T> {
        let (uses, place) = self.places.get_mut(index as usize)?;
        let value = place.take()?;
        *uses = uses.wrapping_add(1);
        self.free.push(index);
        Some(value)
    }

    /// The word of the present use of a place.
    fn word(&self, index: u32) -> u64 {
        u64::from(self.places[index as usize].0) << 32 | u64::from(index)
    }

    /// The place that a word names, if it is still that use.
    fn find(&self, word: u64) -> Option<u32> {
        let index = u32::try_from(word & u64::from(u32::MAX)).ok()?;
        let (uses, place) = self.places.get(index as usize)?;
        (place.is_some() && u64::from(*uses) == word >> 32).then_some(index)
    }

    fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table {
            arriving: VecDeque::new(),
            calls: Slab::default(),
            files: Slab::default(),
            by_name: HashMap::new(),
            by_file: HashMap::new(),
            released: Vec::new(),
        }
    }
}

impl<T> Table<T> {
    /// A call of which the file was just sent.
    pub(crate) fn send(&mut self, name: Name, call: T) {
        self.arriving.push_back(Some((name, call)));
    }

    /// The call of which the next file arrives, unless it was taken meanwhile.
    pub(crate) fn arrive(&mut self) -> Option<(Name, T)> {
        self.arriving.pop_front().flatten()
    }

    /// Adds a call behind all that wait for the same file. `are_one` compares numbers that have that identity.
    pub(crate) fn add(
        &mut self,
        (name, call): (Name, T),
        (fd, id): (RawFd, FileId),
        are_one: impl FnOnce(RawFd, RawFd) -> bool,
    ) -> Added {
        let known = self.by_file.get(&id).copied();
        let known = known.filter(|entry| self.files.get(*entry).is_some_and(|known| are_one(known.fd, fd)));
        let entry = known.unwrap_or_else(|| {
            let entry = self.files.put(Entry { fd, id, first: NONE, last: NONE, is_held: false });
            self.by_file.insert(id, entry);
            entry
        });
        self.link(entry, name, call, false);
        let word = self.files.word(entry);
        match known {
            Some(_) => Added::Joined(word, self.files.get(entry).map_or(fd, |entry| entry.fd)),
            None => Added::New(word),
        }
    }

    fn link(&mut self, entry: u32, name: Name, call: T, is_first: bool) {
        let Some(file) = self.files.get(entry) else { return };
        let (before, behind) = if is_first { (NONE, file.first) } else { (file.last, NONE) };
        let index = self.calls.put(Waiting { name, call, entry, before, behind });
        self.by_name.insert(name, index);
        self.mend(entry, before, Some(index), behind);
    }

    /// Has the neighbours of a call name it, or each other.
    fn mend(&mut self, entry: u32, before: u32, call: Option<u32>, behind: u32) {
        match self.calls.get(before) {
            Some(neighbour) => neighbour.behind = call.unwrap_or(behind),
            None => {
                self.files.get(entry).into_iter().for_each(|file| file.first = call.unwrap_or(behind));
            }
        }
        match self.calls.get(behind) {
            Some(neighbour) => neighbour.before = call.unwrap_or(before),
            None => {
                self.files.get(entry).into_iter().for_each(|file| file.last = call.unwrap_or(before));
            }
        }
    }

    fn unlink(&mut self, index: u32) -> Option<Waiting<T>> {
        let waiting = self.calls.take(index)?;
        self.by_name.remove(&waiting.name);
        self.mend(waiting.entry, waiting.before, None, waiting.behind);
        Some(waiting)
    }

    /// Takes the first call that waits for a file, with the file's number, for an attempt. [`Table::put_back`] or [`Table::settle`] follows.
    pub(crate) fn take_first(&mut self, word: u64) -> Option<(Name, T, RawFd)> {
        let entry = self.files.find(word)?;
        let file = self.files.get(entry)?;
        let (first, fd) = (file.first, file.fd);
        file.is_held = first != NONE;
        let Waiting { name, call, .. } = self.unlink(first)?;
        Some((name, call, fd))
    }

    /// Puts the call back that was taken, before all others.
    pub(crate) fn put_back(&mut self, word: u64, name: Name, call: T) {
        if let Some(entry) = self.files.find(word) {
            self.link(entry, name, call, true);
        }
    }

    /// The poller is through with a file for now. If no call waits for it, the file is let go of.
    pub(crate) fn settle(&mut self, word: u64) {
        if let Some(entry) = self.files.find(word) {
            self.files.get(entry).into_iter().for_each(|file| file.is_held = false);
            self.release_if_idle(entry);
        }
    }

    fn release_if_idle(&mut self, entry: u32) {
        let is_idle = self.files.get(entry).is_some_and(|file| file.first == NONE && !file.is_held);
        if is_idle && let Some(file) = self.files.take(entry) {
            if self.by_file.get(&file.id) == Some(&entry) {
                self.by_file.remove(&file.id);
            }
            self.released.push(file.fd);
        }
    }

    /// Takes a call, wherever it waits.
    pub(crate) fn take(&mut self, name: Name) -> Option<T> {
        if let Some(index) = self.by_name.get(&name) {
            let waiting = self.unlink(*index)?;
            self.release_if_idle(waiting.entry);
            return Some(waiting.call);
        }
        let sent = self.arriving.iter_mut().find(|sent| sent.as_ref().is_some_and(|sent| sent.0 == name))?;
        sent.take().map(|(_, call)| call)
    }

    /// Takes all calls of a ring, or of all rings, in the order in which they were parked as far as they wait for the same file.
    pub(crate) fn take_all(&mut self, ring: Option<usize>) -> Vec<T> {
        let is_wanted = |name: &Name| ring.is_none_or(|ring| ring == name.0);
        let mut names: Vec<Name> = self.by_name.keys().copied().filter(is_wanted).collect();
        names.sort_unstable();
        names.extend(self.arriving.iter().flatten().map(|(name, _)| *name).filter(is_wanted));
        names.into_iter().filter_map(|name| self.take(name)).collect()
    }

    /// The files that no call waits for any more.
    pub(crate) fn take_released(&mut self) -> Vec<RawFd> {
        std::mem::take(&mut self.released)
    }

    /// Whether files are to be let go of.
    pub(crate) fn has_released(&self) -> bool {
        !self.released.is_empty()
    }

    /// The number of calls that wait.
    pub(crate) fn count(&self) -> usize {
        self.calls.len() + self.arriving.iter().flatten().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: usize = 1;

    fn name(ticket: u64) -> Name {
        (RING, ticket)
    }

    fn word(added: Added) -> u64 {
        match added {
            Added::New(word) | Added::Joined(word, _) => word,
        }
    }

    fn table(calls: &[u64], id: FileId) -> (Table<u64>, u64) {
        let mut table = Table::default();
        let words: Vec<_> =
            calls.iter().map(|call| word(table.add((name(*call), *call), (7, id), |_, _| true))).collect();
        (table, words[0])
    }

    /// PARK-4: calls for one open file wait in one entry, the first first, and one that is put back is first again.
    #[test]
    fn calls_for_one_file_wait_in_order() {
        let (mut table, word) = table(&[1, 2, 3], (1, 1));
        let (first, call, fd) = table.take_first(word).expect("a call");
        assert_eq!((call, fd, table.count()), (1, 7, 2));
        table.put_back(word, first, call);
        let taken: Vec<_> = std::iter::from_fn(|| table.take_first(word).map(|(_, call, _)| call)).collect();
        assert_eq!(taken, [1, 2, 3]);
        assert!(!table.has_released(), "the poller has it in hand");
        table.settle(word);
        assert_eq!(table.take_released(), [7]);
        assert_eq!(table.take_first(word), None, "the word is an earlier use's");
    }

    /// PARK-4: another open file with the same identity has an entry of its own.
    #[test]
    fn files_that_are_not_one_have_entries_of_their_own() {
        let (mut table, first) = table(&[1], (1, 1));
        let second = table.add((name(2), 2), (8, (1, 1)), |_, _| false);
        assert!(matches!(second, Added::New(other) if other != first), "{second:?}");
        assert_eq!(table.take(name(1)), Some(1));
        assert_eq!(table.take_released(), [7]);
        assert_eq!(table.take_first(word(second)).map(|(_, call, fd)| (call, fd)), Some((2, 8)));
    }

    /// PARK-6: a call is taken from wherever it waits, once, and the file of the last one is let go of.
    #[test]
    fn a_call_is_taken_once_from_anywhere() {
        let (mut table, word) = table(&[1, 2, 3], (1, 1));
        table.send(name(4), 4);
        assert_eq!([2, 4, 2, 4].map(|call| table.take(name(call))), [Some(2), Some(4), None, None]);
        assert_eq!(table.arrive(), None, "its file arrives for nothing");
        assert_eq!(table.take_first(word).map(|(_, call, _)| call), Some(1));
        assert_eq!(table.take(name(3)), Some(3));
        assert!(!table.has_released(), "the first is in the poller's hands");
        table.put_back(word, name(1), 1);
        table.settle(word);
        assert!(!table.has_released());
        assert_eq!(table.take_all(Some(RING + 1)), []);
        assert_eq!(table.take_all(Some(RING)), [1]);
        assert_eq!((table.take_released(), table.count()), (vec![7], 0));
    }
}
