//! A document that fills an account: YAML or JSON, each list in the shape that the AWS CLI prints.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::acm::certificates::CertificateDetail;
use crate::ec2::addresses::Address;
use crate::ec2::availability_zones::AvailabilityZone;
use crate::ec2::coip_pools::CoipPool;
use crate::ec2::instances::Instance;
use crate::ec2::internet_gateways::InternetGateway;
use crate::ec2::ipam_pools::IpamPool;
use crate::ec2::network_interfaces::NetworkInterface;
use crate::ec2::prefix_lists::PrefixList;
use crate::ec2::route_tables::RouteTable;
use crate::ec2::store::Account;
use crate::ec2::subnets::Subnet;
use crate::ec2::vpc_peering_connections::VpcPeeringConnection;
use crate::ec2::vpcs::Vpc;
use crate::elbv2::{
    Described, DescribedListener, DescribedLoadBalancer, DescribedRule, DescribedTargetGroup, DescribedTrustStore,
    Quotas, Recorded,
};
use crate::iam::server_certificates::ServerCertificate;
use crate::network::Scope;
use crate::simulator::Simulator;

pub use self::error::DescriptionError;
use self::keys::Shaped;
use self::load_balancing::Network;
use self::network::elements;
pub use self::saved::SavedAccount;
use self::security_groups::{SecurityGroup, SecurityGroupRule};
use self::services::{Shield, WebAcl};

mod error;
mod instances;
mod keys;
mod load_balancing;
mod network;
mod plain_lists;
mod references;
mod saved;
mod saved_load_balancing;
mod security_groups;
mod services;
mod zones;

/// The account of a description that names none.
const DEFAULT_ACCOUNT: &str = "000000000000";
/// The Region of a description that names none.
const DEFAULT_REGION: &str = "us-east-1";

/// A description that was read, completed with AWS's defaults, and whose references all resolve.
#[derive(Debug)]
pub struct AccountDescription {
    scope: Scope,
    now: Option<Timestamp>,
    vpc_id: Option<String>,
    recorded: Option<Vec<String>>,
    /// The VPC of elements that name none.
    default_vpc: Option<String>,
    ec2: Account,
    load_balancing: Described,
    /// Load balancing as it was recorded, in the place of `load_balancing`.
    answers: Option<Recorded>,
    services: services::Described,
    quotas: Quotas,
}

/// The document as it is written. A key without a value is an absent one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Document {
    now: Option<Timestamp>,
    account_id: Option<String>,
    region: Option<String>,
    vpc_id: Option<String>,
    vpcs: List<Shaped<Vpc>>,
    availability_zones: List<Shaped<AvailabilityZone>>,
    subnets: List<Shaped<Subnet>>,
    route_tables: List<Shaped<RouteTable>>,
    security_groups: List<Shaped<SecurityGroup>>,
    instances: List<Shaped<Instance>>,
    network_interfaces: List<Shaped<NetworkInterface>>,
    managed_prefix_lists: List<Shaped<PrefixList>>,
    load_balancers: List<Shaped<DescribedLoadBalancer>>,
    target_groups: List<Shaped<DescribedTargetGroup>>,
    listeners: List<Shaped<DescribedListener>>,
    quotas: Option<BTreeMap<String, u64>>,
    addresses: List<Shaped<Address>>,
    internet_gateways: List<Shaped<InternetGateway>>,
    vpc_peering_connections: List<Shaped<VpcPeeringConnection>>,
    ipam_pools: List<Shaped<IpamPool>>,
    coip_pools: List<Shaped<CoipPool>>,
    security_group_rules: List<Shaped<SecurityGroupRule>>,
    certificates: List<Shaped<CertificateDetail>>,
    rules: List<Shaped<DescribedRule>>,
    server_certificates: List<Shaped<ServerCertificate>>,
    shield: Option<Shaped<Shield>>,
    trust_stores: List<Shaped<DescribedTrustStore>>,
    web_acls: List<Shaped<WebAcl>>,
    recorded: List<String>,
}

type List<T> = Option<Vec<T>>;

/// Puts what a description says into a simulator.
///
/// # Errors
/// Those of [`AccountDescription::parse`] and [`AccountDescription::load`].
pub async fn load(simulator: &Simulator, text: &str) -> Result<(), DescriptionError> {
    AccountDescription::parse(text)?.load(simulator).await
}

