//! Test controls over HTTP: what a test tells an account besides AWS's own API.
//!
//! | request | what it does |
//! | --- | --- |
//! | `GET /_simulator/health` | answers once the simulator serves |
//! | `GET /_simulator/accounts/ACCOUNT/REGION/options` | the account's options |
//! | `PATCH /_simulator/accounts/ACCOUNT/REGION/options` | replaces the options that the JSON body names |
//! | `PUT /_simulator/accounts/ACCOUNT/REGION/target-health` | forces the health of a target; `state: null` frees it |
//! | `PUT /_simulator/accounts/ACCOUNT/REGION/load-balancer-state` | forces the state of a load balancer; `state: null` frees it |

use hyper::Method;
use serde_json::{Value, json};

use super::Response;
use super::http::refusal;
use crate::network::Scope;
use crate::options::AccountOptions;
use crate::simulator::Simulator;

/// Carries out one control; `path` is what follows `/_simulator/`.
pub(super) async fn handle(simulator: &Simulator, method: &Method, path: &str, body: &[u8]) -> Response {
    let parts = path.split('/').collect::<Vec<_>>();
    let outcome = match (method, parts.as_slice()) {
        (&Method::GET, ["health"]) => Ok(json!({ "status": "running" })),
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
            return refusal(
                404,
                "no such control: see health, accounts/ACCOUNT/REGION/options, …/target-health and …/load-balancer-state",
            );
        }
    };
    match outcome {
        Ok(value) => Response {
            status: 200,
            body: format!("{value}\n").into_bytes(),
            content_type: "application/json",
            request_id: None,
        },
        Err(sentence) => refusal(400, &sentence),
    }
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
    serde_json::to_value(value).expect("options are plain data")
}
