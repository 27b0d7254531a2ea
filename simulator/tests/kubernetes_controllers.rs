//! The small controllers beside the Kubernetes API: what comes of objects when nobody but them writes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole crate is tests")]

#[path = "kubernetes_controllers/endpoint_slices.rs"]
mod endpoint_slices;
#[path = "kubernetes_controllers/owners.rs"]
mod owners;
#[path = "kubernetes_controllers/pods.rs"]
mod pods;
#[path = "kubernetes_controllers/world.rs"]
mod world;
