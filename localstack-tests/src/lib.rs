//! The test bed: LocalStack with the simulator behind its ELBv2, real Kubernetes control planes, a recording proxy, and
//! the controller as a process of its own. One implementation, used by the black-box tests and by `cargo xtask`.
//!
//! In reading order:
//!
//! - [`bed`]: all of it together, for one test
//! - [`setup`]: what is built or installed once, outside the checkout
//! - [`control_plane`], [`kubectl`], [`nodes`], [`pods`]: the cluster
//! - [`cloud`], [`localstack`], [`simulator`], [`aws`], [`account`], [`world`]: the AWS account
//! - [`proxy`]: between the controller and AWS
//! - [`process`], [`http`], [`program`], `random`, [`until()`]: what these stand on

pub mod account;
pub mod aws;
pub mod bed;
pub mod cloud;
pub mod control_plane;
mod error;
pub mod http;
pub mod kubectl;
pub mod localstack;
pub mod nodes;
pub mod pods;
pub mod process;
pub mod program;
pub mod proxy;
mod random;
pub mod setup;
pub mod simulator;
mod until;
pub mod world;

pub use error::Error;
pub use until::until;
