//! Needs to Facts: the questions of one decision, from answers that are at most ten minutes old.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::try_join;
use northgate_planner::facts::{
    Certificate, Facts, Needs, NetworkInterface, RouteTable, SecurityGroupFacts, Subnet, Vpc, ZoneType,
};
use northgate_planner::id::{CertificateArn, InstanceId, SecurityGroupId, SubnetId, TargetGroupArn};

use super::Inner;
use super::cache::{Keyed, Whole};
use super::error::AwsError;
use super::from_sdk::certificate::Listed;
use super::from_sdk::ec2::FoundInstance;

mod certificates;
mod interfaces;
mod limits;
mod network;
mod security_groups;

pub(super) use limits::RULES_ALLOWED;
pub(super) use security_groups::worker_groups;

/// What was asked before. The planner sees copies; nothing here is ever written to AWS.
#[derive(Debug, Default)]
pub(super) struct FactCache {
    subnets: Whole<Arc<Vec<Subnet>>>,
    subnets_by_id: Keyed<SubnetId, Subnet>,
    zones: Whole<BTreeMap<String, ZoneType>>,
    route_tables: Whole<Vec<RouteTable>>,
    vpc: Whole<Option<Vpc>>,
    /// Never keeps that there is none: the first stack makes it.
    backend_group: Whole<Option<SecurityGroupId>>,
    instances: Keyed<InstanceId, Arc<FoundInstance>>,
    interfaces: Keyed<std::net::IpAddr, NetworkInterface>,
    rules_allowed: Whole<Option<usize>>,
    certificates: Whole<Arc<Vec<Listed>>>,
    certificates_in_full: Keyed<CertificateArn, Certificate>,
    /// The security groups of workers and pods, shared with `observe`, written through by what opens and closes ports.
    pub(super) worker_groups: Keyed<SecurityGroupId, SecurityGroupFacts>,
}

impl FactCache {
    /// Drops what is known of subnets, zones, route tables and the VPC.
    pub(super) fn forget_network(&self) {
        self.subnets.forget();
        self.subnets_by_id.clear();
        self.zones.forget();
        self.route_tables.forget();
        self.vpc.forget();
    }

    /// Notes the cluster's shared security group, or that there is none.
    pub(super) fn note_backend_group(&self, group: Option<SecurityGroupId>) {
        match group {
            Some(group) => self.backend_group.put(Some(group)),
            None => self.backend_group.forget(),
        }
    }

    /// Drops what is known of security groups.
    pub(super) fn forget_security_groups(&self) {
        self.backend_group.forget();
        self.worker_groups.clear();
    }

    /// Drops what is known of the rules of workers' security groups.
    pub(super) fn forget_worker_rules(&self) {
        self.worker_groups.clear();
    }

    /// Drops what is known of instances and interfaces.
    pub(super) fn forget_interfaces(&self) {
        self.instances.clear();
        self.interfaces.clear();
    }
}

/// Answers every question that was asked; independent ones at the same time.
pub(super) async fn lookup(account: &Inner, needs: &Needs) -> Result<Facts, AwsError> {
    let Needs {
        subnets,
        subnet_ids,
        availability_zones,
        route_tables_unless_tagged,
        vpc,
        backend_security_group,
        instances,
        interfaces_with,
        security_groups_of_interfaces,
        security_group_ids,
        security_group_names,
        target_group_names,
        certificate_hosts,
        certificate_authorities,
        rules_allowed,
    } = needs;
    let (
        subnets,
        availability_zones,
        route_tables,
        vpc,
        backend_security_group,
        (ends, mut security_groups),
        named_security_groups,
        target_groups,
        certificates,
        rules_allowed,
    ) = try_join!(
        network::subnets(account, *subnets, subnet_ids),
        network::zones(account, *availability_zones),
        network::route_tables(account, route_tables_unless_tagged.as_deref()),
        network::vpc(account, *vpc),
        backend_group(account, *backend_security_group),
        async {
            let ends = interfaces::ends(account, instances, interfaces_with).await?;
            let groups = if *security_groups_of_interfaces { ends.security_groups() } else { Vec::new() };
            Ok((ends, worker_groups(account, &groups).await?))
        },
        security_groups::named(account, security_group_ids, security_group_names),
        target_groups(account, target_group_names),
        certificates::certificates(account, certificate_hosts, *certificate_authorities),
        limits::rules_allowed(account, *rules_allowed),
    )?;
    security_groups.extend(named_security_groups);
    let (instances, interfaces) = ends.into_facts();
    Ok(Facts {
        subnets,
        availability_zones,
        route_tables,
        vpc,
        backend_security_group,
        instances,
        interfaces,
        security_groups,
        target_groups,
        certificates,
        rules_allowed,
    })
}

/// Target groups by name, from what stacks list of the Region.
async fn target_groups(
    account: &Inner,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, TargetGroupArn>, AwsError> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let listing = account.listing().await?;
    let found = names.iter().filter_map(|name| listing.target_group_names().get_key_value(name));
    Ok(found.map(|(name, arn)| (name.clone(), arn.clone())).collect())
}

async fn backend_group(account: &Inner, asked: bool) -> Result<Option<SecurityGroupId>, AwsError> {
    if !asked {
        return Ok(None);
    }
    let cache = &account.facts.backend_group;
    let found = cache.get(async || security_groups::backend_group(account).await).await?;
    if found.is_none() {
        cache.forget();
    }
    Ok(found)
}
