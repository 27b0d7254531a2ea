//! Application load balancers: requests and rules.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::world::{Answer, World, echo, element, get, request, website};

const HTTP: &str = "Protocol=HTTP&TargetType=ip";

/// An application load balancer `web` with a listener on port 80.
pub(super) struct Web {
    pub(super) world: World,
    pub(super) arn: String,
    pub(super) dns_name: String,
    pub(super) listener: String,
}

impl Web {
    /// Its default rule forwards to the group `web`, whose only target is called so.
    pub(super) async fn new() -> Self {
        let mut world = World::new().await;
        let group = world.group("web", HTTP, &["10.0.0.8"]).await;
        world.reach("10.0.0.8", website("web").await);
        Self::over(world, &forward("DefaultActions.member.1", &[(&group, 1)])).await
    }

    async fn over(world: World, default: &str) -> Self {
        let create = "CreateLoadBalancer&Name=web&Type=application&Subnets.member.1=subnet-a&Subnets.member.2=subnet-b\
                      &SecurityGroups.member.1=sg-one";
        let made = world.call(create).await;
        let (arn, dns_name) = (element(&made, "LoadBalancerArn").to_owned(), element(&made, "DNSName").to_owned());
        let create = format!("CreateListener&LoadBalancerArn={arn}&Protocol=HTTP&Port=80&{default}");
        let listener = world.made(&create, "ListenerArn").await;
        Self { world, arn, dns_name, listener }
    }

    /// A group with one target of the same name; its ARN.
    async fn group(&mut self, name: &'static str, target: &str) -> String {
        let group = self.world.group(name, HTTP, &[target]).await;
        self.world.reach(target, website(name).await);
        group
    }

    /// A rule with conditions `FIELD VALUE` and one action; its ARN.
    pub(super) async fn rule(&self, priority: u32, conditions: &[(&str, &str)], action: &str) -> String {
        let mut create = format!("CreateRule&ListenerArn={}&Priority={priority}&{action}", self.listener);
        for (at, (field, value)) in (1..).zip(conditions) {
            let member = format!("Conditions.member.{at}");
            let config = match *field {
                "host-header" => format!("{member}.HostHeaderConfig.Values.member.1={value}"),
                "path-pattern" => format!("{member}.PathPatternConfig.Values.member.1={value}"),
                "http-request-method" => format!("{member}.HttpRequestMethodConfig.Values.member.1={value}"),
                "source-ip" => format!("{member}.SourceIpConfig.Values.member.1={value}"),
                "query-string" => {
                    let (key, value) = value.split_once(':').expect("a pair");
                    let pair = format!("{member}.QueryStringConfig.Values.member.1");
                    format!("{pair}.Key={key}&{pair}.Value={value}")
                }
                header => {
                    let config = format!("{member}.HttpHeaderConfig");
                    create.push_str(&format!("&{member}.Field=http-header"));
                    create.push_str(&format!("&{config}.HttpHeaderName={header}&{config}.Values.member.1={value}"));
                    continue;
                }
            };
            create.push_str(&format!("&{member}.Field={field}&{config}"));
        }
        self.world.made(&create, "RuleArn").await
    }

    pub(super) async fn attribute(&self, call: &str, key: &str, value: &str) {
        self.world.call(&format!("{call}&Attributes.member.1.Key={key}&Attributes.member.1.Value={value}")).await;
    }

    async fn address(&self) -> SocketAddr {
        self.world.address(&self.dns_name, 80).await
    }

    /// Who answers a GET, or the status of an answer of the load balancer itself.
    async fn who(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let answer = get(self.address().await, path, headers).await;
        answer.target().unwrap_or_else(|| answer.status.to_string())
    }
}

pub(super) fn forward(member: &str, groups: &[(&str, u32)]) -> String {
    let mut action = format!("{member}.Type=forward");
    for (at, (group, weight)) in (1..).zip(groups) {
        let tuple = format!("{member}.ForwardConfig.TargetGroups.member.{at}");
        action.push_str(&format!("&{tuple}.TargetGroupArn={group}&{tuple}.Weight={weight}"));
    }
    action
}

