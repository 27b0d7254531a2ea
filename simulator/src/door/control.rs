//! Test controls over HTTP: what a test tells an account besides AWS's own API.
//!
//! | request | what it does |
//! | --- | --- |
//! | `GET /_simulator/health` | answers once the simulator serves |
//! | `GET /_simulator/calls` | the latest calls; `calls/N`: those after the one with this number |
//! | `GET /_simulator/violations` | the requests that AWS's service model does not allow |
//! | `GET /_simulator/data-path` | the listeners of active load balancers, and where each is reached |
//! | `PUT /_simulator/accounts/ACCOUNT/REGION/targets` | where targets are reached: a list of `{target, port, address}` |
//! | `GET /_simulator/accounts/ACCOUNT/REGION` | the account's present state, whatever reads lag |
//! | `GET /_simulator/accounts/ACCOUNT/REGION/options` | the account's options |
//! | `PATCH /_simulator/accounts/ACCOUNT/REGION/options` | replaces the options that the JSON body names |
//! | `PUT /_simulator/accounts/ACCOUNT/REGION/target-health` | forces the health of a target; `state: null` frees it |
//! | `PUT /_simulator/accounts/ACCOUNT/REGION/load-balancer-state` | forces the state of a load balancer; `state: null` frees it |

use std::sync::Arc;

use hyper::Method;
use serde_json::{Value, json};

use super::Response;
use super::http::{Served, refusal};
use crate::data_path::DataPath;
use crate::journal::CallRecord;
use crate::network::Scope;
use crate::options::AccountOptions;
use crate::simulator::Simulator;

/// Carries out one control; `path` is what follows `/_simulator/`.
pub(super) async fn handle(served: &Served, method: &Method, path: &str, body: &[u8]) -> Response {
    let Served { simulator, data_path } = served;
    let parts = path.split('/').collect::<Vec<_>>();
    let outcome = match (method, parts.as_slice()) {
        (&Method::GET, ["health"]) => Ok(json!({ "status": "running" })),
        (&Method::GET, ["calls"]) => Ok(calls(simulator, 0)),
        (&Method::GET, ["calls", number]) => match number.parse() {
            Ok(number) => Ok(calls(simulator, number)),
            Err(_) => Err(format!("'{number}' is not the number of a call")),
        },
        (&Method::GET, ["violations"]) => Ok(as_json(&simulator.violations())),
        (&Method::GET, ["data-path"]) => opened(data_path).map(|data_path| as_json(&data_path.listeners())),
        (&Method::PUT, ["accounts", account, region, "targets"]) => {
            set_targets(data_path, &scope(account, region), body)
        }
        (&Method::GET, ["accounts", account, region]) => {
            simulator.observe(&scope(account, region)).await.map(|observed| as_json(&*observed))
        }
        (&Method::GET, ["accounts", account, region, "options"]) => {
            Ok(as_json(&simulator.options(&scope(account, region)).await))
        }
        (&Method::PATCH, ["accounts", account, region, "options"]) => {
            patch_options(simulator, &scope(account, region), body).await
        }
        (&Method::PUT, ["accounts", account, region, "target-health"]) => {
            force_health(simulator, &scope(account, region), body).await
        }
        (&Method::PUT, ["accounts", account, region, "load-balancer-state"]) => {
            force_state(simulator, &scope(account, region), body).await
        }
        _ => {
            let known = "health, calls, violations, data-path, accounts/ACCOUNT/REGION, …/options, …/targets";
            return refusal(404, &format!("no such control: see {known}, …/target-health and …/load-balancer-state"));
        }
    };
    match outcome {
        Ok(value) => Response {
            status: 200,
            body: format!("{value}\n").into_bytes(),
            content_type: "application/json",
            request_id: None,
            error_type: None,
        },
        Err(sentence) => refusal(400, &sentence),
    }
}

fn calls(simulator: &Simulator, after: u64) -> Value {
    let call = |call: Arc<CallRecord>| {
        json!({
            "number": call.number, "at": call.at, "account": call.scope.account, "region": call.scope.region,
            "service": call.service.name(), "action": call.action, "members": call.members(), "status": call.status,
            "code": call.code,
        })
    };
    simulator.calls_after(after).into_iter().map(call).collect()
}

async fn patch_options(simulator: &Simulator, scope: &Scope, body: &[u8]) -> Result<Value, String> {
    let patch: serde_json::Map<String, Value> = read(body)?;
    let mut options = as_json(&simulator.options(scope).await);
    for (name, value) in patch {
        match (options.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(given)) => known.extend(given),
            (_, value) => options[name] = value,
        }
    }
    let options: AccountOptions = serde_json::from_value(options).map_err(|error| error.to_string())?;
    simulator.set_options(scope, options.clone()).await;
    Ok(as_json(&options))
}

fn set_targets(data_path: &Option<DataPath>, scope: &Scope, body: &[u8]) -> Result<Value, String> {
    opened(data_path)?.set_targets(scope, read(body)?);
    Ok(json!({}))
}

fn opened(data_path: &Option<DataPath>) -> Result<&DataPath, String> {
    data_path.as_ref().ok_or_else(|| "this simulator has no data path; start it with --data-path".to_owned())
}

async fn force_health(simulator: &Simulator, scope: &Scope, body: &[u8]) -> Result<Value, String> {
    let forced = read(body)?;
    simulator.force_target_health(scope, forced).await?;
    Ok(json!({}))
}

async fn force_state(simulator: &Simulator, scope: &Scope, body: &[u8]) -> Result<Value, String> {
    let forced = read(body)?;
    simulator.force_load_balancer_state(scope, forced).await?;
    Ok(json!({}))
}

fn scope(account: &str, region: &str) -> Scope {
    Scope { account: account.to_owned(), region: region.to_owned() }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body is not what this control takes: {error}"))
}

fn as_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("options and states are plain data")
}
