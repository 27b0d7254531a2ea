//! Decides what a cluster's load balancers should be: objects, facts and observed state in, a plan out.
//!
//! Pure: no async, no clients, no clock. In reading order:
//!
//! - [`id`]: a type for every string from outside
//! - `label_selector`: label selectors, as Kubernetes matches with them
//! - [`snapshot`]: the Kubernetes objects of one decision, and its settings
//! - [`problem`]: what is wrong with an object
//! - [`crd`]: the custom resources
//! - [`spec`]: objects to typed intent
//! - [`model`]: the values that AWS resources are made of
//! - [`facts`]: what AWS is asked, and the answers
//! - [`desired`]: intent and facts to what should exist
//! - [`actual`]: what was observed, and whose it is
//! - [`diff`]: every difference, field by field
//! - [`plan`]: differences as ordered steps, printed and resolved
//! - [`targets`]: the targets of one binding
//! - [`route`]: where a request goes
//! - [`worker_rules`]: the ingress rules of one worker security group
//! - [`shared`]: the security group that all load balancers share
//! - [`pipeline`]: the stages joined once
//! - [`planted`]: bugs on purpose, for the tests of the tests

pub mod actual;
pub mod crd;
pub mod desired;
pub mod diff;
pub mod facts;
pub mod id;
mod label_selector;
pub mod model;
pub mod pipeline;
pub mod plan;
pub mod planted;
pub mod problem;
pub mod route;
pub mod shared;
pub mod snapshot;
pub mod spec;
pub mod targets;
#[cfg(test)]
mod testing;
pub mod worker_rules;
