//! Certificates of ACM, for listeners that name none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use northgate_planner::facts::Certificate;
use northgate_planner::id::CertificateArn;

use crate::aws::Inner;
use crate::aws::describe::each;
use crate::aws::error::AwsError;
use crate::aws::from_sdk::certificate as from_sdk;

/// How old the list may be: somebody who makes a certificate waits for it to be found.
const LIST_AGE: Duration = Duration::from_secs(60);

/// The certificates that can have to do with these hosts; none when there is no host.
///
/// One list for everybody, and one more call for each certificate whose names the list has not room for, or whose authority
/// matters and whose names cover a host.
pub(super) async fn certificates(
    account: &Inner,
    hosts: &BTreeSet<String>,
    with_authorities: bool,
) -> Result<Vec<Certificate>, AwsError> {
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let ask = async || {
        let answer = account.clients.certificates().await?;
        Ok(Arc::new(answer.iter().map(from_sdk::listed).collect::<Result<Vec<_>, _>>()?))
    };
    let listed = account.facts.certificates.get_younger_than(LIST_AGE, ask).await?;
    let in_full = |listed: &&from_sdk::Listed| {
        let covers = || hosts.iter().any(|host| listed.certificate.covers(host));
        listed.has_more_names || with_authorities && covers()
    };
    let wanted = listed.iter().filter(in_full).map(|listed| listed.certificate.arn.clone()).collect::<Vec<_>>();
    let cache = &account.facts.certificates_in_full;
    let asked = cache.ask(&wanted);
    let answers = each(&asked.missing, async |arn: CertificateArn| {
        let answer = account.clients.certificate(arn.as_str()).await?;
        Ok((arn, answer.map(|answer| from_sdk::in_full(&answer)).transpose()?))
    })
    .await?;
    let answers = answers.into_iter().filter_map(|(arn, answer)| Some((arn, answer?))).collect();
    cache.fill(&asked, &answers);
    let better = |listed: &from_sdk::Listed| {
        let arn = &listed.certificate.arn;
        let found = answers.get(arn).or(asked.found.get(arn));
        // The list is younger: a certificate expires, but its names and its authority stay.
        let found = found.map(|full| Certificate { status: listed.certificate.status.clone(), ..full.clone() });
        found.unwrap_or_else(|| listed.certificate.clone())
    };
    Ok(listed.iter().map(better).collect())
}
