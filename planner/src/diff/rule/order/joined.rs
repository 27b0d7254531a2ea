//! How several rules become one where there is no room for one more.

use super::{Listener, Match, Op};

impl Listener {
    /// Where there is no room for a rule that joins others, the first of them becomes it: the others stand next to it, so that
    /// every request is answered as it was.
    pub(super) fn widen(&self, matched: &Match) -> Option<Op> {
        let mut absent = matched.slots.iter().filter(|slot| slot.standing.is_none()).filter_map(|slot| slot.wanted);
        absent.find_map(|wanted| {
            let parts = self.joins.get(&wanted)?;
            let doomed = matched.doomed.iter().copied().filter(|place| parts.contains(&self.standing[*place].id));
            let doomed = doomed.collect::<Vec<_>>();
            let side_by_side = doomed.windows(2).all(|pair| pair[1] == pair[0] + 1);
            let rule = self.standing[*doomed.first()?].id;
            (side_by_side && doomed.len() == parts.len()).then_some(Op::Modify { rule, wanted })
        })
    }
}
