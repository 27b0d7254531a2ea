//! Tags and attributes in the two forms that a description may have.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Tags or attributes: `{key: value}`, or AWS's list of `Key` and `Value`.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "PairsForm")]
pub(in crate::elbv2) struct Pairs(pub(in crate::elbv2) BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum PairsForm {
    Map(BTreeMap<String, Scalar>),
    List(Vec<Pair>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Pair {
    key: String,
    value: Scalar,
}

/// A value that is a text to AWS and may be written without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl From<PairsForm> for Pairs {
    fn from(form: PairsForm) -> Self {
        let text = |scalar| match scalar {
            Scalar::Flag(flag) => flag.to_string(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text,
        };
        Self(match form {
            PairsForm::Map(map) => map.into_iter().map(|(key, value)| (key, text(value))).collect(),
            PairsForm::List(list) => list.into_iter().map(|pair| (pair.key, text(pair.value))).collect(),
        })
    }
}
