//! Load balancing that an account description puts in: elements in the shape that the AWS CLI prints.
//!
//! What an element leaves out takes AWS's defaults. The description checks keys and references to EC2; what is checked
//! here is what only load balancing knows.

mod listener;
mod load_balancer;
mod pairs;
mod target_group;

use std::collections::BTreeMap;

pub(crate) use self::listener::DescribedListener;
pub(crate) use self::load_balancer::DescribedLoadBalancer;
pub(super) use self::pairs::Pairs;
pub(crate) use self::target_group::DescribedTargetGroup;
use super::arn::Resource;
use super::attributes::{Attributes, Catalogue};
use super::store::Store;
use crate::clock::Moment;
use crate::wire::ApiError;

/// Everything that a description says about load balancing.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) load_balancers: Vec<DescribedLoadBalancer>,
    pub(crate) target_groups: Vec<DescribedTargetGroup>,
    pub(crate) listeners: Vec<DescribedListener>,
}

/// What the description knows of EC2.
pub(crate) trait Surroundings {
    /// The VPC and the zone's name of a subnet.
    fn subnet(&self, id: &str) -> Option<(String, String)>;

    /// The VPC of elements that name none.
    fn default_vpc(&self) -> Option<String>;

    /// The zone of an instance.
    fn instance_zone(&self, id: &str) -> Option<String>;
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
    /// Takes in what a description says; after an error the store holds a part of it.
    pub(crate) fn admit(
        &mut self,
        described: Described,
        surroundings: &dyn Surroundings,
        now: Moment,
    ) -> Result<(), AdmissionError> {
        for load_balancer in described.load_balancers {
            let load_balancer = self.described_load_balancer(load_balancer, surroundings, now)?;
            let arn = load_balancer.arn.clone();
            put(&mut self.load_balancers, "loadBalancers", arn, load_balancer)?;
        }
        for group in described.target_groups {
            let group = self.described_target_group(group, surroundings, now)?;
            put(&mut self.target_groups, "targetGroups", group.arn.clone(), group)?;
        }
        for listener in described.listeners {
            let listener = self.described_listener(listener)?;
            put(&mut self.listeners, "listeners", listener.arn.clone(), listener)?;
        }
        self.settle_usage(now);
        Ok(())
    }

    /// Name and id of a described element: from its ARN, otherwise its name and a new id.
    fn name_and_id(
        &mut self,
        list: &'static str,
        resource: Resource,
        arn: Option<&str>,
        name: Option<String>,
    ) -> Result<(String, String), AdmissionError> {
        let new_id = self.names.id();
        let Some(arn) = arn else {
            let name = name.ok_or_else(|| value(list, "an element has neither an ARN nor a name"))?;
            return Ok((name, new_id));
        };
        resource.check(arn).map_err(|refusal| refused(list, refusal))?;
        let mut parts = arn.rsplit('/');
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
