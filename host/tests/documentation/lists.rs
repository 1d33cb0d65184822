//! What pages list is what there is.

use approval_bridge::variables::KNOWN;

use crate::{pages, read};

#[test]
fn every_variable_is_explained_and_no_other_is_named_in_that_table() {
    let page = read("docs/configure.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| row.split_once(" | "));
    let named: Vec<String> = rows
        .flat_map(|(names, _)| {
            names.split(", ").map(|name| name.trim_matches(['`', ' ', '*', '|'])).collect::<Vec<_>>()
        })
        .map(str::to_owned)
        .filter(|name| name != "approval-bridge")
        .collect();
    let mut known: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
    let mut found: Vec<&str> = named.iter().map(String::as_str).collect();
    known.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, known);
    for secret in KNOWN.iter().filter(|known| known.secret) {
        assert!(page.contains(&format!("`{}` *", secret.name)), "{} is a secret", secret.name);
    }
}

#[test]
fn every_alert_is_explained_and_no_other() {
    let (page, alerts) = (read("docs/operate.md"), read("ops/alerts.yaml"));
    let fired: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `ApprovalBridge"));
    let explained: Vec<String> =
        rows.filter_map(|row| row.split_once('`')).map(|(name, _)| format!("ApprovalBridge{name}")).collect();
    assert_eq!(explained, fired);
}

#[test]
fn every_secret_can_be_rotated_by_the_book() {
    let page = read("docs/operate.md");
    let (_, page) = page.split_once("## Rotate secrets").expect("the section");
    for secret in KNOWN.iter().filter(|known| known.secret && known.name != "sdp_client_id") {
        assert!(page.contains(&format!("`{}`", secret.name)), "{}", secret.name);
    }
}

#[test]
fn no_page_has_a_line_that_only_its_writer_understands() {
    for page in pages() {
        for word in ["TODO", "FIXME", "lorem"] {
            assert!(!page.text.contains(word), "{}: {word}", page.path);
        }
    }
}
