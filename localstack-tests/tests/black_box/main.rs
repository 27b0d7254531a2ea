//! The black-box tests: the built programs from outside, against LocalStack and real control planes. One binary, so that
//! one LocalStack serves them all and never more than three control planes run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole crate is tests")]

mod bed;
mod budget;
mod deletion;
mod drift;
mod edits;
mod group_of_ten;
mod hand_made;
mod holdings;
mod ingress;
mod instance_targets;
mod interruptions;
mod ip_targets;
mod kubernetes_api;
mod law;
mod moves;
mod nodes_come_and_go;
mod parts;
mod printed_plan;
mod record;
mod refusals;
mod replacement;
mod route;
mod second_controller;
mod service;
mod shipped;
mod shutdown;
mod throttling;
mod tls;
mod traffic;
mod tutorial;
