//! The load balancers that are waited for: all of them are asked for together, at a steady pace.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use northgate_planner::actual::LoadBalancerState;
use northgate_planner::id::{Key, LoadBalancerArn, StackId};
use northgate_planner::planted::{Bug, planted};
use tokio::sync::Notify;
use tracing::warn;

use super::address::{self, Addressee};
use super::error::{Error, Retry};
use super::tell;
use super::world::{Account, States, World};
use crate::cluster::{Address, Severity};
use crate::error_chain::one_line;

/// Who waits for a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The stack.
    pub(crate) stack: StackId,
    /// The objects that it is to serve.
    pub(crate) addressees: Vec<Addressee>,
    /// The ports that it listens on.
    pub(crate) ports: Vec<u16>,
    /// Whether its plan has steps behind the wait.
    pub(crate) steps_left: bool,
}

/// The load balancers that are waited for.
#[derive(Debug, Default)]
pub(crate) struct Poll {
    waiting: Mutex<BTreeMap<LoadBalancerArn, Waiting>>,
    added: Notify,
}

impl Poll {
    /// Waits for one more.
    pub(crate) fn add(&self, arn: LoadBalancerArn, waiting: Waiting) {
        self.lock().insert(arn, waiting);
        self.added.notify_one();
    }

    /// Waits no longer for what a stack has.
    pub(crate) fn forget(&self, stack: &StackId) {
        self.lock().retain(|_, waiting| waiting.stack != *stack);
    }

    fn arns(&self) -> Vec<LoadBalancerArn> {
        self.lock().keys().cloned().collect()
    }

    fn remove(&self, arn: &LoadBalancerArn) -> Option<Waiting> {
        self.lock().remove(arn)
    }

    fn get(&self, arn: &LoadBalancerArn) -> Option<Waiting> {
        self.lock().get(arn).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LoadBalancerArn, Waiting>> {
        self.waiting.lock().expect("no thread panics while it holds the list")
    }
}

/// Asks for as long as somebody waits, for ever.
pub(super) async fn run<A: Account>(world: &World<A>) {
    let every = world.pace.load_balancers;
    loop {
        let arns = world.poll.arns();
        if arns.is_empty() {
            world.poll.added.notified().await;
            continue;
        }
        let pause = match world.states(&arns).await {
            Ok(states) => {
                for arn in &arns {
                    look(world, arn, &states).await;
                }
                every
            }
            Err(_) if planted(Bug::PollGivesUp) => return,
            Err(error) => {
                warn!("the load balancers that are waited for cannot be read: {}", one_line(&error));
                match error.retry() {
                    Retry::After(turn) => turn.max(every),
                    Retry::Soon | Retry::Seldom => every,
                }
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Looks at one of them.
async fn look<A: Account>(world: &World<A>, arn: &LoadBalancerArn, states: &States) {
    let Some(waiting) = world.poll.get(arn) else { return };
    let key = Key::Stack(waiting.stack.clone());
    match states.get(arn) {
        Some((LoadBalancerState::Provisioning, _)) => {}
        Some((LoadBalancerState::Active, _)) if planted(Bug::HostNotWritten) => _ = world.poll.remove(arn),
        Some((LoadBalancerState::Active, host)) => match serve(world, &waiting, host).await {
            Ok(all) => {
                world.poll.remove(arn);
                if waiting.steps_left {
                    world.queues.stacks.add_after(key, Duration::ZERO);
                } else if !all {
                    world.queues.stacks.add_after(key, address::SOON);
                }
            }
            // It stays on the list, and is written at the next look.
            Err(error) => warn!(%key, "the host name cannot be written yet: {}", one_line(&error)),
        },
        Some((LoadBalancerState::Failed(reason), _)) => {
            world.poll.remove(arn);
            let problem = tell::not_set_up(reason);
            for Addressee { object, .. } in &waiting.addressees {
                world.cluster.say(object, Severity::Warning, "FailedDeployModel", problem.to_string());
            }
            world.queues.stacks.add_after(key, Duration::from_secs(60));
        }
        // Somebody deleted it: the pass sees what is to be done.
        None => {
            world.poll.remove(arn);
            world.queues.stacks.add_after(key, Duration::ZERO);
        }
    }
}

/// Writes the host name from this very observation: no further pass is needed for it. Gives whether all of them have it;
/// those that are answered elsewhere until their targets take requests here do not yet.
async fn serve<A: Account>(world: &World<A>, waiting: &Waiting, host: &str) -> Result<bool, Error> {
    let address = Address { host: host.to_owned(), ports: waiting.ports.clone() };
    let snapshot = world.cluster.snapshot(&Key::Stack(waiting.stack.clone()));
    let mut all = true;
    for Addressee { object, uid } in &waiting.addressees {
        if world.cluster.is_going(object) {
            continue;
        }
        if !address::may_come_here(&world.awaited_targets, &snapshot, &waiting.stack, object, &[]) {
            all = false;
            continue;
        }
        if address::set(world, object, uid, Some(&address)).await? {
            let note = format!("Successfully reconciled: serving at {host}");
            world.cluster.say(object, Severity::Normal, tell::RECONCILED, note);
        }
    }
    Ok(all)
}
