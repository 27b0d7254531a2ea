//! The project's own programs, as Cargo built them.

use std::path::{Path, PathBuf};

use crate::Error;

/// A program of this workspace in the target folder that the running one is in.
pub fn program(name: &str) -> Result<PathBuf, Error> {
    built(&folder()?, name)
}

/// The same, as it is shipped.
pub fn released(name: &str) -> Result<PathBuf, Error> {
    let debug = folder()?;
    built(&debug.parent().expect("a profile's folder is in the target folder").join("release"), name)
}

/// The folder of the programs that the running one was built with.
fn folder() -> Result<PathBuf, Error> {
    let current = std::env::current_exe().map_err(Error::doing("asking for the running program's path"))?;
    let folder = current.parent().expect("a program is in a folder");
    // Tests and examples are one folder below the programs.
    Ok(match folder.file_name() {
        Some(name) if name == "deps" || name == "examples" => folder.parent().expect("the target folder is above"),
        _ => folder,
    }
    .to_owned())
}

fn built(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let program = folder.join(name);
    match program.is_file() {
        true => Ok(program),
        false => Err(Error::Missing(format!(
            "{} is not built: run `cargo build -p {name}` first, or `cargo xtask test`, which does",
            program.display()
        ))),
    }
}