pub(super) fn to(group: &str) -> String {
    forward("Actions.member.1", &[(group, 1)])
}

fn fixed(status: u16, body: &str) -> String {
    let config = "Actions.member.1.FixedResponseConfig";
    format!(
        "Actions.member.1.Type=fixed-response&{config}.StatusCode={status}&{config}.ContentType=text/plain&{config}.MessageBody={body}"
    )
}

#[tokio::test]
async fn requests_go_where_the_first_rule_that_takes_them_says() {
    let mut web = Web::new().await;
    let (api, canary) = (web.group("api", "10.0.0.9").await, web.group("canary", "10.0.0.7").await);
    let redirect = "Actions.member.1.Type=redirect&Actions.member.1.RedirectConfig.Protocol=HTTPS\
                    &Actions.member.1.RedirectConfig.Port=443&Actions.member.1.RedirectConfig.StatusCode=HTTP_301";
    web.rule(30, &[("X-Env", "canary*")], &to(&canary)).await;
    web.rule(10, &[("path-pattern", "/api/*")], &to(&api)).await;
    web.rule(20, &[("host-header", "*.example.com"), ("http-request-method", "DELETE")], &fixed(405, "no")).await;
    web.rule(40, &[("query-string", "secure:yes")], redirect).await;
    web.rule(50, &[("source-ip", "127.0.0.0/8"), ("path-pattern", "/me")], &fixed(200, "local")).await;
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 8] = [
        ("/", &[], "web"),
        ("/api/x?y=z", &[], "api"),
        ("/API/x", &[], "web"),
        ("/api/x", &[("x-env", "canary")], "api"),
        ("/x", &[("x-env", "CANARY-2")], "canary"),
        ("/x?secure=yes", &[("x-env", "canary")], "canary"),
        ("/x?secure=yes", &[], "301"),
        ("/me", &[], "200"),
    ];
    for (path, headers, expected) in cases {
        assert_eq!(web.who(path, headers).await, expected, "{path} {headers:?}");
    }
    let address = web.address().await;
    let answer = request(address, "DELETE", "/", &[("host", "a.example.com")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (405, "no"));
    assert_eq!((answer.header("content-type"), answer.header("server")), ("text/plain", "awselb/2.0"));
    assert_eq!(request(address, "DELETE", "/", &[("host", "a.example.org")]).await.target().as_deref(), Some("web"));
    let answer = get(address, "/x?secure=yes", &[("host", "a.com:8080")]).await;
    assert_eq!(answer.header("location"), "https://a.com:443/x?secure=yes");
}

#[tokio::test]
async fn a_change_of_the_rules_is_met_by_the_next_request() {
    let web = Web::new().await;
    let first = web.rule(10, &[("path-pattern", "/x")], &fixed(201, "first")).await;
    let second = web.rule(20, &[("path-pattern", "/*")], &fixed(202, "second")).await;
    assert_eq!(web.who("/x", &[]).await, "201");
    let priorities = [(&first, 30), (&second, 5)].into_iter().zip(1..).map(|((arn, priority), at)| {
        format!("&RulePriorities.member.{at}.RuleArn={arn}&RulePriorities.member.{at}.Priority={priority}")
    });
    web.world.call(&format!("SetRulePriorities{}", priorities.collect::<String>())).await;
    assert_eq!(web.who("/x", &[]).await, "202");
    web.world.call(&format!("DeleteRule&RuleArn={second}")).await;
    assert_eq!(web.who("/x", &[]).await, "201");
    assert_eq!(web.who("/y", &[]).await, "web");
}

#[tokio::test]
async fn a_target_learns_who_asked_and_how() {
    let web = Web::new().await;
    let sent =
        [("host", "a.com"), ("x-forwarded-for", "203.0.113.9"), ("connection", "keep-alive, x-hop"), ("cookie", "a=b")];
    let answer = get(web.address().await, "/a%20b/../c?d=e&f", &sent).await;
    assert!(answer.body.starts_with("web GET /a%20b/../c?d=e&f\n"), "{}", answer.body);
    for line in [
        "host: a.com",
        "x-forwarded-for: 203.0.113.9, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-port: 80",
        "cookie: a=b",
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line} in {}", answer.body);
    }
    let modify = format!("ModifyLoadBalancerAttributes&LoadBalancerArn={}", web.arn);
    web.attribute(&modify, "routing.http.xff_header_processing.mode", "remove").await;
    assert!(!get(web.address().await, "/", &sent).await.body.contains("x-forwarded-for"));
}

