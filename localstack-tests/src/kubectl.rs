//! kubectl, against one control plane.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::Error;

/// kubectl with one kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    cache: PathBuf,
}

impl Kubectl {
    /// kubectl with this kubeconfig; what it caches goes beside that file. Its usual place knows a server by its
    /// address, and addresses are used again by the next test's control plane.
    pub(crate) fn new(program: &Path, kubeconfig: &Path) -> Self {
        Self {
            program: program.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            cache: kubeconfig.with_file_name("kubectl-cache"),
        }
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs `kubectl ARGS`: its stdout.
    pub async fn run(&self, args: &[&str]) -> Result<String, Error> {
        self.run_with(args, "").await
    }

    /// Runs `kubectl ARGS` with `input` as stdin: its stdout.
    pub async fn run_with(&self, args: &[&str], input: &str) -> Result<String, Error> {
        let doing = || format!("running kubectl {}", args.join(" "));
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(&self.cache)
            .args(args)
            // The user's own preferences for kubectl stay out of the tests.
            .env("KUBECTL_KUBERC", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::doing(doing()))?;
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let text = input.as_bytes().to_owned();
        let writer = tokio::spawn(async move {
            // A kubectl that fails before it has read everything closes the pipe; its own message says why.
            let _ = stdin.write_all(&text).await;
        });
        let output = child.wait_with_output().await;
        writer.abort();
        let output = output.map_err(Error::doing(doing()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Error::Command {
            command: format!("kubectl {}", args.join(" ")),
            status: output.status.to_string(),
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// `kubectl apply -f -` of YAML or JSON.
    pub async fn apply(&self, manifest: &str) -> Result<String, Error> {
        self.run_with(&["apply", "-f", "-"], manifest).await
    }

    /// `kubectl get ARGS -o json`, read.
    pub async fn get(&self, args: &[&str]) -> Result<serde_json::Value, Error> {
        let mut all = vec!["get"];
        all.extend_from_slice(args);
        all.extend_from_slice(&["-o", "json"]);
        self.json(&all, "").await
    }

    /// Runs a kubectl that prints JSON, and reads it.
    pub(crate) async fn json(&self, args: &[&str], input: &str) -> Result<serde_json::Value, Error> {
        let text = self.run_with(args, input).await?;
        serde_json::from_str(&text).map_err(|error| Error::Unreadable {
            what: format!("the answer of kubectl {}", args.join(" ")),
            reason: error.to_string(),
        })
    }
}
