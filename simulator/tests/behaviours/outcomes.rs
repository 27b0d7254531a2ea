//! Load balancers and targets that do not come up, and interfaces that stay.

use std::time::Duration;

use northgate_simulator::{HealthOutcome, ProvisioningOutcome};

use super::world::{World, seconds};

#[tokio::test(start_paused = true)]
async fn a_load_balancer_may_fail_or_never_come_up_and_its_targets_wait() {
    let cases = [
        (ProvisioningOutcome::Active, "active", "healthy"),
        (ProvisioningOutcome::Failed, "failed", "initial"),
        (ProvisioningOutcome::Never, "provisioning", "initial"),
    ];
    for (outcome, state, health) in cases {
        let world = World::with(|options| options.provisioning_outcome = outcome).await;
        let web = world.web().await;
        assert_eq!(world.state(&web.load_balancer).await, "provisioning", "{outcome:?}");
        seconds(1800.0).await;
        assert_eq!(world.state(&web.load_balancer).await, state);
        assert_eq!(world.health(&web.group).await, health, "{outcome:?}");
        world.tell(|options| options.provisioning_outcome = ProvisioningOutcome::Active).await;
        assert_eq!(world.state(&web.load_balancer).await, state, "what is made keeps its fate");
        world.elb(&format!("DeleteLoadBalancer&LoadBalancerArn={}", web.load_balancer)).await.expect("deleted");
    }
}

#[tokio::test(start_paused = true)]
async fn targets_may_never_become_healthy() {
    for (outcome, health) in [(HealthOutcome::Unhealthy, "unhealthy"), (HealthOutcome::Never, "initial")] {
        let world = World::with(|options| options.health_outcome = outcome).await;
        let web = world.web().await;
        seconds(600.0).await;
        assert_eq!(world.health(&web.group).await, health);
        world.tell(|options| options.health_outcome = HealthOutcome::Healthy).await;
        assert_eq!(world.health(&web.group).await, "healthy");
    }
}

#[tokio::test(start_paused = true)]
async fn interfaces_that_outlive_their_load_balancer_hold_its_security_groups() {
    let world = World::with(|options| options.interface_delay = Duration::from_secs(300)).await;
    let web = world.web().await;
    world.elb(&format!("DeleteLoadBalancer&LoadBalancerArn={}", web.load_balancer)).await.expect("deleted");
    seconds(299.0).await;
    let refused = world.ec2("DeleteSecurityGroup&GroupId=sg-one").await.expect_err("held");
    assert!(refused.starts_with("400 DependencyViolation"), "{refused}");
    seconds(1.0).await;
    world.ec2("DeleteSecurityGroup&GroupId=sg-one").await.expect("free");
}