#[tokio::test]
async fn weights_share_requests_out_and_stickiness_keeps_clients() {
    let mut world = World::new().await;
    let mut groups = Vec::new();
    for (name, target) in [("blue", "10.0.0.8"), ("green", "10.0.0.9")] {
        groups.push(world.group(name, HTTP, &[target]).await);
        world.reach(target, website(name).await);
    }
    let default = forward("DefaultActions.member.1", &[(&groups[0], 1), (&groups[1], 3)]);
    let sticky = "DefaultActions.member.1.ForwardConfig.TargetGroupStickinessConfig";
    let web = Web::over(world, &format!("{default}&{sticky}.Enabled=true&{sticky}.DurationSeconds=60")).await;
    let address = web.address().await;
    let mut found = Vec::new();
    for _ in 0..8 {
        found.push(get(address, "/", &[]).await);
    }
    let of =
        |name: &str| found.iter().filter(|answer| answer.target().as_deref() == Some(name)).collect::<Vec<&Answer>>();
    assert_eq!((of("blue").len(), of("green").len()), (2, 6));
    let cookie = of("blue")[0].cookie("AWSALBTG");
    for _ in 0..4 {
        assert_eq!(web.who("/", &[("cookie", &format!("x=y; AWSALBTG={cookie}"))]).await, "blue");
    }
    let mut strangers = Vec::new();
    for _ in 0..4 {
        strangers.push(web.who("/", &[("cookie", "AWSALBTG=gone")]).await);
    }
    assert!(strangers.contains(&"green".to_owned()), "{strangers:?}");
}

#[tokio::test]
async fn a_group_may_keep_a_client_with_its_target_while_that_serves() {
    let mut world = World::new().await;
    let group = world.group("web", HTTP, &["10.0.0.8", "10.0.0.9"]).await;
    world.reach("10.0.0.8", website("one").await);
    world.reach("10.0.0.9", website("two").await);
    let web = Web::over(world, &forward("DefaultActions.member.1", &[(&group, 1)])).await;
    let address = web.address().await;
    assert_eq!([web.who("/", &[]).await, web.who("/", &[]).await, web.who("/", &[]).await], ["one", "two", "one"]);
    let modify = format!("ModifyTargetGroupAttributes&TargetGroupArn={group}");
    web.attribute(&modify, "stickiness.enabled", "true").await;
    let answer = get(address, "/", &[]).await;
    let cookie = format!("AWSALB={}", answer.cookie("AWSALB"));
    let mine = answer.target().expect("a target");
    for _ in 0..3 {
        assert_eq!(web.who("/", &[("cookie", &cookie)]).await, mine);
    }
    let target = if mine == "one" { "10.0.0.8" } else { "10.0.0.9" };
    web.world.register("DeregisterTargets", &group, &[target]).await;
    for _ in 0..3 {
        assert_ne!(web.who("/", &[("cookie", &cookie)]).await, mine, "a target that drains gets nothing new");
    }
}

/// A target that gives its clients the application's cookie, at `/login`.
async fn shop(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.expect("a client");
            let service = service_fn(move |request: hyper::Request<Incoming>| async move {
                let mut answer = hyper::Response::builder().header("x-target", name);
                if request.uri().path() == "/login" {
                    answer = answer.header("set-cookie", "session=7; Path=/");
                }
                answer.body(Full::new(Bytes::from(format!("{name} \n"))))
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(client), service));
        }
    });
    address
}

