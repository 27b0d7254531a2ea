//! A Kubernetes control plane on the loopback interface: etcd, kube-apiserver and mostly kube-controller-manager, about 400 MB
//! and two to three seconds. No node, no scheduler, no container: nodes and pods are what a test says they are.

mod flags;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::kubectl::Kubectl;
use crate::process::{Process, Recorded, tail};
use crate::setup::ControlPlaneBinaries;
use crate::{Error, random, until};

const READY_WITHIN: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);
/// The API server's own word for it; its own roles are made by then.
const READY: &[&str] = &["get", "--raw=/readyz"];
/// No pod can be created before the namespace has one.
const HAS_SERVICE_ACCOUNT: &[&str] = &["get", "serviceaccount", "default"];

/// A running control plane; dropping it ends it.
#[derive(Debug)]
pub struct ControlPlane {
    folder: PathBuf,
    server: String,
    token: String,
    kubectl: Kubectl,
    // Dropped in this order: clients before the server they talk to.
    controller_manager: Option<Process>,
    api_server: Process,
    etcd: Process,
}

impl ControlPlane {
    /// Starts one in `folder`, which must be empty and stay, and waits until pods can be created in it.
    pub async fn start(binaries: &ControlPlaneBinaries, folder: &Path) -> Result<Self, Error> {
        let mut control_plane = Self::start_servers(binaries, folder, &[]).await?;
        let controllers = start(&binaries.kube_controller_manager, flags::controller_manager(), folder)?;
        control_plane.controller_manager = Some(controllers);
        control_plane.wait_until_ready(&[READY, HAS_SERVICE_ACCOUNT]).await?;
        Ok(control_plane)
    }

    /// Starts an API server without any controller, one that soon forgets: for tests of the server itself. `folder` is as
    /// for [`ControlPlane::start`].
    pub async fn start_without_controllers(binaries: &ControlPlaneBinaries, folder: &Path) -> Result<Self, Error> {
        let mut control_plane = Self::start_servers(binaries, folder, flags::FORGETFUL).await?;
        control_plane.wait_until_ready(&[READY]).await?;
        Ok(control_plane)
    }

    async fn start_servers(binaries: &ControlPlaneBinaries, folder: &Path, extra: &[&str]) -> Result<Self, Error> {
        let etcd = start(&binaries.etcd, flags::etcd(), folder)?;
        let token = format!("{:016x}{:016x}", random::bits()?, random::bits()?);
        let tokens = folder.join("tokens.csv");
        let line = format!("{token},admin,admin,\"system:masters\"\n");
        fs::write(&tokens, line).map_err(Error::file(&tokens))?;
        let (api_server, port) = start_api_server(binaries, folder, extra).await?;
        let server = format!("https://127.0.0.1:{port}");
        let kubeconfig = folder.join("kubeconfig");
        write_kubeconfig(&kubeconfig, &server, folder, &token)?;
        let kubectl = Kubectl::new(&binaries.kubectl, &kubeconfig);
        Ok(Self { folder: folder.to_owned(), server, token, kubectl, controller_manager: None, api_server, etcd })
    }

    /// The kubeconfig of the cluster's administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The administrator's bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The file with the certificate authority of the server.
    #[must_use]
    pub fn certificate_authority(&self) -> PathBuf {
        certificate_authority(&self.folder)
    }

    /// kubectl as the administrator.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// A kubeconfig that holds nothing but a ServiceAccount's token, good for eight hours.
    pub async fn kubeconfig_for(&self, namespace: &str, service_account: &str) -> Result<PathBuf, Error> {
        let token = self.kubectl.run(&["create", "token", service_account, "-n", namespace, "--duration=8h"]).await?;
        let path = self.folder.join(format!("kubeconfig-{namespace}-{service_account}"));
        write_kubeconfig(&path, &self.server, &self.folder, token.trim())?;
        Ok(path)
    }

    /// Leaves it running when this process ends: in the order in which to end it.
    #[must_use]
    pub fn leave(self) -> Vec<Recorded> {
        self.controller_manager.into_iter().chain([self.api_server, self.etcd]).map(Process::leave).collect()
    }

