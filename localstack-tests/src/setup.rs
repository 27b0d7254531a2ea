//! What the test bed needs and no checkout holds: built or installed once, by version, in the user's cache folder.
//!
//! Each step looks first, takes a lock, looks again, works in a temporary folder beside its place, and moves the whole
//! result there. So it may be run at any time and by several at once, and a step cut short leaves nothing that looks
//! finished. All of it blocks: call it from a thread that may wait.

mod control_plane;
mod localstack;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::Error;

pub use control_plane::{ControlPlaneBinaries, control_plane};
pub use localstack::{LocalStackInstall, localstack};

/// Sets up everything the tests need.
pub fn everything() -> Result<(), Error> {
    control_plane()?;
    if crate::localstack::given_endpoint().is_none() {
        localstack()?;
    }
    Ok(())
}

/// The folder of all that is set up: `$XDG_CACHE_HOME/northgate`, or `~/.cache/northgate`.
pub fn cache() -> Result<PathBuf, Error> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = match (variable("XDG_CACHE_HOME"), variable("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => PathBuf::from(home).join(".cache"),
        (None, None) => {
            return Err(Error::Missing(
                "neither XDG_CACHE_HOME nor HOME is set: set one, so that what is built once can be kept".to_owned(),
            ));
        }
    };
    Ok(cache.join("northgate"))
}

/// The root of the checkout that this library was built from.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is a folder of the checkout")
}

/// Does `make` unless `there` says that it is done; never twice at once.
fn once(folder: &Path, there: impl Fn() -> bool, make: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    if there() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let path = folder.join(".lock");
    let lock = File::create(&path).map_err(Error::file(&path))?;
    lock.lock().map_err(Error::file(&path))?;
    if there() {
        return Ok(());
    }
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(folder).map_err(Error::file(folder))?;
    make(new.path())
}

/// Says what is going on; set-up takes minutes, and silence looks like a fault.
fn say(words: &str) {
    // Nobody to tell is no reason to fail.
    let _ = writeln!(std::io::stderr(), "set-up: {words}");
}

/// Runs one long command, saying what it is for and how long it took.
fn run(what: &str, command: &mut Command) -> Result<(), Error> {
    say(what);
    let start = Instant::now();
    let output = command.output().map_err(Error::doing(format!("running {}", command.get_program().display())))?;
    if output.status.success() {
        say(&format!("{what}: done in {} s", start.elapsed().as_secs()));
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = errors.lines().collect();
    Err(Error::Command {
        command: format!(
            "{} {} …",
            command.get_program().display(),
            command.get_args().next().unwrap_or_default().to_string_lossy()
        ),
        status: output.status.to_string(),
        output: lines[lines.len().saturating_sub(20)..].join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_made_again_and_what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let result = folder.path().join("result");
        let make = |new: &Path| {
            fs::write(new.join("part"), "").unwrap();
            fs::rename(new.join("part"), &result).unwrap();
            Ok(())
        };
        let failed = once(
            folder.path(),
            || result.exists(),
            |new| {
                fs::write(new.join("part"), "").unwrap();
                Err(Error::Missing("a tool".to_owned()))
            },
        );
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock");
        once(folder.path(), || result.exists(), make).unwrap();
        once(folder.path(), || result.exists(), |_| panic!("made a second time")).unwrap();
    }
}
