//! The bed as a whole: the controller's process in it, and nothing left when it is gone.

use std::time::Duration;

use localstack_tests::bed::Bed;

#[tokio::test]
async fn the_controller_is_ready_killed_and_started_again() {
    let bed = Bed::start().await.unwrap();
    let mut first = bed.start_controller(&[]).await.unwrap();
    first.ready().await.unwrap();
    let calls = bed.proxy.journal();
    assert!(!calls.calls().is_empty(), "ready means that AWS has answered");
    assert!(calls.calls().iter().all(|call| call.account == bed.account.id()), "{calls}");
    assert_eq!(bed.proxy.writes(), [], "nothing asks for anything yet");
    first.kill().await.unwrap();

    let mut second = bed.start_controller(&["--sync-period=1m"]).await.unwrap();
    second.ready().await.unwrap();
    let (status, took) = second.terminate().await.unwrap();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}
