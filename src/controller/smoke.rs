//! Temporary: the controller on the simulator against a real API server, by hand.
use super::*;
use northgate_planner::id::*;
use northgate_simulator::{Options, Simulator};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn by_hand() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info,northgate_simulator=debug"))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let mut options = Options::default();
    options.account.provisioning_delay = Duration::from_secs(8);
    let simulator = Simulator::new(options);
    let text = std::fs::read_to_string("tests/golden/account.yaml").unwrap().replace("vpc-1", "vpc-0123456789abcdef0");
    northgate_simulator::account_description::load(&simulator, &text).await.unwrap();
    let connection =
        crate::aws::Connection::over(simulator.connector(), &AccountId::new("123456789012"), &Region::new("us-west-2"));
    loop {
    let account = connection.account(ClusterName::new("demo"), VpcId::new("vpc-0123456789abcdef0"));
    let client = crate::cluster::connect(&crate::cluster::ConnectOptions { kubeconfig: Some("/tmp/ngctl-cp/state/kubeconfig".into()), context: None }).await.unwrap();
    let stop = Stop::default();
    let told = stop.clone();
    let end = tokio::spawn(async move {
        loop {
            if std::path::Path::new("/tmp/ngctl-cp/stop").exists() { told.tell(); return true; }
            if std::path::Path::new("/tmp/ngctl-cp/restart").exists() { std::fs::remove_file("/tmp/ngctl-cp/restart").unwrap(); told.tell(); return false; }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let started = std::time::Instant::now();
    run_until(RunOptions {
        settings: Settings::new(ClusterName::new("demo"), VpcId::new("vpc-0123456789abcdef0"), Region::new("us-west-2")),
        cluster: client, account, sync_period: Duration::from_secs(600),
        health_probe_bind_addr: "127.0.0.1:19779".parse().unwrap(), instance: "smoke".into(),
    }, stop).await.unwrap();
    eprintln!("ended after {:?}", started.elapsed());
    if end.await.unwrap() { return; }
    }
}
