//! Another EC2 endpoint as the network: plain HTTP on the same machine, as LocalStack and moto offer it.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;

use form_urlencoded::Serializer;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use self::document::Element;
use super::{
    Answer, ElasticAddress, Instance, LoadBalancerInterfaces, Network, NetworkError, Scope, SecurityGroup, Subnet, Vpc,
};

mod document;

/// AWS's limit on the filter values of one call.
const MAX_FILTER_VALUES: usize = 200;

/// An EC2 that is asked over HTTP. Its interfaces are its own affair: load balancers get none there.
#[derive(Clone, Debug)]
pub struct RemoteEc2 {
    endpoint: String,
    host: String,
    address: String,
}

/// An endpoint that cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("{endpoint:?} is not an EC2 endpoint: write it as http://HOST:PORT")]
pub struct InvalidEndpoint {
    /// As it was given.
    endpoint: String,
}

/// One Describe action, asked by ids.
#[derive(Clone, Copy)]
struct Question {
    action: &'static str,
    /// The filter on the id: it leaves out what is missing, where the list of ids would be refused.
    filter: &'static str,
    /// The elements from the answer's root down to one resource.
    path: &'static [&'static str],
}

const VPCS: Question = Question { action: "DescribeVpcs", filter: "vpc-id", path: &["vpcSet", "item"] };
const SUBNETS: Question = Question { action: "DescribeSubnets", filter: "subnet-id", path: &["subnetSet", "item"] };
const SUBNETS_OF_VPC: Question = Question { filter: "vpc-id", ..SUBNETS };
const SECURITY_GROUPS_OF_VPC: Question = Question { filter: "vpc-id", ..SECURITY_GROUPS };
const INTERFACES_OF_VPC: Question =
    Question { action: "DescribeNetworkInterfaces", filter: "vpc-id", path: &["networkInterfaceSet", "item"] };
const SECURITY_GROUPS: Question =
    Question { action: "DescribeSecurityGroups", filter: "group-id", path: &["securityGroupInfo", "item"] };
const ADDRESSES: Question =
    Question { action: "DescribeAddresses", filter: "allocation-id", path: &["addressesSet", "item"] };
const INSTANCES: Question = Question {
    action: "DescribeInstances",
    filter: "instance-id",
    path: &["reservationSet", "item", "instancesSet", "item"],
};

impl RemoteEc2 {
    /// The EC2 at `http://HOST:PORT`.
    ///
    /// # Errors
    /// When the endpoint is written in another way.
    pub fn new(endpoint: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint { endpoint: endpoint.to_owned() };
        let uri: Uri = endpoint.parse().map_err(|_| invalid())?;
        let host = uri.authority().ok_or_else(invalid)?;
        if uri.scheme_str() != Some("http") || !matches!(uri.path(), "" | "/") {
            return Err(invalid());
        }
        let address = format!("{}:{}", host.host(), host.port_u16().unwrap_or(80));
        Ok(RemoteEc2 { endpoint: endpoint.to_owned(), host: host.to_string(), address })
    }

