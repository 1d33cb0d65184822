//! Links, and the places on pages that they name.

use std::collections::BTreeMap;

use crate::{Page, pages, root};

/// The targets of a page's links. Code is not looked into.
fn links(page: &Page) -> Vec<String> {
    let mut code = false;
    let lines = page.text.lines().filter(|line| {
        code ^= line.starts_with("```");
        !code
    });
    let in_line = |line: &str| -> Vec<String> {
        let behind = line.split("](").skip(1);
        behind.filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()).collect()
    };
    lines.flat_map(in_line).collect()
}

/// The names that headings get as places to link to, as forges make them.
fn places(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#'));
    let plain = |heading: &str| {
        let kept = heading.trim().to_lowercase();
        kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>()
    };
    headings.map(|heading| plain(heading).replace(' ', "-")).collect()
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    let pages = pages();
    let texts: BTreeMap<_, _> =
        pages.iter().map(|page| (root().join(&page.path).canonicalize().unwrap(), page)).collect();
    let mut seen = 0;
    for page in &pages {
        let folder = root().join(&page.path).parent().unwrap().to_path_buf();
        for link in links(page) {
            if link.starts_with("https://") {
                continue;
            }
            seen += 1;
            let (file, place) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { root().join(&page.path) } else { folder.join(file) };
            let target = target.canonicalize().unwrap_or_else(|_| panic!("{}: {link} leads nowhere", page.path));
            if place.is_empty() {
                continue;
            }
            let there = texts.get(&target).is_some_and(|page| places(&page.text).iter().any(|own| own == place));
            assert!(there, "{}: {link} names no heading", page.path);
        }
    }
    assert!(seen > 40, "only {seen} links");
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let pages = pages();
    let readme = pages.iter().find(|page| page.path == "README.md").unwrap();
    let linked = links(readme);
    for page in &pages {
        assert!(page.path == "README.md" || linked.contains(&page.path), "{} is linked nowhere", page.path);
    }
}
