//! The simulator's Elastic Load Balancing, asked through the SDK: what AWS answers, and what it refuses.

#[cfg(test)]
mod elbv2 {
    pub(crate) mod world;

    mod actions;
    mod application;
    mod attributes;
    mod constraints;
    mod described;
    mod elastic_addresses;
    mod health;
    mod listeners;
    mod load_balancers;
    mod quotas;
    mod rules;
    mod secure_listeners;
    mod settings;
    mod tags;
    mod target_groups;
    mod targets;
}
