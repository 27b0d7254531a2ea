//! `northgate convert`: manifests of retired API versions in today's form.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::input::{self, InputError};
use super::{Failure, print, retired};

/// Print manifests with Ingresses of retired API versions in today's form; all else as it is.
#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// Manifests: files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Read the folders inside the folders of -f too.
    #[arg(short = 'R', long)]
    recursive: bool,
}

/// A document that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: this is not YAML")]
struct NotYaml {
    file: String,
    line: usize,
    source: Box<serde_saphyr::Error>,
}

/// Reads, converts and prints.
pub(super) fn run(args: &ConvertArgs) -> Result<u8, Failure> {
    let mut converted = Vec::new();
    for (file, text) in input::texts(&args.files, args.recursive).collect::<Result<Vec<_>, InputError>>()? {
        converted.extend(documents(&file, &text)?);
    }
    Ok(print(&converted.join("---\n")))
}

/// The documents of a file, each with a line end.
fn documents(file: &str, text: &str) -> Result<Vec<String>, NotYaml> {
    let mut converted = Vec::new();
    for (line, text) in input::split(text) {
        let not_yaml = |source| NotYaml { file: file.to_owned(), line, source: Box::new(source) };
        let mut value = serde_saphyr::from_str::<Value>(text).map_err(not_yaml)?;
        converted.push(match convert(&mut value) {
            true => serde_saphyr::to_string(&value).expect("what was read as YAML can be written as YAML"),
            // As it is written, comments and all.
            false => format!("{}\n", text.trim_matches('\n')),
        });
    }
    Ok(converted)
}

/// Converts an object, or each of a list; gives whether there was anything to convert.
fn convert(value: &mut Value) -> bool {
    let mut any = retired::convert(value).is_some();
    for item in value.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        any |= convert(item);
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_retired_changes() {
        let service = "# a Service\nkind: Service\napiVersion: v1\n";
        let ingress = "kind: Ingress\napiVersion: extensions/v1beta1\nmetadata:\n  name: web\nspec:\n  backend:\n    serviceName: web\n    servicePort: 80\n";
        let documents = documents("web.yaml", &format!("{service}---\n{ingress}")).unwrap();
        assert_eq!(documents[0], service);
        let converted: Value = serde_saphyr::from_str(&documents[1]).unwrap();
        assert_eq!(converted["apiVersion"], "networking.k8s.io/v1");
        assert_eq!(converted["spec"]["defaultBackend"]["service"]["port"]["number"], 80);
    }

    #[test]
    fn the_items_of_a_list_are_converted() {
        let list = "kind: List\napiVersion: v1\nitems:\n- {kind: Ingress, apiVersion: networking.k8s.io/v1beta1}\n";
        let documents = documents("list.yaml", list).unwrap();
        assert!(documents[0].contains("networking.k8s.io/v1\n"), "{}", documents[0]);
        assert_eq!(super::documents("broken.yaml", "a: [").unwrap_err().to_string(), "broken.yaml:1: this is not YAML");
    }
}
