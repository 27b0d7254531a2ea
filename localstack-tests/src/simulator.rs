//! The simulator's process: ELBv2 for LocalStack, which keeps EC2 to itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::http::Endpoint;
use crate::process::{Process, Recorded, tail};
use crate::program::program;
use crate::{Error, until};

const READY_WITHIN: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(20);
/// What it says before its address, once it listens.
const GREETING: &str = "listening on ";

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    endpoint: Endpoint,
    process: Process,
}

impl Simulator {
    /// Starts it on a free port, its EC2 facts coming from `ec2`, which need not answer yet.
    pub async fn start(ec2: &Endpoint, folder: &Path) -> Result<Self, Error> {
        let mut command = Command::new(program("northgate-simulator")?);
        command.arg(format!("--ec2-endpoint={ec2}"));
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
