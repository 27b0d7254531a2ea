//! LocalStack: its pinned Python packages in a virtual environment.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::{cache, once, run};
use crate::Error;

/// A virtual environment with LocalStack in it.
#[derive(Clone, Debug)]
pub struct LocalStackInstall {
    /// Its Python.
    pub python: PathBuf,
}

/// LocalStack of the pins in `localstack/requirements.txt`, installed first when it is not there (half a minute).
pub fn localstack() -> Result<LocalStackInstall, Error> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/requirements.txt");
    let pins = fs::read(&requirements).map_err(Error::file(&requirements))?;
    let host = python()?;
    let hash: String = Sha256::digest(&pins).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let folder = cache()?.join("localstack");
    let place = folder.join(format!("{hash}-python-{}", host.version_text()));
    let install = LocalStackInstall { python: place.join("bin/python") };
    once(
        &folder,
        || install.python.is_file(),
        |new| {
            let new = new.join("venv");
            run(
                &format!(
                    "making a virtual environment with Python {} ({})",
                    host.version_text(),
                    host.program.display()
                ),
                Command::new(&host.program).args(["-m", "venv"]).arg(&new),
            )?;
            run(
                "installing LocalStack (83 packages, 230 MB)",
                Command::new(new.join("bin/python"))
                    .args(["-m", "pip", "install", "--quiet", "--no-deps"])
                    .args(["--disable-pip-version-check", "-r"])
                    .arg(&requirements),
            )?;
            // It is always run as `bin/python -m …`, which finds its packages from where it is; so it may be moved.
            fs::rename(&new, &place).map_err(Error::file(&place))
        },
    )?;
    Ok(install)
}

struct Python {
    program: PathBuf,
    version: (u32, u32, u32),
}

impl Python {
    fn version_text(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }
}

/// The Python to use: 3.13 when there is one (on 3.11 and 3.12 some of LocalStack's services fail, none that the tests
/// use), else 3.12, 3.11, or a newer one.
fn python() -> Result<Python, Error> {
    let mut best: Option<(u32, Python)> = None;
    for python in candidates().into_iter().filter_map(look) {
        match rank(python.version) {
            Some(0) => return Ok(python),
            Some(found) if best.as_ref().is_none_or(|(known, _)| found < *known) => {
                best = Some((found, python));
            }
            _ => {}
        }
    }
    best.map(|(_, python)| python).ok_or_else(|| {
        Error::Missing(
            "Python 3.11 or newer (3.13 is best) with its venv module is needed for LocalStack, and neither PATH nor \
             pyenv has one: install it from https://www.python.org/downloads or with pyenv (on Debian and Ubuntu the \
             package python3-venv too), or set LOCALSTACK_ENDPOINT to a LocalStack that runs already"
                .to_owned(),
        )
    })
}

/// Where a version stands among the usable ones, best first.
fn rank((major, minor, _): (u32, u32, u32)) -> Option<u32> {
    match (major, minor) {
        (3, 11..=13) => Some(13 - minor),
        (3, 14..) => Some(minor),
        _ => None,
    }
}

/// Names to try on PATH, then pyenv's versions, which are on PATH only when they are switched on.
fn candidates() -> Vec<PathBuf> {
    let mut candidates: Vec<PathBuf> = ["python3.13", "python3.12", "python3.11", "python3"].map(PathBuf::from).into();
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv")));
    let versions = root.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut installed: Vec<PathBuf> =
        versions.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path().join("bin/python3"))).collect();
    installed.sort();
    candidates.append(&mut installed);
    candidates
}

/// Asks a candidate for its version; none when it does not run or cannot make virtual environments (Debian ships the
/// modules for that separately). A shim of pyenv's whose version is switched off fails here.
fn look(program: PathBuf) -> Option<Python> {
    let question = "import sys, venv, ensurepip; print(*sys.version_info[:3]); print(sys.executable)";
    let output = Command::new(&program)
        .args([OsString::from("-c"), question.into()])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let mut lines = answer.lines();
    let numbers: Vec<u32> = lines.next()?.split(' ').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [major, minor, patch] = numbers.try_into().ok()?;
    Some(Python {
        // The interpreter itself: a shim answers by the folder it is called in.
        program: PathBuf::from(lines.next()?),
        version: (major, minor, patch),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_3_13_comes_first_and_old_ones_never() {
        let mut versions = [(3, 15, 0), (3, 14, 0), (3, 11, 7), (3, 13, 0), (3, 12, 1)];
        versions.sort_by_key(|version| rank(*version));
        assert_eq!(versions.map(|(_, minor, _)| minor), [13, 12, 11, 14, 15]);
        assert_eq!(rank((3, 10, 13)), None);
        assert_eq!(rank((2, 7, 18)), None);
    }
}
