//! CREDENTIALS: the ids by which the call uses files. The registry holds it; [`Credentials`] is its payload.

use syslet_abi::AttributeId;

use crate::action::{Action, Credentials};
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u32_at};

/// The CREDENTIALS attribute. Its payload is a [`Credentials::payload`]. It has no value.
#[derive(Clone, Copy, Debug)]
pub struct CredentialsAttribute;

syslet_abi::flags! {
    /// The fields of a payload that are given, one bit each.
    struct Given(u32) {
        /// No field.
        NONE;
        /// The user.
        FSUID = 1;
        /// The group.
        FSGID = 1 << 1;
        /// The supplementary groups.
        GROUPS = 1 << 2;
    }
}

/// The id that tells the kernel to change nothing, so that it is not an id to change to.
const NO_ID: u32 = u32::MAX;

impl Credentials {
    /// Size of the payload before the groups, in bytes.
    const HEAD_BYTES: usize = 16;

    /// The payload of CREDENTIALS: four 32-bit numbers (bits of the fields that are given, fsuid, fsgid, number of
    /// groups), then the groups, 32 bits each. With more than [`Credentials::GROUPS_MAX`] groups it is INVALID.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let field = |is_given: bool, field: Given| if is_given { field } else { Given::NONE };
        let given = field(self.fsuid.is_some(), Given::FSUID)
            .with(field(self.fsgid.is_some(), Given::FSGID))
            .with(field(self.groups.is_some(), Given::GROUPS));
        let groups = self.groups.as_deref().unwrap_or_default();
        let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let head = [given.0, self.fsuid.unwrap_or(0), self.fsgid.unwrap_or(0), count];
        head.iter().chain(groups).flat_map(|word| word.to_ne_bytes()).collect()
    }

    /// Reads a payload: at least one field is given, fields that are not given are zero, and no id is [`NO_ID`].
    fn parse(payload: &[u8]) -> Option<Credentials> {
        let given = Given(u32_at(payload, 0)?);
        let count =
            usize::try_from(u32_at(payload, 12)?).ok().filter(|&count| count <= Credentials::GROUPS_MAX)?;
        let known = known_part(payload, Credentials::HEAD_BYTES + 4 * count).ok()?;
        let groups = (0..count).map(|index| u32_at(known, Credentials::HEAD_BYTES + 4 * index));
        let groups = groups.collect::<Option<Vec<u32>>>()?;
        let (fsuid, fsgid) = (u32_at(known, 4)?, u32_at(known, 8)?);
        let has_stray = !given.contains(Given::FSUID) && fsuid != 0
            || !given.contains(Given::FSGID) && fsgid != 0
            || !given.contains(Given::GROUPS) && count != 0;
        let has_no_id = [fsuid, fsgid].iter().chain(&groups).any(|&id| id == NO_ID);
        if given.is_empty() || !given.unknown().is_empty() || has_stray || has_no_id {
            return None;
        }
        Some(Credentials {
            fsuid: given.contains(Given::FSUID).then_some(fsuid),
            fsgid: given.contains(Given::FSGID).then_some(fsgid),
            groups: given.contains(Given::GROUPS).then_some(groups),
        })
    }
}

impl ChangesThread for CredentialsAttribute {
    const ID: AttributeId = AttributeId::CREDENTIALS;
    const NAME: &'static str = "creds";
    const ANSWERS: bool = false;

    fn read(payload: &[u8]) -> Option<Action> {
        Credentials::parse(payload).map(|credentials| Action::SetCredentials(Box::new(credentials)))
    }
}
