//! The data path, with real sockets: what a client meets at the listeners of simulated load balancers.

#[cfg(test)]
mod data_path {
    mod application;
    mod network;
    mod secure;
    pub(crate) mod world;
}
