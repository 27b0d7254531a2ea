//! Transforms of rules: how a request is rewritten before a target gets it.

use serde::{Deserialize, Serialize};

use super::pattern::check_regex;
use crate::wire::ApiError;
use crate::wire::constraint::{List, Text};

/// One transform of a rule; a rule has at most one of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transform {
    HostHeader(Rewrite),
    Url(Rewrite),
}

/// What is searched for, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Rewrite {
    pub(crate) regex: String,
    /// With `$1` for what a group of the expression matched.
    pub(crate) replace: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TransformRequest {
    r#type: TransformType,
    host_header_rewrite_config: Option<ConfigRequest>,
    url_rewrite_config: Option<ConfigRequest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TransformType {
    HostHeaderRewrite,
    UrlRewrite,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ConfigRequest {
    rewrites: List<RewriteRequest, 1, 1>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RewriteRequest {
    regex: Text<1, 1024>,
    replace: Text<0, 1024>,
}

/// A transform as AWS shows it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    r#type: TransformType,
    host_header_rewrite_config: Option<Config>,
    url_rewrite_config: Option<Config>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    rewrites: [Rewrite; 1],
}

/// Reads the transforms of a rule.
pub(super) fn read(list: Vec<TransformRequest>) -> Result<Vec<Transform>, ApiError> {
    let transforms = list.into_iter().map(Transform::read).collect::<Result<Vec<_>, _>>()?;
    let hosts = transforms.iter().filter(|transform| matches!(transform, Transform::HostHeader(_))).count();
    if hosts > 1 || transforms.len() - hosts > 1 {
        return Err(ApiError::validation(
            "A rule can only have one transform of type 'host-header-rewrite' and one of type 'url-rewrite'",
        ));
    }
    Ok(transforms)
}

impl Transform {
    fn read(request: TransformRequest) -> Result<Self, ApiError> {
        match (request.r#type, request.host_header_rewrite_config, request.url_rewrite_config) {
            (TransformType::HostHeaderRewrite, Some(config), None) => Ok(Self::HostHeader(config.read()?)),
            (TransformType::UrlRewrite, None, Some(config)) => Ok(Self::Url(config.read()?)),
            _ => Err(ApiError::validation("A transform needs the configuration of its own type, and no other")),
        }
    }

    pub(super) fn describe(&self) -> Description {
        let config = |rewrite: &Rewrite| Some(Config { rewrites: [rewrite.clone()] });
        match self {
            Self::HostHeader(rewrite) => Description {
                r#type: TransformType::HostHeaderRewrite,
                host_header_rewrite_config: config(rewrite),
                url_rewrite_config: None,
            },
            Self::Url(rewrite) => Description {
                r#type: TransformType::UrlRewrite,
                host_header_rewrite_config: None,
                url_rewrite_config: config(rewrite),
            },
        }
    }
}

impl ConfigRequest {
    fn read(self) -> Result<Rewrite, ApiError> {
        let RewriteRequest { regex, replace } = self.rewrites.into_vec().pop().expect("the list has one member");
        check_regex(regex.as_str())?;
        Ok(Rewrite { regex: regex.into_string(), replace: replace.into_string() })
    }
}
