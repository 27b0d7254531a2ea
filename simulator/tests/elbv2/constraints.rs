//! What AWS refuses: one constraint each, its name a sentence, with the source it comes from.
//!
//! Every row is a test of its own, so that they can be counted:
//! `cargo test -p northgate-simulator --test elbv2 constraints:: -- --list`.
//!
//! `B.x` is a section of the project's notes on AWS's limits; `API` is the API reference of Elastic Load Balancing
//! (2015-12-01); `ALB` and `NLB` are the guides.

/// Rows: a sentence, the beginning of the refusal, and a call of the SDK that AWS refuses.
macro_rules! refused {
    ($($(#[doc = $source:literal])+ $sentence:ident => $expected:literal, |$world:ident| $call:expr;)+) => {
        $(
            $(#[doc = $source])+
            #[tokio::test(start_paused = true)]
            async fn $sentence() {
                let $world = super::super::world::World::new().await;
                let refused = super::super::world::refusal(&$call.expect_err("AWS refuses it"));
                assert!(refused.starts_with($expected), "{refused}");
            }
        )+
    };
}

mod actions;
mod attributes;
mod capacity;
mod conditions;
mod listeners;
mod load_balancers;
mod quotas;
mod rules;
mod tags;
mod target_groups;
mod targets;