#[tokio::test]
async fn a_client_may_stay_with_its_target_by_a_cookie_of_the_application() {
    let mut world = World::new().await;
    let group = world.group("shop", HTTP, &["10.0.0.8", "10.0.0.9"]).await;
    world.reach("10.0.0.8", shop("one").await);
    world.reach("10.0.0.9", shop("two").await);
    let web = Web::over(world, &forward("DefaultActions.member.1", &[(&group, 1)])).await;
    let modify = format!("ModifyTargetGroupAttributes&TargetGroupArn={group}");
    let attributes = [
        ("stickiness.enabled", "true"),
        ("stickiness.type", "app_cookie"),
        ("stickiness.app_cookie.cookie_name", "session"),
        ("stickiness.app_cookie.duration_seconds", "60"),
    ];
    let members = (1..)
        .zip(attributes)
        .map(|(at, (key, value))| format!("&Attributes.member.{at}.Key={key}&Attributes.member.{at}.Value={value}"));
    web.world.call(&format!("{modify}{}", members.collect::<String>())).await;
    let address = web.address().await;
    let before = get(address, "/", &[]).await;
    assert!(!before.headers.contains_key("set-cookie"), "the application has set no cookie yet");
    let login = get(address, "/login", &[]).await;
    let mine = login.target().expect("a target");
    let balancer = format!("AWSALBAPP-0={}", login.cookie("AWSALBAPP-0"));
    assert_eq!(login.cookie("session"), "7");
    for _ in 0..3 {
        let answer = get(address, "/", &[("cookie", &format!("session=7; {balancer}"))]).await;
        assert_eq!(answer.target().as_ref(), Some(&mine));
        assert!(!answer.cookie("AWSALBAPP-0").is_empty(), "it is kept for longer");
    }
    for cookie in [balancer.as_str(), "session=7"] {
        let mut met = Vec::new();
        for _ in 0..4 {
            met.push(web.who("/", &[("cookie", cookie)]).await);
        }
        assert!(met.contains(&"one".to_owned()) && met.contains(&"two".to_owned()), "{cookie} alone: {met:?}");
    }
}

#[tokio::test]
async fn without_an_answer_of_a_target_the_load_balancer_answers_itself() {
    let mut web = Web::new().await;
    let empty = web.world.group("empty", HTTP, &[]).await;
    let lost = web.world.group("lost", HTTP, &["10.0.0.5"]).await;
    let wrong = web.world.group("wrong", HTTP, &["10.0.0.6"]).await;
    let silent = web.world.group("silent", HTTP, &["10.0.0.7"]).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let shut = web.world.group("shut", HTTP, &["10.0.0.44"]).await;
    web.world.reach("10.0.0.44", closed);
    web.world.reach("10.0.0.6", echo("not HTTP").await);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    web.world.reach("10.0.0.7", listener.local_addr().expect("an address"));
    let modify = format!("ModifyLoadBalancerAttributes&LoadBalancerArn={}", web.arn);
    web.attribute(&modify, "idle_timeout.timeout_seconds", "1").await;
    let cases = [
        ("/empty", &empty, 503),
        ("/lost", &lost, 502),
        ("/wrong", &wrong, 502),
        ("/silent", &silent, 504),
        ("/shut", &shut, 502),
    ];
    for (priority, (path, group, _)) in (1..).zip(&cases) {
        web.rule(priority, &[("path-pattern", path)], &to(group)).await;
    }
    for (path, _, expected) in cases {
        let answer = get(web.address().await, path, &[]).await;
        assert_eq!(answer.status, expected, "{path}: {}", answer.body);
        assert_eq!(answer.header("server"), "awselb/2.0", "{path}");
    }
}

