//! From the rules that a listener has to those that it should have, one write after the other, so that a request is answered
//! at every moment as it was before or as it will be in the end.
//!
//! [`next`] looks at the rules as they are and says the next write; the plan is its repetition. So a pass that stops anywhere
//! goes on with exactly the writes that were left. Each write keeps the promise by itself:
//!
//! - a rule is made where nothing can reach it that an earlier wanted rule would take: in its place, when all that should be
//!   before it is; else below all others, where only requests come that no rule takes
//! - priorities are set at once for all: what is wanted in its order, what must go below it in the order that it had
//! - a rule's action is changed where it is the first to match for the same requests as in the end
//! - the listener's own action is changed when every wanted rule is there and none is gone yet
//! - what must go goes from below, when nothing reaches it that a wanted rule would take
//! - where there is no room for a rule that joins neighbours, the first of them becomes it
//!
//! Where the load balancer has no room for both otherwise, what must go goes first; that is the one exception.

mod held_back;
mod joined;
mod kept;
mod matched;

use std::collections::{BTreeMap, BTreeSet};

use self::matched::{Match, Slot, all_before, firsts};
use crate::planted::{Bug, planted};

/// The highest priority that AWS takes.
pub(super) const LOWEST_PLACE: u16 = 50_000;

/// What a rule matches and what it is as a whole, as numbers: equal ones are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// Its conditions.
    pub(super) conditions: usize,
    /// Its conditions and what it does.
    pub(super) all: usize,
}

/// A rule that exists, by who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    /// Of those that were found, by its place there.
    Found(usize),
    /// Of those that are wanted, made by an earlier step, by its place there.
    Made(usize),
}

/// A rule that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) id: Id,
    pub(super) priority: u16,
    pub(super) settings: Settings,
    pub(super) keep: Keep,
    /// The place in the group's order of the first member that it may be of, where it is kept.
    pub(super) rank: Option<usize>,
}

/// Whether a rule that nobody asks for may stay, because it may be one of a member that is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It goes.
    Never,
    /// It goes, and waits for nothing: whose it is must not be held up by others.
    NotEvenForNow,
    /// It stays, unless a wanted rule is the same.
    IfUnexplained,
    /// It stays, unless a wanted rule has the same conditions: it says that nobody answers, and may be of any member.
    IfUnclaimed,
    /// It stays as it is.
    Always,
    /// It stays as it is for now, in an order that is on the way to another ([`Listener::held_back`]).
    ForNow,
}

impl Keep {
    /// Whether it may stay though nobody asks for it.
    pub(super) fn may_stay(self) -> bool {
        match self {
            Self::Never | Self::NotEvenForNow => false,
            Self::IfUnexplained | Self::IfUnclaimed | Self::Always | Self::ForNow => true,
        }
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    /// Makes a wanted rule.
    Create { wanted: usize, priority: u16 },
    /// Makes a rule that exists a wanted one.
    Modify { rule: Id, wanted: usize },
    /// Moves rules, all at once.
    Prioritize(Vec<(Id, u16)>),
    /// Changes the listener itself.
    SetDefault,
    /// Deletes a rule; `early`: before all that is wanted was made, for want of room.
    Delete { rule: Id, early: bool },
}

/// A listener's rules on their way.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    /// What is wanted, in order.
    pub(super) wanted: Vec<Settings>,
    /// For each of them the place of its member in the group's order.
    pub(super) ranks: Vec<Option<usize>>,
    /// The wanted rules that join several which exist and do the same, by their places, with those.
    pub(super) joins: BTreeMap<usize, BTreeSet<Id>>,
    /// What exists, by priority.
    pub(super) standing: Vec<Standing>,
    /// Whether the listener itself is as it should be.
    pub(super) default_is_set: bool,
    /// Of what is wanted, by place, what is left out for now.
    pub(super) left_out: BTreeSet<usize>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// This.
    Do(Op),
    /// Nothing, though rules are missing: the load balancer has no room for this many more.
    NoRoom(usize),
    /// Nothing: all is as it should be.
    Done,
}

