//! Every golden case once more, from a record of itself: the same plan to the byte, and the same record.

use super::*;

/// Where a test keeps its records; gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("northgate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Plans with a record, as text and as JSON.
async fn printed(case: &Case, account: Option<&Path>, record: &Path) -> (String, String) {
    let mut args = case.args.clone();
    args.source.record = Some(record.to_owned());
    args.source.account = account.map(Path::to_owned).or(args.source.account);
    let mut source = source::open(&args.source).await.unwrap_or_else(|error| panic!("{}: {error:?}", case.name()));
    source.snapshot.files_alone = case.is_of_files_alone();
    let document = planned(&args, &source).await.unwrap_or_else(|error| panic!("{}: {error:?}", case.name()));
    source.write_record().unwrap();
    (render(&document), document.to_json())
}

#[tokio::test(start_paused = true)]
async fn every_case_plans_the_same_from_its_record_which_records_itself() {
    let folder = Folder::new("records");
    let (once, twice) = (folder.0.join("once.json"), folder.0.join("twice.json"));
    for case in cases() {
        let live = printed(&case, None, &once).await;
        let recorded = printed(&case, Some(&once), &twice).await;
        assert_eq!(live, recorded, "{}", case.name());
        let read = |path| std::fs::read_to_string(path).unwrap();
        assert_eq!(read(&once), read(&twice), "{}", case.name());
    }
}

/// The record of a case, to be changed.
async fn record_of(name: &str, folder: &Folder) -> (Case, PathBuf, Value) {
    let case = Case::open(Path::new(CASES).join(name));
    let path = folder.0.join(format!("{name}.json"));
    printed(&case, None, &path).await;
    let record = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    (case, path, record)
}

#[tokio::test(start_paused = true)]
async fn what_no_model_knows_is_recorded_and_planned_all_the_same() {
    let folder = Folder::new("odd-record");
    let (case, path, mut record) = record_of("converged", &folder).await;
    let mine = &mut record["loadBalancers"][0];
    mine["State"] = json!({ "Code": "failed", "Reason": "the zone has no room" });
    let arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/gwy/appliances/0123456789abcdef";
    let foreign = json!({
        "LoadBalancerArn": arn, "LoadBalancerName": "appliances", "Type": "gateway", "VpcId": "vpc-1", "Tags": [],
        "AvailabilityZones": [{ "ZoneName": "us-west-2a", "SubnetId": "subnet-elsewhere" }],
    });
    record["loadBalancers"].as_array_mut().unwrap().push(foreign);
    let mut questions = record["recorded"].as_array().unwrap().clone();
    questions.push(json!(format!("elasticloadbalancing:DescribeTags ResourceArns={arn}")));
    record["recorded"] = json!(questions);
    let group = &mut record["targetGroups"][0];
    group["Attributes"].as_array_mut().unwrap().push(json!({ "Key": "of.tomorrow", "Value": "yes" }));
    // Of an instance that the record does not hold.
    group["Targets"] = json!([{
        "Target": { "Id": "i-0000000000000dead", "Port": 31000 },
        "TargetHealth": { "State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out" },
    }]);
    std::fs::write(&path, record.to_string()).unwrap();

    let again = folder.0.join("again.json");
    let (text, _) = printed(&case, Some(&path), &again).await;
    assert!(text.contains("the zone has no room"), "{text}");
    assert!(text.contains("deregister 1 target: i-0000000000000dead:31000"), "{text}");
    assert_eq!(printed(&case, Some(&again), &path).await.0, text);
    assert!(std::fs::read_to_string(&again).unwrap().contains("of.tomorrow"));
}

#[tokio::test(start_paused = true)]
async fn a_record_does_not_take_what_was_not_asked_for_absent() {
    let folder = Folder::new("unasked");
    let (mut case, path, mut record) = record_of("first-service", &folder).await;
    case.args.source.account = Some(path.clone());
    case.args.source.decisions.cluster_name = "other".to_owned();
    let source = source::open(&case.args.source).await.unwrap();
    let error = crate::error_chain::one_line(planned(&case.args, &source).await.unwrap_err().as_ref());
    let question = "ec2:DescribeSecurityGroups tag:elbv2.k8s.aws/cluster=other";
    assert!(error.contains(&format!("the recorded account does not say: {question}")), "{error}");

    record.as_object_mut().unwrap().remove("recorded");
    std::fs::write(&path, record.to_string()).unwrap();
    let source = source::open(&case.args.source).await.unwrap();
    let text = render(&planned(&case.args, &source).await.unwrap());
    assert!(text.contains("+ load balancer"), "without the list it is an account like any other\n{text}");
}
