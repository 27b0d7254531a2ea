//! The controller's process.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::http::Endpoint;
use crate::process::{Process, tail};
use crate::program::program;
use crate::{Error, until};

const READY_WITHIN: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(50);

/// A running controller; dropping it kills it. When the test has failed it prints the end of its log.
#[derive(Debug)]
pub struct Controller {
    process: Process,
    health: Endpoint,
    metrics: Endpoint,
}

impl Controller {
    pub(super) fn start(
        arguments: &[String],
        environment: &[(&'static str, String)],
        [health_port, metrics_port]: [u16; 2],
        log: &Path,
    ) -> Result<Self, Error> {
        let mut command = Command::new(program("northgate")?);
        command
            .args(arguments)
            // As in its container: nothing of the user's, no home.
            .env_clear()
            .envs(environment.iter().cloned())
            .env("RUST_BACKTRACE", "1");
        let process = Process::start("northgate", &mut command, log)?;
        Ok(Self { process, health: Endpoint::local(health_port), metrics: Endpoint::local(metrics_port) })
    }

    /// Waits until `/readyz` answers 200: its caches are synced and AWS has answered.
    pub async fn ready(&mut self) -> Result<(), Error> {
        let (process, health) = (&mut self.process, &self.health);
        until("ready controller", READY_WITHIN, GLANCE, async || {
            if let Err(stopped) = process.expect_running() {
                return Ok(Err(stopped));
            }
            match health.get("/readyz").await {
                Ok((200, _)) => Ok(Ok(())),
                Ok((status, body)) => Err(format!("/readyz answers {status}: {body}")),
                Err(error) => Err(error.chain()),
            }
        })
        .await?
    }

    /// Where probes are answered.
    #[must_use]
    pub fn health(&self) -> &Endpoint {
        &self.health
    }

    /// What Prometheus is told.
    pub async fn metrics(&self) -> Result<String, Error> {
        self.metrics.get("/metrics").await.map(|(_, body)| body)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Everything it has written so far, to stdout and stderr.
    #[must_use]
    pub fn log(&self) -> String {
        tail(self.process.log(), usize::MAX)
    }

    /// Kills it at once (SIGKILL): it gets no chance to tidy up.
    pub async fn kill(mut self) -> Result<(), Error> {
        self.process.signal(Signal::SIGKILL)?;
        self.process.wait().await?;
        Ok(())
    }

    /// Asks it to end (SIGTERM): how it ended, and how long that took.
    pub async fn terminate(mut self) -> Result<(ExitStatus, Duration), Error> {
        let start = Instant::now();
        self.process.signal(Signal::SIGTERM)?;
        let limit = Duration::from_secs(30);
        match tokio::time::timeout(limit, self.process.wait()).await {
            Ok(status) => Ok((status?, start.elapsed())),
            Err(_) => Err(Error::TimedOut {
                what: "no end of the controller after SIGTERM".to_owned(),
                seconds: limit.as_secs(),
                state: self.process.log_tail(20),
            }),
        }
    }
}

impl Drop for Controller {
    #[expect(clippy::print_stderr, reason = "the test harness shows it with the failed test, unlike the stream itself")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- controller ({})\n{}", self.process.log().display(), self.process.log_tail(60));
        }
    }
}
