//! Hand-built plans against the text and JSON kept beside this file. `NORTHGATE_BLESS=1` rewrites what is kept.

use std::fs;
use std::path::PathBuf;

use crate::plan::json::{Document, fixture};

/// Fails with the name of the file that differs, and both contents.
fn compare(name: &str, document: &Document) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/plan/display/golden");
    for (extension, made) in [("txt", super::render(document)), ("json", document.to_json())] {
        let path = folder.join(format!("{name}.{extension}"));
        if std::env::var_os("NORTHGATE_BLESS").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == made,
            "{} differs; NORTHGATE_BLESS=1 rewrites it\nkept:\n{kept}\nmade:\n{made}",
            path.display()
        );
    }
}

#[test]
fn the_first_service_of_a_cluster() {
    compare("first-service", &fixture::document(fixture::first_service()));
}

#[test]
fn an_edited_service() {
    compare("edited-service", &fixture::document(fixture::edited_service()));
}

#[test]
fn the_rules_of_an_application_load_balancer() {
    compare("edited-application", &fixture::document(fixture::edited_application()));
}

#[test]
fn a_deleted_service() {
    compare("deleted-service", &fixture::document(fixture::deleted_service()));
}

#[test]
fn refused_objects_with_all_their_problems() {
    compare("refused", &fixture::refused());
}

#[test]
fn a_replacement_is_held_until_it_is_acknowledged() {
    compare("held-replacement", &fixture::document(fixture::held_replacement()));
}

#[test]
fn files_alone_with_skipped_objects_and_an_unreadable_document() {
    compare("files-alone", &fixture::files_alone());
}

#[test]
fn an_entry_in_sync_is_one_line() {
    let document = fixture::document(fixture::in_sync());
    compare("in-sync", &document);
    let text = super::render(&document);
    for entry in &document.entries {
        let title = super::title(&document, &entry.key);
        assert_eq!(text.lines().filter(|line| line.starts_with(&title)).count(), 1, "{title}");
    }
}

#[test]
fn nothing_at_all() {
    compare("nothing", &fixture::document(Vec::new()));
}

#[test]
fn lines_fit_and_nothing_trails() {
    let documents = [
        fixture::document(fixture::first_service()),
        fixture::document(fixture::edited_service()),
        fixture::document(fixture::deleted_service()),
        fixture::document(fixture::held_replacement()),
        fixture::refused(),
        fixture::files_alone(),
    ];
    for line in documents.iter().map(super::render).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
    {
        assert!(line.chars().count() <= 120, "{line}");
        assert_eq!(line, line.trim_end());
    }
}
