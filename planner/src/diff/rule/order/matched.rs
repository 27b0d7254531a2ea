//! Which rule that exists stands for which wanted one, and where those that are kept stand between them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Keep, Listener, Settings, Standing};

/// One place of the final order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// The wanted rule; `None`: one that is kept.
    pub(super) wanted: Option<usize>,
    pub(super) conditions: usize,
    /// What stands for it, by its place among what stands; `None`: nothing yet.
    pub(super) standing: Option<usize>,
    /// Whether that has another action still.
    pub(super) pending: bool,
}

/// What is wanted and what exists, matched.
pub(super) struct Match {
    /// The final order: the n-th, from 1, gets priority n.
    pub(super) slots: Vec<Slot>,
    /// What must go, by its place among what stands.
    pub(super) doomed: Vec<usize>,
}

impl Listener {
    /// Pairs what is the same, then what matches the same requests; keeps what may have to stay after what it stands after.
    pub(super) fn matched(&self) -> Match {
        let mut slots = self.paired(&BTreeMap::new());
        // Of several that are the same the one that stands in the place is the one; otherwise they would change it for ever.
        let places = (1..).zip(&slots).filter_map(|(place, slot)| Some((slot.wanted?, place))).collect();
        slots = self.paired(&places);
        self.part_what_cannot_change(&mut slots);
        let used = slots.iter().filter_map(|slot| slot.standing).collect::<BTreeSet<_>>();
        let doomed = (0..self.standing.len()).filter(|place| !used.contains(place)).collect();
        Match { slots, doomed }
    }

    fn paired(&self, places: &BTreeMap<usize, u16>) -> Vec<Slot> {
        let mut taken = vec![false; self.standing.len()];
        let mut alike = BTreeMap::<usize, Vec<usize>>::new();
        for (place, one) in self.standing.iter().enumerate() {
            alike.entry(one.settings.conditions).or_default().push(place);
        }
        let slot = |settings: (usize, &Settings)| Slot {
            wanted: Some(settings.0),
            conditions: settings.1.conditions,
            standing: None,
            pending: false,
        };
        let wanted = self.wanted.iter().enumerate().filter(|(wanted, _)| !self.left_out.contains(wanted));
        let mut slots = wanted.map(slot).collect::<Vec<_>>();
        for how in How::ALL {
            for slot in slots.iter_mut().filter(|slot| slot.standing.is_none()) {
                let wanted = slot.wanted.expect("what is kept is put in later");
                let place = places.get(&wanted).copied();
                let settings = self.wanted[wanted];
                let mut free = alike.get(&settings.conditions).into_iter().flatten().filter(|place| !taken[**place]);
                let found = free.find(|found| how.fits(&self.standing[**found], wanted, settings, place)).copied();
                if let Some(found) = found {
                    taken[found] = true;
                    slot.standing = Some(found);
                    slot.pending = self.standing[found].settings.all != settings.all;
                }
            }
        }
        self.insert_kept(&mut slots, &taken);
        slots
    }

    fn insert_kept(&self, slots: &mut Vec<Slot>, explained: &[bool]) {
        let is_kept = |place: &usize| !explained[*place] && self.standing[*place].keep.may_stay();
        for place in (0..self.standing.len()).filter(is_kept) {
            let one = &self.standing[place];
            // The furthest of those before it, so that what is kept stays below all that it was below.
            let is_before = |slot: &Slot| slot.standing.is_some_and(|other| other < place);
            let mut at = slots.iter().rposition(is_before).map_or(0, |before| before + 1);
            if one.keep == Keep::ForNow {
                // As low as it was: what is new comes before it.
                let is_above = |slot: &&Slot| slot.standing.is_none_or(|other| other < place);
                at += slots[at..].iter().take_while(is_above).count();
            }
            let behind = self.taken_before(one, slots).map_or(0, |same| same + 1);
            at = at.max(behind);
            let conditions = one.settings.conditions;
            slots.insert(at, Slot { wanted: None, conditions, standing: Some(place), pending: false });
        }
    }

    /// The place of the wanted rule that takes all requests of a kept one by the group's order. If it is of who asks for that
    /// one now, he means to change it.
    fn taken_before(&self, one: &Standing, slots: &[Slot]) -> Option<usize> {
        let first = one.rank.filter(|_| one.keep == Keep::IfUnexplained)?;
        slots.iter().position(|slot| {
            let rank = slot.wanted.and_then(|wanted| self.ranks.get(wanted).copied().flatten());
            slot.conditions == one.settings.conditions && rank.is_some_and(|rank| rank < first)
        })
    }

    /// A rule may change its action in place, before or after all are in their order, only if the same requests reach it in
    /// both; otherwise it is made anew and the old one goes.
    fn part_what_cannot_change(&self, slots: &mut [Slot]) {
        let (now, in_the_end) = (self.firsts(), firsts(slots.iter().map(|slot| slot.conditions)));
        for (place, slot) in slots.iter_mut().enumerate().filter(|(_, slot)| slot.pending) {
            let standing = slot.standing.expect("what is pending stands");
            let before_others = all_before(&now, standing, &in_the_end, place);
            if !before_others && !all_before(&in_the_end, place, &now, standing) {
                slot.standing = None;
                slot.pending = false;
            }
        }
    }

    /// Where the conditions of what stands stand first.
    pub(super) fn firsts(&self) -> BTreeMap<usize, usize> {
        firsts(self.standing.iter().map(|one| one.settings.conditions))
    }
}

/// In which way a rule that exists can stand for a wanted one, the closest first.
#[derive(Clone, Copy)]
enum How {
    AsMade,
    SameInPlace,
    Same,
    SameConditionsInPlace,
    SameConditions,
    UnclaimedInPlace,
    Unclaimed,
}

impl How {
    const ALL: [Self; 7] = [
        Self::AsMade,
        Self::SameInPlace,
        Self::Same,
        Self::SameConditionsInPlace,
        Self::SameConditions,
        Self::UnclaimedInPlace,
        Self::Unclaimed,
    ];

    /// Of rules with the same conditions.
    fn fits(self, one: &Standing, wanted: usize, settings: Settings, place: Option<u16>) -> bool {
        let in_place = || place == Some(one.priority);
        let same = || one.settings.all == settings.all;
        !matches!(one.keep, Keep::Always | Keep::ForNow)
            && match self {
                Self::AsMade => one.id == Id::Made(wanted),
                Self::SameInPlace => in_place() && same(),
                Self::Same => same(),
                Self::SameConditionsInPlace => in_place() && !one.keep.may_stay(),
                Self::SameConditions => !one.keep.may_stay(),
                Self::UnclaimedInPlace => in_place() && one.keep == Keep::IfUnclaimed,
                Self::Unclaimed => one.keep == Keep::IfUnclaimed,
            }
    }
}

/// Where each condition stands first.
pub(super) fn firsts(conditions: impl Iterator<Item = usize>) -> BTreeMap<usize, usize> {
    let mut firsts = BTreeMap::new();
    for (place, conditions) in conditions.enumerate() {
        firsts.entry(conditions).or_insert(place);
    }
    firsts
}

/// Whether every condition before a place of one order is before a place of another.
pub(super) fn all_before(
    one: &BTreeMap<usize, usize>,
    place: usize,
    other: &BTreeMap<usize, usize>,
    other_place: usize,
) -> bool {
    let mut before = one.iter().filter(|(_, first)| **first < place);
    before.all(|(conditions, _)| other.get(conditions).is_some_and(|first| *first < other_place))
}
