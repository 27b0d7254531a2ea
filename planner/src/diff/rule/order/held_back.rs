//! What of a listener's rules can change while some of the wanted ones have to wait.
//!
//! A wanted rule is *free* when it waits for nothing and no rule before it in the final order that is not free may take one of
//! its requests. The free ones come to be; all others that exist stay as they are, in the order that they have, but for those of
//! an object that is let go. So a request
//! that a free rule takes is answered as in the end, or by a rule that stays, as before; every other one as before.

use std::collections::BTreeSet;

use super::{Id, Keep, Listener, Standing};

impl Listener {
    /// The order in which everything waits that these wanted rules hold up; `overlap` says of conditions whether a request may
    /// meet both. The listener's own action waits too.
    pub(in crate::diff::rule) fn held_back(
        &self,
        waiting: &BTreeSet<usize>,
        overlap: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let (mut held, mut free, mut left_out) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for slot in self.matched().slots {
            let waits = slot.wanted.is_none_or(|wanted| waiting.contains(&wanted));
            if waits || held.iter().any(|before| overlap(*before, slot.conditions)) {
                held.insert(slot.conditions);
                left_out.extend(slot.wanted);
            } else {
                free.insert(slot.conditions);
            }
        }
        let kept = |one: &Standing| match one.keep {
            Keep::NotEvenForNow => *one,
            Keep::Never if free.contains(&one.settings.conditions) => *one,
            _ => Standing { keep: Keep::ForNow, ..*one },
        };
        Self { standing: self.standing.iter().map(kept).collect(), left_out, ..self.clone() }
    }

    /// The way from what exists now to all that is wanted, when nothing has to wait any more; `before` is the order that it was
    /// before something had to.
    pub(in crate::diff::rule) fn released(&self, before: &Self) -> Self {
        let keep = |id: Id| before.standing.iter().find(|one| one.id == id).map_or(Keep::Never, |one| one.keep);
        let standing = self.standing.iter().map(|one| Standing { keep: keep(one.id), ..*one }).collect();
        Self { standing, left_out: before.left_out.clone(), ..self.clone() }
    }
}
