//! What the controller works on in the demo: a simulated account, a simulated cluster in it, and what carries traffic.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use northgate_planner::crd::custom_resource_definitions;
use northgate_planner::id::{AccountId, ClusterName, Region, VpcId};
use northgate_planner::snapshot::Settings;
use northgate_planner::spec::ingress::class::CONTROLLER;
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions, controllers};
use northgate_simulator::{AccountOptions, DataPath, Observed, Options, Scope, Simulator, door};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::DemoError;
use super::traffic;
use super::workers::{self, Worker};
use crate::aws::{Connection, ReadOnlyAccount};
use crate::cluster::{self, Client, Clock};
use crate::controller::{self, Pace, RunOptions, Stop};
use crate::metrics::Metrics;

/// The cluster's name: part of the names and tags of everything that is made.
pub(super) const CLUSTER: &str = "demo";

/// What AWS takes minutes for, shortened; the order of things stays.
const PROVISIONING: Duration = Duration::from_millis(500);
const HEALTH: Duration = Duration::from_millis(300);
const DRAINING: Duration = Duration::from_millis(300);
const INTERFACES: Duration = Duration::ZERO;
const PODS_READY: Duration = Duration::from_millis(100);
/// And the controller looks accordingly.
const PACE: Pace = Pace { load_balancers: Duration::from_millis(100), targets: Duration::from_millis(100) };

/// The world of one demo.
pub(super) struct World {
    pub(super) scope: Scope,
    pub(super) vpc: VpcId,
    pub(super) workers: Vec<Worker>,
    pub(super) simulator: Simulator,
    pub(super) kubernetes: Kubernetes,
    pub(super) client: Client,
    pub(super) data_path: DataPath,
    /// The account before anything was done.
    pub(super) before: Arc<Observed>,
    connection: Connection,
    settings: Settings,
    running: JoinSet<()>,
}

impl World {
    /// Opens an account and a cluster in it; `name` is what the description is called in errors.
    pub(super) async fn open(name: &str, description: &str) -> Result<Self, DemoError> {
        let (workers, description) = read(name, description)?;
        let refused = |source| DemoError::Account { name: name.to_owned(), source: Box::new(source) };
        let scope = Scope { account: description.account_id().to_owned(), region: description.region().to_owned() };
        let vpc = description.vpc_id().ok_or_else(|| DemoError::NoVpc { name: name.to_owned() })?;
        let vpc = VpcId::new(vpc);
        let start = cluster::now();
        let account = AccountOptions {
            provisioning_delay: PROVISIONING,
            health_delay: HEALTH,
            drain_cap: DRAINING,
            interface_delay: INTERFACES,
            ..AccountOptions::default()
        };
        let simulator = Simulator::new(Options { start, account, ..Options::default() });
        description.load(&simulator).await.map_err(refused)?;
        let kubernetes = Kubernetes::new(KubernetesOptions {
            start,
            pods_ready_after: PODS_READY,
            pods_end_after: PODS_READY,
            ..KubernetesOptions::default()
        });
        for definition in custom_resource_definitions() {
            kubernetes.put(json!(definition)).map_err(|source| DemoError::Fixture { source })?;
        }
        kubernetes.put(ingress_class()).map_err(|source| DemoError::Fixture { source })?;
        for worker in &workers {
            kubernetes.put(worker.object()).map_err(|source| DemoError::Fixture { source })?;
        }
        let (account, region) = (AccountId::new(&scope.account), Region::new(&scope.region));
        let connection = Connection::over(simulator.connector(), &account, &region);
        let mut settings = Settings::new(ClusterName::new(CLUSTER), vpc.clone(), region);
        settings.account = Some(account);
        let data_path = DataPath::serve(&simulator);
        let mut running = JoinSet::new();
        let its = kubernetes.clone();
        running.spawn(async move {
            controllers::run(&its).await;
        });
        running.spawn(traffic::carry(kubernetes.clone(), data_path.clone(), scope.clone(), workers.clone()));
        let before = observe(&simulator, &scope).await?;
        let client = kubernetes.client();
        Ok(Self {
            scope,
            vpc,
            workers,
            simulator,
            kubernetes,
            client,
            data_path,
            before,
            connection,
            settings,
            running,
        })
    }

