//! An Application Load Balancer: rules, certificates, attributes, as they are written and as they are seen again.

use northgate_planner::actual::ActualLoadBalancer;
use northgate_planner::id::{CertificateArn, ListenerArn, RedirectStatusCode, Ref, RuleArn};
use northgate_planner::model::{
    Condition, FixedResponse, Forward, Patterns, QueryParameter, Redirect, Stickiness, TargetGroupTuple, same_actions,
    same_conditions,
};
use northgate_planner::plan::{
    AddTags, CreateRule, CreateSecurityGroup, DeleteRule, ListenerCertificates, ModifyListener,
    ModifyListenerAttributes, ModifyRule, RulePriority, SetRulePriorities,
};

use super::*;

/// Two certificates of ACM, one of them with more to tell.
const CERTIFICATES: &str = r#"
certificates:
- {CertificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/a", DomainName: a.example.com, SubjectAlternativeNames: [a.example.com, "*.a.example.com"]}
- {CertificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/b", DomainName: b.example.com, KeyAlgorithm: EC_prime256v1, Status: EXPIRED}
- {CertificateArn: "arn:aws:acm:us-west-2:111122223333:certificate/c", DomainName: c.example.com, Type: PRIVATE, CertificateAuthorityArn: "arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/1"}
"#;

fn certificate(name: &str) -> CertificateArn {
    CertificateArn::new(format!("arn:aws:acm:us-west-2:111122223333:certificate/{name}"))
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn path(path: &str) -> Condition {
    Condition::PathPattern(Patterns::Values(texts(&[path])))
}

fn not_found() -> Action {
    Action::FixedResponse(FixedResponse {
        content_type: Some("text/plain".to_owned()),
        message_body: None,
        status_code: "404".to_owned(),
    })
}

/// A load balancer with an HTTPS listener and a target group that speaks HTTP.
struct Application {
    bed: Bed,
    listener: Ref<ListenerArn>,
    group: TargetGroupArn,
}

impl Application {
    async fn new() -> Self {
        let bed = Bed::with(CERTIFICATES).await;
        let subnets = ["subnet-a", "subnet-b"].map(|id| SubnetMapping { subnet_id: SubnetId::new(id) });
        let request = CreateLoadBalancer {
            load_balancer_type: LoadBalancerType::Application,
            scheme: Scheme::Internal,
            subnet_mappings: subnets.to_vec(),
            enable_prefix_for_ipv6_source_nat: None,
            ..load_balancer("web")
        };
        let made = bed.perform(AwsChange::CreateLoadBalancer(request)).await.unwrap();
        let request = CreateTargetGroup {
            protocol: Protocol::Http,
            protocol_version: Some(ProtocolVersion::Http1),
            ..target_group("web-80", "default/web:80")
        };
        let group = bed.perform(AwsChange::CreateTargetGroup(request)).await.unwrap();
        let request = CreateListener {
            load_balancer_arn: Ref::Known(LoadBalancerArn::new(made.physical_id.unwrap())),
            port: 443,
            protocol: Protocol::Https,
            default_actions: vec![not_found()],
            certificate: Some(certificate("a")),
            ssl_policy: Some("ELBSecurityPolicy-2016-08".to_owned()),
            tags: tags("443"),
        };
        let listener = bed.perform(AwsChange::CreateListener(request)).await.unwrap();
        Self {
            bed,
            listener: Ref::Known(ListenerArn::new(listener.physical_id.unwrap())),
            group: TargetGroupArn::new(group.physical_id.unwrap()),
        }
    }

    fn create_rule(&self, priority: u16, conditions: Vec<Condition>, actions: Vec<Action>) -> AwsChange {
        let tags = tags(&format!("443:{priority}"));
        AwsChange::CreateRule(CreateRule { listener_arn: self.listener.clone(), priority, conditions, actions, tags })
    }

    async fn make_rule(&self, priority: u16, conditions: Vec<Condition>, actions: Vec<Action>) -> RuleArn {
        let made = self.bed.perform(self.create_rule(priority, conditions, actions)).await.unwrap();
        RuleArn::new(made.physical_id.unwrap())
    }

    fn forward(&self) -> Action {
        Action::forward_to(Ref::Known(self.group.clone()))
    }

    async fn seen(&self) -> ActualLoadBalancer {
        ActualLoadBalancer::clone(&self.bed.stack(Purpose::Keep).await.load_balancers[0])
    }
}

#[tokio::test]
async fn every_kind_of_rule_is_seen_as_it_was_made() {
    let application = Application::new().await;
    let sticky = Some(Stickiness { enabled: Some(true), duration_seconds: Some(60) });
    let tuple = TargetGroupTuple { target_group_arn: Ref::Known(application.group.clone()), weight: Some(3) };
    let redirect = Redirect {
        protocol: None,
        port: None,
        host: Some("www.example.com".to_owned()),
        path: None,
        query: None,
        status_code: RedirectStatusCode::Http302,
    };
    let query = QueryParameter { key: Some("v".to_owned()), value: "2".to_owned() };
    let header = Condition::HttpHeader { name: "X-Canary".to_owned(), patterns: Patterns::Values(texts(&["1"])) };
    let wanted = [
        (vec![Condition::HostHeader(Patterns::Values(texts(&["*.example.com"]))), path("/a")], application.forward()),
        (
            vec![Condition::PathPattern(Patterns::Regex(texts(&["^/b/.+$"])))],
            Action::Forward(Forward { target_groups: vec![tuple], target_group_stickiness_config: sticky }),
        ),
        (vec![header, Condition::QueryString(vec![query])], Action::Redirect(redirect)),
        (
            vec![
                Condition::HttpRequestMethod(texts(&["GET", "HEAD"])),
                Condition::SourceIp(vec!["10.0.0.0/8".parse().unwrap()]),
            ],
            not_found(),
        ),
    ];
    for (priority, (conditions, action)) in (1..).zip(wanted.clone()) {
        application.make_rule(priority, conditions, vec![action]).await;
    }
    let found = application.seen().await;
    let rules = &found.listeners[0].rules;
    assert_eq!(rules.iter().map(|rule| rule.priority).collect::<Vec<_>>(), [1, 2, 3, 4]);
    for (rule, (conditions, action)) in rules.iter().zip(&wanted) {
        assert!(same_conditions(&rule.conditions, conditions), "{:?}", rule.conditions);
        assert!(same_actions(&rule.actions, std::slice::from_ref(action)), "{:?}", rule.actions);
        assert_eq!(rule.tags["service.k8s.aws/resource"], format!("443:{}", rule.priority));
        assert!(!rule.has_transforms);
    }
}

#[tokio::test]
async fn rules_are_moved_changed_and_deleted() {
    let application = Application::new().await;
    let first = application.make_rule(1, vec![path("/a")], vec![application.forward()]).await;
    let second = application.make_rule(2, vec![path("/b")], vec![not_found()]).await;
    let moves = [(&first, 2), (&second, 1)]
        .map(|(arn, priority)| RulePriority { rule_arn: Ref::Known(arn.clone()), priority })
        .to_vec();
    let bed = &application.bed;
    bed.perform(AwsChange::SetRulePriorities(SetRulePriorities { rule_priorities: moves })).await.unwrap();
    let request = ModifyRule {
        rule_arn: first.clone(),
        conditions: vec![path("/c")],
        actions: vec![not_found()],
        reset_transforms: true,
    };
    bed.perform(AwsChange::ModifyRule(request)).await.unwrap();
    let delete = || AwsChange::DeleteRule(DeleteRule { rule_arn: Ref::Known(second.clone()) });
    bed.perform(delete()).await.unwrap();
    bed.perform(delete()).await.expect("what is gone is deleted");
    let found = application.seen().await;
    let [rule] = found.listeners[0].rules.as_slice() else { panic!("one rule: {found:?}") };
    assert_eq!((&rule.arn, rule.priority, &rule.conditions), (&first, 2, &vec![path("/c")]));
}

#[tokio::test]
async fn a_priority_that_is_taken_is_somebody_elses_doing() {
    let application = Application::new().await;
    application.make_rule(1, vec![path("/a")], vec![not_found()]).await;
    let again = application.create_rule(1, vec![path("/b")], vec![not_found()]);
    let error = application.bed.perform(again).await.unwrap_err();
    assert_eq!((error.code(), error.class()), (Some("PriorityInUse"), crate::aws::error::Class::Conflict));
}

#[tokio::test]
async fn a_listener_is_seen_with_its_certificates_attributes_and_policy() {
    let application = Application::new().await;
    let bed = &application.bed;
    let certificates = |name: &str| ListenerCertificates {
        listener_arn: application.listener.clone(),
        certificates: vec![certificate(name)],
    };
    for name in ["a", "c"] {
        bed.perform(AwsChange::AddListenerCertificates(certificates(name))).await.unwrap();
    }
    bed.perform(AwsChange::RemoveListenerCertificates(certificates("a"))).await.unwrap();
    let attributes = ModifyListenerAttributes {
        listener_arn: application.listener.clone(),
        attributes: TagList(pairs(&[("routing.http.response.server.enabled", "false")])),
    };
    bed.perform(AwsChange::ModifyListenerAttributes(attributes)).await.unwrap();
    let request = ModifyListener {
        listener_arn: application.listener.known().unwrap().clone(),
        port: 443,
        protocol: Protocol::Https,
        default_actions: vec![application.forward()],
        certificate: Some(certificate("c")),
        ssl_policy: Some("ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned()),
    };
    bed.perform(AwsChange::ModifyListener(request)).await.unwrap();
    let found = application.seen().await;
    let listener = &found.listeners[0];
    assert_eq!(listener.default_certificate, Some(certificate("c")));
    assert_eq!(listener.certificates, [certificate("c")].into());
    assert_eq!(listener.attributes.as_ref().unwrap()["routing.http.response.server.enabled"], "false");
    assert_eq!(listener.ssl_policy.as_deref(), Some("ELBSecurityPolicy-TLS13-1-2-2021-06"));
    assert_eq!(listener.target_groups().collect::<Vec<_>>(), [&application.group]);
    assert_eq!(found.attributes.as_ref().unwrap()["idle_timeout.timeout_seconds"], "60");
}

#[tokio::test]
async fn a_hundred_rules_are_read_in_one_call_and_their_tags_are_remembered() {
    let application = Application::new().await;
    for priority in 1..=100 {
        application.make_rule(priority, vec![path(&format!("/{priority}"))], vec![not_found()]).await;
    }
    let read = async |application: &Application| {
        application.bed.wire.calls();
        assert_eq!(application.seen().await.listeners[0].rules.len(), 100);
        let calls = application.bed.wire.calls();
        ["DescribeRules", "DescribeTags"].map(|name| calls.iter().filter(|call| *call == name).count())
    };
    // Tags are asked for twenty at a time.
    assert_eq!(read(&application).await, [1, 6]);
    assert_eq!(read(&application).await, [1, 1], "only what tells whose something is");
    // A write of ours is remembered too.
    let arn = application.seen().await.listeners[0].rules[0].arn.clone();
    let request = AddTags { resource_arns: vec![arn.to_string()], tags: TagList(pairs(&[("team", "shop")])) };
    application.bed.perform(AwsChange::AddTags(request)).await.unwrap();
    assert_eq!(application.seen().await.listeners[0].rules[0].tags["team"], "shop");
}

#[tokio::test]
async fn certificates_are_listed_once_and_asked_for_one_by_one_only_where_the_list_cannot_tell() {
    let bed = Bed::with(CERTIFICATES).await;
    let hosts = ["a.example.com".to_owned(), "c.example.com".to_owned()];
    let needs = Needs { certificate_hosts: hosts.into(), ..Needs::default() };
    let found = bed.account.lookup(&needs).await.unwrap().certificates;
    let told = found.iter().map(|one| (one.arn.clone(), one.status.as_str(), one.domains.len())).collect::<Vec<_>>();
    assert_eq!(
        told,
        [(certificate("a"), "ISSUED", 2), (certificate("b"), "EXPIRED", 1), (certificate("c"), "ISSUED", 1)]
    );
    bed.account.lookup(&needs).await.unwrap();
    assert_eq!(bed.wire.calls(), ["ListCertificates"]);
    let with_authorities = Needs { certificate_authorities: true, ..needs };
    let found = bed.account.lookup(&with_authorities).await.unwrap().certificates;
    let authority = |name: &str| found.iter().find(|one| one.arn == certificate(name)).unwrap().authority.clone();
    assert_eq!(authority("a"), None);
    assert!(authority("c").unwrap().ends_with("certificate-authority/1"));
    assert_eq!(bed.wire.calls(), ["DescribeCertificate", "DescribeCertificate"], "and these are remembered");
}

#[tokio::test]
async fn security_groups_and_target_groups_are_found_by_name() {
    let bed = Bed::new().await;
    let request = CreateSecurityGroup {
        group_name: "named".to_owned(),
        description: "by its Name tag".to_owned(),
        vpc_id: VpcId::new(VPC),
        tags: TagList(pairs(&[("Name", "shared"), ("elbv2.k8s.aws/cluster", CLUSTER)])),
    };
    let named = bed.perform(AwsChange::CreateSecurityGroup(request)).await.unwrap();
    let named = SecurityGroupId::new(named.physical_id.unwrap());
    let group = bed.made_target_group().await;
    let needs = Needs {
        security_group_ids: [SecurityGroupId::new("sg-pods"), SecurityGroupId::new("sg-none")].into(),
        security_group_names: ["shared".to_owned()].into(),
        target_group_names: ["web-80".to_owned(), "other".to_owned()].into(),
        ..Needs::default()
    };
    let facts = bed.account.lookup(&needs).await.unwrap();
    let found = facts.security_groups.keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(found, [SecurityGroupId::new("sg-pods"), named.clone()].into());
    assert_eq!(facts.security_groups[&named].tags["Name"], "shared");
    assert_eq!(facts.target_groups, [("web-80".to_owned(), group)].into());
}

#[tokio::test]
async fn a_record_of_it_is_seen_as_the_account_itself() {
    let application = Application::new().await;
    let header = Condition::HttpHeader { name: "X-Canary".to_owned(), patterns: Patterns::Values(texts(&["1"])) };
    application.make_rule(1, vec![path("/a"), header], vec![application.forward()]).await;
    application.make_rule(2, vec![path("/b")], vec![not_found()]).await;
    let added =
        ListenerCertificates { listener_arn: application.listener.clone(), certificates: vec![certificate("c")] };
    application.bed.perform(AwsChange::AddListenerCertificates(added)).await.unwrap();
    let needs = Needs {
        certificate_hosts: ["c.example.com".to_owned()].into(),
        certificate_authorities: true,
        rules_allowed: true,
        ..Needs::default()
    };
    let scope = Scope::Stack { id: web(), purpose: Purpose::Keep };
    let look = async |connection: &Connection| {
        let account = connection.read_only_account(ClusterName::new(CLUSTER), VpcId::new(VPC));
        (account.observe(&scope).await.unwrap(), account.lookup(&needs).await.unwrap())
    };
    let record = crate::aws::Record::default();
    let live = look(&application.bed.connection.clone().recorded_in(record.clone())).await;
    assert_eq!(live.1.rules_allowed, Some(100));
    let description = record.description(crate::aws::Occasion {
        now: "2026-01-31T12:00:00Z".parse().unwrap(),
        account: Some(&AccountId::new(ACCOUNT)),
        region: &Region::new(REGION),
        vpc: &VpcId::new(VPC),
    });
    let replayed = Simulator::new(Options::default());
    account_description::load(&replayed, &description).await.unwrap();
    let connection = Connection::over(replayed.connector(), &AccountId::new(ACCOUNT), &Region::new(REGION));
    let again = look(&connection).await;
    assert_eq!(again.0, live.0);
    assert_eq!(again.1, live.1);
}
