//! A document that fills an account: YAML or JSON, each list in the shape that the AWS CLI prints.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::ec2::availability_zones::AvailabilityZone;
use crate::ec2::instances::Instance;
use crate::ec2::network_interfaces::NetworkInterface;
use crate::ec2::prefix_lists::PrefixList;
use crate::ec2::route_tables::RouteTable;
use crate::ec2::store::Account;
use crate::ec2::subnets::Subnet;
use crate::ec2::vpcs::Vpc;
use crate::elbv2::{Described, DescribedListener, DescribedLoadBalancer, DescribedTargetGroup, Quotas, Recorded};
use crate::network::{LoadBalancerInterfaces, Scope};
use crate::simulator::Simulator;

pub use self::error::DescriptionError;
use self::keys::Element;
use self::load_balancing::Network;
use self::network::elements;
use self::security_groups::SecurityGroup;

mod error;
mod instances;
mod keys;
mod load_balancing;
mod network;
mod references;
mod security_groups;
mod zones;

/// The account of a description that names none.
const DEFAULT_ACCOUNT: &str = "000000000000";
/// The Region of a description that names none.
const DEFAULT_REGION: &str = "us-east-1";
/// The quota that is EC2's; all others are Elastic Load Balancing's.
const RULES_PER_SECURITY_GROUP: &str = "rules-per-security-group";

/// A description that was read, completed with AWS's defaults, and whose references all resolve.
#[derive(Debug)]
pub struct AccountDescription {
    scope: Scope,
    now: Option<Timestamp>,
    vpc_id: Option<String>,
    recorded: Option<Vec<String>>,
    /// The VPC of elements that name none.
    default_vpc: Option<String>,
    not_modelled: Vec<&'static str>,
    ec2: Account,
    load_balancing: Described,
    /// Load balancing as it was recorded, in the place of `load_balancing`.
    answers: Option<Recorded>,
    interfaces: Vec<LoadBalancerInterfaces>,
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
    vpcs: List<Element<Vpc>>,
    availability_zones: List<Element<AvailabilityZone>>,
    subnets: List<Element<Subnet>>,
    route_tables: List<Element<RouteTable>>,
    security_groups: List<Element<SecurityGroup>>,
    instances: List<Element<Instance>>,
    network_interfaces: List<Element<NetworkInterface>>,
    managed_prefix_lists: List<PrefixList>,
    load_balancers: List<Element<DescribedLoadBalancer>>,
    target_groups: List<Element<DescribedTargetGroup>>,
    listeners: List<Element<DescribedListener>>,
    quotas: Option<BTreeMap<String, u64>>,
    addresses: List<Value>,
    certificates: List<Value>,
    ipam_pools: List<Value>,
    rules: List<Value>,
    server_certificates: List<Value>,
    shield: Option<BTreeMap<String, Value>>,
    trust_stores: List<Value>,
    web_acls: List<Value>,
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
        let mut interfaces = Vec::new();
        if answers.is_none() {
            references::check(&written, &scope.account)?;
            interfaces = load_balancing::interfaces(&written);
        }
        let default_vpc = network::default_vpc(&document);
        let ec2 = network::fill(scope.clone(), default_vpc.clone(), &mut document)?;
        let load_balancing = Described {
            load_balancers: elements(&mut document.load_balancers),
            target_groups: elements(&mut document.target_groups),
            listeners: elements(&mut document.listeners),
        };
        let quotas = Quotas::try_from(document.quotas.take().unwrap_or_default())
            .map_err(|message| DescriptionError::Value { element: "quotas".to_owned(), message })?;
        let not_modelled = document.not_modelled();
        Ok(AccountDescription {
            scope,
            now: document.now,
            vpc_id: document.vpc_id,
            recorded: document.recorded,
            default_vpc,
            not_modelled,
            ec2,
            load_balancing,
            answers,
            interfaces,
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

    /// The lists that hold something and that no action of this simulator answers from.
    pub fn not_modelled(&self) -> &[&'static str] {
        &self.not_modelled
    }

    /// Puts the account into a simulator: its network takes the place of what was there.
    ///
    /// The simulator's clock is its own: for a plan at [`Self::now`] it has to start then.
    ///
    /// # Errors
    /// A load balancer, target group or listener that this simulator cannot hold.
    pub async fn load(self, simulator: &Simulator) -> Result<(), DescriptionError> {
        let Self { scope, default_vpc, mut ec2, load_balancing, answers, interfaces, quotas, .. } = self;
        let mut options = simulator.options(&scope).await;
        options.quotas = quotas;
        simulator.set_options(&scope, options).await;
        let network = Network { account: &ec2, default_vpc: default_vpc.as_deref() };
        simulator.admit(&scope, load_balancing, &network).await?;
        if let Some(answers) = answers {
            simulator.replay(&scope, answers).await;
        }
        for standing in &interfaces {
            ec2.describe_interfaces(standing);
        }
        simulator.ec2().with_account(&scope, |account| account.replace(ec2));
        Ok(())
    }
}

impl Document {
    fn not_modelled(&self) -> Vec<&'static str> {
        let holds = |list: &List<Value>| list.as_ref().is_some_and(|list| !list.is_empty());
        let shield = self.shield.as_ref().is_some_and(|shield| !shield.is_empty());
        let lists = [
            ("addresses", holds(&self.addresses)),
            ("certificates", holds(&self.certificates)),
            ("ipamPools", holds(&self.ipam_pools)),
            ("rules", holds(&self.rules)),
            ("serverCertificates", holds(&self.server_certificates)),
            ("shield", shield),
            ("trustStores", holds(&self.trust_stores)),
            ("webAcls", holds(&self.web_acls)),
        ];
        lists.into_iter().filter(|(_, holds)| *holds).map(|(list, _)| list).collect()
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