impl AccountDescription {
    /// Reads a description.
    ///
    /// # Errors
    /// The first thing that is wrong: with line and column when the text cannot be read as a description, with the
    /// element when what it says does not fit.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let mut written: Value = read(text)?;
        let answers = recorded(&mut written)?;
        let mut document: Document = match &answers {
            None => read(text)?,
            Some(_) => serde_json::from_value(written.clone()).map_err(unreadable)?,
        };
        let scope = Scope {
            account: document.account_id.take().unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
            region: document.region.take().unwrap_or_else(|| DEFAULT_REGION.to_owned()),
        };
        if answers.is_none() {
            references::check(&written, &scope.account)?;
        }
        let default_vpc = network::default_vpc(&document);
        let empty = Account::described_by(scope.clone(), text);
        let ec2 = network::fill(empty, default_vpc.clone(), &written, &mut document)?;
        let load_balancing = Described {
            load_balancers: elements(&mut document.load_balancers),
            target_groups: elements(&mut document.target_groups),
            listeners: elements(&mut document.listeners),
            rules: elements(&mut document.rules),
            trust_stores: elements(&mut document.trust_stores),
        };
        let quotas = Quotas::try_from(document.quotas.take().unwrap_or_default())
            .map_err(|message| DescriptionError::Value { element: "quotas".to_owned(), message })?;
        let services = services::Described::read(&scope, &mut document)?;
        Ok(AccountDescription {
            scope,
            now: document.now,
            vpc_id: document.vpc_id,
            recorded: document.recorded,
            default_vpc,
            ec2,
            load_balancing,
            answers,
            services,
            quotas,
        })
    }

    /// A description as plain data, for who adds to it before it is parsed (JSON can be parsed as well).
    ///
    /// # Errors
    /// The text is no YAML.
    pub fn document(text: &str) -> Result<Value, DescriptionError> {
        read(text)
    }

    /// The time that the description is about, when it names one.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// The account id; zeros when the description names none.
    pub fn account_id(&self) -> &str {
        &self.scope.account
    }

    /// The Region; `us-east-1` when the description names none.
    pub fn region(&self) -> &str {
        &self.scope.region
    }

    /// The cluster's VPC, when the description names it.
    pub fn vpc_id(&self) -> Option<&str> {
        self.vpc_id.as_deref()
    }

    /// The questions that were asked when the account was recorded, in the words of whoever recorded it; `None`: it was
    /// written by hand.
    ///
    /// A record is taken as it is: it may refer to what it does not hold, nothing is made up that such an account would
    /// have besides, and its load balancing can only be read. It answers other questions too, with what it happens to
    /// hold: whoever asks has to know what was asked.
    pub fn recorded(&self) -> Option<&[String]> {
        self.recorded.as_deref()
    }

    /// Puts the account into a simulator: its network takes the place of what was there.
    ///
    /// The simulator's clock is its own: for a plan at [`Self::now`] it has to start then.
    ///
    /// # Errors
    /// A load balancer, target group or listener that this simulator cannot hold.
    pub async fn load(self, simulator: &Simulator) -> Result<(), DescriptionError> {
        let Self { scope, default_vpc, mut ec2, load_balancing, answers, services, quotas, .. } = self;
        let mut options = simulator.options(&scope).await;
        options.quotas = quotas;
        let orphans_stay = options.interface_delay;
        simulator.set_options(&scope, options).await;
        let network = Network { account: &ec2, default_vpc: default_vpc.as_deref() };
        let interfaces = simulator.admit(&scope, load_balancing, &network).await?;
        if let Some(answers) = answers {
            simulator.replay(&scope, answers).await;
        }
        for standing in &interfaces {
            ec2.describe_interfaces(standing);
        }
        ec2.let_orphans_go(&interfaces, simulator.now().instant + orphans_stay);
        simulator.ec2().with_account(&scope, |account| account.replace(ec2));
        services.load(simulator, &scope);
        crate::services::note_all_tags(simulator, &scope).await.map_err(|refusal| DescriptionError::Value {
            element: "loadBalancers".to_owned(),
            message: refusal.message,
        })
    }
}

/// Takes load balancing out of a document that says that it was recorded.
fn recorded(written: &mut Value) -> Result<Option<Recorded>, DescriptionError> {
    let is_record = |document: &&mut Map<String, Value>| document.get("recorded").is_some_and(Value::is_array);
    let Some(document) = written.as_object_mut().filter(is_record) else { return Ok(None) };
    let lists = ["loadBalancers", "targetGroups", "listeners", "rules"];
    let taken = lists.into_iter().filter_map(|list| document.remove_entry(list)).collect();
    serde_json::from_value(Value::Object(taken)).map(Some).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> DescriptionError {
    DescriptionError::Unreadable { message: error.to_string() }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, DescriptionError> {
    let options = serde_saphyr::options! {
        // The file is the caller's own: nothing stands between a large account and its description.
        budget: None,
        with_snippet: false,
        // Texts without quotes stay what they are: the tag value `on`, an account id that begins with zero.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    };
    Ok(serde_saphyr::from_str_with_options(text, options)?)
}
