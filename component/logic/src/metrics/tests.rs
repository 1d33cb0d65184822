use std::collections::BTreeMap;

use openmetrics_parser::openmetrics::parse_openmetrics;
use openmetrics_parser::{LabelSet, MetricNumber, OpenMetricsValue};

use super::*;

#[derive(Default)]
struct Tally(BTreeMap<String, u64>);

impl Tally {
    fn add(&mut self, adds: impl IntoIterator<Item = (String, u64)>) {
        for (name, more) in adds {
            *self.0.entry(name).or_default() += more;
        }
    }

    fn text(&self) -> String {
        render("1.2.3", &|name| self.0.get(name).copied().unwrap_or(0))
    }
}

#[test]
fn what_has_not_been_counted_is_there_as_nought() {
    let text = Tally::default().text();
    let parsed = parse_openmetrics(&text).unwrap();
    assert_eq!(parsed.families.len(), FAMILIES.len() + 1);
    for family in FAMILIES {
        let own = parsed.families.get(&format!("{PREFIX}{}", family.name)).unwrap_or_else(|| panic!("{}", family.name));
        assert!(own.iter_samples().count() > 0, "{}", family.name);
    }
    assert!(text.contains("approval_bridge_decisions_total{outcome=\"approved\",door=\"http\"} 0\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn what_was_counted_is_what_a_parser_reads() {
    let mut tally = Tally::default();
    tally.add([(series(DECISIONS, &["approved", "http"]), 3), (series(VENDOR_CALLS, &["sdp", class::RETRY]), 7)]);
    tally.add(observations(SWEEP_DURATION, &[400, 700, 3_600_000]));
    tally.add(observations(SWEEP_DURATION, &[700]));
    tally.add([(series(LAST_SWEEP, &[]), 1_764_000_000_250)]);
    let text = tally.text();
    let parsed = parse_openmetrics(&text).unwrap();
    let family = |name: &str| &parsed.families[&format!("{PREFIX}{name}")];
    let number = |name: &str, labels: &[(&str, &str)]| {
        let of = |set: LabelSet<'_>| labels.iter().all(|(label, own)| set.get_label_value(label) == Some(own));
        let sample = family(name).iter_samples().find(|sample| sample.get_labelset().is_ok_and(of));
        match &sample.unwrap().value {
            OpenMetricsValue::Counter(counter) => counter.value.as_f64(),
            OpenMetricsValue::Gauge(number) => number.as_f64(),
            other => panic!("{other:?}"),
        }
    };
    let counts = (
        number(DECISIONS, &[("outcome", "approved"), ("door", "http")]),
        number(VENDOR_CALLS, &[("vendor", "sdp"), ("class", "retry")]),
    );
    assert!((counts.0 - 3.0).abs() < 0.1 && (counts.1 - 7.0).abs() < 0.1, "{counts:?}");
    assert!((number(LAST_SWEEP, &[]) - 1_764_000_000.25).abs() < 0.001);
    let OpenMetricsValue::Histogram(durations) = &family(SWEEP_DURATION).iter_samples().next().unwrap().value else {
        panic!("a histogram")
    };
    let counts: Vec<i64> = durations.buckets.iter().map(|bucket| bucket.count.as_i64().unwrap()).collect();
    assert_eq!(counts, [1, 3, 3, 3, 3, 3, 3, 3, 3, 4]);
    assert_eq!(durations.sum.as_ref().map(MetricNumber::as_f64), Some(3_601.8));
}

/// A name that no table knows is no name of a series: a vendor cannot make one up.
#[test]
fn only_the_values_of_the_table_are_ever_written() {
    let mut tally = Tally::default();
    tally.add([(series(DECISIONS, &["ana@corp.example", "http"]), 3), (series(PROBLEMS, &["\"}\n# EOF"]), 1)]);
    assert_eq!(tally.text(), Tally::default().text());
}

#[test]
fn seconds_are_written_without_idle_digits() {
    assert_eq!([0, 500, 1_000, 1_250, 300_000, 7].map(seconds), ["0.0", "0.5", "1.0", "1.25", "300.0", "0.007"]);
}
