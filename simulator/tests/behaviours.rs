//! What AWS does to all callers: throttling, late reads, load balancers and targets that never come up; and what a test
//! sees of an account: calls, violations, the present state.

#[cfg(test)]
mod behaviours {
    pub(crate) mod world;

    mod lag;
    mod outcomes;
    mod throttling;
    mod watched;
}
