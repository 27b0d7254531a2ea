//! An AWS account at the wire: AWS Query requests in, XML answers out, in one process and without a real account.
//!
//! Modules in reading order:
//! - [`door`]: how requests come in: the SDK's own connector, or HTTP on a loopback port
//! - `wire`: request bodies to typed requests, typed answers to XML, errors
//! - `service_model`: the members of AWS's structures, and their names on the wire
//! - `clock`: the account's time
//! - `elbv2`: Elastic Load Balancing v2
//! - `ec2`: the part of EC2 that load balancers stand on
//! - `load_balancing`: Elastic Load Balancing as the account's other services see it
//! - `network`: what Elastic Load Balancing asks EC2, here or at another endpoint
//! - [`account_description`]: a document that fills an account
//!
//! It models AWS as it behaves and knows nothing of the programs that are tested against it.

pub mod account_description;
mod clock;
pub mod door;
mod ec2;
mod elbv2;
mod load_balancing;
mod network;
mod options;
mod service_model;
mod simulator;
mod wire;

pub use crate::door::{Request, Response, Service};
pub use crate::elbv2::{ForcedHealth, ForcedState, Quotas};
pub use crate::network::{RemoteEc2, Scope};
pub use crate::options::{AccountOptions, Options};
pub use crate::simulator::Simulator;
