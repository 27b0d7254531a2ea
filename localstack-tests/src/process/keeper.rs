//! Ends what this process started when this process is gone, however it went.
//!
//! A shell waits at the other end of a pipe. When the pipe closes, because this process ended or was killed, the shell
//! ends the process groups and removes the folders that it was told of. A parent-death signal would be Linux's only,
//! follows the thread that started a process (a test's thread ends before the shared LocalStack does), and says
//! nothing to grandchildren.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::Error;

static KEEPER: Mutex<Option<Child>> = Mutex::new(None);

const SCRIPT: &str = r#"
groups= folders=
while IFS=' ' read -r word what; do
  case $word in
    keep) groups="$groups $what" ;;
    forget)
      rest=
      for group in $groups; do [ "$group" = "$what" ] || rest="$rest $group"; done
      groups=$rest ;;
    folder) folders="$folders
$what" ;;
    spare) folders=$(printf '%s\n' "$folders" | grep -vxF -- "$what") ;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group"; done
for tenth in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for group in $groups; do if kill -s 0 -- "-$group"; then left="$left $group"; fi; done
  groups=$left
  [ -n "$groups" ] || break
  sleep 0.1
done
for group in $groups; do kill -s KILL -- "-$group"; done
printf '%s\n' "$folders" | while read -r folder; do
  case $folder in */northgate-*) rm -rf -- "$folder" ;; esac
done
"#;

/// Has the process group ended with this process.
pub(super) fn keep(group: i32) -> Result<(), Error> {
    tell(&format!("keep {group}")).map_err(Error::doing("asking the keeper to watch over a process"))
}

/// The process group has ended; its id may be used again.
pub(super) fn forget(group: i32) {
    // Called from `drop`. A keeper that is gone has nothing to forget.
    let _ = tell(&format!("forget {group}"));
}

/// Has a folder, whose name must begin with `northgate-`, removed when this process ends.
pub(super) fn remove_folder_at_the_end(folder: &Path) -> Result<(), Error> {
    tell(&format!("folder {}", folder.display())).map_err(Error::file(folder))
}

/// Has a folder stay after all.
pub(crate) fn keep_folder(folder: &Path) {
    // Called while a test fails. Without a keeper nobody removes the folder.
    let _ = tell(&format!("spare {}", folder.display()));
}

fn tell(line: &str) -> std::io::Result<()> {
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    if keeper.is_none() {
        *keeper = Some(start()?);
    }
    let pipe = keeper.as_mut().and_then(|shell| shell.stdin.as_mut()).expect("the keeper was just started with a pipe");
    writeln!(pipe, "{line}")
}

fn start() -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        // Nobody may wait for the end of our output on its account.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_pipe_closes_what_was_kept_is_ended_and_what_was_spared_stays() {
        let outer = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = outer.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let (removed, spared) = (folder("northgate-1"), folder("northgate-2"));
        let foreign = folder("documents");
        // One that SIGTERM does not impress, with a child of its own; one that is forgotten.
        let sleeper = |script| {
            let mut sleeper = Command::new("sh");
            sleeper.args(["-c", script]).process_group(0).spawn().unwrap()
        };
        let mut kept = sleeper("trap '' TERM; sleep 60 & wait; sleep 60");
        let mut forgotten = sleeper("sleep 60");

        let mut keeper = start().unwrap();
        let mut pipe = keeper.stdin.take().unwrap();
        let (kept_id, forgotten_id) = (kept.id(), forgotten.id());
        writeln!(pipe, "keep {kept_id}\nkeep {forgotten_id}\nforget {forgotten_id}").unwrap();
        for folder in [&removed, &spared, &foreign] {
            writeln!(pipe, "folder {}", folder.display()).unwrap();
        }
        writeln!(pipe, "spare {}", spared.display()).unwrap();
        drop(pipe);
        keeper.wait().unwrap();
        assert!(!kept.wait().unwrap().success());
        assert!(forgotten.try_wait().unwrap().is_none());
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
        assert_eq!([removed, spared, foreign].map(|folder| folder.exists()), [false, true, true]);
    }
}
