//! LocalStack's process, with the provider that hands ELBv2 to the simulator.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::http::Endpoint;
use crate::process::{Process, Recorded};
use crate::setup::LocalStackInstall;
use crate::{Error, until};

const READY_WITHIN: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);

/// The endpoint of another LocalStack to use, from `LOCALSTACK_ENDPOINT`.
#[must_use]
pub fn given_endpoint() -> Option<String> {
    std::env::var("LOCALSTACK_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty())
}

/// A running LocalStack.
#[derive(Debug)]
pub struct LocalStack {
    endpoint: Endpoint,
    process: Process,
}

impl LocalStack {
    /// Starts it on `port` and waits until it answers.
    pub async fn start(
        install: &LocalStackInstall,
        port: u16,
        simulator: &Endpoint,
        folder: &Path,
    ) -> Result<Self, Error> {
        let mut command = Command::new(&install.python);
        command.args(["-m", "localstack.runtime.main"]).envs(environment(port, simulator, folder));
        let log = folder.join("localstack.log");
        let mut process = Process::start("LocalStack", &mut command, &log)?;
        let endpoint = Endpoint::local(port);
        until("answer from LocalStack", READY_WITHIN, GLANCE, async || {
            if let Err(stopped) = process.expect_running() {
                return Ok(Err(stopped));
            }
            match endpoint.get("/_localstack/health").await {
                Ok((200, _)) => Ok(Ok(())),
                Ok((status, _)) => Err(format!("its health answers {status}")),
                Err(error) => Err(error.chain()),
            }
        })
        .await??;
        Ok(Self { endpoint, process })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Leaves it running when this process ends.
    #[must_use]
    pub fn leave(self) -> Recorded {
        self.process.leave()
    }
}

fn environment(port: u16, simulator: &Endpoint, folder: &Path) -> [(&'static str, String); 10] {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("elbv2");
    [
        ("GATEWAY_LISTEN", format!("127.0.0.1:{port}")),
        ("LOCALSTACK_VOLUME_DIR", text(folder.join("localstack"))),
        // Nothing is asked of any other machine.
        ("SKIP_SSL_CERT_DOWNLOAD", "1".to_owned()),
        ("DISABLE_EVENTS", "1".to_owned()),
        ("DNS_ADDRESS", "0".to_owned()),
        // Loading them is most of what a new account costs, and every test has its own.
        ("MOTO_EC2_LOAD_DEFAULT_AMIS", "false".to_owned()),
        ("LS_LOG", "warn".to_owned()),
        ("NORTHGATE_SIMULATOR_ENDPOINT", simulator.to_string()),
        // LocalStack finds its plugins by the dist-info folder beside them.
        ("PYTHONPATH", text(plugin)),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
    ]
}
