//! The simulator's EC2, asked through the SDK: what AWS answers, and what it refuses.

// A test build anyway; said so that helpers count as test code for the lints.
#[cfg(test)]
mod ec2 {
    pub(crate) mod world;

    mod built;
    mod constraints;
    mod described;
    mod load_balancer_interfaces;
    mod more_described;
    mod paged;
    mod remote;
    mod security_group_rules;
    mod security_groups;
    mod tagged;
}