#[tokio::test]
async fn without_a_key_an_https_listener_is_spoken_to_in_the_clear_and_what_needs_another_party_is_said() {
    let mut web = Web::new().await;
    let group = web.group("secure", "10.0.0.9").await;
    let create = format!(
        "CreateListener&LoadBalancerArn={}&Protocol=HTTPS&Port=443&{}\
         &Certificates.member.1.CertificateArn=arn:aws:acm:us-west-2:111122223333:certificate/one",
        web.arn,
        forward("DefaultActions.member.1", &[(&group, 1)])
    );
    web.listener = web.world.made(&create, "ListenerArn").await;
    let oidc = "Actions.member.1.AuthenticateOidcConfig";
    let login = [
        "Issuer=https://a.com",
        "AuthorizationEndpoint=https://a.com/auth",
        "TokenEndpoint=https://a.com/token",
        "UserInfoEndpoint=https://a.com/user",
        "ClientId=me",
        "ClientSecret=secret",
    ]
    .map(|member| format!("&{oidc}.{member}"))
    .concat();
    let login = format!(
        "Actions.member.1.Type=authenticate-oidc&Actions.member.1.Order=1{login}&Actions.member.2.Order=2&{}",
        forward("Actions.member.2", &[(&group, 1)])
    );
    web.rule(1, &[("path-pattern", "/login")], &login).await;
    let address = web.world.address(&web.dns_name, 443).await;
    let answer = get(address, "/", &[]).await;
    assert_eq!(answer.target().as_deref(), Some("secure"));
    assert!(answer.body.contains("x-forwarded-proto: https\nx-forwarded-port: 443\n"), "{}", answer.body);
    let answer = get(address, "/login", &[]).await;
    assert_eq!(answer.status, 501);
    assert!(answer.body.contains("authenticate-oidc"), "{}", answer.body);
    let open = web.world.data_path.listeners();
    let open = open.iter().find(|open| open.port == 443).expect("an open listener");
    assert_eq!((open.tls, open.note), (false, Some("TLS is left out: speak to it in the clear")));
}

#[tokio::test]
async fn a_listener_adds_headers_to_answers_and_hides_its_own() {
    let web = Web::new().await;
    let modify = format!("ModifyListenerAttributes&ListenerArn={}", web.listener);
    let header = "routing.http.response.strict_transport_security.header_value";
    web.attribute(&modify, header, "max-age=60").await;
    web.attribute(&modify, "routing.http.response.server.enabled", "false").await;
    let answer = get(web.address().await, "/", &[]).await;
    assert_eq!((answer.header("strict-transport-security"), answer.header("server")), ("max-age=60", ""));
}

/// A network load balancer whose target is the application load balancer.
#[tokio::test]
async fn an_application_load_balancer_may_be_a_target() {
    let web = Web::new().await;
    let group = web.world.group("front", "Protocol=TCP&TargetType=alb", &[]).await;
    let register = format!("RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id={}", web.arn);
    web.world.call(&register).await;
    let made = web.world.call("CreateLoadBalancer&Name=front&Type=network&Subnets.member.1=subnet-a").await;
    let (arn, dns_name) = (element(&made, "LoadBalancerArn"), element(&made, "DNSName"));
    let create = format!("CreateListener&LoadBalancerArn={arn}&Protocol=TCP&Port=80");
    web.world.call(&format!("{create}&{}", forward("DefaultActions.member.1", &[(&group, 1)]))).await;
    let address = web.world.address(dns_name, 80).await;
    assert_eq!(get(address, "/", &[]).await.target().as_deref(), Some("web"));
}

#[tokio::test]
async fn an_url_may_be_rewritten_for_the_target() {
    let mut web = Web::new().await;
    let api = web.group("api", "10.0.0.9").await;
    let transform = "Transforms.member.1.Type=url-rewrite&Transforms.member.1.UrlRewriteConfig.Rewrites.member.1.Regex=^/api/(.*)$\
                     &Transforms.member.1.UrlRewriteConfig.Rewrites.member.1.Replace=/v1/$1";
    web.rule(1, &[("path-pattern", "/api/*")], &format!("{}&{transform}", to(&api))).await;
    let answer = get(web.address().await, "/api/users?all", &[]).await;
    assert!(answer.body.starts_with("api GET /v1/users?all\n"), "{}", answer.body);
}

#[tokio::test]
async fn many_requests_share_a_connection_and_large_bodies_pass() {
    let web = Web::new().await;
    let address = web.address().await;
    let body = "x".repeat(300_000);
    let answer = request(address, "POST", "/size", &[("x-body", &body)]).await;
    assert!(answer.body.contains("body: 300000"), "{}", answer.body);
    let started = tokio::time::Instant::now();
    for _ in 0..50 {
        assert_eq!(web.who("/", &[]).await, "web");
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}
