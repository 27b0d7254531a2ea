//! Every annotation of Services and Ingresses: one table of all there are, and the reader that finds every problem at once.

mod hint;
pub(crate) mod ingress;
mod reference;
mod table;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::value;
use crate::id::{ObjectName, ObjectRef, Protocol, UnknownValue};
use crate::problem::Problem;

pub use reference::reference;
pub(crate) use table::*;

/// The prefix of LBC's annotations on Services.
const SERVICE_PREFIX: &str = "service.beta.kubernetes.io/";

/// The annotations of one kind of object.
#[derive(Debug)]
struct Vocabulary {
    kind: &'static str,
    rows: &'static [&'static Annotation],
    /// Prefixes under which an annotation that we do not know is probably a slip.
    prefixes: &'static [&'static str],
    /// What others write there for themselves.
    ignored: &'static [&'static str],
}

static OF_SERVICES: Vocabulary = Vocabulary {
    kind: "Service",
    rows: TABLE,
    prefixes: &[SERVICE_PREFIX, "northgate.dev/", "service.k8s.aws/"],
    ignored: &[],
};
static OF_INGRESSES: Vocabulary = Vocabulary {
    kind: "Ingress",
    rows: ingress::TABLE,
    prefixes: &[ingress::INGRESS_PREFIX, "northgate.dev/", "ingress.k8s.aws/"],
    ignored: ingress::WRITTEN_BY_LBC,
};

/// One row of the table: an annotation, or a family of them.
#[derive(Debug)]
pub(crate) struct Annotation {
    key: &'static str,
    family: Family,
    kind: Kind,
    /// What is allowed, where it is less than the kind allows.
    allowed: Option<&'static str>,
    default: &'static str,
    doc: &'static str,
    support: Support,
}

/// Which keys a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// The key itself.
    One,
    /// The key followed by `.<PROTOCOL>-<port>`, the protocol and port of a listener.
    PerListener,
    /// The key itself, and the key followed by `.<port>`, a port of the Service.
    OneAndPerPort,
    /// The key followed by `.<PROTOCOL>-<port>` of a listener of an Application Load Balancer.
    PerHttpListener,
    /// The key followed by `.<name>`.
    Named,
}

/// The grammar of a value (see [`value`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Boolean,
    Int32,
    List,
    Map,
    Json,
}

/// What this version does with an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Support {
    /// It does what the row says.
    Built,
    /// An object that has it is refused.
    NotYet,
    /// It is for the Classic Load Balancers of the AWS cloud provider; what to use instead.
    NoEffect(&'static str),
}

impl Annotation {
    /// The full key.
    pub(crate) fn key(&self) -> &'static str {
        self.key
    }

    fn matches(&self, key: &str) -> bool {
        let Some(rest) = key.strip_prefix(self.key) else {
            return false;
        };
        match self.family {
            Family::One => rest.is_empty(),
            Family::PerListener => rest.strip_prefix('.').is_some_and(|rest| is_listener(rest, false)),
            Family::PerHttpListener => rest.strip_prefix('.').is_some_and(|rest| is_listener(rest, true)),
            Family::Named => rest.strip_prefix('.').is_some_and(|name| !name.is_empty()),
            Family::OneAndPerPort => rest.is_empty() || rest.strip_prefix('.').is_some_and(is_port),
        }
    }

    /// The keys that the row stands for, as people write them down.
    fn written(&self) -> Vec<String> {
        match self.family {
            Family::One => vec![self.key.to_owned()],
            Family::PerListener | Family::PerHttpListener => vec![format!("{}.<PROTOCOL>-<port>", self.key)],
            Family::Named => vec![format!("{}.<name>", self.key)],
            Family::OneAndPerPort => vec![self.key.to_owned(), format!("{}.<port>", self.key)],
        }
    }

    /// What a value may be.
    pub(crate) fn allowed(&self) -> &'static str {
        self.allowed.unwrap_or(match self.kind {
            Kind::Text => "text",
            Kind::Boolean => "true or false",
            Kind::Int32 => "a whole number",
            Kind::List => "a list, a,b,c",
            Kind::Map => "pairs, k1=v1,k2=v2; a comma inside a value is written \\,",
            Kind::Json => "JSON",
        })
    }
}

