//! The door: a `tower` service that takes HTTP requests and answers them as an API server.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use serde::Serialize;
use serde_json::{Value, json};
use tower::{BoxError, Service};

use super::delete::{DeleteOptions, Deleted};
use super::refusal::{FieldError, Refusal};
use super::request::{Path, Request};
use super::resource::{Builtin, Rules};
use super::selector::Selector;
use super::state::State;
use super::target::{Part, Target};
use super::topology::Shape;
use super::watch::Watch;
use super::write::{Kept, WriteOptions};
use super::{discovery, patch, strategic};

/// A Kubernetes API as kube's client sees it: any layer of `tower` may stand before it.
#[derive(Clone, Debug)]
pub struct ApiService {
    pub(super) state: Arc<Mutex<State>>,
}

/// The body of an answer: all of it at once, or the lines of a watch as they come.
pub struct AnswerBody(Content);

enum Content {
    Whole(Option<Bytes>),
    Watch(Box<Watch>),
}

/// What is answered.
enum Answer {
    Json(StatusCode, Vec<u8>),
    Text(StatusCode, &'static str),
    Watch(Box<Watch>),
}

/// How long a read waits for a replica that is behind, as kube-apiserver has it, and how often it looks.
const REPLICA_WAITS: (u32, Duration) = (30, Duration::from_millis(100));

impl<B> Service<http::Request<B>> for ApiService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnswerBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(Into::into)?.to_bytes();
            let answer = match Request::read(&parts, body) {
                Ok(request) => service.answer(&request).await,
                Err(refusal) => refused(&refusal),
            };
            answer.respond()
        })
    }
}

impl ApiService {
    async fn answer(&self, request: &Request) -> Answer {
        let latency = self.locked(|state| state.options.latency);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let (mut left, pause) = REPLICA_WAITS;
        loop {
            match self.locked(|state| self.carry_out(state, request)) {
                Ok(answer) => return answer,
                Err(refusal) if refusal.code == 504 && left > 0 => {
                    left -= 1;
                    tokio::time::sleep(pause).await;
                }
                Err(refusal) => return refused(&refusal),
            }
        }
    }

    fn locked<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().expect("no thread panics while it holds the state"))
    }

    fn carry_out(&self, state: &mut State, request: &Request) -> Result<Answer, Refusal> {
        let path = match &request.path {
            Path::Document(segments) => {
                return Ok(match discovery::document(&state.registry, segments, &request.accept) {
                    Some(document) => ok(&document),
                    None if is_health(segments) => Answer::Text(StatusCode::OK, "ok"),
                    None => unknown(),
                });
            }
            Path::Objects(path) => path,
        };
        let Some(mut target) = Target::find(&state.registry, path) else {
            let is_known = state.registry.has_builtin_group(&path.group);
            return if is_known { Err(Refusal::unknown_resource()) } else { Ok(unknown()) };
        };
        let accept = &request.accept;
        if !(accept.is_empty() || accept.contains("json") || accept.contains('*')) {
            return Err(Refusal::not_acceptable());
        }
        target.is_partial = accept.contains("as=PartialObjectMetadata");
        let is_object = !path.name.is_empty();
        match (&request.method, is_object) {
            // One object is not watched by its path.
            (&Method::GET, true) => Ok(ok(&*state.read(&target, &request.query)?)),
            (&Method::GET, _) if request.query.watch => self.watch(state, target, request),
            (&Method::GET, _) => list(state, &target, request),
            (&Method::POST, _) => post(state, target, request, is_object),
            (&Method::PUT, true) => put(state, &target, request),
            (&Method::PATCH, true) => patch_object(state, &target, request),
            (&Method::DELETE, true) if target.part == Part::Main => delete(state, &target, request),
            (&Method::DELETE, false) => delete_all(state, &target, request),
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn watch(&self, state: &mut State, target: Target, request: &Request) -> Result<Answer, Refusal> {
        let query = &request.query;
        let selector = Selector::parse(&target.resource, &query.label_selector, &query.field_selector)?;
        Ok(Answer::Watch(Box::new(Watch::open(&self.state, state, target, query, selector)?)))
    }
}

fn list(state: &State, target: &Target, request: &Request) -> Result<Answer, Refusal> {
    let query = &request.query;
    let selector = Selector::parse(&target.resource, &query.label_selector, &query.field_selector)?;
    let page = state.list(target, query, &selector)?;
    page.json(target).map(|body| Answer::Json(StatusCode::OK, body)).map_err(Refusal::internal)
}

fn post(state: &mut State, target: Target, request: &Request, is_object: bool) -> Result<Answer, Refusal> {
    let object = request.json()?;
    match (target.part, is_object) {
        (Part::Main, false) => Ok(written(state.create(&target, &write_options(request), object)?)),
        (Part::Binding, true) => {
            let node = object["target"]["name"].as_str().unwrap_or_default().to_owned();
            state.bind(&target, &node)?;
            Ok(Answer::Json(
                StatusCode::CREATED,
                body(&json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201
                })),
            ))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn put(state: &mut State, target: &Target, request: &Request) -> Result<Answer, Refusal> {
    let object = request.json()?;
    let is_there = state.get(&target.resource, &target.key).is_some();
    let may_make = target.resource.builtin().is_some_and(Builtin::allows_create_on_update);
    if !is_there && may_make && target.part == Part::Main {
        return Ok(written(state.create(target, &write_options(request), object)?));
    }
    Ok(written(state.update(target, &write_options(request), |_| Ok(object))?))
}

fn patch_object(state: &mut State, target: &Target, request: &Request) -> Result<Answer, Refusal> {
    let options = WriteOptions { is_patch: true, ..write_options(request) };
    let kind = request.content_type.split(';').next().unwrap_or_default().trim();
    let kept = match kind {
        "application/merge-patch+json" => {
            let patch = request.json()?;
            state.update(target, &options, |live| {
                let mut object = live.clone();
                patch::merge(&mut object, &patch);
                Ok(object)
            })?
        }
        "application/json-patch+json" => {
            let patch = request.json()?;
            if !patch.is_array() {
                return Err(Refusal::bad_request("error decoding patch: it is no list of operations"));
            }
            state.update(target, &options, |live| {
                let mut object = live.clone();
                patch::json_patch(&mut object, &patch).map_err(|_| Refusal::unprocessable())?;
                Ok(object)
            })?
        }
        "application/strategic-merge-patch+json" if target.resource.rules != Rules::Custom => {
            let patch = request.json()?;
            state.update(target, &options, |live| {
                let mut object = live.clone();
                strategic::merge(&Shape::of(target), &mut object, &patch).map_err(Refusal::internal)?;
                Ok(object)
            })?
        }
        "application/apply-patch+yaml" | "application/apply-patch+json" => return apply(state, target, request),
        other => {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml ({other})"
            );
            return Err(Refusal::unsupported_media_type(message));
        }
    };
    Ok(written(kept))
}

fn apply(state: &mut State, target: &Target, request: &Request) -> Result<Answer, Refusal> {
    if request.query.field_manager.is_empty() {
        let why = "is required for apply patch";
        return Err(Refusal::invalid_options("PatchOptions", &FieldError::required("fieldManager", why)));
    }
    let given = request.yaml()?;
    let options = WriteOptions {
        force: request.query.force.unwrap_or_default(),
        is_apply: true,
        is_patch: true,
        ..write_options(request)
    };
    Ok(written(state.apply_object(target, &options, &given)?))
}

fn delete(state: &mut State, target: &Target, request: &Request) -> Result<Answer, Refusal> {
    let options = DeleteOptions::read(request)?;
    match state.delete(target, &options)? {
        Deleted::Going(object) => Ok(ok(&*target.outward(object))),
        Deleted::Gone(object) => {
            let resource = &target.resource;
            if resource.builtin().is_some_and(Builtin::returns_deleted) {
                return Ok(ok(&*target.outward(object)));
            }
            let mut details =
                json!({ "name": target.name(), "kind": resource.plural, "uid": object["metadata"]["uid"] });
            if !resource.group.is_empty() {
                details["group"] = json!(resource.group);
            }
            Ok(ok(&json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details
            })))
        }
    }
}

