//! The calls that came by, in order.

use std::fmt;
use std::time::Instant;

use hyper::Response;
use hyper::body::Bytes;

use super::call::Call;
use super::trap::Fault;

/// The calls since the proxy started or was reset. Displays as one line for each.
#[derive(Clone, Debug)]
pub struct Journal {
    start: Instant,
    /// How many calls have been forgotten: numbers go on, so that a call under way never finds another's entry.
    forgotten: usize,
    calls: Vec<Call>,
}

/// What the journal keeps of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    code: Option<String>,
    request_id: Option<String>,
}

impl Journal {
    /// The calls.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Those that are writes.
    #[must_use]
    pub fn writes(&self) -> Vec<Call> {
        self.calls.iter().filter(|call| call.is_write()).cloned().collect()
    }

    /// Their names (`ec2:CreateSecurityGroup`), for comparing with what a plan announced.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.calls.iter().map(Call::name).collect()
    }

    pub(super) fn enter(&mut self, mut call: Call, fault: Option<&Fault>) -> usize {
        call.number = self.forgotten + self.calls.len() + 1;
        call.at = self.start.elapsed();
        call.fault = fault.map(Fault::word);
        let number = call.number;
        self.calls.push(call);
        number
    }

    pub(super) fn call(&self, number: usize) -> Option<Call> {
        let index = number.checked_sub(self.forgotten + 1)?;
        self.calls.get(index).cloned()
    }

    pub(super) fn sent(&mut self, number: usize) {
        self.change(number, |call| call.sent = true);
    }

    pub(super) fn not_sent(&mut self, number: usize) {
        self.change(number, |call| call.sent = false);
    }

    pub(super) fn answered(&mut self, number: usize, answer: Answer) {
        let now = self.start.elapsed();
        self.change(number, |call| {
            call.answered = Some(now);
            call.status = Some(answer.status);
            call.code = answer.code;
            call.request_id = answer.request_id;
        });
    }

    pub(super) fn forget(&mut self) {
        self.forgotten += self.calls.len();
        self.calls.clear();
    }

    fn change(&mut self, number: usize, change: impl FnOnce(&mut Call)) {
        // Nothing is there when the journal was reset meanwhile.
        let index = number.checked_sub(self.forgotten + 1);
        if let Some(call) = index.and_then(|index| self.calls.get_mut(index)) {
            change(call);
        }
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { start: Instant::now(), forgotten: 0, calls: Vec::new() }
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for call in &self.calls {
            writeln!(formatter, "{call}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_write() { '*' } else { ' ' };
        let (number, seconds, name) = (self.number, self.at.as_secs_f64(), self.name());
        write!(formatter, "{mark}{number:4} {seconds:8.3}s {name}")?;
        match self.status {
            Some(status) => write!(formatter, " -> {status}")?,
            None => write!(formatter, " -> no answer")?,
        }
        for word in [&self.code, &self.request_id].into_iter().flatten() {
            write!(formatter, " {word}")?;
        }
        if let Some(fault) = self.fault {
            let sent = if self.sent { "done" } else { "not done" };
            write!(formatter, " [{fault}, {sent}]")?;
        }
        write!(formatter, " {}", self.params)
    }
}

impl Answer {
    pub(super) fn read(response: &Response<Bytes>) -> Self {
        let body = String::from_utf8_lossy(response.body());
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        let failed = response.status().as_u16() >= 400;
        let code = || between(&body, "<Code>", "</Code>").or_else(|| json_error(&body));
        let request_id = header("x-amzn-requestid")
            .or_else(|| between(&body, "<RequestId>", "</RequestId>"))
            .or_else(|| between(&body, "<requestId>", "</requestId>"))
            .or_else(|| between(&body, "<RequestID>", "</RequestID>"));
        Self { status: response.status().as_u16(), code: if failed { code() } else { None }, request_id }
    }
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.to_owned())
}

/// The error code of a JSON service: `{"__type": "prefix#Code"}`.
fn json_error(body: &str) -> Option<String> {
    let error: serde_json::Value = serde_json::from_str(body).ok()?;
    let code = error.get("__type")?.as_str()?;
    Some(code.rsplit('#').next().unwrap_or(code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Answer::read(&Response::builder().status(status).body(body).unwrap())
    }

    #[test]
    fn the_error_code_is_found_in_every_dialect() {
        for body in [
            "<ErrorResponse><Error><Code>Throttling</Code></Error><RequestId>r-1</RequestId></ErrorResponse>",
            "<Response><Errors><Error><Code>Throttling</Code></Error></Errors><RequestID>r-1</RequestID></Response>",
            r#"{"__type": "com.amazonaws.acm#Throttling"}"#,
        ] {
            assert_eq!(answer(400, body).code.as_deref(), Some("Throttling"), "{body}");
        }
        assert_eq!(answer(200, "<A><Code>no error</Code><requestId>r-2</requestId></A>").code, None);
        assert_eq!(answer(200, "<A><requestId>r-2</requestId></A>").request_id.as_deref(), Some("r-2"));
    }
}
