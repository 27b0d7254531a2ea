//! The world of one episode: a simulated account, a simulated API server, what is asked for, and the program in it.

mod calendar;
mod hardships;
mod ingresses;
mod others;
mod people;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::Client;
use northgate::aws::{Connection, ReadOnlyAccount};
use northgate::controller::{self, Pace, RunOptions, Stop};
use northgate::metrics::Metrics;
use northgate_planner::crd::custom_resource_definitions;
use northgate_planner::id::{AccountId, ClusterName, Region, VpcId};
use northgate_planner::snapshot::{ClasslessServices, Settings};
use northgate_simulator::account_description::AccountDescription;
use northgate_simulator::kubernetes::{Kubernetes, KubernetesOptions};
use northgate_simulator::{AccountOptions, Lag, LagKind, Observed, Options, Scope, Simulator};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::call::Call;
use crate::declared::{Declared, History};
use crate::gate::{Gate, Moment, Standing, Witness};
use crate::invariants::{HINDSIGHT, Judge, Scene, Served};
use crate::workload::Event;
use crate::{aws, kubernetes};

use calendar::Calendar;

/// How far back a stale read looks.
pub(crate) const STALE: Duration = Duration::from_secs(30);
/// How long AWS takes for what an episode waits for: set-up, health checks, draining and clean-up, one after the other.
pub(crate) const AWS_DELAYS: Duration = Duration::from_secs(45);

/// How long targets take to be healthy.
pub(crate) const HEALTH_DELAY: Duration = Duration::from_secs(5);
const START: &str = "2026-01-31T12:00:00Z";

/// The world of one episode.
pub(crate) struct Stage {
    simulator: Simulator,
    kubernetes: Kubernetes,
    admin: Client,
    gate: Gate,
    origin: Instant,
    calendar: Calendar,
    declared: Declared,
    node_ports_given: u16,
    court: Arc<Court>,
}

/// The program at work.
pub(crate) struct Program {
    /// Ends it as a signal would.
    pub(crate) stop: Stop,
    /// The program.
    pub(crate) running: JoinHandle<Result<(), controller::Error>>,
}

/// Who judges an episode, and what from.
struct Court {
    simulator: Simulator,
    kubernetes: Kubernetes,
    origin: Instant,
    history: Mutex<History>,
    judge: Mutex<Judge>,
}

/// The account and Region of all episodes.
pub(crate) fn scope() -> Scope {
    Scope { account: "123456789012".to_owned(), region: "us-west-2".to_owned() }
}

fn start() -> Timestamp {
    START.parse().expect("a valid time")
}

/// What the program is told by flags.
fn settings() -> Settings {
    let region = Region::new(&scope().region);
    let mut settings = Settings::new(ClusterName::new("demo"), VpcId::new("vpc-00000001"), region);
    settings.account = Some(AccountId::new(&scope().account));
    settings.classless_services = ClasslessServices::True;
    settings
}

impl Stage {
    /// A world with two nodes in which nothing was asked for yet.
    pub(crate) async fn open(gate: Gate, quotas: &BTreeMap<String, u64>) -> Self {
        let account = AccountOptions {
            provisioning_delay: Duration::from_secs(20),
            health_delay: HEALTH_DELAY,
            drain_cap: Duration::from_secs(10),
            interface_delay: Duration::from_secs(10),
            lag: Lag::default().keeping(STALE),
            ..AccountOptions::default()
        };
        let simulator = Simulator::new(Options { start: start(), account, ..Options::default() });
        let text = format!("{}\nquotas: {}\n", include_str!("account.yaml"), json!(quotas));
        let description = AccountDescription::parse(&text).expect("the account is described well");
        description.load(&simulator).await.expect("the account is described well");
        // So that a stale read sees the account, not the nothing that was before it.
        tokio::time::sleep(STALE).await;
        let kubernetes = Kubernetes::new(KubernetesOptions {
            start: start(),
            managed_fields: false,
            ..KubernetesOptions::default()
        });
        let origin = Instant::now();
        let first = observe(&simulator).await;
        let court = Arc::new(Court {
            simulator: simulator.clone(),
            kubernetes: kubernetes.clone(),
            origin,
            history: Mutex::default(),
            judge: Mutex::new(Judge::new(&first)),
        });
        let admin = kubernetes.client();
        let mut stage = Self {
            simulator,
            kubernetes,
            admin,
            gate,
            origin,
            calendar: Calendar::new(start()),
            declared: Declared::default(),
            node_ports_given: 0,
            court,
        };
        for definition in custom_resource_definitions() {
            stage.kubernetes.put(json!(definition)).expect("the definitions are well formed");
        }
        for node in [1, 2] {
            stage.node_joins(node);
        }
        stage.set_class(true).await;
        stage.remember();
        stage.gate.set_witness(Arc::clone(&stage.court) as Arc<dyn Witness>);
        stage
    }