fn delete_all(state: &mut State, target: &Target, request: &Request) -> Result<Answer, Refusal> {
    let query = &request.query;
    if target.resource.namespaced && target.key.namespace.is_empty() {
        return Err(Refusal::method_not_allowed());
    }
    let selector = Selector::parse(&target.resource, &query.label_selector, &query.field_selector)?;
    let options = DeleteOptions::read(request)?;
    let items = state.delete_all(target, &selector, &options)?;
    let items: Vec<&Value> = items.iter().map(|object| &**object).collect();
    let (kind, api_version) = target.list_type();
    Ok(ok(&json!({
        "kind": kind,
        "apiVersion": api_version,
        "metadata": { "resourceVersion": state.store.version().to_string() },
        "items": items,
    })))
}

fn write_options(request: &Request) -> WriteOptions {
    WriteOptions {
        dry_run: request.query.dry_run,
        manager: request.manager(),
        strict: request.query.field_validation == "Strict",
        ..WriteOptions::default()
    }
}

fn written(kept: Kept) -> Answer {
    let status = if kept.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Answer::Json(status, body(&*kept.object))
}

fn ok<T: Serialize>(value: &T) -> Answer {
    Answer::Json(StatusCode::OK, body(value))
}

fn body<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("objects are JSON")
}

fn refused(refusal: &Refusal) -> Answer {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer::Json(status, body(&refusal.status()))
}

/// What the server says to a path that it does not know: no `Status`.
fn unknown() -> Answer {
    Answer::Text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn is_health(segments: &[String]) -> bool {
    segments.first().is_some_and(|first| matches!(first.as_str(), "healthz" | "livez" | "readyz"))
}

impl Answer {
    fn respond(self) -> Result<Response<AnswerBody>, BoxError> {
        let (status, kind, content) = match self {
            Self::Json(status, body) => (status, "application/json", Content::Whole(Some(Bytes::from(body)))),
            Self::Text(status, text) => {
                (status, "text/plain; charset=utf-8", Content::Whole(Some(Bytes::from_static(text.as_bytes()))))
            }
            Self::Watch(watch) => (StatusCode::OK, "application/json", Content::Watch(watch)),
        };
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        Ok(response.body(AnswerBody(content))?)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Content::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Watch(watch) => watch.poll_line(context).map(|line| line.map(|line| Ok(Frame::data(line)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Watch(_) => SizeHint::default(),
        }
    }
}
