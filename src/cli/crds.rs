//! `northgate crds`: the custom resource definitions as YAML.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use northgate_planner::crd::custom_resource_definitions;

/// All definitions, as one stream of documents for `kubectl apply -f -`.
pub(super) fn render() -> String {
    custom_resource_definitions().iter().map(document).collect()
}

fn document(definition: &CustomResourceDefinition) -> String {
    let yaml = serde_saphyr::to_string(definition).expect("a definition is plain data with text for keys");
    format!("---\n{yaml}")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// `crds/`, with the files named as controller-gen and LBC name them.
    fn path(definition: &CustomResourceDefinition) -> PathBuf {
        let spec = &definition.spec;
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("crds/{}_{}.yaml", spec.group, spec.names.plural))
    }

    #[test]
    fn the_files_in_crds_are_what_the_command_prints() {
        let bless = std::env::var_os("NORTHGATE_BLESS").is_some();
        for definition in custom_resource_definitions() {
            let (path, wanted) = (path(&definition), document(&definition));
            if bless {
                std::fs::write(&path, &wanted).unwrap();
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == wanted, "{} is out of date: run the tests with NORTHGATE_BLESS=1", path.display());
        }
    }

    #[test]
    fn every_document_reads_back_as_the_same_definition() {
        let definitions = custom_resource_definitions();
        for definition in &definitions {
            let read: CustomResourceDefinition = serde_saphyr::from_str(&document(definition)).unwrap();
            assert_eq!(&read, definition);
        }
        assert_eq!(render().matches("---\n").count(), definitions.len());
    }
}