    /// Asks for these ids, in as many calls and pages as that takes; reads each resource, sorted by id.
    async fn ask<T>(
        &self,
        scope: &Scope,
        question: Question,
        ids: &[String],
        read: fn(&Element) -> Option<(String, T)>,
    ) -> Result<Vec<T>, NetworkError> {
        let mut found = BTreeMap::new();
        for some in ids.chunks(MAX_FILTER_VALUES) {
            let mut token = None;
            loop {
                let answer = self.page(scope, question, some, token.as_deref()).await?;
                for element in answer.all(question.path) {
                    found.extend([read(element).ok_or_else(|| self.answered(question, "an incomplete resource"))?]);
                }
                token = answer.text(&["nextToken"]).filter(|token| !token.is_empty()).map(str::to_owned);
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(found.into_values().collect())
    }

    async fn page(
        &self,
        scope: &Scope,
        question: Question,
        ids: &[String],
        token: Option<&str>,
    ) -> Result<Element, NetworkError> {
        let (status, body) = self.post(scope, form(question, ids, token)).await.map_err(|source| {
            NetworkError::Unreachable { endpoint: self.endpoint.clone(), action: question.action, source }
        })?;
        match Element::parse(&body) {
            Ok(answer) if status == 200 => Ok(answer),
            Ok(refusal) => Err(self.answered(question, &format!("status {status}: {}", refusal.all_text()))),
            Err(error) => Err(self.answered(question, &format!("status {status} and no XML document: {error}"))),
        }
    }

    fn answered(&self, question: Question, answer: &str) -> NetworkError {
        let (endpoint, action) = (self.endpoint.clone(), question.action);
        NetworkError::Answer { endpoint, action, answer: answer.to_owned() }
    }

    /// One request on a connection of its own. The credential scope says who asks; nothing is signed.
    async fn post(&self, scope: &Scope, body: String) -> Result<(u16, Bytes), Box<dyn Error + Send + Sync>> {
        let Scope { account, region } = scope;
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={account}/20260131/{region}/ec2/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = Request::post("/")
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .header(header::AUTHORIZATION, credential)
            .body(Full::<Bytes>::from(body))?;
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // The sender goes when the answer is there: the connection, which does the reading and writing, ends with it.
        let exchange = async move {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            Ok::<_, hyper::Error>((status, response.into_body().collect().await?.to_bytes()))
        };
        let (answer, _) = tokio::join!(exchange, connection);
        Ok(answer?)
    }
}

impl Network for RemoteEc2 {
    fn vpc<'a>(&'a self, scope: &'a Scope, id: &'a str) -> Answer<'a, Option<Vpc>> {
        Box::pin(async move { Ok(self.ask(scope, VPCS, &[id.to_owned()], vpc).await?.pop()) })
    }

    fn subnets<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<Subnet>> {
        Box::pin(self.ask(scope, SUBNETS, ids, subnet))
    }

    fn subnets_of_vpc<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Vec<Subnet>> {
        Box::pin(async move { self.ask(scope, SUBNETS_OF_VPC, &[vpc_id.to_owned()], subnet).await })
    }

    fn load_balancer_addresses<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let found = self.ask(scope, INTERFACES_OF_VPC, &[vpc_id.to_owned()], load_balancer_address).await?;
            Ok(found.into_iter().flatten().collect())
        })
    }

    fn elastic_addresses<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<ElasticAddress>> {
        Box::pin(self.ask(scope, ADDRESSES, ids, elastic_address))
    }

    fn default_security_group<'a>(&'a self, scope: &'a Scope, vpc_id: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let found = self.ask(scope, SECURITY_GROUPS_OF_VPC, &[vpc_id.to_owned()], default_group).await?;
            Ok(found.into_iter().flatten().next())
        })
    }

    fn security_groups<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<SecurityGroup>> {
        Box::pin(self.ask(scope, SECURITY_GROUPS, ids, security_group))
    }

    fn instances<'a>(&'a self, scope: &'a Scope, ids: &'a [String]) -> Answer<'a, Vec<Instance>> {
        Box::pin(self.ask(scope, INSTANCES, ids, instance))
    }

    fn set_interfaces<'a>(&'a self, _: &'a Scope, _: LoadBalancerInterfaces, _: Instant) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

fn form(question: Question, ids: &[String], token: Option<&str>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", question.action).append_pair("Version", "2016-11-15");
    form.append_pair("Filter.1.Name", question.filter);
    for (at, id) in ids.iter().enumerate() {
        form.append_pair(&format!("Filter.1.Value.{}", at + 1), id);
    }
    if let Some(token) = token {
        form.append_pair("NextToken", token);
    }
    form.finish()
}