impl Listener {
    /// The next write, with room for so many more rules.
    pub(super) fn next(&self, room: usize) -> Next {
        let matched = self.matched();
        let absent = matched.slots.iter().filter(|slot| slot.standing.is_none()).count();
        let too_early = if planted(Bug::RuleRemovedFirst) { self.delete(&matched, absent > 0) } else { None };
        let op = too_early
            .or_else(|| self.modify(&matched))
            .or_else(|| self.replace(&matched))
            .or_else(|| if room == 0 { self.widen(&matched) } else { None })
            .or_else(|| self.create(&matched, room))
            .or_else(|| (absent == 0 && !self.default_is_set).then_some(Op::SetDefault))
            .or_else(|| self.prioritize(&matched))
            .or_else(|| self.delete(&matched, absent > 0));
        match op {
            Some(op) => Next::Do(op),
            None if absent > 0 => Next::NoRoom(absent),
            None => Next::Done,
        }
    }

    /// How many wanted rules do not exist.
    pub(super) fn missing(&self) -> usize {
        self.matched().slots.iter().filter(|slot| slot.standing.is_none()).count()
    }

    /// What a write makes of the rules.
    pub(super) fn apply(&mut self, op: &Op) {
        match op {
            Op::Create { wanted, priority } => self.standing.push(Standing {
                id: Id::Made(*wanted),
                priority: *priority,
                settings: self.wanted[*wanted],
                keep: Keep::Never,
                rank: None,
            }),
            Op::Modify { rule, wanted } => {
                let settings = self.wanted[*wanted];
                self.standing.iter_mut().filter(|one| one.id == *rule).for_each(|one| one.settings = settings);
            }
            Op::Prioritize(moves) => {
                let moves = moves.iter().copied().collect::<BTreeMap<_, _>>();
                for one in &mut self.standing {
                    one.priority = moves.get(&one.id).copied().unwrap_or(one.priority);
                }
            }
            Op::SetDefault => self.default_is_set = true,
            Op::Delete { rule, early: _ } => self.standing.retain(|one| one.id != *rule),
        }
        self.standing.sort_by_key(|one| one.priority);
    }

    /// The priority of each wanted rule in the end, by its place among them.
    pub(super) fn places(&self) -> BTreeMap<usize, u16> {
        (1..).zip(self.matched().slots).filter_map(|(priority, slot)| Some((slot.wanted?, priority))).collect()
    }

    /// Which rule that exists stands for which wanted one, by its place among them.
    pub(super) fn standing_for(&self) -> BTreeMap<usize, Id> {
        let stands = |slot: Slot| Some((slot.wanted?, self.standing[slot.standing?].id));
        self.matched().slots.into_iter().filter_map(stands).collect()
    }

    /// Changes an action where every request that reaches it now reaches it in the end too.
    fn modify(&self, matched: &Match) -> Option<Op> {
        let mut pending = matched.slots.iter().enumerate().filter(|(_, slot)| slot.pending).peekable();
        pending.peek()?;
        let (now, in_the_end) = (self.firsts(), firsts(matched.slots.iter().map(|slot| slot.conditions)));
        let safe = |(place, slot): &(usize, &Slot)| {
            slot.standing.is_some_and(|standing| all_before(&in_the_end, *place, &now, standing))
        };
        let (_, slot) = pending.find(safe)?;
        Some(Op::Modify { rule: self.standing[slot.standing?].id, wanted: slot.wanted? })
    }

    /// Where one rule in its place is all that differs, one write does it all at once.
    fn replace(&self, matched: &Match) -> Option<Op> {
        let [doomed] = matched.doomed.as_slice() else { return None };
        let doomed = &self.standing[*doomed];
        let mut absent = None;
        for (priority, slot) in (1..).zip(&matched.slots) {
            match slot.standing {
                Some(place) if !slot.pending && self.standing[place].priority == priority => {}
                None if absent.is_none() && doomed.priority == priority => absent = slot.wanted,
                _ => return None,
            }
        }
        let wanted = absent.filter(|_| self.default_is_set)?;
        Some(Op::Modify { rule: doomed.id, wanted })
    }

    /// Makes the first of what is missing: those above it are there.
    fn create(&self, matched: &Match, room: usize) -> Option<Op> {
        let (place, slot) = matched.slots.iter().enumerate().find(|(_, slot)| slot.standing.is_none())?;
        if room == 0 {
            return None;
        }
        let wanted = slot.wanted?;
        let own = u16::try_from(place + 1).ok()?;
        let is_free = self.standing.iter().all(|one| one.priority != own);
        let above = self.standing.iter().filter(|one| one.priority < own);
        let above = above.map(|one| one.settings.conditions).collect::<BTreeSet<_>>();
        if is_free && conditions_of(&matched.slots[..place]).is_subset(&above) {
            return Some(Op::Create { wanted, priority: own });
        }
        let below = self.standing.last().map_or(1, |last| last.priority + 1);
        (below <= LOWEST_PLACE).then_some(Op::Create { wanted, priority: below })
    }

