//! What can go wrong with the test bed, each with what to do about it where something can be done.

use std::fmt;
use std::path::PathBuf;

/// Why the test bed, or a call on it, failed.
#[derive(thiserror::Error)]
pub enum Error {
    /// A tool, file or setting that this machine lacks; the sentence ends with the remedy.
    #[error("{0}")]
    Missing(String),
    /// A command ran and failed.
    #[error("`{command}` failed ({status})\n{output}")]
    Command {
        /// The command line, shortened.
        command: String,
        /// How it ended.
        status: String,
        /// What it wrote to stderr, or the end of its log.
        output: String,
    },
    /// A process of the bed ended before it was ready.
    #[error("{name} stopped before it was ready; its log ends with\n{log}")]
    Stopped {
        /// The process.
        name: String,
        /// The last lines of its log.
        log: String,
    },
    /// Something was waited for and did not come.
    #[error("{what} within {seconds} s\n{state}")]
    TimedOut {
        /// What was waited for, as "no …".
        what: String,
        /// How long, in seconds.
        seconds: u64,
        /// What was seen instead.
        state: String,
    },
    /// AWS, that is LocalStack or the simulator, answered a call with an error.
    #[error("{action}: {code}: {message}")]
    Aws {
        /// The call.
        action: String,
        /// AWS's error code.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// An answer that cannot be read.
    #[error("{what} cannot be read: {reason}")]
    Unreadable {
        /// The answer.
        what: String,
        /// Why.
        reason: String,
    },
    /// A plain HTTP request on the loopback interface failed.
    #[error("{doing}")]
    Http {
        /// What was being done.
        doing: String,
        /// The connection's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file or process could not be handled.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file could not be handled; names it.
    #[error("{}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err`: names the file that an operation was about.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// For `map_err`: says what was being done.
    pub fn doing(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// The error and everything behind it, one line each, for people.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text.push_str(&format!("\n  because: {error}"));
            source = error.source();
        }
        text
    }
}

/// As people read it, because this is what a test's `unwrap` prints.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.chain())
    }
}
