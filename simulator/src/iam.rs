//! Identity and Access Management, as far as load balancers need it: server certificates and service-linked roles of
//! one account, the same in every Region.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::server_certificates::ServerCertificate;
use crate::accounts::uuid;
use crate::clock::Moment;
use crate::wire::pattern::{Matching, patterns, words_and};
use crate::wire::{self, ApiError, Tree};

pub(crate) mod server_certificates;

/// What IAM holds for one account.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// By name.
    pub(crate) server_certificates: BTreeMap<String, ServerCertificate>,
    /// Service-linked roles by name, as AWS shows them.
    roles: BTreeMap<String, Value>,
}

/// One call.
pub(crate) struct Asked<'a> {
    pub(crate) account: &'a str,
    pub(crate) now: Moment,
    pub(crate) params: &'a Tree,
}

/// The services whose roles the simulator can make, with the part of the role's name that is theirs.
const SERVICES: &[(&str, &str)] = &[
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    ("eks.amazonaws.com", "AmazonEKS"),
    ("shield.amazonaws.com", "AWSShield"),
    ("wafv2.amazonaws.com", "WAFV2Logging"),
];

patterns! {
    /// A name of IAM.
    Name(1, 128, r"[\w+=,.@-]+") = |text| words_and(text, "+=,.@-");
    /// What a second role of the same service adds to its name.
    Suffix(1, 64, r"[\w+=,.@-]+") = |text| words_and(text, "+=,.@-");
    /// What a role is for.
    Description(0, 1000, r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*") =
        |text| text.chars().all(|c| "\t\n\r".contains(c) || matches!(c, ' '..='~' | '\u{a1}'..='\u{ff}'));
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateServiceLinkedRole {
    #[serde(rename = "AWSServiceName")]
    service: Matching<Name>,
    description: Option<Matching<Description>>,
    custom_suffix: Option<Matching<Suffix>>,
}

/// Reads a request of IAM.
fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    wire::request(params)
}

impl Store {
    /// Carries out one action.
    pub(crate) fn handle(&mut self, action: &str, asked: &Asked<'_>) -> Result<Value, ApiError> {
        match action {
            "CreateServiceLinkedRole" => self.create_service_linked_role(asked),
            "GetServerCertificate" => self.get_server_certificate(asked.params),
            "ListServerCertificates" => self.list_server_certificates(asked.params),
            _ => Err(ApiError::invalid_action("IAM", action)),
        }
    }

    /// CreateServiceLinkedRole: once for each service and suffix.
    fn create_service_linked_role(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let request: CreateServiceLinkedRole = read(asked.params)?;
        let service = request.service.as_str();
        let Some((_, word)) = SERVICES.iter().find(|(known, _)| *known == service) else {
            let message = format!("Service {service} is not authorized to create service-linked roles here");
            return Err(ApiError { status: 403, ..ApiError::new("AccessDenied", message) });
        };
        let suffix = request.custom_suffix.map(|suffix| format!("_{}", suffix.as_str())).unwrap_or_default();
        let name = format!("AWSServiceRoleFor{word}{suffix}");
        if self.roles.contains_key(&name) {
            let message =
                format!("Service role name {name} has been taken in this account, please try a different suffix.");
            return Err(ApiError::new("InvalidInput", message));
        }
        let (account, path) = (asked.account, format!("/aws-service-role/{service}/"));
        let id = uuid((account, &name)).replace('-', "").to_uppercase();
        let role = json!({
            "Path": path,
            "RoleName": name,
            "RoleId": format!("AROA{}", &id[..17]),
            "Arn": format!("arn:aws:iam::{account}:role{path}{name}"),
            "CreateDate": asked.now.wall,
            "AssumeRolePolicyDocument": trust(service),
            "Description": request.description.map(Matching::into_string),
        });
        self.roles.insert(name, role.clone());
        Ok(json!({ "Role": role }))
    }
}

/// Who may assume the role, percent-encoded as IAM does it.
fn trust(service: &str) -> String {
    let statement = json!({ "Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": { "Service": [service] } });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    form_urlencoded::byte_serialize(document.as_bytes()).collect()
}
