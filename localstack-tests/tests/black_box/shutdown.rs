//! SIGTERM in the middle of the work: a quick end, in a state from which the next start goes on.

use std::time::Duration;

use localstack_tests::bed::Bed;
use localstack_tests::proxy::{Fault, When};

use crate::holdings::Holdings;
use crate::printed_plan::agreement;
use crate::service::{Service, bindings};

#[tokio::test]
async fn it_ends_within_five_seconds_of_sigterm_while_a_write_hangs() {
    let bed = Bed::start().await.unwrap();
    let web = Service::new("web", &[80]);
    web.apply(&bed).await;
    // Each start gets one write further: at one the answer hangs, at one the request.
    for (action, hang) in [("CreateTargetGroup", Fault::HoldAnswer), ("CreateListener", Fault::HoldRequest)] {
        bed.proxy.at(When::Action(action.to_owned()), hang);
        let controller = bed.start_controller(&[]).await.unwrap();
        let held = bed.proxy.held().await;
        let (status, took) = controller.terminate().await.unwrap();
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        drop(held);
    }
    let mut controller = bed.start_controller(&[]).await.unwrap();
    controller.ready().await.unwrap();
    web.host_name(&bed).await;
    let found = Holdings::standing(&bed, 1, 2).await;
    assert_eq!((found.target_groups.len(), found.load_balancer().listeners.len()), (1, 1), "nothing twice: {found:#?}");
    assert_eq!(bindings(&bed).await.len(), 1);
    agreement(&bed).await;

    // With nothing to do it ends all the same.
    let (status, took) = controller.terminate().await.unwrap();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}
