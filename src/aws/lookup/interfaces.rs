//! Instances and network interfaces: whose security groups guard a target.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use northgate_planner::facts::{Instance, NetworkInterface};
use northgate_planner::id::{InstanceId, SecurityGroupId};

use crate::aws::Inner;
use crate::aws::describe::{VALUES_PER_FILTER, chunks, each, filter};
use crate::aws::error::AwsError;
use crate::aws::from_sdk::ec2::{FoundInstance, instance, network_interface};

/// The instances and the interfaces that were found.
#[derive(Debug, Default)]
pub(super) struct Ends {
    instances: BTreeMap<InstanceId, Arc<FoundInstance>>,
    interfaces: BTreeMap<IpAddr, NetworkInterface>,
}

impl Ends {
    /// The security groups that guard them, each once.
    pub(super) fn security_groups(&self) -> Vec<SecurityGroupId> {
        let primary = self.instances.values().filter_map(|found| found.instance.primary_interface.as_ref());
        let groups = primary.chain(self.interfaces.values()).flat_map(|interface| &interface.security_groups);
        groups.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// As the planner wants them.
    pub(super) fn into_facts(self) -> (BTreeMap<InstanceId, Instance>, BTreeMap<IpAddr, NetworkInterface>) {
        let instances = self.instances.into_iter().map(|(id, found)| (id, found.instance.clone()));
        (instances.collect(), self.interfaces)
    }
}

/// These instances, and the interfaces that hold these addresses: first among what is known of instances, then by asking
/// for the addresses. EC2 does not find an address inside a prefix by itself, only the instance that holds the prefix, so
/// the hosts of addresses that are still open are asked at last.
pub(super) async fn ends(
    account: &Inner,
    ids: &BTreeSet<InstanceId>,
    addresses: &BTreeMap<IpAddr, Option<InstanceId>>,
) -> Result<Ends, AwsError> {
    let cache = &account.facts.interfaces;
    let asked = cache.ask(addresses.keys());
    let Instances { mut instances, fresh } = instances(account, ids).await?;
    let mut answers = among(&instances, &asked.missing);
    let open = without(&asked.missing, &answers);
    answers.extend(among(&account.facts.instances.ask(hosts(&open, addresses)).found, &open));
    let open = without(&open, &answers);
    answers.extend(by_address(account, &open).await?);
    let open = without(&open, &answers);
    // What the cache knows of a host may be from before the prefix; what was asked just now is not.
    let stale = hosts(&open, addresses).into_iter().filter(|host| !fresh.contains(*host));
    let again = ask_instances(account, &stale.cloned().collect::<Vec<_>>()).await?;
    answers.extend(among(&again, &open));
    instances.extend(again.into_iter().filter(|(id, _)| ids.contains(id)));
    cache.fill(&asked, &answers);
    let mut interfaces = asked.found;
    interfaces.extend(answers);
    Ok(Ends { instances, interfaces })
}

struct Instances {
    instances: BTreeMap<InstanceId, Arc<FoundInstance>>,
    /// Those that were asked just now.
    fresh: BTreeSet<InstanceId>,
}

async fn instances(account: &Inner, ids: &BTreeSet<InstanceId>) -> Result<Instances, AwsError> {
    let asked = account.facts.instances.ask(ids);
    let answers = ask_instances(account, &asked.missing).await?;
    let fresh = asked.missing.into_iter().collect();
    let mut instances = asked.found;
    instances.extend(answers);
    Ok(Instances { instances, fresh })
}

/// The instances that the pods of these addresses run on, each once.
fn hosts<'a>(open: &[IpAddr], addresses: &'a BTreeMap<IpAddr, Option<InstanceId>>) -> BTreeSet<&'a InstanceId> {
    open.iter().filter_map(|address| addresses.get(address)?.as_ref()).collect()
}

async fn ask_instances(
    account: &Inner,
    ids: &[InstanceId],
) -> Result<BTreeMap<InstanceId, Arc<FoundInstance>>, AwsError> {
    let cache = &account.facts.instances;
    let asked = cache.ask(ids);
    let some = chunks(ids, VALUES_PER_FILTER);
    let answers = each(&some, |ids| account.clients.instances(vec![filter("instance-id", ids)])).await?;
    let one = |answer| instance(answer).map(|(id, found)| (id, Arc::new(found)));
    let answers = answers.iter().flatten().map(one).collect::<Result<_, _>>()?;
    cache.fill(&asked, &answers);
    Ok(answers)
}

/// The interfaces of these instances that hold the addresses.
fn among(
    instances: &BTreeMap<InstanceId, Arc<FoundInstance>>,
    addresses: &[IpAddr],
) -> BTreeMap<IpAddr, NetworkInterface> {
    let holder = |address: &IpAddr| {
        let mut interfaces = instances.values().flat_map(|found| &found.interfaces);
        interfaces.find(|found| found.holds(address)).map(|found| (*address, found.interface.clone()))
    };
    addresses.iter().filter_map(holder).collect()
}

fn without(addresses: &[IpAddr], known: &BTreeMap<IpAddr, NetworkInterface>) -> Vec<IpAddr> {
    addresses.iter().copied().filter(|address| !known.contains_key(address)).collect()
}

async fn by_address(account: &Inner, addresses: &[IpAddr]) -> Result<BTreeMap<IpAddr, NetworkInterface>, AwsError> {
    let (ipv4, ipv6) = addresses.iter().copied().partition::<Vec<IpAddr>, _>(IpAddr::is_ipv4);
    let names = [("addresses.private-ip-address", ipv4), ("ipv6-addresses.ipv6-address", ipv6)];
    let mut questions = Vec::new();
    for (name, addresses) in names {
        let some = chunks(&addresses, VALUES_PER_FILTER).into_iter();
        questions.extend(some.map(|some| vec![filter("vpc-id", [&account.vpc]), filter(name, some)]));
    }
    let answers = each(&questions, |filters| account.clients.network_interfaces(filters)).await?;
    let mut found = BTreeMap::new();
    for answer in answers.iter().flatten() {
        let interface = network_interface(answer)?;
        let held = addresses.iter().filter(|address| interface.holds(address));
        found.extend(held.map(|address| (*address, interface.interface.clone())));
    }
    Ok(found)
}
