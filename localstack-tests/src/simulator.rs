//! The simulator's process: ELBv2 for LocalStack, which keeps EC2 to itself.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hyper::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::Endpoint;
use crate::process::{Process, Recorded, tail};
use crate::program::program;
use crate::{Error, until};

const READY_WITHIN: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(20);
/// What it says before its address, once it listens.
const GREETING: &str = "listening on ";

/// Where a target of a load balancer is reached.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// The id that it is registered with.
    pub target: String,
    /// The port that it is registered with.
    pub port: u16,
    /// Its place on this machine.
    pub address: SocketAddr,
}

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    endpoint: Endpoint,
    process: Process,
}

impl Simulator {
    /// Starts it on a free port, its EC2 facts coming from `ec2`, which need not answer yet, with more flags.
    pub async fn start(ec2: &Endpoint, folder: &Path, flags: &[&str]) -> Result<Self, Error> {
        let mut command = Command::new(program("northgate-simulator")?);
        command.arg(format!("--ec2-endpoint={ec2}")).args(flags);
        let log = folder.join("simulator.log");
        let mut process = Process::start("the simulator", &mut command, &log)?;
        let endpoint = until("address from the simulator", READY_WITHIN, GLANCE, async || {
            if let Err(stopped) = process.expect_running() {
                return Ok(Err(stopped));
            }
            let words = tail(&log, usize::MAX);
            let address = words.lines().find_map(|line| line.strip_prefix(GREETING));
            address.map(Endpoint::parse).ok_or(words)
        })
        .await??;
        Ok(Self { endpoint, process })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Replaces options of one account, for example `{"provisioningDelay": 5}` (seconds).
    pub async fn set_options(&self, account: &str, region: &str, options: &Value) -> Result<(), Error> {
        let path = format!("/_simulator/accounts/{account}/{region}/options");
        self.control(Method::PATCH, &path, options).await
    }

    /// Forces the health of a target; see the simulator's control `target-health` for the body.
    pub async fn force_target_health(&self, account: &str, region: &str, forced: &Value) -> Result<(), Error> {
        let path = format!("/_simulator/accounts/{account}/{region}/target-health");
        self.control(Method::PUT, &path, forced).await
    }

    /// Says where each target of an account is reached; for a simulator with a data path.
    pub async fn set_targets(&self, account: &str, region: &str, targets: &[Target]) -> Result<(), Error> {
        let path = format!("/_simulator/accounts/{account}/{region}/targets");
        self.control(Method::PUT, &path, &json!(targets)).await
    }

    /// Where a port of a load balancer is reached, once it is open; for a simulator with a data path.
    pub async fn opened(&self, host_name: &str, port: u16) -> Result<Endpoint, Error> {
        until(&format!("way in at {host_name}:{port}"), READY_WITHIN, GLANCE, async || {
            let (_, listeners) = self.endpoint.get("/_simulator/data-path").await.map_err(|error| error.chain())?;
            let listeners: Value = serde_json::from_str(&listeners).map_err(|_| listeners.clone())?;
            let is_it = |listener: &&Value| {
                let name = listener["dnsName"].as_str().unwrap_or_default();
                name.eq_ignore_ascii_case(host_name) && listener["port"] == port
            };
            let found = listeners.as_array().and_then(|all| all.iter().find(is_it));
            let address = found.and_then(|listener| listener["address"].as_str());
            address.map(|address| Endpoint::parse(&format!("http://{address}"))).ok_or_else(|| format!("{listeners:#}"))
        })
        .await?
    }

    /// Leaves it running when this process ends.
    #[must_use]
    pub fn leave(self) -> Recorded {
        self.process.leave()
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Result<(), Error> {
        match self.endpoint.text(method, path, body.to_string()).await? {
            (200, _) => Ok(()),
            (status, answer) => {
                Err(Error::Aws { action: format!("{path} {}", json!(body)), code: status.to_string(), message: answer })
            }
        }
    }
}