    /// Starts the program as it starts in a pod: nothing in memory.
    pub(crate) fn start(&self) -> Program {
        let life = self.gate.begin_life();
        let connection = self.connection(aws::client(&self.simulator, &self.gate, life));
        let settings = settings();
        let stop = Stop::default();
        let options = RunOptions {
            account: connection.account(settings.cluster_name.clone(), settings.vpc.clone()),
            settings,
            cluster: Client::new(kubernetes::Gated::new(self.kubernetes.service(), &self.gate, life), "default"),
            sync_period: Duration::from_secs(600),
            probes: None,
            metrics_bind_addr: None,
            metrics: Metrics::default(),
            instance: format!("northgate-{life}"),
            clock: self.calendar.clock(),
            pace: Pace::default(),
        };
        let running = tokio::spawn(controller::run_until(options, stop.clone()));
        Program { stop, running }
    }

    /// A way to the account that is not through the gate, for reading, and the settings of the program.
    pub(crate) fn read_only_account(&self) -> (ReadOnlyAccount, Settings) {
        let settings = settings();
        let connection = self.connection(self.simulator.connector());
        (connection.read_only_account(settings.cluster_name.clone(), settings.vpc.clone()), settings)
    }

    /// A client of the API server that is not through the gate.
    pub(crate) fn client(&self) -> Client {
        self.admin.clone()
    }

    fn connection(&self, http: SharedHttpClient) -> Connection {
        let (account, region) = (AccountId::new(&scope().account), Region::new(&scope().region));
        Connection::over(http, &account, &region).with_time_source(self.calendar.clone())
    }

    /// Lets something happen.
    pub(crate) async fn happen(&mut self, event: &Event) {
        self.gate.note(event.to_string());
        match event {
            Event::Create { service, ports, ip, pods } => self.create_service(service, ports, *ip, pods).await,
            Event::Backend(service, pods) => self.create_backend(service, pods).await,
            Event::Ingress(name, ingress) => self.apply_ingress(name, ingress).await,
            Event::DeleteIngress(name) => self.delete_ingress(name).await,
            Event::Class(is_there) => self.set_class(*is_there).await,
            Event::Ports(service, ports) => self.set_ports(service, ports).await,
            Event::Annotate(service, key, value) => self.annotate(service, key, value.as_deref()).await,
            Event::Type(service, load_balancer) => self.set_type(service, *load_balancer).await,
            Event::Delete(service) => self.delete_service(service).await,
            Event::Pods(service, pods) => self.set_pods(service, pods).await,
            Event::NodeJoins(node) => {
                self.node_joins(*node);
                self.write_all_endpoints().await;
            }
            Event::NodeLeaves(node) => self.node_leaves(*node).await,
            Event::NodeDrains(node) => self.node_drains(*node).await,
            Event::NamespaceEmptied => self.empty_namespace().await,
            Event::Denied(operation) => self.gate.stand(Standing::Denied(operation)),
            Event::CredentialsExpire(true) => self.gate.stand(Standing::Expired),
            Event::Permitted | Event::CredentialsExpire(false) => self.gate.stand(Standing::Fine),
            Event::Provisioning(hitch) => self.set_provisioning(*hitch).await,
            Event::NeverHealthy(never) => self.set_health(*never).await,
            Event::ClockJumps(seconds) => self.calendar.jump(*seconds),
            Event::Paused(seconds) => self.pause(*seconds).await,
            Event::Drift(drift) => self.drift(drift).await,
            Event::WatchesBreak => self.kubernetes.break_watches(),
            Event::WatchesPause => self.kubernetes.pause_watches(),
            Event::WatchesResume => self.kubernetes.resume_watches(),
            Event::WatchesRelist => self.kubernetes.resume_watches_with_relist(),
            Event::ViewsLag(seconds) => self.kubernetes.lag(Duration::from_secs(*seconds)),
            Event::ViewsBreakLate(seconds) => {
                self.kubernetes.lag(Duration::from_secs(*seconds));
                self.kubernetes.break_watches();
            }
            Event::EventsAgain(count) => self.kubernetes.replay_events(*count),
            Event::HistoryForgotten => self.kubernetes.compact(),
        }
        self.remember();
    }

