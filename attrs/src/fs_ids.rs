//! The ids that CREDENTIALS is asked with.

use crate::field::u32_at;
use crate::payload::known_part;

/// The ids that count when a file is opened or made. What is not given stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Credentials {
    /// The user.
    pub fsuid: Option<u32>,
    /// The group.
    pub fsgid: Option<u32>,
    /// The further groups.
    pub groups: Option<Vec<u32>>,
}

/// Which fields of the payload count, one bit each.
mod given {
    pub(super) const FSUID: u32 = 1;
    pub(super) const FSGID: u32 = 2;
    pub(super) const GROUPS: u32 = 4;
    pub(super) const ALL: u32 = FSUID | FSGID | GROUPS;
}

impl Credentials {
    /// At most this many further groups.
    pub const GROUPS_MAX: usize = 64;
    pub(crate) const HEAD_BYTES: usize = 16;

    /// What to ask with: four 32-bit numbers (which are given, fsuid, fsgid, how many groups), then the groups.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let bit = |is_given: bool, bit: u32| if is_given { bit } else { 0 };
        let given = bit(self.fsuid.is_some(), given::FSUID)
            | bit(self.fsgid.is_some(), given::FSGID)
            | bit(self.groups.is_some(), given::GROUPS);
        let groups = self.groups.as_deref().unwrap_or_default();
        let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let head = [given, self.fsuid.unwrap_or(0), self.fsgid.unwrap_or(0), count];
        head.iter().chain(groups).flat_map(|word| word.to_ne_bytes()).collect()
    }

    pub(crate) fn read(payload: &[u8]) -> Option<Credentials> {
        let given = u32_at(payload, 0)?;
        let count =
            usize::try_from(u32_at(payload, 12)?).ok().filter(|&count| count <= Credentials::GROUPS_MAX)?;
        let known = known_part(payload, Credentials::HEAD_BYTES + 4 * count).ok()?;
        let groups = (0..count).map(|index| u32_at(known, Credentials::HEAD_BYTES + 4 * index));
        let groups = groups.collect::<Option<Vec<u32>>>()?;
        let (fsuid, fsgid) = (u32_at(known, 4)?, u32_at(known, 8)?);
        let is_absent = |bit: u32| given & bit == 0;
        let stray = is_absent(given::FSUID) && fsuid != 0
            || is_absent(given::FSGID) && fsgid != 0
            || is_absent(given::GROUPS) && count != 0;
        let has_nobody = [fsuid, fsgid].iter().chain(&groups).any(|&id| id == NO_ID);
        if given == 0 || given & !given::ALL != 0 || stray || has_nobody {
            return None;
        }
        Some(Credentials {
            fsuid: (!is_absent(given::FSUID)).then_some(fsuid),
            fsgid: (!is_absent(given::FSGID)).then_some(fsgid),
            groups: (!is_absent(given::GROUPS)).then_some(groups),
        })
    }
}

/// The kernel's word for no change.
const NO_ID: u32 = u32::MAX;
