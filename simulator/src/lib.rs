//! An AWS account at the wire: AWS Query requests in, XML answers out, in one process and without a real account. And a
//! Kubernetes API in the same way, for the client of `kube`.
//!
//! Modules in reading order:
//! - [`door`]: how requests come in: the SDK's own connector, or HTTP on a loopback port
//! - `wire`: request bodies to typed requests, typed answers to XML, errors
//! - `clock`: the account's time
//! - `elbv2`: Elastic Load Balancing v2
//! - `ec2`: the part of EC2 that load balancers stand on
//! - `throttle`, `lag`: what AWS does to callers: requests refused for their rate, reads that answer late
//! - `journal`, `observed`, `revision`: what tests see: calls and violations, the present state, whether it changed
//! - `network`: what Elastic Load Balancing asks EC2, here or at another endpoint
//! - `data_path`: what load balancers do with traffic, on loopback ports
//! - [`account_description`]: a document that fills an account
//! - [`kubernetes`]: the Kubernetes API
//!
//! It models AWS and Kubernetes as they behave and knows nothing of the programs that are tested against it.

pub mod account_description;
mod clock;
mod data_path;
pub mod door;
mod ec2;
mod elbv2;
mod journal;
pub mod kubernetes;
mod lag;
mod network;
mod observed;
mod options;
mod revision;
mod simulator;
mod throttle;
mod wildcard;
mod wire;

pub use crate::data_path::{DataPath, OpenListener, TargetAddress, TargetTable};
pub use crate::door::{Request, Response, Service};
pub use crate::elbv2::{ForcedHealth, ForcedState, Quotas};
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