    /// The account as it is.
    pub(crate) async fn observe(&self) -> Arc<Observed> {
        observe(&self.simulator).await
    }

    /// The Services as they are.
    pub(crate) fn services(&self) -> BTreeMap<String, Served> {
        self.court.served("services")
    }

    /// The Ingresses as they are.
    pub(crate) fn ingresses(&self) -> BTreeMap<String, Served> {
        self.court.served("ingresses")
    }

    /// The objects of a kind as they are.
    pub(crate) fn objects(&self, resource: &str) -> Vec<Value> {
        self.kubernetes.objects(resource).iter().map(|object| Value::clone(object)).collect()
    }

    /// What is asked for now.
    pub(crate) fn declared(&self) -> &Declared {
        &self.declared
    }

    /// The requests that AWS's own model of its services refuses.
    pub(crate) fn ill_formed_requests(&self) -> Vec<String> {
        let violations = self.simulator.violations();
        violations.iter().map(|found| format!("{}:{}: {}", found.service, found.action, found.message)).collect()
    }

    fn remember(&mut self) {
        let then = self.origin.elapsed().saturating_sub(HINDSIGHT);
        let class = self.court.history().since(then).any(|declared| declared.class);
        self.declared.remember_what_was_good(class);
        self.court.history().push(self.origin.elapsed(), self.declared.clone());
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.court.judge()
    }
}

impl Court {
    fn served(&self, resource: &str) -> BTreeMap<String, Served> {
        let objects = self.kubernetes.objects(resource);
        let served = objects.iter().map(|object| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            (name, Served::of(object))
        });
        served.collect()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("no thread panics while it holds the history")
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().expect("no thread panics while it holds the judge")
    }
}

impl Witness for Court {
    fn look<'a>(&'a self, call: &'a Call, moment: Moment) -> BoxFuture<'a, Vec<String>> {
        if !call.writes || call.is_aside() {
            return futures::future::ready(Vec::new()).boxed();
        }
        async move {
            let view = observe(&self.simulator).await;
            let (services, ingresses) = (self.served("services"), self.served("ingresses"));
            let history = self.history();
            let now = self.origin.elapsed();
            let scene = Scene { view: &view, services: &services, ingresses: &ingresses, history: &history, now };
            self.judge().judge(call, moment, &scene)
        }
        .boxed()
    }
}

/// Has reads of the account answer as things were that long ago.
pub(crate) async fn look_back(simulator: &Simulator, lag: Duration) {
    let mut options = simulator.options(&scope()).await;
    options.lag = LagKind::ALL.iter().fold(options.lag, |all, kind| all.with(*kind, lag));
    simulator.set_options(&scope(), options).await;
}

async fn observe(simulator: &Simulator) -> Arc<Observed> {
    simulator.observe(&scope()).await.expect("the account of the episode can be observed")
}
