//! Security Token Service: who asks, and roles in other accounts.
//!
//! Keys of an assumed role are `ASIA` and the account's id: the door takes the account from them. The session token
//! says which role it is. Nothing is signed, and every role can be assumed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::accounts::uuid;
use crate::clock::Moment;
use crate::door::Request;
use crate::wire::constraint::{Int, List, Text};
use crate::wire::pattern::{Matching, patterns, words_and};
use crate::wire::query::{self, Call};
use crate::wire::{ApiError, Tree, request, token};

/// What keys of an assumed role begin with.
pub(crate) const KEY_PREFIX: &str = "ASIA";
/// The kind of a session token.
const SESSION: &str = "session";
/// How long credentials live that say nothing else.
const HOUR: i64 = 3600;
/// What a session may carry in policies and tags, in characters; its answer says how much of that it does, in percent.
const LONGEST_POLICY: usize = 2048;

patterns! {
    /// The name of a session.
    SessionName(2, 64, r"[\w+=,.@-]*") = |text| words_and(text, "+=,.@-");
    /// What the owner of a role asks of third parties.
    ExternalId(2, 1224, r"[\w+=,.@:\/-]*") = |text| words_and(text, "+=,.@:/-");
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssumeRole {
    role_arn: Text<20, 2048>,
    role_session_name: Matching<SessionName>,
    duration_seconds: Option<Int<900, 43200>>,
    policy: Option<Text<1, 2048>>,
    external_id: Option<Matching<ExternalId>>,
    source_identity: Option<Matching<SessionName>>,
    tags: Option<List<Tag, 0, 50>>,
    transitive_tag_keys: Option<List<Text<1, 128>, 0, 50>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    key: Text<1, 128>,
    value: Text<0, 256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssumeRoleWithWebIdentity {
    role_arn: Text<20, 2048>,
    role_session_name: Matching<SessionName>,
    web_identity_token: Text<4, 20000>,
    provider_id: Option<Text<4, 2048>>,
    duration_seconds: Option<Int<900, 43200>>,
    policy: Option<Text<1, 2048>>,
}

/// Whether a request without a signature is one that needs none.
pub(crate) fn is_unsigned(body: &[u8]) -> bool {
    query::parse(body).is_ok_and(|call| call.action == "AssumeRoleWithWebIdentity")
}

/// Carries out one action.
pub(crate) fn handle(request: &Request, call: &Call, now: Moment) -> Result<Value, ApiError> {
    match call.action.as_str() {
        "AssumeRole" => assume_role(&call.params, now),
        "AssumeRoleWithWebIdentity" => assume_role_with_web_identity(&call.params, now),
        "GetCallerIdentity" => Ok(caller(request)),
        action => Err(ApiError::invalid_action("STS", action)),
    }
}

fn assume_role(params: &Tree, now: Moment) -> Result<Value, ApiError> {
    let asked: AssumeRole = request(params)?;
    let source = asked.source_identity.as_ref().map(Matching::as_str);
    // These narrow what the session may do, which is everything here.
    let (_, _) = (&asked.external_id, &asked.transitive_tag_keys);
    let tags = asked.tags.map(List::into_vec).unwrap_or_default();
    let equal = |one: &Tag, other: &Tag| one.key.as_str().eq_ignore_ascii_case(other.key.as_str());
    if tags.iter().enumerate().any(|(at, tag)| tags[..at].iter().any(|earlier| equal(earlier, tag))) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(ApiError::new("InvalidParameterValue", message));
    }
    let tagged: usize = tags.iter().map(|tag| tag.key.as_str().len() + tag.value.as_str().len()).sum();
    let packed = tagged + asked.policy.as_ref().map_or(0, |policy| policy.as_str().len());
    let mut answer = session(asked.role_arn.as_str(), &asked.role_session_name, asked.duration_seconds, now)?;
    answer["PackedPolicySize"] = json!(packed * 100 / LONGEST_POLICY);
    answer["SourceIdentity"] = json!(source);
    Ok(answer)
}

fn assume_role_with_web_identity(params: &Tree, now: Moment) -> Result<Value, ApiError> {
    let asked: AssumeRoleWithWebIdentity = request(params)?;
    let (_, _) = (&asked.policy, &asked.provider_id);
    if asked.web_identity_token.as_str().split('.').count() != 3 {
        let message = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
        return Err(ApiError::new("InvalidIdentityToken", message));
    }
    session(asked.role_arn.as_str(), &asked.role_session_name, asked.duration_seconds, now)
}

/// The answer with the credentials of a role.
fn session(
    role: &str,
    name: &Matching<SessionName>,
    duration: Option<Int<900, 43200>>,
    now: Moment,
) -> Result<Value, ApiError> {
    let (account, role_name) = role_of(role)?;
    let lifetime = u64::try_from(duration.map_or(HOUR, Int::get)).unwrap_or_default();
    let assumed = format!("arn:aws:sts::{account}:assumed-role/{role_name}/{}", name.as_str());
    Ok(json!({
        "Credentials": {
            "AccessKeyId": format!("{KEY_PREFIX}{account}"),
            "SecretAccessKey": "secret",
            "SessionToken": token::write(SESSION, &assumed),
            "Expiration": now.wall + Duration::from_secs(lifetime),
        },
        "AssumedRoleUser": { "AssumedRoleId": format!("{}:{}", role_id(account, role_name), name.as_str()), "Arn": assumed },
    }))
}

/// Account and name of a role.
fn role_of(arn: &str) -> Result<(&str, &str), ApiError> {
    let mut parts = arn.splitn(6, ':');
    let fits = (parts.next(), parts.next().is_some(), parts.next(), parts.next());
    let (account, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let twelve_digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if fits == (Some("arn"), true, Some("iam"), Some("")) && twelve_digits && !name.is_empty() {
        return Ok((account, name));
    }
    Err(ApiError::validation(format!("{arn} is invalid")))
}

fn role_id(account: &str, role: &str) -> String {
    format!("AROA{}", &uuid((account, role)).replace('-', "").to_uppercase()[..17])
}

fn caller(request: &Request) -> Value {
    let account = &request.scope.account;
    let assumed = request.session.as_deref().and_then(|session| token::read(SESSION, session));
    match assumed {
        Some(arn) => {
            let mut parts = arn.rsplit('/');
            let (session, role) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            json!({ "Account": account, "UserId": format!("{}:{session}", role_id(account, role)), "Arn": arn })
        }
        None => json!({ "Account": account, "UserId": account, "Arn": format!("arn:aws:iam::{account}:root") }),
    }
}