fn vpc(element: &Element) -> Option<(String, Vpc)> {
    let id = element.text(&["vpcId"])?.to_owned();
    let blocks = |set, block, state| {
        let associations = element.all(set);
        associations
            .filter(move |one| is_associated(one, state))
            .filter_map(move |one| one.text(&[block])?.parse().ok())
    };
    let mut cidrs: Vec<ipnet::IpNet> =
        blocks(&["cidrBlockAssociationSet", "item"], "cidrBlock", "cidrBlockState").collect();
    cidrs.extend(blocks(&["ipv6CidrBlockAssociationSet", "item"], "ipv6CidrBlock", "ipv6CidrBlockState"));
    Some((id.clone(), Vpc { id, cidrs }))
}

fn subnet(element: &Element) -> Option<(String, Subnet)> {
    let id = element.text(&["subnetId"])?.to_owned();
    let ipv6 = element.all(&["ipv6CidrBlockAssociationSet", "item"]);
    let subnet = Subnet {
        id: id.clone(),
        vpc_id: element.text(&["vpcId"])?.to_owned(),
        zone: element.text(&["availabilityZone"])?.to_owned(),
        zone_id: element.text(&["availabilityZoneId"]).unwrap_or_default().to_owned(),
        cidr: element.text(&["cidrBlock"]).and_then(|cidr| cidr.parse().ok()),
        ipv6_cidrs: ipv6
            .filter(|one| is_associated(one, "ipv6CidrBlockState"))
            .filter_map(|one| one.text(&["ipv6CidrBlock"])?.parse().ok())
            .collect(),
        free_addresses: element.text(&["availableIpAddressCount"])?.parse().ok()?,
    };
    Some((id, subnet))
}

fn security_group(element: &Element) -> Option<(String, SecurityGroup)> {
    let id = element.text(&["groupId"])?.to_owned();
    let vpc_id = element.text(&["vpcId"])?.to_owned();
    Some((id.clone(), SecurityGroup { id, vpc_id }))
}

/// The id of a security group, when it is the default one.
fn default_group(element: &Element) -> Option<(String, Option<String>)> {
    let id = element.text(&["groupId"])?.to_owned();
    let default = element.text(&["groupName"]) == Some("default");
    Some((id.clone(), default.then_some(id)))
}

/// The address of an interface, when it is a load balancer's.
fn load_balancer_address(element: &Element) -> Option<(String, Option<IpAddr>)> {
    let id = element.text(&["networkInterfaceId"])?.to_owned();
    let theirs = element.text(&["requesterId"]) == Some("amazon-elb");
    let address = element.text(&["privateIpAddress"]).and_then(|address| address.parse().ok());
    Some((id, address.filter(|_| theirs)))
}

fn elastic_address(element: &Element) -> Option<(String, ElasticAddress)> {
    let allocation_id = element.text(&["allocationId"])?.to_owned();
    let address = ElasticAddress {
        allocation_id: allocation_id.clone(),
        public_ip: element.text(&["publicIp"]).and_then(|address| address.parse().ok()),
        is_associated: element.text(&["associationId"]).is_some_and(|id| !id.is_empty()),
    };
    Some((allocation_id, address))
}

fn instance(element: &Element) -> Option<(String, Instance)> {
    let id = element.text(&["instanceId"])?.to_owned();
    let owned = |path: &[&str]| element.text(path).filter(|text| !text.is_empty()).map(str::to_owned);
    let instance = Instance {
        id: id.clone(),
        vpc_id: owned(&["vpcId"]),
        zone: owned(&["placement", "availabilityZone"]),
        state: owned(&["instanceState", "name"])?,
        private_address: owned(&["privateIpAddress"]).and_then(|address| address.parse().ok()),
    };
    Some((id, instance))
}

/// An association whose state is not printed is taken to stand.
fn is_associated(association: &Element, state: &str) -> bool {
    association.text(&[state, "state"]).is_none_or(|state| state == "associated")
}
