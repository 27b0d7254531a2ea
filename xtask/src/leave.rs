//! `cargo xtask up` and `down`: a test bed that stays until it is ended.

use std::fs;
use std::path::{Path, PathBuf};

use localstack_tests::account::Account;
use localstack_tests::bed::furnish;
use localstack_tests::cloud::Cloud;
use localstack_tests::control_plane::ControlPlane;
use localstack_tests::process::Recorded;
use localstack_tests::program::program;
use localstack_tests::world::World;
use localstack_tests::{Error, setup};

use crate::{Failure, cargo};

const CLUSTER: &str = "demo";
const ACCOUNT: &str = "111122223333";
const PROCESSES: &str = "processes.json";

/// Starts a bed, or says again where the one that runs is.
pub(crate) async fn up() -> Result<(), Failure> {
    let folder = folder()?;
    let running = recorded(&folder)?;
    if !running.is_empty() && running.iter().all(Recorded::is_running) {
        println!("{}", read(&folder.join("welcome"))?);
        return Ok(());
    }
    down().await?;
    cargo::build_programs()?;
    setup::everything()?;
    create(&folder)?;
    let welcome = start(&folder).await?;
    write(&folder.join("welcome"), &welcome)?;
    println!("{welcome}");
    Ok(())
}

/// Ends exactly the processes that `up` started, by id and start time.
pub(crate) async fn down() -> Result<(), Failure> {
    let folder = folder()?;
    for process in recorded(&folder)? {
        if process.is_running() {
            eprintln!("ending {} ({})", process.name, process.pid);
            process.stop().await?;
        }
    }
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file(&folder)(error).into()),
        _ => Ok(()),
    }
}

/// Starts everything; what has started ends again when a later step fails.
async fn start(folder: &Path) -> Result<String, Failure> {
    let (cloud_folder, cluster_folder) = (folder.join("aws"), folder.join("cluster"));
    create(&cloud_folder)?;
    create(&cluster_folder)?;
    let cloud = Cloud::start(&cloud_folder).await?;
    let cluster = ControlPlane::start(&setup::control_plane()?, &cluster_folder).await?;
    let account = Account::known(ACCOUNT);
    let world = World::build(&cloud.client(&account), CLUSTER).await?;
    furnish(cluster.kubectl(), &world).await?;
    let welcome = welcome(folder, &cloud, &cluster, &account, &world)?;
    let processes = [cluster.leave(), cloud.leave()].concat();
    let text = serde_json::to_string_pretty(&processes).expect("records are plain data");
    write(&folder.join(PROCESSES), &text)?;
    Ok(welcome)
}

fn welcome(
    folder: &Path,
    cloud: &Cloud,
    cluster: &ControlPlane,
    account: &Account,
    world: &World,
) -> Result<String, Failure> {
    let mut exports = format!("export KUBECONFIG={}\n", cluster.kubeconfig().display());
    for (name, value) in account.environment(cloud.endpoint()) {
        exports.push_str(&format!("export {name}={value}\n"));
    }
    // The first version of the AWS CLI knows the Region by this name only.
    exports.push_str(&format!("export AWS_DEFAULT_REGION={}\n", account.region()));
    let file = folder.join("env");
    write(&file, &exports)?;
    let (file, kubectl, northgate) = (file.display(), cluster.kubectl().program().display(), program("northgate")?);
    let (northgate, vpc) = (northgate.display(), &world.vpc);
    Ok(format!(
        "The test bed is up. For kubectl, the AWS CLI and northgate (all of it is in a file: `. {file}`):\n\n\
         {exports}\n\
         {kubectl} get nodes\n\
         aws elbv2 describe-load-balancers\n\
         {northgate} run --cluster-name={CLUSTER} --aws-vpc-id={vpc}\n\
         {northgate} plan --cluster-name={CLUSTER} --aws-vpc-id={vpc}\n\n\
         `cargo xtask down` ends it."
    ))
}

fn folder() -> Result<PathBuf, Failure> {
    Ok(setup::cache()?.join("up"))
}

/// The processes of the last `up`, in the order in which to end them.
fn recorded(folder: &Path) -> Result<Vec<Recorded>, Failure> {
    let path = folder.join(PROCESSES);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let processes = serde_json::from_str(&read(&path)?);
    Ok(processes.map_err(|error| Error::Unreadable { what: path.display().to_string(), reason: error.to_string() })?)
}

fn create(folder: &Path) -> Result<(), Failure> {
    Ok(fs::create_dir_all(folder).map_err(file(folder))?)
}

fn read(path: &Path) -> Result<String, Failure> {
    Ok(fs::read_to_string(path).map_err(file(path))?)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(fs::write(path, text).map_err(file(path))?)
}

fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}
