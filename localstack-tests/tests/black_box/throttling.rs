//! AWS says "too many calls": the controller comes again, and nobody is told that his Service is wrong.

use localstack_tests::bed::Bed;
use localstack_tests::proxy::{Fault, When};

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{Service, events};

#[tokio::test]
async fn a_throttled_account_is_a_matter_of_time() {
    let bed = Bed::start().await.unwrap();
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    let throttled_ec2 = || Fault::fail(503, "RequestLimitExceeded");
    let faults = [
        ("DescribeLoadBalancers", 2, Fault::throttle()),
        ("DescribeTargetGroups", 1, Fault::throttle()),
        ("DescribeTags", 1, Fault::throttle()),
        ("DescribeSecurityGroups", 2, throttled_ec2()),
        ("DescribeSubnets", 1, throttled_ec2()),
        ("DescribeTargetHealth", 2, Fault::throttle()),
        ("CreateSecurityGroup", 2, throttled_ec2()),
        ("AuthorizeSecurityGroupIngress", 2, throttled_ec2()),
        ("CreateTargetGroup", 2, Fault::throttle()),
        ("CreateLoadBalancer", 1, Fault::throttle()),
        ("CreateListener", 2, Fault::throttle()),
        ("RegisterTargets", 3, Fault::throttle()),
    ];
    for (action, times, fault) in faults.clone() {
        bed.proxy.times(times, When::Action(action.to_owned()), fault);
    }
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    web.host_name(&bed).await;
    Holdings::standing(&bed, 1, 2).await;
    agreement(&bed).await;

    let journal = bed.proxy.journal();
    for (action, times, _) in faults {
        let refused = journal.calls().iter().filter(|call| call.action == action && call.fault.is_some()).count();
        assert_eq!(refused, times, "every throttle was met: {action}\n{journal}");
    }
    let done: Vec<String> =
        bed.proxy.writes().iter().filter(|call| call.succeeded()).map(|call| call.action.clone()).collect();
    assert_eq!(done.len(), 8, "every write is done once: {done:?}");
    let told = events(&bed, "web").await;
    assert!(!told.iter().any(|event| event.starts_with("Failed")), "{told:#?}");
}
