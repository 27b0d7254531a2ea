//! A simulated account, written as a description of itself and loaded again.

use northgate_simulator::account_description::{AccountDescription, SavedAccount};
use northgate_simulator::{Options, Scope, Simulator};
use serde_json::{Map, Value, json};

/// A description, loaded and saved.
async fn saved(text: &str) -> SavedAccount {
    let description = AccountDescription::parse(text).expect("a description that can be read");
    let scope = Scope { account: description.account_id().to_owned(), region: description.region().to_owned() };
    let start = description.now().unwrap_or(Options::default().start);
    let simulator = Simulator::new(Options { start, ..Options::default() });
    description.load(&simulator).await.expect("a description that fits");
    SavedAccount::of(&simulator, &scope).await.expect("an account that can be asked")
}

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/account_description/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect("a readable fixture")
}

fn document(text: &str) -> Value {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
    };
    serde_saphyr::from_str_with_options(text, options).expect("YAML")
}

#[tokio::test(start_paused = true)]
async fn a_saved_account_loads_into_the_same_account() {
    for name in ["smallest.yaml", "whole-account.yaml", "recorded.json", "every-list.yaml"] {
        let first = saved(&fixture(name)).await;
        let second = saved(&first.to_yaml()).await;
        assert_eq!(second.to_yaml(), first.to_yaml(), "{name}");
        let json = serde_json::to_string(&first).unwrap();
        assert_eq!(saved(&json).await, first, "{name}, as JSON");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_was_written_is_missing_from_what_is_saved() {
    let text = fixture("whole-account.yaml");
    let saved = serde_json::to_value(saved(&text).await).unwrap();
    let missing = missing("", &document(&text), &saved);
    assert!(missing.is_empty(), "{missing:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_account_is_an_empty_description() {
    let saved = serde_json::to_value(saved("{}").await).unwrap();
    let nothing = json!({ "now": "2026-01-31T12:00:00Z", "accountId": "000000000000", "region": "us-east-1" });
    assert_eq!(saved, nothing);
}

/// The paths of `written` at which `saved` holds something else. The order of lists is not compared.
fn missing(path: &str, written: &Value, saved: &Value) -> Vec<String> {
    match (written, saved) {
        (Value::Object(written), Value::Object(saved)) => {
            let nothing = Value::Null;
            let differs = |(key, value): (&String, &Value)| {
                missing(&format!("{path}.{key}"), value, saved.get(key).unwrap_or(&nothing))
            };
            written.iter().flat_map(differs).collect()
        }
        (Value::Array(written), Value::Object(saved)) => missing(path, &as_map(written), &Value::Object(saved.clone())),
        (Value::Array(written), Value::Array(saved)) => {
            let differs = |(at, value): (usize, &Value)| {
                let path = format!("{path}[{at}]");
                let nearest = saved.iter().map(|saved| missing(&path, value, saved)).min_by_key(Vec::len);
                nearest.unwrap_or_else(|| vec![format!("{path}: {value} is not there")])
            };
            written.iter().enumerate().flat_map(differs).collect()
        }
        (written, saved) if text(written) == text(saved) || is_time(written, saved) => Vec::new(),
        (written, saved) => vec![format!("{path}: {written} is now {saved}")],
    }
}

/// Tags that are written as AWS lists them.
fn as_map(pairs: &[Value]) -> Value {
    let pair = |pair: &Value| (text(&pair["Key"]), pair["Value"].clone());
    Value::Object(pairs.iter().map(pair).collect::<Map<_, _>>())
}

/// A time that was written as a number of seconds.
fn is_time(written: &Value, saved: &Value) -> bool {
    let seconds = saved.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    seconds.is_some_and(|time| written.as_f64() == Some(time.as_millisecond() as f64 / 1000.0))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
