//! `cargo xtask conformance`: plans of cases that were taken from another controller's tests, compared with what that
//! controller makes of them.
//!
//! The cases are kept beside the project, not in it; where they are absent there is nothing to run.

use std::path::{Path, PathBuf};
use std::process::Command;

use localstack_tests::{Error, program, setup};

use crate::Failure;

/// Where the cases are, when they are not beside the checkout.
const VARIABLE: &str = "NORTHGATE_LBC_CASES";
/// Where they are otherwise, from the root of the checkout.
const BESIDE: &str = "../shared/lbc-cases";
/// The cases that differ, each with its reason; from the root of the checkout.
const KNOWN: &str = "tests/lbc-cases/known.txt";

/// The folder of the cases.
#[derive(Debug)]
pub(crate) enum Cases {
    Here(PathBuf),
    /// Why there are none.
    Absent(String),
}

impl Cases {
    /// Looks where the variable says, else beside the checkout. A folder that somebody named has to be there.
    pub(crate) fn find() -> Result<Self, Failure> {
        match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            Some(given) => Self::given(PathBuf::from(given)),
            None => Ok(Self::beside(setup::checkout())),
        }
    }

    fn given(folder: PathBuf) -> Result<Self, Failure> {
        if is_there(&folder) {
            return Ok(Self::Here(folder));
        }
        let missing = format!("{VARIABLE} names {}, and no check.py is there", folder.display());
        Err(Failure::Stage(missing))
    }

    fn beside(checkout: &Path) -> Self {
        let folder = checkout.join(BESIDE);
        if is_there(&folder) {
            return Self::Here(folder);
        }
        Self::Absent(format!("there is no {BESIDE}, and {VARIABLE} names no other folder"))
    }
}

fn is_there(folder: &Path) -> bool {
    folder.join("check.py").is_file()
}

/// Runs every case. One that differs and is not known to, and one that is known to differ and does not, is a failure.
pub(crate) fn run(cases: Cases) -> Result<(), Failure> {
    let cases = match cases {
        Cases::Here(folder) => folder,
        Cases::Absent(why) => return Err(Failure::Stage(why)),
    };
    let status = Command::new("python3")
        .arg(cases.join("check.py"))
        .arg("--bin")
        .arg(program::program("northgate")?)
        .arg("--known")
        .arg(setup::checkout().join(KNOWN))
        .arg(cases.join("cases"))
        .status()
        .map_err(|source| Error::Io { doing: "starting python3".to_owned(), source })?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Stage(format!("the cases above are not as {KNOWN} says; see docs/conformance.md"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    fn text(path: &str) -> String {
        fs::read_to_string(setup::checkout().join(path)).unwrap()
    }

    #[test]
    fn every_known_difference_has_a_reason_that_the_documents_explain() {
        let documents = text("docs/differences.md");
        let mut seen = BTreeSet::new();
        for line in text(KNOWN).lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (case, reason) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?} gives no reason"));
            assert!(case.split('/').count() == 2, "{case:?} is not SUITE/CASE");
            assert!(seen.insert(case.to_owned()), "{case} is listed twice");
            let (name, _) = reason.trim().split_once(':').unwrap_or((reason.trim(), ""));
            let row = format!("\n| {name} |");
            assert!(documents.contains(&row), "{case}: docs/differences.md has no row {name:?}");
        }
        assert!(!seen.is_empty());
    }

    #[test]
    fn a_checkout_alone_has_no_cases_and_says_so() {
        let Cases::Absent(why) = Cases::beside(Path::new("nowhere/checkout")) else { panic!("found some") };
        assert_eq!(why, "there is no ../shared/lbc-cases, and NORTHGATE_LBC_CASES names no other folder");
    }

    #[test]
    fn a_folder_that_was_named_has_to_be_there() {
        let error = Cases::given(PathBuf::from("nowhere")).unwrap_err();
        assert_eq!(error.to_string(), "NORTHGATE_LBC_CASES names nowhere, and no check.py is there");
    }
}
