//! Where a check is carried out, and how it asks.

use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::Forget;

/// A namespace of a server.
#[derive(Clone)]
pub(super) struct World {
    pub(super) client: Client,
    pub(super) namespace: String,
    pub(super) forget: Forget,
}

/// What a server said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) body: Value,
}

/// An open watch.
pub(super) struct Watch {
    body: Body,
    read: Vec<u8>,
}

const JSON: &str = "application/json";
const PATIENCE: Duration = Duration::from_secs(30);

impl World {
    /// `configmaps/a` is in the core group and this namespace; a path that begins with a slash is taken as it is, but for
    /// `{ns}`.
    pub(super) fn path(&self, path: &str) -> String {
        match path.starts_with('/') {
            true => path.replace("{ns}", &self.namespace),
            false => format!("/api/v1/namespaces/{}/{path}", self.namespace),
        }
    }

    async fn send(&self, method: Method, path: &str, kind: &str, accept: &str, body: Vec<u8>) -> http::Response<Body> {
        let request = Request::builder()
            .method(method)
            .uri(self.path(path))
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT, accept)
            .body(Body::from(body))
            .unwrap();
        self.client.send(request).await.unwrap()
    }

    pub(super) async fn ask(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        read(self.send(method, path, kind, JSON, body).await).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, JSON, Vec::new()).await
    }

    pub(super) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        read(self.send(Method::GET, path, JSON, accept, Vec::new()).await).await
    }

    pub(super) async fn post(&self, path: &str, object: Value) -> Answer {
        self.ask(Method::POST, path, JSON, object.to_string().into_bytes()).await
    }

    pub(super) async fn put(&self, path: &str, object: &Value) -> Answer {
        self.ask(Method::PUT, path, JSON, object.to_string().into_bytes()).await
    }

    pub(super) async fn merge(&self, path: &str, patch: Value) -> Answer {
        let kind = "application/merge-patch+json";
        self.ask(Method::PATCH, path, kind, patch.to_string().into_bytes()).await
    }

    pub(super) async fn json_patch(&self, path: &str, operations: Value) -> Answer {
        let kind = "application/json-patch+json";
        self.ask(Method::PATCH, path, kind, operations.to_string().into_bytes()).await
    }

    pub(super) async fn strategic(&self, path: &str, patch: Value) -> Answer {
        let kind = "application/strategic-merge-patch+json";
        self.ask(Method::PATCH, path, kind, patch.to_string().into_bytes()).await
    }

    /// A server-side apply; who applies is a parameter of `path`.
    pub(super) async fn apply(&self, path: &str, object: Value) -> Answer {
        let kind = "application/apply-patch+yaml";
        self.ask(Method::PATCH, path, kind, object.to_string().into_bytes()).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, JSON, Vec::new()).await
    }

    pub(super) async fn delete_with(&self, path: &str, options: Value) -> Answer {
        self.ask(Method::DELETE, path, JSON, options.to_string().into_bytes()).await
    }

    /// Makes a ConfigMap without content.
    pub(super) async fn config_map(&self, name: &str) -> Value {
        self.post("configmaps", json!({ "metadata": { "name": name } })).await.ok()
    }

    /// The names of what a list shows.
    pub(super) async fn names(&self, path: &str) -> Vec<String> {
        names(&self.get(path).await.ok())
    }

    /// Waits until what is read from the server's cache is as new as an object.
    pub(super) async fn caught_up(&self, object: &Value) {
        let name = object["metadata"]["name"].as_str().unwrap();
        self.get(&format!("configmaps/{name}?resourceVersion={}", version(object))).await.ok();
    }

    /// Opens a watch; `path` has parameters already.
    pub(super) async fn watch(&self, path: &str) -> Watch {
        self.watch_as(path, JSON).await
    }

    pub(super) async fn watch_as(&self, path: &str, accept: &str) -> Watch {
        let path = format!("{path}&watch=true");
        let response = self.send(Method::GET, &path, JSON, accept, Vec::new()).await;
        assert_eq!(response.status(), 200, "{path}");
        Watch { body: response.into_body(), read: Vec::new() }
    }

    /// Asks until the answer is as wanted: for what a server does a little later.
    pub(super) async fn until(&self, path: &str, is_wanted: impl Fn(&Answer) -> bool) -> Answer {
        let mut last = None;
        for _ in 0..100 {
            let answer = self.get(path).await;
            if is_wanted(&answer) {
                return answer;
            }
            last = Some(answer);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{path} stays {last:?}")
    }
}

impl World {
    /// Asks until the answer has a code, writing in between: a server at rest forgets late.
    pub(super) async fn until_writes_tell(&self, path: &str, code: u16) -> Answer {
        for round in 0..60 {
            let answer = self.get(path).await;
            if answer.code == code {
                return answer;
            }
            self.merge("configmaps/a", json!({ "data": { "round": round.to_string() } })).await.ok();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{path} never answers {code}")
    }
}

async fn read(response: http::Response<Body>) -> Answer {
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    Answer { code, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) }
}

impl Answer {
    /// The object that was answered.
    #[track_caller]
    pub(super) fn ok(self) -> Value {
        assert!(self.code < 300, "{} {}", self.code, self.body);
        self.body
    }

    /// The `Status` with which it was refused.
    #[track_caller]
    pub(super) fn refused(self, code: u16, reason: &str) -> Value {
        let found = (self.code, self.body["reason"].as_str().unwrap_or_default());
        assert_eq!(found, (code, reason), "{}", self.body);
        assert_eq!((&self.body["kind"], &self.body["status"]), (&json!("Status"), &json!("Failure")));
        assert_eq!(self.body["code"], code);
        self.body
    }

    /// It was refused in these words.
    #[track_caller]
    pub(super) fn says(self, code: u16, reason: &str, message: &str) {
        assert_eq!(self.refused(code, reason)["message"], message);
    }

    /// It was refused as invalid, for these fields.
    #[track_caller]
    pub(super) fn invalid(self, fields: &[&str]) -> Value {
        let status = self.refused(422, "Invalid");
        let causes = status["details"]["causes"].as_array().into_iter().flatten();
        let mut found: Vec<&str> = causes.map(|cause| cause["field"].as_str().unwrap()).collect();
        // Some things are said twice.
        found.dedup();
        assert_eq!(found, fields, "{status}");
        status
    }
}

impl Watch {
    /// The next event: what happened, and the object. `None`: the watch has ended.
    pub(super) async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                let mut event: Value = serde_json::from_slice(&line).unwrap();
                return Some((event["type"].as_str().unwrap().to_owned(), event["object"].take()));
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("an event, or the end");
            match frame {
                Some(frame) => self.read.extend(frame.unwrap().into_data().unwrap()),
                None => return None,
            }
        }
    }

    /// The next events in words: `ADDED a`.
    pub(super) async fn expect(&mut self, words: &[&str]) -> Value {
        let mut last = Value::Null;
        for expected in words {
            let (kind, object) = self.event().await.expect("another event");
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            assert_eq!(format!("{kind} {name}"), **expected, "{object}");
            last = object;
        }
        last
    }
}

/// The names of the items of a list.
pub(super) fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The version of an object or of a list.
pub(super) fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_else(|| panic!("no version: {object}")).parse().unwrap()
}
