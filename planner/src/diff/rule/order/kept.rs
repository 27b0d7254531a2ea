//! What of a listener's rules stays though nobody wants it.

use super::matched::Slot;
use super::{Id, Listener};

impl Listener {
    /// The rules that are kept, with the priorities that they have in the end.
    pub(in crate::diff::rule) fn kept(&self) -> Vec<(Id, u16)> {
        let kept = |(priority, slot): (u16, Slot)| {
            let standing = slot.standing.filter(|_| slot.wanted.is_none())?;
            Some((self.standing[standing].id, priority))
        };
        (1..).zip(self.matched().slots).filter_map(kept).collect()
    }
}
