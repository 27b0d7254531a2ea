//! etcd, kube-apiserver, kube-controller-manager and kubectl: found, or built from the Go modules pinned in
//! `control-plane/go.mod`.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{cache, once, run, say};
use crate::Error;

const KUBERNETES: &str = "k8s.io/kubernetes";
const ETCD: &str = "go.etcd.io/etcd/server/v3";

/// Where the four programs are.
#[derive(Clone, Debug)]
pub struct ControlPlaneBinaries {
    /// etcd.
    pub etcd: PathBuf,
    /// kube-apiserver.
    pub kube_apiserver: PathBuf,
    /// kube-controller-manager.
    pub kube_controller_manager: PathBuf,
    /// kubectl.
    pub kubectl: PathBuf,
}

/// The control plane's programs: those of the folder `KUBEBUILDER_ASSETS` when that is set, else those of the cache,
/// built first when they are not there (five minutes on two cores).
///
/// setup-envtest's folder has no kube-controller-manager; that one alone is then built.
pub fn control_plane() -> Result<ControlPlaneBinaries, Error> {
    let given = std::env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty());
    let Some(folder) = given.map(PathBuf::from) else {
        let built = build(&["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"])?;
        return Ok(ControlPlaneBinaries::in_folder(&built));
    };
    let mut binaries = ControlPlaneBinaries::in_folder(&folder);
    for binary in [&binaries.etcd, &binaries.kube_apiserver, &binaries.kubectl] {
        if !binary.is_file() {
            return Err(Error::Missing(format!(
                "KUBEBUILDER_ASSETS is set, but there is no {}: unset it, or fill that folder (`setup-envtest use`)",
                binary.display()
            )));
        }
    }
    if !binaries.kube_controller_manager.is_file() {
        refuse_older(&binaries.kube_apiserver)?;
        binaries.kube_controller_manager = build(&["kube-controller-manager"])?.join("kube-controller-manager");
    }
    Ok(binaries)
}

impl ControlPlaneBinaries {
    fn in_folder(folder: &Path) -> Self {
        Self {
            etcd: folder.join("etcd"),
            kube_apiserver: folder.join("kube-apiserver"),
            kube_controller_manager: folder.join("kube-controller-manager"),
            kubectl: folder.join("kubectl"),
        }
    }
}

/// The folder in which the named programs are, once they are built.
fn build(names: &[&str]) -> Result<PathBuf, Error> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("control-plane");
    let go_mod = fs::read_to_string(module.join("go.mod")).map_err(Error::file(&module))?;
    let kubernetes = required_version(&go_mod, KUBERNETES)?;
    let etcd = required_version(&go_mod, ETCD)?;
    let folder = cache()?.join(format!("control-plane/kubernetes-{kubernetes}-etcd-{etcd}-{OS}-{ARCH}"));
    let missing = || -> Vec<&str> {
        let absent = |name: &&&str| !folder.join(**name).is_file();
        names.iter().filter(absent).copied().collect()
    };
    once(
        &folder,
        || missing().is_empty(),
        |new| {
            check_go(&module, &go_mod)?;
            let wanted = missing();
            say("the control plane has to be built once: all of it takes five minutes on two cores");
            let what = format!("building {} {kubernetes} from Go modules", wanted.join(", "));
            run(&what, go_build(&module, kubernetes).arg("-o").arg(new).args(wanted.iter().map(package)))?;
            for name in wanted {
                // Go names a command after the last folder of its path.
                let built = new.join(if name == "etcd" { "server" } else { name });
                fs::rename(&built, folder.join(name)).map_err(Error::file(&built))?;
            }
            Ok(())
        },
    )?;
    Ok(folder)
}

fn package(name: &&str) -> String {
    match *name {
        "etcd" => ETCD.to_owned(),
        name => format!("{KUBERNETES}/cmd/{name}"),
    }
}

/// `go build` with versions stamped in, as Kubernetes' own build does: without them the programs call themselves
/// `v0.0.0-master+$Format:%H$`. The fixed date keeps one build the same as the next, byte for byte.
fn go_build(module: &Path, version: &str) -> Command {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let stamp = |package: &str| {
        format!(
            " -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor} \
             -X {package}.gitTreeState=clean -X {package}.buildDate=1970-01-01T00:00:00Z"
        )
    };
    let flags = format!("-s -w{}{}", stamp("k8s.io/component-base/version"), stamp("k8s.io/client-go/pkg/version"));
    let mut command = go(module);
    command.args(["build", "-ldflags", &flags]);
    command
}

/// Go in the module's folder, the user's settings that would break the build set aside.
fn go(module: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(module)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .env("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false");
    command
}

/// The version on a module's `require` line.
fn required_version<'a>(go_mod: &'a str, module: &str) -> Result<&'a str, Error> {
    go_mod
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find_map(|words| match words.as_slice() {
            [name, version, ..] if *name == module && version.starts_with('v') => Some(*version),
            _ => None,
        })
        .ok_or_else(|| Error::Missing(format!("control-plane/go.mod requires no {module}")))
}

/// Fails with the remedy when there is no Go, or one too old for the module (and for fetching a newer one by itself).
fn check_go(module: &Path, go_mod: &str) -> Result<(), Error> {
    let needed = go_mod.lines().find_map(|line| line.strip_prefix("go ")).unwrap_or("1.26");
    let found = match go(module).args(["list", "-m"]).output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "no `go` on PATH".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Error::Missing(format!(
        "Go {needed} or newer is needed to build the tests' control plane ({found}): \
         install it from https://go.dev/dl, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, \
         kube-controller-manager and kubectl"
    )))
}

/// A kube-controller-manager must not be newer than the kube-apiserver it talks to.
fn refuse_older(kube_apiserver: &Path) -> Result<(), Error> {
    let output = Command::new(kube_apiserver).arg("--version").output().map_err(Error::file(kube_apiserver))?;
    let words = String::from_utf8_lossy(&output.stdout);
    let version = words.split_whitespace().last().unwrap_or_default();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("control-plane/go.mod");
    let go_mod = fs::read_to_string(&module).map_err(Error::file(&module))?;
    let ours = required_version(&go_mod, KUBERNETES)?;
    if minor(version) >= minor(ours) {
        return Ok(());
    }
    Err(Error::Missing(format!(
        "KUBEBUILDER_ASSETS holds kube-apiserver {version} and no kube-controller-manager, and the {ours} that is built \
         for the tests must not be newer: unset it, or put a kube-controller-manager beside it"
    )))
}

fn minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_require_lines() {
        let go_mod = "go 1.26.0\ntool (\n\tk8s.io/kubernetes/cmd/kubectl\n)\nrequire (\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\n\
                      replace (\n\tk8s.io/api => k8s.io/api v0.36.3\n)\n";
        assert_eq!(required_version(go_mod, KUBERNETES).unwrap(), "v1.36.3");
        assert!(required_version(go_mod, ETCD).is_err());
        assert!(required_version(go_mod, "k8s.io/api").is_err(), "a replacement is no requirement");
    }

    #[test]
    fn minor_versions_are_compared_as_numbers() {
        assert!(minor("v1.36.3") > minor("v1.9.0"));
        assert!(minor("v1.36.0") >= minor("v1.36.3"));
    }
}