    /// Ends it, last started first.
    pub async fn stop(self) -> Result<(), Error> {
        if let Some(controller_manager) = self.controller_manager {
            controller_manager.stop().await?;
        }
        self.api_server.stop().await?;
        self.etcd.stop().await
    }

    /// The ends of the three logs, for a failure's message.
    #[must_use]
    pub fn log_tails(&self) -> String {
        let processes = [&self.etcd, &self.api_server].into_iter().chain(&self.controller_manager);
        processes.map(|process| format!("{}\n{}\n", process.log().display(), process.log_tail(10))).collect()
    }

    async fn wait_until_ready(&mut self, signs: &[&[&str]]) -> Result<(), Error> {
        let kubectl = &self.kubectl;
        let processes = &mut vec![&mut self.etcd, &mut self.api_server];
        processes.extend(&mut self.controller_manager);
        for sign in signs {
            until("working control plane", READY_WITHIN, GLANCE, async || {
                if let Some(stopped) = first_stopped(processes) {
                    return Ok(Err(stopped));
                }
                let answer = kubectl.run(sign).await;
                answer.map(|_| Ok(())).map_err(|error| error.to_string())
            })
            .await??;
        }
        Ok(())
    }
}

fn first_stopped(processes: &mut [&mut Process]) -> Option<Error> {
    processes.iter_mut().find_map(|process| process.expect_running().err())
}

fn certificate_authority(folder: &Path) -> PathBuf {
    // kube-apiserver signs its own certificate and writes the authority's behind it.
    folder.join("certs/apiserver.crt")
}

fn start(program: &Path, flags: Vec<String>, folder: &Path) -> Result<Process, Error> {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let log = folder.join(format!("{name}.log"));
    let program = std::path::absolute(program).map_err(Error::file(program))?;
    let mut command = Command::new(program);
    // The flags hold relative paths: the path of a socket may have about 100 characters only.
    command.current_dir(folder).args(flags);
    Process::start(&name, &mut command, &log)
}

/// Starts kube-apiserver; on another port when the chosen one was taken meanwhile.
async fn start_api_server(
    binaries: &ControlPlaneBinaries,
    folder: &Path,
    extra: &[&str],
) -> Result<(Process, u16), Error> {
    let mut tries = 3;
    loop {
        tries -= 1;
        let port = random::free_port()?;
        let mut flags = flags::api_server(port);
        flags.extend(extra.iter().map(|flag| (*flag).to_owned()));
        let mut process = start(&binaries.kube_apiserver, flags, folder)?;
        match wait_until_listening(&mut process, folder).await {
            Ok(()) => return Ok((process, port)),
            Err(Error::Stopped { log, .. }) if tries > 0 && log.contains("address already in use") => {}
            Err(error) => return Err(error),
        }
    }
}

/// The server writes its certificate, then listens: the first sign of life that needs no request of ours.
async fn wait_until_listening(process: &mut Process, folder: &Path) -> Result<(), Error> {
    let certificate = certificate_authority(folder);
    let log = process.log().to_owned();
    until("certificate of kube-apiserver", READY_WITHIN, GLANCE, async || {
        if let Err(stopped) = process.expect_running() {
            return Ok(Err(stopped));
        }
        let listening = tail(&log, usize::MAX).contains("Serving securely");
        match certificate.is_file() && listening {
            true => Ok(Ok(())),
            false => Err(tail(&log, 10)),
        }
    })
    .await?
}

fn write_kubeconfig(path: &Path, server: &str, folder: &Path, token: &str) -> Result<(), Error> {
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "clusters": [{ "name": "test", "cluster": {
            "server": server,
            "certificate-authority": certificate_authority(folder),
        } }],
        "users": [{ "name": "test", "user": { "token": token } }],
    });
    // JSON is YAML too.
    fs::write(path, format!("{kubeconfig:#}\n")).map_err(Error::file(path))
}
