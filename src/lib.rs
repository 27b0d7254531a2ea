//! Everything of Northgate that touches the world: AWS, the Kubernetes API, the terminal.

pub mod aws;
pub mod cli;
pub mod cluster;
pub mod controller;
mod error_chain;
pub mod metrics;
mod seldom;