    /// Starts the controller, the real one.
    pub(super) fn start_controller(&self) -> (Stop, JoinHandle<Result<(), controller::Error>>) {
        let stop = Stop::default();
        let options = RunOptions {
            settings: self.settings.clone(),
            cluster: self.kubernetes.client(),
            account: self.connection.account(self.settings.cluster_name.clone(), self.vpc.clone()),
            sync_period: Duration::from_secs(600),
            probes: None,
            metrics_bind_addr: None,
            metrics: Metrics::default(),
            instance: "northgate-demo".to_owned(),
            clock: Clock::System,
            pace: PACE,
        };
        let running = tokio::spawn(controller::run_until(options, stop.clone()));
        (stop, running)
    }

    /// Lets the AWS CLI in; gives the address.
    pub(super) async fn open_door(&mut self) -> std::io::Result<std::net::SocketAddr> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        self.run(door::http::serve(self.simulator.clone(), Some(self.data_path.clone()), listener));
        Ok(address)
    }

    fn run(&mut self, part: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.running.spawn(part)
    }

    /// The account as a plan sees it.
    pub(super) fn read_only_account(&self) -> (ReadOnlyAccount, Settings) {
        let settings = self.settings.clone();
        (self.connection.read_only_account(settings.cluster_name.clone(), self.vpc.clone()), settings)
    }

    /// The account as it is.
    pub(super) async fn observe(&self) -> Result<Arc<Observed>, DemoError> {
        observe(&self.simulator, &self.scope).await
    }

    /// A Service or an Ingress as the API server has it.
    pub(super) fn live(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let resource = match kind {
            "Service" => "services",
            "Ingress" => "ingresses",
            _ => return None,
        };
        self.kubernetes.object(resource, namespace, name)
    }

    /// What there is in the account now and was not in the beginning.
    pub(super) async fn left_over(&self) -> Result<Vec<String>, DemoError> {
        let now = self.observe().await?;
        let before = &self.before;
        let balancers = now.load_balancers.iter().filter(|(arn, _)| !before.load_balancers.contains_key(*arn));
        let groups = now.target_groups.iter().filter(|(arn, _)| !before.target_groups.contains_key(*arn));
        let security = now.security_groups.iter().filter(|(id, _)| !before.security_groups.contains_key(*id));
        let rules = now.security_groups.iter().filter(|(id, found)| {
            before.security_groups.get(*id).is_some_and(|before| before.ingress != found.ingress)
        });
        Ok(balancers
            .map(|(_, found)| format!("load balancer {}", found.name))
            .chain(groups.map(|(_, found)| format!("target group {}", found.name)))
            .chain(security.map(|(_, found)| format!("security group {}", found.name)))
            .chain(rules.map(|(_, found)| format!("rules of security group {}", found.name)))
            .collect())
    }
}

/// The class that installing a controller of Ingresses brings along.
fn ingress_class() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": { "name": "alb" },
        "spec": { "controller": CONTROLLER },
    })
}

async fn observe(simulator: &Simulator, scope: &Scope) -> Result<Arc<Observed>, DemoError> {
    simulator.observe(scope).await.map_err(DemoError::Unobservable)
}

/// Reads a description as its writer left it, so that errors name its lines, and once more with its workers settled in it.
fn read(name: &str, text: &str) -> Result<(Vec<Worker>, AccountDescription), DemoError> {
    let refused = |source| DemoError::Account { name: name.to_owned(), source: Box::new(source) };
    let written = AccountDescription::parse(text).map_err(refused)?;
    if written.recorded().is_some() {
        return Err(DemoError::Recorded { name: name.to_owned() });
    }
    let mut account: Value = AccountDescription::document(text).map_err(refused)?;
    let workers = workers::settle(&mut account)?;
    let description = AccountDescription::parse(&account.to_string()).map_err(refused)?;
    Ok((workers, description))
}
