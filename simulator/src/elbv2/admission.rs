//! Load balancing that an account description puts in: elements in the shape that the AWS CLI prints.
//!
//! What an element leaves out takes AWS's defaults. The description checks keys and references to EC2; what is checked
//! here is what only load balancing knows.

mod listener;
mod load_balancer;
mod pairs;
mod rule;
mod target_group;
mod trust_store;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) use self::listener::DescribedListener;
pub(crate) use self::load_balancer::DescribedLoadBalancer;
pub(super) use self::pairs::Pairs;
pub(crate) use self::rule::DescribedRule;
pub(crate) use self::target_group::DescribedTargetGroup;
pub(crate) use self::trust_store::DescribedTrustStore;
use super::arn::{self, Resource};
use super::attributes::{Attributes, Catalogue};
use super::store::Store;
use crate::clock::Moment;
use crate::network::LoadBalancerInterfaces;
use crate::wire::ApiError;

/// Everything that a description says about load balancing.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) load_balancers: Vec<DescribedLoadBalancer>,
    pub(crate) target_groups: Vec<DescribedTargetGroup>,
    pub(crate) listeners: Vec<DescribedListener>,
    pub(crate) rules: Vec<DescribedRule>,
    pub(crate) trust_stores: Vec<DescribedTrustStore>,
}

/// What the description knows of EC2.
pub(crate) trait Surroundings {
    /// The VPC and the zone's name of a subnet.
    fn subnet(&self, id: &str) -> Option<(String, String)>;

    /// The VPC of elements that name none.
    fn default_vpc(&self) -> Option<String>;

    /// The zone of an instance.
    fn instance_zone(&self, id: &str) -> Option<String>;

    /// The zone of the subnet of a VPC that an address is in.
    fn address_zone(&self, vpc_id: &str, address: IpAddr) -> Option<String>;
}

/// Why an element was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum AdmissionError {
    #[error("{from}: {key} names {to:?}, which is not described under {list}")]
    Unresolved { from: String, key: &'static str, to: String, list: &'static str },
    #[error("{list} describes {id:?} twice")]
    Twice { list: &'static str, id: String },
    #[error("{element}: {message}")]
    Value { element: String, message: String },
}

impl Store {
    /// Takes in what a description says, and answers the interfaces that its load balancers have; after an error the
    /// store holds a part of it.
    pub(crate) fn admit(
        &mut self,
        described: Described,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<Vec<LoadBalancerInterfaces>, AdmissionError> {
        let mut interfaces = Vec::new();
        for trust_store in described.trust_stores {
            let trust_store = self.described_trust_store(trust_store)?;
            put(&mut self.trust_stores, "trustStores", trust_store.arn.clone(), trust_store)?;
        }
        for load_balancer in described.load_balancers {
            let load_balancer = self.described_load_balancer(load_balancer, surroundings, now)?;
            interfaces.push(load_balancer.interfaces());
            put(&mut self.load_balancers, "loadBalancers", load_balancer.arn.clone(), load_balancer)?;
        }
        for group in described.target_groups {
            let group = self.described_target_group(group, surroundings, now)?;
            put(&mut self.target_groups, "targetGroups", group.arn.clone(), group)?;
        }
        for listener in described.listeners {
            let listener = self.described_listener(listener)?;
            put(&mut self.listeners, "listeners", listener.arn.clone(), listener)?;
        }
        for rule in described.rules {
            self.admit_rule(rule)?;
        }
        self.check_target_load_balancers()?;
        self.settle_described_users();
        self.settle_usage(now);
        Ok(interfaces)
    }

    /// What listeners and rules say of a group's users is not said twice.
    fn settle_described_users(&mut self) {
        let said = self
            .target_groups
            .values_mut()
            .map(|group| (group.arn.clone(), std::mem::take(&mut group.described_users)));
        let said = said.collect::<Vec<_>>();
        let explained: BTreeMap<String, BTreeSet<String>> = self
            .usage()
            .into_iter()
            .map(|(group, users)| (group.to_owned(), users.into_iter().map(str::to_owned).collect()))
            .collect();
        for (arn, mut users) in said {
            users.retain(|user| !explained.get(&arn).is_some_and(|known| known.contains(user)));
            if let Some(group) = self.target_groups.get_mut(&arn) {
                group.described_users = users;
            }
        }
    }

    /// Name and id of a described element: from its ARN, otherwise its name and a new id. An ARN may be any text.
    fn name_and_id(
        &mut self,
        list: &'static str,
        resource: Resource,
        written: Option<&str>,
        name: Option<String>,
    ) -> Result<(String, String), AdmissionError> {
        let new_id = self.names.id();
        let (Some(written), true) = (written, written.and_then(Resource::of) == Some(resource)) else {
            let name = name.or_else(|| written.map(str::to_owned));
            return Ok((name.ok_or_else(|| value(list, "an element has neither an ARN nor a name"))?, new_id));
        };
        let mut parts = arn::path(written).rsplit('/');
        let (id, of_arn) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Ok((name.unwrap_or_else(|| of_arn.to_owned()), id.to_owned()))
    }
}

fn attributes(element: &str, catalogue: &Catalogue, written: Pairs) -> Result<Attributes, AdmissionError> {
    catalogue.apply(&catalogue.defaults(), written.0).map_err(|refusal| refused(element, refusal))
}

fn put<T>(map: &mut BTreeMap<String, T>, list: &'static str, arn: String, item: T) -> Result<(), AdmissionError> {
    match map.insert(arn.clone(), item) {
        None => Ok(()),
        Some(_) => Err(AdmissionError::Twice { list, id: arn }),
    }
}

fn unresolved(from: &str, key: &'static str, to: &str, list: &'static str) -> AdmissionError {
    AdmissionError::Unresolved { from: from.to_owned(), key, to: to.to_owned(), list }
}

fn refused(element: &str, refusal: ApiError) -> AdmissionError {
    value(element, &refusal.message)
}

fn value(element: &str, message: &str) -> AdmissionError {
    AdmissionError::Value { element: element.to_owned(), message: message.to_owned() }
}