    /// Puts what stands into the final order, and what must go below it.
    fn prioritize(&self, matched: &Match) -> Option<Op> {
        let length = u16::try_from(matched.slots.len()).ok()?;
        let in_place = (1..).zip(&matched.slots).filter_map(|(priority, slot)| Some((slot.standing?, priority)));
        let mut wanted = in_place.collect::<Vec<_>>();
        let is_below = matched.doomed.iter().all(|place| self.standing[*place].priority > length);
        if !is_below {
            wanted.extend(matched.doomed.iter().copied().zip(length + 1..));
        }
        let moves = wanted
            .into_iter()
            .filter(|(place, priority)| self.standing[*place].priority != *priority)
            .map(|(place, priority)| (self.standing[place].id, priority))
            .collect::<Vec<_>>();
        (!moves.is_empty()).then_some(Op::Prioritize(moves))
    }

    /// Deletes the lowest of what must go.
    fn delete(&self, matched: &Match, early: bool) -> Option<Op> {
        let place = matched.doomed.iter().copied().max_by_key(|place| self.standing[*place].priority)?;
        Some(Op::Delete { rule: self.standing[place].id, early })
    }
}

fn conditions_of(slots: &[Slot]) -> BTreeSet<usize> {
    slots.iter().map(|slot| slot.conditions).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Actions of the pool; the conditions' numbers are bits of a request.
    const ACTIONS: usize = 3;
    /// The listener's own actions, before and after: none of the rules'.
    const DEFAULTS: [usize; 2] = [100, 101];

    /// Numbers that look random and are the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
        }

        fn settings(&mut self, conditions: usize) -> Settings {
            let conditions = self.below(conditions);
            Settings { conditions, all: conditions * ACTIONS + self.below(ACTIONS) }
        }
    }

    fn listener(numbers: &mut Numbers, conditions: usize) -> Listener {
        let mut standing = Vec::new();
        let mut priority = 0;
        for place in 0..numbers.below(7) {
            priority += u16::try_from(1 + numbers.below(2) * numbers.below(4)).unwrap();
            let keep = match numbers.below(12) {
                0 => Keep::Always,
                1 => Keep::IfUnexplained,
                2 => Keep::IfUnclaimed,
                3 => Keep::NotEvenForNow,
                _ => Keep::Never,
            };
            let rank = [None, Some(0), Some(1)][numbers.below(3)];
            let settings = numbers.settings(conditions);
            standing.push(Standing { id: Id::Found(place), priority, settings, keep, rank });
        }
        // Wanted are some of those that stand, in another order, and others.
        let mut wanted = Vec::new();
        for _ in 0..numbers.below(7) {
            wanted.push(match standing.get(numbers.below(9)) {
                Some(one) if !one.keep.may_stay() => one.settings,
                _ => numbers.settings(conditions),
            });
        }
        let ranks = (0..wanted.len()).map(|place| Some(place / 2)).collect();
        let default_is_set = numbers.below(2) == 0;
        Listener { wanted, ranks, joins: BTreeMap::new(), standing, default_is_set, left_out: BTreeSet::new() }
    }

    /// The action that answers a request: the first rule whose condition it meets, else the listener.
    fn answer(listener: &Listener, request: usize) -> usize {
        let first = listener.standing.iter().find(|one| request & (1 << one.settings.conditions) > 0);
        first.map_or(DEFAULTS[usize::from(listener.default_is_set)], |one| one.settings.all % ACTIONS)
    }

    fn answers(listener: &Listener, conditions: usize) -> Vec<usize> {
        (0..1 << conditions).map(|request| answer(listener, request)).collect()
    }

    fn assert_possible(listener: &Listener, op: &Op) {
        let mut priorities = listener.standing.iter().map(|one| one.priority).collect::<Vec<_>>();
        priorities.sort_unstable();
        assert!(
            priorities.windows(2).all(|pair| pair[0] < pair[1]),
            "{op:?} puts two rules at one priority: {listener:?}"
        );
        assert!(priorities.iter().all(|priority| (1..=LOWEST_PLACE).contains(priority)), "{op:?} leaves the range");
    }

    /// Every state on the way, the first and the last included, with the writes between.
    fn way(start: &Listener, room: impl Fn(&Listener) -> usize) -> (Vec<Listener>, Vec<Op>, Next) {
        let (mut states, mut ops) = (vec![start.clone()], Vec::new());
        for _ in 0..100 {
            let last = states.last().unwrap();
            match last.next(room(last)) {
                Next::Do(op) => {
                    let mut state = last.clone();
                    state.apply(&op);
                    assert_possible(&state, &op);
                    states.push(state);
                    ops.push(op);
                }
                end => return (states, ops, end),
            }
        }
        panic!("no end: {start:?}: {:?}", &ops[..12]);
    }

    #[test]
    fn on_the_way_every_request_is_answered_as_before_or_as_in_the_end() {
        let mut numbers = Numbers(0x5EED);
        for case in 0..20_000 {
            let conditions = 2 + case % 4;
            let start = listener(&mut numbers, conditions);
            let (states, ops, end) = way(&start, |_| 100);
            assert_eq!(end, Next::Done);
            let (before, after) = (answers(&start, conditions), answers(states.last().unwrap(), conditions));
            for (state, op) in states[1..].iter().zip(&ops) {
                for (request, now) in answers(state, conditions).into_iter().enumerate() {
                    let as_it_should = now == before[request] || now == after[request];
                    assert!(as_it_should, "case {case}: {op:?} answers {request:b} wrongly\n{start:?}\n{ops:?}");
                }
            }
        }
    }

    #[test]
    fn a_pass_that_stops_anywhere_goes_on_with_exactly_the_writes_that_were_left() {
        let mut numbers = Numbers(0xCAFE);
        for case in 0..5_000 {
            let mut start = listener(&mut numbers, 4);
            // Which of two equal rules is which cannot be seen.
            let mut seen = BTreeSet::new();
            start.wanted.retain(|one| seen.insert(one.all));
            let limit = start.standing.len() + numbers.below(3);
            let room = |state: &Listener| limit.saturating_sub(state.standing.len());
            let (states, ops, end) = way(&start, room);
            for (done, state) in states.iter().enumerate() {
                // Observed again, what was made is found, in the order of the priorities.
                let mut found = state.clone();
                let ids = found.standing.iter().map(|one| one.id).collect::<Vec<_>>();
                for (place, one) in found.standing.iter_mut().enumerate() {
                    one.id = Id::Found(place);
                }
                let renamed = |id: &Id| ids.iter().position(|one| one == id).map_or(*id, Id::Found);
                let left = ops[done..].iter().map(|op| match op {
                    Op::Modify { rule, wanted } => Op::Modify { rule: renamed(rule), wanted: *wanted },
                    Op::Delete { rule, early } => Op::Delete { rule: renamed(rule), early: *early },
                    Op::Prioritize(moves) => {
                        Op::Prioritize(moves.iter().map(|(id, place)| (renamed(id), *place)).collect())
                    }
                    other => other.clone(),
                });
                let (_, again, same_end) = way(&found, room);
                assert_eq!((again, &same_end), (left.collect::<Vec<_>>(), &end), "case {case} after {done}");
            }
        }
    }

    #[test]
    fn in_the_end_the_wanted_rules_stand_in_their_order_and_only_the_kept_ones_between() {
        let mut numbers = Numbers(0xBEEF);
        for case in 0..5_000 {
            let start = listener(&mut numbers, 4);
            let (states, _, _) = way(&start, |_| 100);
            let last = states.last().unwrap();
            let priorities = last.standing.iter().map(|one| usize::from(one.priority));
            assert!(priorities.eq(1..=last.standing.len()), "case {case}: {last:?}");
            let ours = last.standing_for();
            assert_eq!(ours.len(), start.wanted.len(), "case {case}");
            let others = last.standing.iter().filter(|one| !ours.values().any(|id| *id == one.id));
            assert!(others.clone().all(|one| one.keep.may_stay()), "case {case}: {last:?}");
            let in_order = last.standing.iter().filter_map(|one| ours.iter().find(|(_, id)| **id == one.id));
            assert!(in_order.map(|(wanted, _)| *wanted).eq(0..start.wanted.len()), "case {case}: {last:?}");
            for kept in start.standing.iter().filter(|one| one.keep == Keep::Always) {
                let stays = last.standing.iter().any(|one| one.id == kept.id && one.settings == kept.settings);
                assert!(stays, "case {case}: {kept:?}");
            }
        }
    }

    #[test]
    fn without_room_for_both_what_goes_makes_room_for_what_comes() {
        let mut numbers = Numbers(0xF00D);
        for case in 0..5_000 {
            let start = listener(&mut numbers, 4);
            let kept = start.standing.iter().filter(|one| one.keep.may_stay()).count();
            let limit = start.standing.len().max(start.wanted.len() + kept);
            let room = |state: &Listener| limit.saturating_sub(state.standing.len());
            let (states, _, end) = way(&start, room);
            assert_eq!(end, Next::Done, "case {case}: {start:?}");
            assert!(states.iter().all(|state| state.standing.len() <= limit), "case {case}");
        }
    }

    #[test]
    fn what_has_no_room_at_all_is_counted() {
        let rule = |number| Settings { conditions: number, all: number };
        let listener = Listener {
            wanted: (0..5).map(rule).collect(),
            ranks: Vec::new(),
            joins: BTreeMap::new(),
            standing: Vec::new(),
            default_is_set: true,
            left_out: BTreeSet::new(),
        };
        let (states, _, end) = way(&listener, |state| 3 - state.standing.len());
        assert_eq!((states.last().unwrap().standing.len(), end), (3, Next::NoRoom(2)));
    }

    fn standing(rules: &[(usize, usize, u16)]) -> Vec<Standing> {
        let one = |(place, (conditions, action, priority)): (usize, &(usize, usize, u16))| Standing {
            id: Id::Found(place),
            priority: *priority,
            settings: Settings { conditions: *conditions, all: conditions * ACTIONS + action },
            keep: Keep::Never,
            rank: None,
        };
        rules.iter().enumerate().map(one).collect()
    }

    fn wanted(rules: &[(usize, usize)]) -> Vec<Settings> {
        let one = |(conditions, action): &(usize, usize)| Settings {
            conditions: *conditions,
            all: conditions * ACTIONS + action,
        };
        rules.iter().map(one).collect()
    }

    #[test]
    fn the_usual_edits_take_the_fewest_writes() {
        let three = || standing(&[(0, 0, 1), (1, 0, 2), (2, 0, 3)]);
        let edits: Vec<(&str, Vec<Settings>, Vec<Op>)> = vec![
            ("nothing", wanted(&[(0, 0), (1, 0), (2, 0)]), vec![]),
            ("another action", wanted(&[(0, 0), (1, 1), (2, 0)]), vec![Op::Modify { rule: Id::Found(1), wanted: 1 }]),
            (
                "another condition",
                wanted(&[(0, 0), (3, 0), (2, 0)]),
                vec![Op::Modify { rule: Id::Found(1), wanted: 1 }],
            ),
            (
                "one more at the end",
                wanted(&[(0, 0), (1, 0), (2, 0), (3, 0)]),
                vec![Op::Create { wanted: 3, priority: 4 }],
            ),
            ("the last one less", wanted(&[(0, 0), (1, 0)]), vec![Op::Delete { rule: Id::Found(2), early: false }]),
            (
                "two change places",
                wanted(&[(1, 0), (0, 0), (2, 0)]),
                vec![Op::Prioritize(vec![(Id::Found(1), 1), (Id::Found(0), 2)])],
            ),
            (
                "one more at the front",
                wanted(&[(3, 0), (0, 0), (1, 0), (2, 0)]),
                vec![
                    Op::Create { wanted: 0, priority: 4 },
                    Op::Prioritize(vec![(Id::Made(0), 1), (Id::Found(0), 2), (Id::Found(1), 3), (Id::Found(2), 4)]),
                ],
            ),
        ];
        for (edit, wanted, expected) in edits {
            let start = Listener {
                wanted,
                ranks: Vec::new(),
                joins: BTreeMap::new(),
                standing: three(),
                default_is_set: true,
                left_out: BTreeSet::new(),
            };
            assert_eq!(way(&start, |_| 100).1, expected, "{edit}");
        }
    }

    #[test]
    fn priorities_near_the_end_of_the_range_are_no_obstacle() {
        let start = Listener {
            wanted: wanted(&[(3, 0), (0, 0)]),
            ranks: Vec::new(),
            joins: BTreeMap::new(),
            standing: standing(&[(0, 0, 49_999), (1, 0, 50_000)]),
            default_is_set: true,
            left_out: BTreeSet::new(),
        };
        let (states, _, end) = way(&start, |_| 100);
        assert_eq!((states.last().unwrap().standing.len(), end), (2, Next::Done));
    }
}
