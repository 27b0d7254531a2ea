//! An AWS account at the wire: AWS Query requests in, XML answers out, in one process and without a real account. And a
//! Kubernetes API in the same way, for the client of `kube`.
//!
//! Modules in reading order:
//! - [`door`]: how requests come in: the SDK's own connector, or HTTP on a loopback port
//! - `wire`: request bodies to typed requests, typed answers to XML, errors
//! - `service_model`: the members of AWS's structures, and their names on the wire
//! - `clock`: the account's time
//! - `elbv2`: Elastic Load Balancing v2
//! - `ec2`: the part of EC2 that load balancers stand on
//! - `services`: `acm`, `iam`, `resource_groups_tagging`, `shield`, `sts`, `waf_regional`, `wafv2`, as far as load
//!   balancers need them; `accounts` and `tags` are what they share
//! - `load_balancing`: Elastic Load Balancing as the account's other services see it
//! - `throttle`, `lag`: what AWS does to callers: requests refused for their rate, reads that answer late
//! - `journal`, `observed`, `revision`: what tests see: calls and violations, the present state, whether it changed
//! - `network`: what Elastic Load Balancing asks EC2, here or at another endpoint
//! - `data_path`: what load balancers do with traffic, on loopback ports
//! - [`account_description`]: a document that fills an account
//! - [`kubernetes`]: the Kubernetes API
//!
//! It models AWS and Kubernetes as they behave and knows nothing of the programs that are tested against it.

pub mod account_description;
mod accounts;
mod acm;
mod clock;
mod data_path;
pub mod door;
mod ec2;
mod elbv2;
mod iam;
mod journal;
pub mod kubernetes;
mod lag;
mod load_balancing;
mod network;
mod observed;
mod options;
mod resource_groups_tagging;
mod revision;
mod service_model;
mod services;
mod shield;
mod simulator;
mod sts;
mod tags;
mod throttle;
mod waf_regional;
mod wafv2;
mod wildcard;
mod wire;

pub use crate::data_path::{Asked, DataPath, Decision, ListenerRules, OpenListener, TargetAddress, TargetTable};
pub use crate::door::{Request, Response, Service};
pub use crate::elbv2::{ForcedHealth, ForcedLoadBalancerState, ForcedReason, ForcedState, LoadBalancerState, Quotas};
pub use crate::journal::{CallRecord, Violation};
pub use crate::lag::{Lag, LagKind};
pub use crate::network::{RemoteEc2, Scope};
pub use crate::observed::{
    Observed, ObservedListener, ObservedLoadBalancer, ObservedPermission, ObservedRule, ObservedSecurityGroup,
    ObservedTarget, ObservedTargetGroup,
};
pub use crate::options::{AccountOptions, HealthOutcome, Options, ProvisioningOutcome};
pub use crate::simulator::Simulator;
pub use crate::throttle::{Bucket, BucketName, Share, Throttling};
