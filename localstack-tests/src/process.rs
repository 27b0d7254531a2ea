//! One started process: a group of its own, a log file, ended by its id.

mod keeper;

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Error;

pub(crate) use keeper::keep_folder;

/// How long a process may take to end after SIGTERM before it is killed.
const PATIENCE: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(20);

/// A running process that this one started. It ends with this one, however that ends, and is killed when this value is
/// dropped; unless it is left.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    left: bool,
}

/// A process that may have outlived the one that started it. Process ids are used again, so the start time tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// What it is.
    pub name: String,
    /// Its process id.
    pub pid: i32,
    /// When it started, in whatever unit the system has.
    pub started: String,
}

impl Process {
    /// Starts `command` in a process group of its own, both outputs going to the file `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, Error> {
        let output = File::create(log).map_err(Error::file(log))?;
        let errors = output.try_clone().map_err(Error::file(log))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C in the terminal reaches us alone: we end the others, in order.
            .process_group(0)
            .spawn()
            .map_err(Error::doing(format!("starting {name} ({})", command.get_program().display())))?;
        let process = Self { name: name.to_owned(), child, log: log.to_owned(), left: false };
        keeper::keep(process.pid())?;
        Ok(process)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.child.id().try_into().expect("process ids are positive and fit")
    }

    /// The file with both of its outputs.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().map_err(Error::doing(format!("looking at {}", self.name)))
    }

    /// Fails when the process has ended: for loops that wait until it is ready.
    pub fn expect_running(&mut self) -> Result<(), Error> {
        match self.ended()? {
            None => Ok(()),
            Some(_) => Err(Error::Stopped { name: self.name.clone(), log: self.log_tail(20) }),
        }
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> Result<ExitStatus, Error> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Sends a signal to this process alone.
    pub fn signal(&mut self, signal: Signal) -> Result<(), Error> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        kill(Pid::from_raw(self.pid()), signal)
            .map_err(|errno| Error::Io { doing: format!("sending {signal} to {}", self.name), source: errno.into() })
    }

    /// Ends it: SIGTERM, then SIGKILL when it has not gone after two seconds.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.signal(Signal::SIGTERM)?;
        if tokio::time::timeout(PATIENCE, self.wait()).await.is_err() {
            self.signal(Signal::SIGKILL)?;
            self.wait().await?;
        }
        Ok(())
    }

    /// Leaves it running when this process ends: what it takes to find it again.
    #[must_use]
    pub fn leave(mut self) -> Recorded {
        self.left = true;
        keeper::forget(self.pid());
        Recorded { name: self.name.clone(), pid: self.pid(), started: start_time(self.pid()).unwrap_or_default() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let pid = self.pid();
        // The group as well: what the process itself has started goes too. Nothing can be done about a failure here.
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            let _ = self.child.wait();
        }
        keeper::forget(pid);
    }
}

impl Recorded {
    /// Whether that very process still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        start_time(self.pid).is_some_and(|started| started == self.started)
    }

    /// Ends it as [`Process::stop`] does; nothing happens when it has ended already.
    pub async fn stop(&self) -> Result<(), Error> {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            if !self.is_running() {
                return Ok(());
            }
            kill(Pid::from_raw(self.pid), signal).map_err(|errno| Error::Io {
                doing: format!("sending {signal} to {}", self.name),
                source: errno.into(),
            })?;
            let asked = Instant::now();
            while self.is_running() && asked.elapsed() < PATIENCE {
                tokio::time::sleep(GLANCE).await;
            }
        }
        Ok(())
    }
}

/// A new temporary folder that is removed when it is dropped, and when this process is killed. Its path is short:
/// sockets live in it.
pub fn temporary_folder() -> Result<TempDir, Error> {
    let folder =
        tempfile::Builder::new().prefix("northgate-").tempdir().map_err(Error::doing("making a temporary folder"))?;
    keeper::remove_folder_at_the_end(folder.path())?;
    Ok(folder)
}

/// The last lines of a log file.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// When a process started; none when there is no such process, or only its remains.
fn start_time(pid: i32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in brackets, may hold anything; what follows it is the state and, 19 fields on, the start time.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let (state, started) = (fields.first()?, fields.get(19)?);
        return (*state != "Z").then(|| (*started).to_owned());
    }
    let output = Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let started = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!started.is_empty()).then_some(started)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path) -> Process {
        let mut command = Command::new("sh");
        // A child of its own, so that the group matters.
        command.args(["-c", "echo up; sleep 60 & wait"]);
        Process::start("sleeper", &mut command, &folder.join("log")).unwrap()
    }

    #[tokio::test]
    async fn a_dropped_process_is_gone_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let process = sleeper(folder.path());
        let pid = process.pid();
        while process.log_tail(1) != "up" {
            tokio::time::sleep(GLANCE).await;
        }
        drop(process);
        let group = Pid::from_raw(pid);
        let deadline = Instant::now() + PATIENCE;
        while killpg(group, None).is_ok() {
            assert!(Instant::now() < deadline, "the group still has members");
            tokio::time::sleep(GLANCE).await;
        }
    }

    #[tokio::test]
    async fn a_left_process_is_ended_by_id_and_start_time() {
        let folder = tempfile::tempdir().unwrap();
        let recorded = sleeper(folder.path()).leave();
        assert!(recorded.is_running());
        let other = Recorded { started: "another time".to_owned(), ..recorded.clone() };
        assert!(!other.is_running(), "the same id at another time is another process");
        recorded.stop().await.unwrap();
        assert!(!recorded.is_running());
    }
}
