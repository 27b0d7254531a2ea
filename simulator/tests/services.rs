//! The services beside EC2 and Elastic Load Balancing, asked as a client of AWS's JSON and Query protocols asks.

// A test build anyway; said so that helpers count as test code for the lints.
#[cfg(test)]
mod services {
    mod acm;
    mod constraints;
    mod iam;
    mod shield;
    mod sts;
    mod tagging;
    mod waf;
    mod world;
}
