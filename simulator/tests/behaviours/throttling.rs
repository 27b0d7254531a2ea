//! Token buckets, as AWS documents them.

use northgate_simulator::{Bucket, BucketName, Share, Throttling};

use super::world::{World, seconds};

fn taken(share: f64) -> Throttling {
    Throttling::shared(Share::try_from(share).expect("a share"))
}

/// How many calls in a row are let through before the first is throttled, and what that one says.
async fn let_through(world: &World, service: &str, call: &str) -> (usize, String) {
    for count in 0..1_000 {
        let outcome = if service == "ec2" { world.ec2(call).await } else { world.elb(call).await };
        match outcome {
            Err(refusal) if refusal.contains("Throttling") || refusal.contains("RequestLimit") => {
                return (count, refusal);
            }
            _ => {}
        }
    }
    panic!("{call} is never throttled")
}

#[tokio::test(start_paused = true)]
async fn nothing_is_throttled_unless_told() {
    let world = World::new().await;
    for _ in 0..500 {
        world.elb("DescribeLoadBalancers").await.expect("an answer");
    }
}

#[tokio::test(start_paused = true)]
async fn each_category_has_its_burst_and_its_rate() {
    let register = "RegisterTargets&TargetGroupArn=arn";
    let cases = [
        ("elb", "DescribeLoadBalancers", 40, 10.0),
        ("elb", "AddTags&ResourceArns.member.1=x", 20, 3.0),
        ("elb", "DeleteLoadBalancer&LoadBalancerArn=x", 20, 3.0),
        ("elb", register, 20, 4.0),
        ("elb", "CreateLoadBalancer&Name=a", 10, 0.2),
        ("elb", "SetSubnets&LoadBalancerArn=x", 10, 0.2),
        ("elb", "CreateTrustStore&Name=a", 10, 0.2),
        ("ec2", "DescribeSubnets", 100, 20.0),
        ("ec2", "DescribeInstances", 50, 10.0),
        ("ec2", "DescribeInstances&MaxResults=100", 100, 20.0),
        ("ec2", "DescribeSecurityGroups&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-a", 100, 20.0),
        ("ec2", "DescribeSecurityGroups&GroupId.1=sg-one", 50, 10.0),
        ("ec2", "CreateSecurityGroup", 50, 5.0),
        ("ec2", "AuthorizeSecurityGroupIngress", 50, 5.0),
        ("ec2", "CreateTags", 100, 10.0),
    ];
    for (service, call, burst, per_second) in cases {
        let world = World::with(|options| options.throttling = taken(0.0)).await;
        assert_eq!(let_through(&world, service, call).await.0, burst, "{call}");
        seconds(1.0 / per_second).await;
        assert_eq!(let_through(&world, service, call).await.0, 1, "{call}: one more after its time");
        seconds(2.0 * f64::from(u32::try_from(burst).expect("small")) / per_second).await;
        assert_eq!(let_through(&world, service, call).await.0, burst, "{call}: a bucket overflows");
    }
}

#[tokio::test(start_paused = true)]
async fn all_of_elastic_load_balancing_draws_on_one_bucket_too_and_each_ec2_action_on_its_own() {
    let world = World::with(|options| options.throttling = taken(0.0)).await;
    assert_eq!(let_through(&world, "elb", "DeleteListener&ListenerArn=x").await.0, 20);
    assert_eq!(let_through(&world, "elb", "DescribeLoadBalancers").await.0, 20);
    assert_eq!(let_through(&world, "elb", "CreateLoadBalancer&Name=a").await.0, 0);
    assert_eq!(let_through(&world, "ec2", "DescribeSubnets").await.0, 100);
    assert_eq!(let_through(&world, "ec2", "DescribeVpcs").await.0, 100);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_says_so_in_each_services_words_and_does_nothing() {
    let world = World::with(|options| options.throttling = taken(1.0)).await;
    let refused =
        world.elb("CreateTargetGroup&Name=web&Protocol=TCP&Port=80&VpcId=vpc-a").await.expect_err("throttled");
    assert_eq!(refused, "400 Throttling: Rate exceeded");
    let refused = world.ec2("CreateSecurityGroup&GroupName=a&GroupDescription=a&VpcId=vpc-a").await;
    assert!(refused.expect_err("throttled").starts_with("503 RequestLimitExceeded: Request limit exceeded."));
    let observed = world.simulator.observe(&World::scope()).await.expect("a state");
    assert!(observed.target_groups.is_empty() && observed.security_groups.len() == 1, "{observed:?}");
    assert_eq!(world.simulator.violations(), [], "too many calls are no wrong calls");
}

#[tokio::test(start_paused = true)]
async fn others_take_their_share_and_numbers_can_be_set() {
    let world = World::with(|options| options.throttling = taken(0.5)).await;
    assert_eq!(let_through(&world, "elb", "DescribeLoadBalancers").await.0, 20);
    seconds(0.2).await;
    assert_eq!(let_through(&world, "elb", "DescribeLoadBalancers").await.0, 1);
    let rare = Bucket { burst: 2.0, per_second: 1.0 };
    let world = World::with(|options| {
        options.throttling = taken(0.0);
        options.throttling.buckets.insert(BucketName::ElbRegistration, rare);
    });
    assert_eq!(let_through(&world.await, "elb", "RegisterTargets&TargetGroupArn=arn").await.0, 2);
}
