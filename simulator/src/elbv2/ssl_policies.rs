//! Security policies: which there are, and what each negotiates.
//!
//! Source: guides, "Security policies for your Application Load Balancer" and "… Network Load Balancer".

use serde::{Deserialize, Serialize};

use super::load_balancers::Type;
use super::paging::{PageSize, Paging};
use super::protocol::Family;
use crate::wire::ApiError;

/// The policy of a listener that names none.
pub(super) const DEFAULT: &str = "ELBSecurityPolicy-2016-08";

const TLS_1_3: &[&str] = &["TLSv1.3"];
const FROM_1_2: &[&str] = &["TLSv1.2", "TLSv1.3"];
const FROM_1_1: &[&str] = &["TLSv1.1", "TLSv1.2", "TLSv1.3"];
const FROM_1_0: &[&str] = &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const ONLY_1_2: &[&str] = &["TLSv1.2"];
const TO_1_2_FROM_1_1: &[&str] = &["TLSv1.1", "TLSv1.2"];
const TO_1_2_FROM_1_0: &[&str] = &["TLSv1", "TLSv1.1", "TLSv1.2"];

const AES_1_3: &[&str] = &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"];
const STRICT_1_3: &[&str] = &["TLS_AES_256_GCM_SHA384"];
const CHACHA: &[&str] = &["TLS_CHACHA20_POLY1305_SHA256"];
const GCM_128: &[&str] = &["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"];
const GCM_256: &[&str] = &["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"];
const CBC: &[&str] =
    &["ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384"];
const SHA: &[&str] =
    &["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES256-SHA"];
const RSA: &[&str] = &["AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256"];
const RSA_256_GCM: &[&str] = &["AES256-GCM-SHA384"];
const RSA_SHA: &[&str] = &["AES128-SHA", "AES256-SHA"];

