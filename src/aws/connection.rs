//! How an account is reached: Region, credentials, endpoints, time limits, retries.

use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_acm::config::Builder as AcmConfig;
use aws_sdk_ec2::config::Builder as Ec2Config;
use aws_sdk_ec2::config::retry::RetryPartition;
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_elasticloadbalancingv2::config::Builder as ElbConfig;
use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use northgate_planner::id::{AccountId, ClusterName, Region, VpcId};

use super::error::AwsError;
use super::measure::Measure;
use super::read_only::ReadOnly;
use super::record::{Answered, Record};
use super::whole::WholeAnswers;
use super::{Account, ReadOnlyAccount};
use crate::metrics::AwsCalls;

/// Until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Until one attempt has its whole answer; the longest are pages of a thousand.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Until a call has ended, its repetitions included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// What the ordinary environment does not say.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The Region; `None`: as the environment or the profile says.
    pub region: Option<Region>,
    /// How often a call is tried, 1 or more.
    pub max_attempts: u32,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { region: None, max_attempts: 3 }
    }
}

/// The way to one account in one Region. It makes the accounts that read and write.
#[derive(Debug, Clone)]
pub struct Connection {
    sdk: SdkConfig,
    region: Region,
    record: Option<Record>,
    answered: Option<Answered>,
    calls: Option<AwsCalls>,
}

/// The SDK's clients of the services that we speak to.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub(super) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) acm: aws_sdk_acm::Client,
}

impl Connection {
    /// Finds Region, credentials and endpoints in the ordinary environment: variables and profile files, for
    /// credentials also web identity, EKS Pod Identity and instance metadata. Nothing is asked of AWS yet.
    ///
    /// # Errors
    ///
    /// [`AwsError::NoRegion`]. The Region is never taken from instance metadata: a pod need not reach it, and waiting
    /// for it would only hide what is missing.
    pub async fn connect(options: ConnectOptions) -> Result<Self, AwsError> {
        let region = match options.region {
            Some(region) => region,
            None => region_of_the_environment().await.ok_or(AwsError::NoRegion)?,
        };
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_string()))
            .http_client(http_client())
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(options.max_attempts))
            .load()
            .await;
        Ok(Self { sdk, region, record: None, answered: None, calls: None })
    }

    /// An account behind an HTTP client, with the account id as access key: the in-process simulator.
    pub fn over(http: SharedHttpClient, account: &AccountId, region: &Region) -> Self {
        let credentials = Credentials::new(account.as_str(), "simulator", None, None, "simulator");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_string()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(ConnectOptions::default().max_attempts))
            .build();
        Self { sdk, region: region.clone(), record: None, answered: None, calls: None }
    }

    /// The same, with another clock than the system's: that of a simulated world.
    #[must_use]
    pub fn with_time_source(self, clock: impl TimeSource + 'static) -> Self {
        let sdk = self.sdk.into_builder().time_source(clock).build();
        Self { sdk, ..self }
    }

    /// The same, with every answer kept that is read from here on by those who only read.
    #[must_use]
    pub fn recorded_in(self, record: Record) -> Self {
        Self { record: Some(record), ..self }
    }

    /// The same, to a recorded account: what was not asked when it was recorded is unknown, and asking is an error.
    #[must_use]
    pub fn answering_only(self, questions: impl IntoIterator<Item = String>) -> Self {
        Self { answered: Some(Answered::new(questions)), ..self }
    }

    /// The same, with every call counted and timed there.
    #[must_use]
    pub fn measured_by(self, calls: AwsCalls) -> Self {
        Self { calls: Some(calls), ..self }
    }

    /// The Region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The account as one cluster in one VPC sees it.
    pub fn account(&self, cluster_name: ClusterName, vpc: VpcId) -> Account {
        Account::new(self.clients(), cluster_name, vpc)
    }

    /// The same for reading only; its clients refuse every operation that might write.
    pub fn read_only_account(&self, cluster_name: ClusterName, vpc: VpcId) -> ReadOnlyAccount {
        ReadOnlyAccount::new(self.read_only_clients(), cluster_name, vpc)
    }

    /// Clients that refuse to write.
    pub(super) fn read_only_clients(&self) -> Clients {
        let Configurations { mut elb, mut ec2, mut acm } = self.configurations();
        elb = elb.interceptor(ReadOnly);
        ec2 = ec2.interceptor(ReadOnly);
        acm = acm.interceptor(ReadOnly);
        if let Some(answered) = &self.answered {
            elb = elb.interceptor(answered.clone());
            ec2 = ec2.interceptor(answered.clone());
            acm = acm.interceptor(answered.clone());
        }
        if let Some(record) = &self.record {
            elb = elb.interceptor(record.clone());
            ec2 = ec2.interceptor(record.clone());
            acm = acm.interceptor(record.clone());
        }
        Clients::new(Configurations { elb, ec2, acm })
    }

    fn clients(&self) -> Clients {
        Clients::new(self.configurations())
    }

    /// Each client has a retry budget of its own: the SDK's is one for the whole process, so that one account in
    /// trouble would leave the others without retries.
    fn configurations(&self) -> Configurations {
        let elb = ElbConfig::from(&self.sdk)
            .interceptor(WholeAnswers)
            .retry_partition(RetryPartition::custom("elasticloadbalancing").build());
        let ec2 =
            Ec2Config::from(&self.sdk).interceptor(WholeAnswers).retry_partition(RetryPartition::custom("ec2").build());
        // Its answers are JSON, which no reader takes for whole when it is not.
        let acm = AcmConfig::from(&self.sdk).retry_partition(RetryPartition::custom("acm").build());
        match &self.calls {
            None => Configurations { elb, ec2, acm },
            Some(calls) => Configurations {
                elb: elb.interceptor(Measure(calls.clone())),
                ec2: ec2.interceptor(Measure(calls.clone())),
                acm: acm.interceptor(Measure(calls.clone())),
            },
        }
    }
}

/// What the clients are built from.
struct Configurations {
    elb: ElbConfig,
    ec2: Ec2Config,
    acm: AcmConfig,
}

impl Clients {
    fn new(Configurations { elb, ec2, acm }: Configurations) -> Self {
        Self {
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(elb.build()),
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
            acm: aws_sdk_acm::Client::from_conf(acm.build()),
        }
    }
}

async fn region_of_the_environment() -> Option<Region> {
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    chain.region().await.map(|region| Region::new(region.to_string()))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

/// One client for both services and the credential providers; it honours HTTPS_PROXY and NO_PROXY as LBC does, which
/// the SDK's ready-made client does not.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}
