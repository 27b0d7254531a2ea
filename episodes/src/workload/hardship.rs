//! What lasts for a while and is nobody's call gone wrong: permissions that are taken away, load balancers that never get
//! ready, calendars that jump, churn (F9, F12, F13, F15). A seed draws few of them.

use std::time::Duration;

use super::{Event, Hitch, Workload};

/// What may be taken away: what every pass, what few passes, and what only the last step of one needs.
const OPERATIONS: [&str; 14] = [
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:RegisterTargets",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeRules",
    "ec2:DescribeSubnets",
    "ec2:AuthorizeSecurityGroupIngress",
    "patch services/status",
    "patch ingresses/status",
    "patch ingresses",
    "create targetgroupbindings",
];

/// One thing that happens with many others, 17 a second.
const CHURN: Duration = Duration::from_millis(60);

/// The workload with a few hardships in it, drawn from the seed; most have none or one.
pub(crate) fn with_hardships(mut workload: Workload, seed: u64) -> Workload {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x4a2d);
    let last = workload.events.last().map_or(Duration::ZERO, |(at, _)| *at);
    for _ in 0..[0, 0, 1, 1, 2][random.usize(..5)] {
        let from = last.mul_f64(random.f64());
        let until = from + Duration::from_secs(random.u64(5..120));
        workload.events.extend(hardship(&mut random, from, until));
    }
    // Stable: what was first stays first.
    workload.events.sort_by_key(|(at, _)| *at);
    workload
}

fn hardship(random: &mut fastrand::Rng, from: Duration, until: Duration) -> Vec<(Duration, Event)> {
    let node = random.u8(1..=2);
    match random.u8(..11) {
        0 | 1 => {
            let operation = OPERATIONS[random.usize(..OPERATIONS.len())];
            vec![(from, Event::Denied(operation)), (until, Event::Permitted)]
        }
        2 => vec![(from, Event::CredentialsExpire(true)), (until, Event::CredentialsExpire(false))],
        3 => {
            let half_an_hour = from + Duration::from_secs(1_800);
            vec![(from, Event::Provisioning(Hitch::Slow)), (half_an_hour, Event::Provisioning(Hitch::None))]
        }
        4 => vec![(from, Event::Provisioning(Hitch::Failed)), (until, Event::Provisioning(Hitch::None))],
        5 => vec![(from, Event::NeverHealthy(true)), (until, Event::NeverHealthy(false))],
        6 => vec![(from, Event::ClockJumps(if random.bool() { 3_600 } else { -3_600 }))],
        7 => vec![(from, Event::Paused(60))],
        8 => vec![(from, Event::HistoryForgotten), (from, Event::WatchesBreak)],
        9 => {
            let leaves = from + Duration::from_secs(10);
            let (drained, left, back) = (Event::NodeDrains(node), Event::NodeLeaves(node), Event::NodeJoins(node));
            vec![(from, drained), (leaves, left), (until.max(leaves), back)]
        }
        _ if random.u8(..3) == 0 => vec![(from, Event::NamespaceEmptied)],
        _ => {
            let services = ["s1", "s2", "one", "two"];
            let change = |index: u32| {
                let count = random.usize(1..=3);
                let mut pods = random.choose_multiple(1..=6, count);
                pods.sort_unstable();
                let service = services[random.usize(..services.len())].to_owned();
                (from + CHURN * index, Event::Pods(service, pods))
            };
            (0..50).map(change).collect()
        }
    }
}
