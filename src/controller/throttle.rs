//! What is held back after AWS said "too many calls": a whole class of calls at once, for everybody.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::plan::AwsChange;
use tokio::time::Instant;

use super::queue::LONGEST_PAUSE;

/// Calls that AWS counts together (ELBv2's and EC2's throttling tables).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallClass {
    /// Everything that only reads.
    Reads,
    /// Load balancers made and their subnets changed.
    LoadBalancers,
    /// Targets registered and deregistered.
    Targets,
    /// Every other write to Elastic Load Balancing.
    LoadBalancing,
    /// Writes to EC2: security groups and their rules.
    SecurityGroups,
}

impl CallClass {
    /// The class of a write.
    pub(crate) fn of(change: &AwsChange) -> Self {
        match change {
            AwsChange::CreateLoadBalancer(_) | AwsChange::SetSubnets(_) => Self::LoadBalancers,
            AwsChange::RegisterTargets(_) | AwsChange::DeregisterTargets(_) => Self::Targets,
            change if change.service() == "ec2" => Self::SecurityGroups,
            _ => Self::LoadBalancing,
        }
    }

    /// How long AWS takes to allow one more call of the class.
    fn refill(self) -> Duration {
        match self {
            Self::Reads => Duration::from_millis(100),
            Self::LoadBalancers => Duration::from_secs(5),
            Self::Targets => Duration::from_millis(250),
            Self::LoadBalancing => Duration::from_millis(334),
            Self::SecurityGroups => Duration::from_millis(200),
        }
    }

    /// How many calls of the class may come at once, with room left for others in the account.
    fn burst(self) -> u32 {
        match self {
            Self::Reads => 30,
            Self::LoadBalancers => 8,
            Self::Targets | Self::LoadBalancing => 15,
            Self::SecurityGroups => 40,
        }
    }
}

impl fmt::Display for CallClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reads => "calls that read",
            Self::LoadBalancers => "calls that make load balancers",
            Self::Targets => "calls that register targets",
            Self::LoadBalancing => "calls that change load balancing",
            Self::SecurityGroups => "calls that change security groups",
        })
    }
}

/// The classes that are held back. A pass that comes to a closed one does not wait with a worker in hand: it ends, and
/// its key comes again at its turn, as fast as AWS allows the calls.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    gates: Mutex<BTreeMap<CallClass, Gate>>,
    /// When all calls of a class made so far would have been allowed one by one.
    caught_up: Mutex<BTreeMap<CallClass, Instant>>,
}

#[derive(Debug)]
struct Gate {
    strikes: u32,
    opens: Instant,
    next_turn: Instant,
}

impl Throttle {
    /// Lets a call through.
    ///
    /// # Errors
    ///
    /// When the pass should come again.
    pub(crate) fn admit(&self, class: CallClass) -> Result<(), Duration> {
        let now = Instant::now();
        match self.lock().get_mut(&class) {
            Some(gate) if gate.opens > now => Err(gate.turn(class, now)),
            Some(_) | None => Ok(()),
        }
    }

    /// AWS took a call of the class.
    pub(crate) fn passed(&self, class: CallClass) {
        if let Some(gate) = self.lock().get_mut(&class) {
            gate.strikes = 0;
        }
    }

    /// AWS throttled a call of the class; gives when the pass should come again.
    pub(crate) fn struck(&self, class: CallClass) -> Duration {
        let now = Instant::now();
        let mut gates = self.lock();
        let gate = gates.entry(class).or_insert(Gate { strikes: 0, opens: now, next_turn: now });
        gate.strikes = gate.strikes.saturating_add(1);
        let doubled = 1_u32.checked_shl(gate.strikes).unwrap_or(u32::MAX);
        gate.opens = gate.opens.max(now + class.refill().saturating_mul(doubled).min(LONGEST_PAUSE));
        gate.next_turn = gate.next_turn.max(gate.opens);
        gate.turn(class, now)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallClass, Gate>> {
        self.gates.lock().expect("no thread panics while it holds the gates")
    }

    /// Counts a call; gives how long one of many calls should wait before it is made, so that AWS never has to say no.
    /// A call by itself need not.
    pub(crate) fn count(&self, class: CallClass) -> Duration {
        let now = Instant::now();
        let mut caught_up = self.caught_up.lock().expect("no thread panics while it counts");
        let entry = caught_up.entry(class).or_insert(now);
        *entry = (*entry).max(now) + class.refill();
        (*entry - now).saturating_sub(class.refill().saturating_mul(class.burst()))
    }
}

impl Gate {
    fn turn(&mut self, class: CallClass, now: Instant) -> Duration {
        let turn = self.next_turn.max(now);
        self.next_turn = turn + class.refill();
        turn - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: CallClass = CallClass::LoadBalancers;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_throttled_passes() {
        let throttle = Throttle::default();
        throttle.struck(CLASS);
        assert_eq!(throttle.admit(CallClass::Targets), Ok(()), "other classes go on");
        assert!(throttle.admit(CLASS).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn many_calls_are_made_at_once_and_then_as_fast_as_aws_allows() {
        let throttle = Throttle::default();
        let class = CallClass::LoadBalancing;
        let waits = (0..17).map(|_| throttle.count(class)).collect::<Vec<_>>();
        assert_eq!(waits[..15], [Duration::ZERO; 15]);
        assert_eq!(waits[15..], [class.refill(), 2 * class.refill()]);
        tokio::time::advance(20 * class.refill()).await;
        assert_eq!(throttle.count(class), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_come_one_by_one_as_fast_as_aws_allows() {
        let throttle = Throttle::default();
        let first = throttle.struck(CLASS);
        assert_eq!(first, 2 * CLASS.refill());
        let turns: Vec<Duration> = (0..3).map(|_| throttle.admit(CLASS).unwrap_err()).collect();
        assert_eq!(turns, [first + CLASS.refill(), first + 2 * CLASS.refill(), first + 3 * CLASS.refill()]);
        tokio::time::advance(first).await;
        assert_eq!(throttle.admit(CLASS), Ok(()), "open again");
    }

    #[tokio::test(start_paused = true)]
    async fn strikes_in_a_row_close_for_longer_and_a_success_forgives_them() {
        let throttle = Throttle::default();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let pause = throttle.struck(CLASS);
            pauses.push(pause.as_secs());
            tokio::time::advance(Duration::from_secs(1000)).await;
        }
        assert_eq!(pauses, [10, 20, 40, 60, 60, 60]);
        throttle.passed(CLASS);
        assert_eq!(throttle.struck(CLASS).as_secs(), 10);
    }
}