/// `TCP-80`: a protocol as AWS spells it, and the port of a listener.
fn is_listener(text: &str, of_application_load_balancer: bool) -> bool {
    text.split_once('-').is_some_and(|(protocol, port)| {
        let fits = |protocol| matches!(protocol, Protocol::Http | Protocol::Https) == of_application_load_balancer;
        protocol.parse().is_ok_and(fits) && is_port(port)
    })
}

fn is_port(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() && first != '0') && text.parse::<u16>().is_ok()
}

/// The annotations of one object. A bad value is noted and read as absent; nobody goes on with it, because an object
/// with a problem is refused.
#[derive(Debug)]
pub(crate) struct Annotations<'a> {
    vocabulary: &'static Vocabulary,
    object: ObjectRef,
    given: Option<&'a BTreeMap<String, String>>,
    /// Those of the Service behind the Ingress, which come first.
    of_service: Option<(ObjectRef, &'a BTreeMap<String, String>)>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Annotations<'a> {
    /// The annotations of `service`.
    pub(crate) fn of(service: &'a Service) -> Self {
        Self::new(&OF_SERVICES, &service.metadata)
    }

    /// The annotations of `ingress`.
    pub(crate) fn of_ingress(ingress: &'a Ingress) -> Self {
        Self::new(&OF_INGRESSES, &ingress.metadata)
    }

    /// The annotations of `ingress` with those of a Service behind it over them: whole values, never merged inside.
    pub(crate) fn of_backend(ingress: &'a Ingress, service: &'a Service) -> Self {
        let object = ObjectRef::new("Service", &ObjectName::of(&service.metadata));
        let of_service = service.metadata.annotations.as_ref().map(|given| (object, given));
        Self { of_service, ..Self::of_ingress(ingress) }
    }

    fn new(vocabulary: &'static Vocabulary, metadata: &'a ObjectMeta) -> Self {
        Self {
            vocabulary,
            object: ObjectRef::new(vocabulary.kind, &ObjectName::of(metadata)),
            given: metadata.annotations.as_ref(),
            of_service: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The members of a family that are there: what follows the key and its dot, and the value.
    pub(crate) fn family(&self, annotation: &'static Annotation) -> Vec<(&'a str, &'a str)> {
        let member = |(key, value): (&'a String, &'a String)| {
            let rest = key.strip_prefix(annotation.key).filter(|_| annotation.matches(key))?;
            Some((rest.strip_prefix('.')?, value.as_str()))
        };
        self.given.into_iter().flatten().filter_map(member).collect()
    }

    /// One member of a family, by what follows the key and its dot.
    pub(crate) fn member(&self, annotation: &'static Annotation, name: &str) -> Option<&'a str> {
        self.given?.get(&format!("{}.{name}", annotation.key)).map(String::as_str)
    }

    /// Notes that the value of one member of a family is wrong. Without a hint the allowed values are the hint.
    pub(crate) fn refuse_member(
        &mut self,
        annotation: &'static Annotation,
        member: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let key = format!("{}.{member}", annotation.key);
        let problem = Problem::of(self.object.clone(), message)
            .at(field(&key))
            .hint(hint.unwrap_or_else(|| format!("allowed: {}", annotation.allowed())));
        self.problems.push(match self.given.and_then(|given| given.get(&key)) {
            Some(value) => problem.value(value),
            None => problem,
        });
    }

    /// Whether there is an annotation that is not supported yet.
    pub(crate) fn has_unsupported(&self) -> bool {
        let support = |key: &String| self.vocabulary.rows.iter().find(|row| row.matches(key)).map(|row| row.support);
        self.given.into_iter().flatten().any(|(key, _)| support(key) == Some(Support::NotYet))
    }

    /// How many problems there are so far.
    pub(crate) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// Every problem of what was read, those of the Service's keys for Ingresses that nobody reads among them. The keys of
    /// the Ingress are for its own [`Annotations::finish`].
    pub(crate) fn finish_backend(mut self) -> (Vec<Problem>, Vec<Problem>) {
        let Some((object, given)) = self.of_service.take() else { return (self.problems, self.warnings) };
        for (key, value) in given.iter().filter(|(key, _)| key.starts_with(ingress::INGRESS_PREFIX)) {
            let row = self.vocabulary.rows.iter().find(|annotation| annotation.matches(key));
            let at = |message: String| Problem::of(object.clone(), message).at(field(key)).value(value);
            match row {
                Some(row) if !ingress::ON_SERVICES.contains(&row.key) => self
                    .warnings
                    .push(at("this annotation has no effect on a Service".to_owned()).hint("write it on the Ingress")),
                Some(row) if row.support == Support::NotYet => self.problems.push(not_yet(at, self.vocabulary.kind)),
                Some(_) => {}
                None => {
                    let hint = hint::of_unknown_key(key, self.vocabulary);
                    self.warnings.push(at("this annotation is unknown and has no effect".to_owned()).hint(hint));
                }
            }
        }
        (self.problems, self.warnings)
    }

    /// The value as it stands there, also when it is empty.
    pub(crate) fn text(&self, annotation: &'static Annotation) -> Option<String> {
        self.raw(annotation).map(str::to_owned)
    }

    /// The parts of a list; a value without any part is an empty list.
    pub(crate) fn list(&self, annotation: &'static Annotation) -> Option<Vec<String>> {
        self.raw(annotation).map(value::parse_string_list)
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, annotation: &'static Annotation) -> Option<bool> {
        let parsed = value::parse_bool(self.raw(annotation)?);
        self.or_refuse(annotation, parsed)
    }

    /// A whole number within `range`.
    pub(crate) fn int32(&mut self, annotation: &'static Annotation, range: RangeInclusive<i32>) -> Option<i32> {
        let parsed = value::parse_int32(self.raw(annotation)?).and_then(|number| match range.contains(&number) {
            true => Ok(number),
            false => Err(format!("this number is out of range; it must be {} to {}", range.start(), range.end())),
        });
        self.or_refuse(annotation, parsed)
    }

    /// Keys with their values.
    pub(crate) fn map(&mut self, annotation: &'static Annotation) -> Option<BTreeMap<String, String>> {
        let parsed = value::parse_string_map(self.raw(annotation)?);
        self.or_refuse(annotation, parsed)
    }

    /// One of an enumeration's values, spelled exactly.
    pub(crate) fn choice<T: FromStr<Err = UnknownValue>>(&mut self, annotation: &'static Annotation) -> Option<T> {
        let parsed = self.raw(annotation)?.parse::<T>();
        self.or_refuse(annotation, parsed.map_err(|_| "this value is unknown".to_owned()))
    }

    /// Notes that a value is wrong. Without a hint the allowed values are the hint.
    pub(crate) fn refuse(&mut self, annotation: &'static Annotation, message: impl Into<String>, hint: Option<String>) {
        let problem = self.problem(annotation, message.into(), hint);
        self.problems.push(problem);
    }

    /// Notes that a value is odd. Without a hint the allowed values are the hint.
    pub(crate) fn warn(&mut self, annotation: &'static Annotation, message: impl Into<String>, hint: Option<String>) {
        let warning = self.problem(annotation, message.into(), hint);
        self.warnings.push(warning);
    }

    /// Every problem and every warning, those of keys that nobody reads among them.
    pub(crate) fn finish(mut self) -> (Vec<Problem>, Vec<Problem>) {
        for (key, value) in self.given.into_iter().flatten() {
            let at = |message: String| Problem::of(self.object.clone(), message).at(field(key)).value(value);
            let row = self.vocabulary.rows.iter().find(|annotation| annotation.matches(key));
            let kind = self.vocabulary.kind;
            match row.map(|annotation| annotation.support) {
                Some(Support::Built) => {}
                Some(Support::NotYet) => self.problems.push(not_yet(at, kind)),
                Some(Support::NoEffect(instead)) => self.warnings.push(
                    at("this annotation has no effect here: it is for the Classic Load Balancers of the AWS cloud provider".to_owned()).hint(instead),
                ),
                None if self.vocabulary.ignored.contains(&key.as_str()) => {}
                None if self.vocabulary.prefixes.iter().any(|prefix| key.starts_with(prefix)) => {
                    let hint = hint::of_unknown_key(key, self.vocabulary);
                    self.warnings.push(at("this annotation is unknown and has no effect".to_owned()).hint(hint));
                }
                None => {}
            }
        }
        (self.problems, self.warnings)
    }

    fn raw(&self, annotation: &'static Annotation) -> Option<&'a str> {
        self.place(annotation).map(|(_, value)| value)
    }

    /// The object that has the annotation, and its value there.
    fn place(&self, annotation: &'static Annotation) -> Option<(&ObjectRef, &'a str)> {
        let of_service =
            self.of_service.as_ref().and_then(|(object, given)| Some((object, given.get(annotation.key)?)));
        let (object, value) = of_service.or_else(|| Some((&self.object, self.given?.get(annotation.key)?)))?;
        Some((object, value.as_str()))
    }

    fn or_refuse<T>(&mut self, annotation: &'static Annotation, parsed: Result<T, String>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(annotation, message, None);
                None
            }
        }
    }

    fn problem(&self, annotation: &'static Annotation, message: String, hint: Option<String>) -> Problem {
        let hint = hint.unwrap_or_else(|| format!("allowed: {}", annotation.allowed()));
        let problem = |object: &ObjectRef| {
            Problem::of(object.clone(), message.clone()).at(field(annotation.key)).hint(hint.clone())
        };
        match self.place(annotation) {
            Some((object, value)) => problem(object).value(value),
            None => problem(&self.object),
        }
    }
}

fn not_yet(at: impl Fn(String) -> Problem, kind: &str) -> Problem {
    at(format!(
        "this annotation is not supported yet; the {kind} is refused so that nothing it asks for is silently left out"
    ))
    .hint(format!("take the annotation away, or leave the {kind} to its present controller for now"))
}

fn field(key: &str) -> String {
    format!("metadata.annotations[{key}]")
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;
    use crate::id::Scheme;

    fn service(annotations: &[(&str, &str)]) -> Service {
        let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Service {
            metadata: ObjectMeta {
                namespace: Some("default".to_owned()),
                name: Some("web".to_owned()),
                annotations: Some(annotations),
                ..ObjectMeta::default()
            },
            ..Service::default()
        }
    }

    /// What `read` makes of a value, or the problem that it notes, as people see it.
    fn read<T: std::fmt::Debug>(
        annotation: &'static Annotation,
        value: &str,
        read: impl Fn(&mut Annotations<'_>, &'static Annotation) -> Option<T>,
    ) -> Result<T, String> {
        let service = service(&[(annotation.key(), value)]);
        let mut annotations = Annotations::of(&service);
        let value = read(&mut annotations, annotation);
        let (problems, warnings) = annotations.finish();
        assert_eq!(warnings, []);
        match (value, &problems[..]) {
            (Some(value), []) => Ok(value),
            (None, [problem]) => {
                assert_eq!(problem.object.as_ref().map(ToString::to_string).as_deref(), Some("Service/default/web"));
                Err(problem.to_string())
            }
            (value, problems) => panic!("{value:?} with {problems:?}"),
        }
    }

    #[test]
    fn thresholds_and_times_are_checked_against_what_aws_takes() {
        for (annotation, range, unit) in [
            (&HEALTH_CHECK_HEALTHY_THRESHOLD, 2..=10, "a whole number"),
            (&HEALTH_CHECK_UNHEALTHY_THRESHOLD, 2..=10, "a whole number"),
            (&HEALTH_CHECK_TIMEOUT, 2..=120, "a whole number of seconds"),
            (&HEALTH_CHECK_INTERVAL, 5..=300, "a whole number of seconds"),
        ] {
            let (low, high) = (*range.start(), *range.end());
            let int32 = |value: &str| read(annotation, value, |all, one| all.int32(one, range.clone()));
            assert_eq!(int32(&low.to_string()), Ok(low));
            assert_eq!(int32(&format!("+0{high}")), Ok(high));
            for value in [low - 1, high + 1] {
                let key = annotation.key();
                assert_eq!(
                    int32(&value.to_string()),
                    Err(format!(
                        "metadata.annotations[{key}]: \"{value}\": this number is out of range; it must be {low} to {high}\n\
                         hint: allowed: {unit}, {low} to {high}"
                    ))
                );
            }
            assert!(int32("five").unwrap_err().contains("not a whole number"));
        }
    }

    #[test]
    fn the_scheme_is_one_of_two() {
        let choice = |value: &str| read(&SCHEME, value, |all, one| all.choice::<Scheme>(one));
        assert_eq!(choice("internal"), Ok(Scheme::Internal));
        assert_eq!(choice("internet-facing"), Ok(Scheme::InternetFacing));
        assert_eq!(
            choice("public").unwrap_err(),
            "metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-scheme]: \"public\": this value is unknown\n\
             hint: allowed: internal or internet-facing"
        );
        assert!(choice("").is_err(), "a key without a value is there");
    }

    #[test]
    fn internal_is_a_boolean() {
        let boolean = |value: &str| read(&INTERNAL, value, |all, one| all.boolean(one));
        assert_eq!(boolean("T"), Ok(true));
        assert_eq!(boolean("0"), Ok(false));
        assert_eq!(
            boolean("0.0.0.0/0").unwrap_err(),
            "metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-internal]: \"0.0.0.0/0\": \
             this is not a boolean; it must be true or false\n\
             hint: allowed: true or false"
        );
    }

    #[test]
    fn tags_are_pairs() {
        let map = |value: &str| read(&ADDITIONAL_RESOURCE_TAGS, value, |all, one| all.map(one));
        assert_eq!(map("team=web").unwrap().into_iter().collect::<Vec<_>>(), [("team".to_owned(), "web".to_owned())]);
        assert_eq!(
            map("team").unwrap_err(),
            "metadata.annotations[service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags]: \"team\": \
             \"team\" is not a key=value pair; a comma inside a value is written \\,\n\
             hint: allowed: pairs, k1=v1,k2=v2; a comma inside a value is written \\,"
        );
    }

    #[test]
    fn lists_and_texts_are_taken_as_they_are_and_refused_by_their_reader() {
        for annotation in [&SOURCE_RANGES, &SUBNETS] {
            assert_eq!(read(annotation, " a, b ,", |all, one| all.list(one)), Ok(vec!["a".to_owned(), "b".to_owned()]));
            assert_eq!(read(annotation, " , ", |all, one| all.list(one)), Ok(Vec::new()));
        }
        for annotation in [
            &TYPE,
            &TARGET_TYPE,
            &HEALTH_CHECK_PROTOCOL,
            &HEALTH_CHECK_PORT,
            &HEALTH_CHECK_PATH,
            &HEALTH_CHECK_SUCCESS_CODES,
        ] {
            assert_eq!(read(annotation, " x ", |all, one| all.text(one)), Ok(" x ".to_owned()));
            assert_eq!(read(annotation, "", |all, one| all.text(one)), Ok(String::new()));
            let refused = read(annotation, "x", |all, one| {
                all.refuse(one, "this is wrong", None);
                None::<()>
            });
            let (key, allowed) = (annotation.key(), annotation.allowed());
            let wanted = format!("metadata.annotations[{key}]: \"x\": this is wrong\nhint: allowed: {allowed}");
            assert_eq!(refused, Err(wanted));
        }
    }

    #[test]
    fn an_annotation_that_is_not_there_is_neither_a_value_nor_a_problem() {
        for service in [service(&[]), Service::default()] {
            let mut annotations = Annotations::of(&service);
            assert_eq!(annotations.text(&TYPE), None);
            assert_eq!(annotations.list(&SUBNETS), None);
            assert_eq!(annotations.boolean(&INTERNAL), None);
            assert_eq!(annotations.int32(&HEALTH_CHECK_TIMEOUT, 2..=120), None);
            assert_eq!(annotations.map(&ADDITIONAL_RESOURCE_TAGS), None);
            assert_eq!(annotations.choice::<Scheme>(&SCHEME), None);
            assert_eq!(annotations.finish(), (Vec::new(), Vec::new()));
        }
    }

    #[test]
    fn every_problem_is_found_at_once() {
        let service = service(&[
            (INTERNAL.key(), "maybe"),
            (SCHEME.key(), "public"),
            ("service.beta.kubernetes.io/aws-load-balancer-ssl-cert", "arn:aws:acm:x"),
            ("service.beta.kubernetes.io/aws-load-balancer-schema", "internal"),
        ]);
        let mut annotations = Annotations::of(&service);
        assert_eq!(annotations.boolean(&INTERNAL), None);
        assert_eq!(annotations.choice::<Scheme>(&SCHEME), None);
        annotations.warn(&SCHEME, "this is odd", Some("mend it".to_owned()));
        let (problems, warnings) = annotations.finish();
        let fields = |problems: &[Problem]| {
            let fields = problems.iter().filter_map(|problem| problem.field.clone());
            fields.map(|field| field.replace(SERVICE_PREFIX, "")).collect::<Vec<_>>()
        };
        assert_eq!(
            fields(&problems),
            [
                "metadata.annotations[aws-load-balancer-internal]",
                "metadata.annotations[aws-load-balancer-scheme]",
                "metadata.annotations[aws-load-balancer-ssl-cert]",
            ]
        );
        assert_eq!(
            fields(&warnings),
            ["metadata.annotations[aws-load-balancer-scheme]", "metadata.annotations[aws-load-balancer-schema]"]
        );
        assert_eq!(warnings[0].hint.as_deref(), Some("mend it"));
    }

    /// What is said of one annotation that nobody reads: whether the object is refused for it, and the hint.
    fn unread(key: &str) -> Option<(bool, String)> {
        let service = service(&[(key, "x")]);
        let (problems, warnings) = Annotations::of(&service).finish();
        assert!(problems.len() + warnings.len() <= 1);
        let hint = |problem: &Problem| problem.hint.clone().unwrap();
        problems.first().map(|problem| (true, hint(problem))).or(warnings.first().map(|warning| (false, hint(warning))))
    }

    #[test]
    fn what_is_not_built_refuses_the_service() {
        for suffix in [
            "aws-load-balancer-name",
            "aws-load-balancer-ssl-cert",
            "aws-load-balancer-target-group-attributes",
            "aws-load-balancer-target-group-attributes.80",
            "aws-load-balancer-listener-attributes.TCP-80",
            "actions.TCP_UDP-53",
        ] {
            let (refused, hint) = unread(&format!("{SERVICE_PREFIX}{suffix}")).unwrap();
            assert!(refused, "{suffix}");
            assert!(hint.contains("take the annotation away"), "{hint}");
        }
    }

    #[test]
    fn an_unknown_key_is_a_warning_with_the_nearest_known_key() {
        let nowhere = "docs/annotations.md lists the annotations that there are";
        for (key, hint) in [
            (
                "service.beta.kubernetes.io/aws-load-balancer-schema",
                "did you mean service.beta.kubernetes.io/aws-load-balancer-scheme?",
            ),
            (
                "service.beta.kubernetes.io/load-balancer-scheme",
                "did you mean service.beta.kubernetes.io/aws-load-balancer-scheme?",
            ),
            (
                "service.beta.kubernetes.io/aws-load-balancer-source-ranges",
                "did you mean service.beta.kubernetes.io/load-balancer-source-ranges?",
            ),
            (
                "service.beta.kubernetes.io/aws-load-balancer-listener-attributes.tcp-80",
                "did you mean service.beta.kubernetes.io/aws-load-balancer-listener-attributes.<PROTOCOL>-<port>?",
            ),
            (
                "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes.http",
                "did you mean service.beta.kubernetes.io/aws-load-balancer-target-group-attributes or \
                 service.beta.kubernetes.io/aws-load-balancer-target-group-attributes.<port>?",
            ),
            (
                "service.k8s.aws/aws-load-balancer-type",
                "did you mean service.beta.kubernetes.io/aws-load-balancer-type?",
            ),
            ("northgate.dev/replaced", "did you mean northgate.dev/replace?"),
            ("northgate.dev/pause", nowhere),
            ("service.beta.kubernetes.io/azure-load-balancer-internal", nowhere),
        ] {
            assert_eq!(unread(key), Some((false, hint.to_owned())), "{key}");
        }
    }

    #[test]
    fn keys_of_the_in_tree_provider_are_a_warning_with_what_to_use_instead() {
        let (refused, hint) = unread("service.beta.kubernetes.io/aws-load-balancer-connection-idle-timeout").unwrap();
        assert!(!refused);
        assert!(hint.contains("tcp.idle_timeout.seconds"), "{hint}");
    }

    #[test]
    fn annotations_of_others_are_none_of_our_business() {
        for key in ["kubectl.kubernetes.io/last-applied-configuration", "service.kubernetes.io/topology-mode", "team"] {
            assert_eq!(unread(key), None, "{key}");
        }
    }

    #[test]
    fn a_family_stands_for_listeners_or_ports() {
        for (text, is) in [
            ("TCP-80", true),
            ("TCP_QUIC-65535", true),
            ("TLS-443", true),
            ("HTTP-80", false),
            ("tcp-80", false),
            ("TCP-0", false),
            ("TCP-080", false),
            ("TCP-+80", false),
            ("TCP-65536", false),
            ("TCP", false),
        ] {
            assert_eq!(is_listener(text, false), is, "{text}");
        }
    }
}
