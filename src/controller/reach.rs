//! Whether AWS answers: for readiness, for a metric, and for one line in the log where there would be thousands.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::AwsError;
use crate::error_chain::one_line;
use crate::seldom::Seldom;

/// How long AWS may be silent before the controller is not ready: short troubles are over by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is known of the way to AWS.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    state: Mutex<State>,
    told: Seldom,
}

#[derive(Debug, Default)]
struct State {
    /// Whether AWS ever answered what it was asked.
    answered: bool,
    /// Since when it has not, and why.
    silent: Option<(Instant, String)>,
}

impl Reach {
    /// Notes an answer.
    pub(crate) fn answered(&self) {
        *self.lock() = State { answered: true, silent: None };
    }

    /// Notes an error. One that AWS answers with shows that it is there, once it has answered anything else.
    pub(crate) fn failed(&self, error: &AwsError) {
        let mut state = self.lock();
        if state.answered && !error.is_unreachable() {
            state.silent = None;
        } else {
            let since = state.silent.as_ref().map_or_else(Instant::now, |(since, _)| *since);
            state.silent = Some((since, one_line(error)));
        }
    }

    /// What is missing, for the readiness probe.
    pub(crate) fn missing(&self) -> Option<String> {
        match &*self.lock() {
            State { answered: false, silent: None } => Some("AWS has not been asked yet".to_owned()),
            State { answered: false, silent: Some((_, why)) } => Some(format!("AWS has not answered yet: {why}")),
            State { answered: true, silent: Some((since, why)) } if since.elapsed() >= PATIENCE => {
                Some(format!("AWS has not answered for {} s: {why}", since.elapsed().as_secs()))
            }
            State { answered: true, .. } => None,
        }
    }

    /// Whether it is worth a line in the log that AWS does not answer: once a minute.
    pub(crate) fn is_news(&self) -> bool {
        self.told.is_due("AWS does not answer")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds what is known of AWS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Call;

    const CALL: Call = Call { service: "ec2", operation: "DescribeVpcs" };

    fn no_answer() -> AwsError {
        AwsError::NoAnswer { call: CALL, source: "connection refused".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_told_when_it_lasts_and_ends_with_an_answer() {
        let reach = Reach::default();
        assert_eq!(reach.missing().as_deref(), Some("AWS has not been asked yet"));
        reach.failed(&no_answer());
        assert!(reach.missing().unwrap().starts_with("AWS has not answered yet: ec2:DescribeVpcs"));
        reach.answered();
        assert_eq!(reach.missing(), None);
        reach.failed(&no_answer());
        assert_eq!(reach.missing(), None, "short troubles pass");
        tokio::time::advance(PATIENCE).await;
        reach.failed(&no_answer());
        assert!(reach.missing().unwrap().starts_with("AWS has not answered for 60 s"));
        let denied = AwsError::Refused {
            call: CALL,
            code: "UnauthorizedOperation".to_owned(),
            message: "no".to_owned(),
            request_id: None,
            status: 403,
        };
        reach.failed(&denied);
        assert_eq!(reach.missing(), None, "who refuses is there");
    }
}
