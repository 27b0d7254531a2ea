//! Everything one test needs: an AWS account with a cluster's network in it, a control plane with the custom resources
//! and roles that are shipped, a recording proxy, and the controller as a process of its own.

mod controller;
mod deploy;

use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::account::Account;
use crate::aws::Aws;
use crate::cloud::{Cloud, blocking};
use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::nodes::{self, Node};
use crate::process::{keep_folder, tail, temporary_folder};
use crate::program::program;
use crate::proxy::Proxy;
use crate::world::World;
use crate::{Error, random, setup};

pub use controller::Controller;
pub use deploy::Deploy;

/// At most three control planes at once: each takes 400 MB.
static SLOTS: Semaphore = Semaphore::const_new(3);

/// One test's bed. Dropping it ends its processes; when the test has failed it prints what happened and keeps the logs.
#[derive(Debug)]
pub struct Bed {
    /// `--cluster-name`; different for every bed.
    pub cluster_name: String,
    /// The account of this test alone.
    pub account: Account,
    /// A client of that account, past the proxy: for the test's own reads and meddling.
    pub aws: Aws,
    /// The cluster's network and machines.
    pub world: World,
    /// The cluster's Nodes, one for each machine.
    pub nodes: Vec<Node>,
    /// Between the controller, or any `northgate` of this bed, and AWS.
    pub proxy: Proxy,
    /// The cluster.
    pub cluster: ControlPlane,
    /// What `deploy/` ships.
    pub deploy: Deploy,
    cloud: &'static Cloud,
    folder: TempDir,
    controllers: AtomicUsize,
    _slot: SemaphorePermit<'static>,
}

impl Bed {
    /// Starts a bed: about three seconds, more for the first in a process, and a wait while three others are in use.
    pub async fn start() -> Result<Self, Error> {
        Self::start_on(Cloud::shared()).await
    }

    /// The same in an AWS whose load balancers carry requests: see [`Cloud::carrying`].
    pub async fn start_carrying() -> Result<Self, Error> {
        Self::start_on(Cloud::carrying()).await
    }

    async fn start_on(cloud: impl Future<Output = Result<&'static Cloud, Error>>) -> Result<Self, Error> {
        let slot = SLOTS.acquire().await.expect("the slots are never closed");
        let folder = temporary_folder()?;
        let account = Account::fresh()?;
        let cluster_name = format!("test-{:08x}", random::bits()? & 0xffff_ffff);
        let (cloud, cluster) = tokio::try_join!(cloud, control_plane(&folder))?;
        let aws = cloud.client(&account);
        let world = World::build(&aws, &cluster_name).await?;
        let (deploy, nodes) = furnish(cluster.kubectl(), &world).await?;
        Ok(Self {
            proxy: Proxy::start(cloud.endpoint().clone()).await?,
            cluster_name,
            account,
            aws,
            world,
            nodes,
            cluster,
            deploy,
            cloud,
            folder,
            controllers: AtomicUsize::new(0),
            _slot: slot,
        })
    }

    /// kubectl as the cluster's administrator.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        self.cluster.kubectl()
    }

    /// The AWS that all beds share, with the simulator's controls.
    #[must_use]
    pub fn cloud(&self) -> &'static Cloud {
        self.cloud
    }

    /// Starts the controller as `deploy/` does: its arguments, its ServiceAccount. `extra` flags (`--name=value`)
    /// replace those of the same name. Does not wait: see [`Controller::ready`].
    pub async fn start_controller(&self, extra: &[&str]) -> Result<Controller, Error> {
        let number = self.controllers.fetch_add(1, Ordering::Relaxed) + 1;
        let kubeconfig = self.deploy.kubeconfig(&self.cluster).await?;
        let (port, metrics_port) = (random::free_port()?, random::free_port()?);
        let mut flags = self.cluster_flags();
        flags.push(format!("--kubeconfig={}", kubeconfig.display()));
        flags.push(format!("--health-probe-bind-addr=127.0.0.1:{port}"));
        flags.push(format!("--metrics-bind-addr=127.0.0.1:{metrics_port}"));
        flags.extend(extra.iter().map(|flag| (*flag).to_owned()));
        let arguments = self.deploy.arguments(&flags);
        let log = self.folder.path().join(format!("controller-{number}.log"));
        let environment = self.account.environment(self.proxy.endpoint());
        Controller::start(&arguments, &environment, [port, metrics_port], &log)
    }

    /// Runs `northgate ARGS` to its end as the cluster's administrator, through the proxy; adds the flags that name the
    /// cluster when `args` begin with `plan` or `route`.
    pub async fn northgate(&self, args: &[&str]) -> Result<Output, Error> {
        let mut command = tokio::process::Command::new(program("northgate")?);
        command
            .env_clear()
            .envs(self.account.environment(self.proxy.endpoint()))
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .args(args);
        if matches!(args.first(), Some(&("plan" | "route"))) {
            command.args(self.cluster_flags());
        }
        command.kill_on_drop(true).output().await.map_err(Error::doing("running northgate"))
    }

    fn cluster_flags(&self) -> Vec<String> {
        vec![
            format!("--cluster-name={}", self.cluster_name),
            format!("--aws-vpc-id={}", self.world.vpc),
            format!("--aws-region={}", self.account.region()),
        ]
    }

    #[expect(clippy::print_stderr, reason = "the test harness shows it with the failed test, unlike the stream itself")]
    fn report(&self) {
        eprintln!("--- cluster {}, AWS account {}", self.cluster_name, self.account.id());
        eprintln!("--- AWS calls (* = write)\n{}", self.proxy.journal());
        eprintln!("--- control plane\n{}", self.cluster.log_tails());
        if let Some(localstack) = self.cloud.localstack() {
            eprintln!("--- LocalStack\n{}", tail(localstack.log(), 20));
        }
        eprintln!("--- the logs are kept in {}", self.folder.path().display());
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            keep_folder(self.folder.path());
            self.report();
        }
    }
}

/// Puts into a new cluster what every test needs: the custom resources, what `deploy/` ships, and a Node for each
/// machine.
pub async fn furnish(kubectl: &Kubectl, world: &World) -> Result<(Deploy, Vec<Node>), Error> {
    let crds = setup::checkout().join("crds");
    let crds = crds.to_string_lossy();
    kubectl.run(&["apply", "-f", &crds]).await?;
    kubectl.run(&["wait", "--for=condition=Established", "--timeout=20s", "-f", &crds]).await?;
    let deploy = Deploy::install(kubectl, &setup::checkout().join("deploy")).await?;
    let nodes: Vec<Node> = world.instances.iter().map(Node::of).collect();
    nodes::create(kubectl, &nodes).await?;
    Ok((deploy, nodes))
}

async fn control_plane(folder: &TempDir) -> Result<ControlPlane, Error> {
    let binaries = blocking(setup::control_plane).await?;
    ControlPlane::start(&binaries, folder.path()).await
}
