//! What `deploy/` ships, put into a test's cluster: all but the Deployment, whose place is taken by a process.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Error;
use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;

/// What is put into the cluster. Anything else in the folder is a choice of the cluster's administrator.
const INSTALLED: [&str; 6] =
    ["Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

/// The controller's Deployment, as far as a process can follow it.
#[derive(Clone, Debug)]
pub struct Deploy {
    namespace: String,
    service_account: String,
    arguments: Vec<String>,
}

impl Deploy {
    /// Puts the namespace, ServiceAccount and roles of a folder into the cluster, and reads its Deployment.
    pub async fn install(kubectl: &Kubectl, folder: &Path) -> Result<Self, Error> {
        let objects = objects(kubectl, folder).await?;
        let kind = |object: &Value| object["kind"].as_str().unwrap_or_default().to_owned();
        let mut installed: Vec<&Value> =
            objects.iter().filter(|object| INSTALLED.contains(&kind(object).as_str())).collect();
        // A namespace has to be there before what is in it.
        installed.sort_by_key(|object| INSTALLED.iter().position(|known| *known == kind(object)));
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": installed });
        kubectl.apply(&list.to_string()).await?;
        let deployment = objects.iter().find(|object| kind(object) == "Deployment");
        let deployment = deployment.ok_or_else(|| Error::Missing(format!("{} has no Deployment", folder.display())))?;
        Ok(Self::of(deployment))
    }

    /// The controller's arguments as shipped, those named in `flags` (`--name=value`) replaced.
    #[must_use]
    pub fn arguments(&self, flags: &[String]) -> Vec<String> {
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        let replaced = |argument: &str| flags.iter().any(|flag| name(flag) == name(argument));
        let mut arguments = Vec::new();
        let mut shipped = self.arguments.iter().peekable();
        while let Some(argument) = shipped.next() {
            if !replaced(argument) {
                arguments.push(argument.clone());
                continue;
            }
            // `--name value`: the value goes too.
            if !argument.contains('=') {
                shipped.next_if(|next| !next.starts_with("--"));
            }
        }
        // Of several flags of one name the last counts.
        for (place, flag) in flags.iter().enumerate() {
            if !flags[place + 1..].iter().any(|later| name(later) == name(flag)) {
                arguments.push(flag.clone());
            }
        }
        arguments
    }

    /// A kubeconfig of the controller's ServiceAccount.
    pub async fn kubeconfig(&self, cluster: &ControlPlane) -> Result<PathBuf, Error> {
        cluster.kubeconfig_for(&self.namespace, &self.service_account).await
    }

    fn of(deployment: &Value) -> Self {
        let text = |value: &Value, default: &str| value.as_str().unwrap_or(default).to_owned();
        let pod = &deployment["spec"]["template"]["spec"];
        let arguments = pod["containers"][0]["args"].as_array();
        Self {
            namespace: text(&deployment["metadata"]["namespace"], "default"),
            service_account: text(&pod["serviceAccountName"], "default"),
            arguments: arguments.into_iter().flatten().map(|argument| text(argument, "")).collect(),
        }
    }
}

/// The objects of every YAML file of a folder. kubectl reads them, so that no reader of our own is between.
async fn objects(kubectl: &Kubectl, folder: &Path) -> Result<Vec<Value>, Error> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .map_err(Error::file(folder))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut args = vec!["create", "--dry-run=client", "-o", "json"];
    for file in &files {
        args.extend(["-f", file]);
    }
    let text = kubectl.run(&args).await?;
    let documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let documents: Result<Vec<Value>, _> = documents.collect();
    documents.map_err(|error| Error::Unreadable {
        what: format!("kubectl's reading of {}", folder.display()),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_a_test_replace_shipped_ones_of_the_same_name() {
        let deploy = Deploy::of(&json!({
            "metadata": { "namespace": "kube-system" },
            "spec": { "template": { "spec": {
                "serviceAccountName": "northgate",
                "containers": [{ "args": ["run", "--cluster-name=CLUSTER", "--sync-period", "10m", "--verbose"] }],
            } } },
        }));
        assert_eq!((deploy.namespace.as_str(), deploy.service_account.as_str()), ("kube-system", "northgate"));
        let flags = ["--cluster-name=a", "--sync-period=1s", "--new=x", "--sync-period=2s"];
        assert_eq!(
            deploy.arguments(&flags.map(str::to_owned)),
            ["run", "--verbose", "--cluster-name=a", "--new=x", "--sync-period=2s"]
        );
        assert_eq!(deploy.arguments(&[]), ["run", "--cluster-name=CLUSTER", "--sync-period", "10m", "--verbose"]);
    }
}
