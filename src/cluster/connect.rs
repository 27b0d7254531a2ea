//! The way to the Kubernetes API: a kubeconfig, or the ServiceAccount of the pod that we run in.

use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::error::Error;

/// Which cluster, as whom.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`; `None`: `KUBECONFIG`, `~/.kube/config`, else the pod's ServiceAccount.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; `None`: the kubeconfig's current one.
    pub context: Option<String>,
}

/// Makes a client. Nothing is asked yet.
///
/// # Errors
///
/// No configuration was found, or it cannot be used.
pub async fn connect(options: &ConnectOptions) -> Result<Client, Error> {
    let config = match options {
        ConnectOptions { kubeconfig: None, context: None } => {
            Config::infer().await.map_err(|source| Error::NoConfig(Box::new(source)))?
        }
        ConnectOptions { kubeconfig, context } => {
            from_kubeconfig(kubeconfig.as_ref(), context.clone()).await.map_err(|source| Error::Kubeconfig {
                path: kubeconfig
                    .as_ref()
                    .map_or_else(|| "of the environment".to_owned(), |path| path.display().to_string()),
                source: Box::new(source),
            })?
        }
    };
    Client::try_from(config).map_err(|source| Error::Client(Box::new(source)))
}

async fn from_kubeconfig(
    path: Option<&PathBuf>,
    context: Option<String>,
) -> Result<Config, kube::config::KubeconfigError> {
    let kubeconfig = match path {
        Some(path) => Kubeconfig::read_from(path)?,
        None => Kubeconfig::read()?,
    };
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions { context, ..KubeConfigOptions::default() }).await
}