/// Sets of ciphers, the strictest first.
type Ciphers = &'static [&'static [&'static str]];

const TLS_13: Ciphers = &[AES_1_3, CHACHA];
const TLS_13_RES: Ciphers = &[AES_1_3, CHACHA, GCM_128, GCM_256];
const TLS_13_12: Ciphers = &[AES_1_3, CHACHA, GCM_128, GCM_256, CBC];
const TLS_13_EXT1: Ciphers = &[AES_1_3, CHACHA, GCM_128, GCM_256, CBC, RSA];
const TLS_13_ALL: Ciphers = &[AES_1_3, CHACHA, GCM_128, GCM_256, CBC, SHA, RSA, RSA_SHA];
const ALL: Ciphers = &[GCM_128, GCM_256, CBC, SHA, RSA, RSA_SHA];
const WITHOUT_SHA: Ciphers = &[GCM_128, GCM_256, CBC, RSA];
const FORWARD_SECRET: Ciphers = &[GCM_128, GCM_256, CBC, SHA];
const FORWARD_SECRET_RES: Ciphers = &[GCM_128, GCM_256, CBC];
const FORWARD_SECRET_GCM: Ciphers = &[GCM_128, GCM_256];
const FIPS_13: Ciphers = &[AES_1_3];
const FIPS_RES: Ciphers = &[AES_1_3, GCM_128, GCM_256];
const FIPS_12: Ciphers = &[AES_1_3, GCM_128, GCM_256, CBC];
const FIPS_EXT0: Ciphers = &[AES_1_3, GCM_128, GCM_256, CBC, SHA];
const FIPS_EXT1: Ciphers = &[AES_1_3, GCM_128, GCM_256, CBC, RSA];
const FIPS_ALL: Ciphers = &[AES_1_3, GCM_128, GCM_256, CBC, SHA, RSA, RSA_SHA];
const STRICT_13: Ciphers = &[STRICT_1_3];
const STRICT_12: Ciphers = &[STRICT_1_3, GCM_256];
const STRICT_EXT0: Ciphers = &[STRICT_1_3, GCM_256, RSA_256_GCM];

/// Name, protocols and ciphers of each policy, sorted by name.
const POLICIES: &[(&str, &[&str], Ciphers)] = &[
    ("ELBSecurityPolicy-2016-08", TO_1_2_FROM_1_0, ALL),
    ("ELBSecurityPolicy-FS-1-1-2019-08", TO_1_2_FROM_1_1, FORWARD_SECRET),
    ("ELBSecurityPolicy-FS-1-2-2019-08", ONLY_1_2, FORWARD_SECRET),
    ("ELBSecurityPolicy-FS-1-2-Res-2019-08", ONLY_1_2, FORWARD_SECRET_RES),
    ("ELBSecurityPolicy-FS-1-2-Res-2020-10", ONLY_1_2, FORWARD_SECRET_GCM),
    ("ELBSecurityPolicy-FS-2018-06", TO_1_2_FROM_1_0, FORWARD_SECRET),
    ("ELBSecurityPolicy-TLS-1-1-2017-01", TO_1_2_FROM_1_1, ALL),
    ("ELBSecurityPolicy-TLS-1-2-2017-01", ONLY_1_2, WITHOUT_SHA),
    ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", ONLY_1_2, ALL),
    ("ELBSecurityPolicy-TLS13-1-0-2021-06", FROM_1_0, TLS_13_ALL),
    ("ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04", FROM_1_0, FIPS_ALL),
    ("ELBSecurityPolicy-TLS13-1-0-FIPS-PQ-2025-09", FROM_1_0, FIPS_ALL),
    ("ELBSecurityPolicy-TLS13-1-0-PQ-2025-09", FROM_1_0, TLS_13_ALL),
    ("ELBSecurityPolicy-TLS13-1-1-2021-06", FROM_1_1, TLS_13_ALL),
    ("ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04", FROM_1_1, FIPS_ALL),
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", FROM_1_2, TLS_13_12),
    ("ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04", FROM_1_2, FIPS_EXT0),
    ("ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-PQ-2025-09", FROM_1_2, FIPS_EXT0),
    ("ELBSecurityPolicy-TLS13-1-2-Ext0-RFC9151-FIPS-2023-07", FROM_1_2, STRICT_EXT0),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", FROM_1_2, TLS_13_EXT1),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04", FROM_1_2, FIPS_EXT1),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-PQ-2025-09", FROM_1_2, FIPS_EXT1),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09", FROM_1_2, TLS_13_EXT1),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", FROM_1_2, TLS_13_ALL),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04", FROM_1_2, FIPS_ALL),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-PQ-2025-09", FROM_1_2, FIPS_ALL),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09", FROM_1_2, TLS_13_ALL),
    ("ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", FROM_1_2, FIPS_12),
    ("ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09", FROM_1_2, FIPS_12),
    ("ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", FROM_1_2, TLS_13_12),
    ("ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07", FROM_1_2, STRICT_12),
    ("ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP1-FIPS-2023-07", FROM_1_2, FIPS_RES),
    ("ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP2-FIPS-2023-07", FROM_1_2, FIPS_12),
    ("ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP3-FIPS-2023-07", FROM_1_2, FIPS_EXT0),
    ("ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP4-FIPS-2023-07", FROM_1_2, FIPS_ALL),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", FROM_1_2, TLS_13_RES),
    ("ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04", FROM_1_2, FIPS_RES),
    ("ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09", FROM_1_2, FIPS_RES),
    ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", FROM_1_2, TLS_13_RES),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", TLS_1_3, TLS_13),
    ("ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", TLS_1_3, FIPS_13),
    ("ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09", TLS_1_3, FIPS_13),
    ("ELBSecurityPolicy-TLS13-1-3-PQ-2025-09", TLS_1_3, TLS_13),
    ("ELBSecurityPolicy-TLS13-1-3-RFC9151-FIPS-2023-07", TLS_1_3, STRICT_13),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeSslPolicies {
    names: Option<Vec<String>>,
    marker: Option<String>,
    page_size: Option<PageSize>,
    load_balancer_type: Option<Type>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SslPoliciesResult {
    ssl_policies: Vec<Policy>,
    next_marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    ssl_protocols: &'static [&'static str],
    ciphers: Vec<Cipher>,
    name: &'static str,
    supported_load_balancer_types: Vec<Family>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Cipher {
    name: &'static str,
    priority: usize,
}

/// `DescribeSSLPolicies`: all, or those named; one missing name fails the whole call.
pub(crate) fn describe(request: DescribeSslPolicies) -> Result<SslPoliciesResult, ApiError> {
    let names = request.names.unwrap_or_default();
    if let Some(unknown) = names.iter().find(|name| !POLICIES.iter().any(|(known, ..)| known == name)) {
        return Err(not_found(unknown));
    }
    let family = request.load_balancer_type.map(Type::family).transpose()?;
    let policies = POLICIES.iter().filter(|(name, ..)| names.is_empty() || names.iter().any(|wanted| wanted == name));
    let policies = policies.filter(|(name, ..)| family.is_none_or(|family| families(name).contains(&family)));
    let shown = policies.map(|(name, protocols, ciphers)| {
        let ciphers = ciphers.iter().copied().flatten().enumerate();
        let ciphers = ciphers.map(|(at, name)| Cipher { name, priority: at + 1 }).collect();
        let policy = Policy { ssl_protocols: protocols, ciphers, name, supported_load_balancer_types: families(name) };
        ((*name).to_owned(), policy)
    });
    let paging = Paging { marker: request.marker, size: request.page_size };
    let (ssl_policies, next_marker) = paging.page(shown.collect())?;
    Ok(SslPoliciesResult { ssl_policies, next_marker })
}

/// Refuses a policy that load balancers of this family do not have.
pub(super) fn check(name: &str, family: Family) -> Result<(), ApiError> {
    let known = POLICIES.iter().any(|(known, ..)| *known == name);
    if known && families(name).contains(&family) { Ok(()) } else { Err(not_found(name)) }
}

/// Policies that follow RFC 9151 are those of application load balancers alone.
fn families(name: &str) -> Vec<Family> {
    if name.contains("RFC9151") { vec![Family::Application] } else { vec![Family::Application, Family::Network] }
}

fn not_found(name: &str) -> ApiError {
    ApiError::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found"))
}
