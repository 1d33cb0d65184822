//! The last sweeps: bounded, whatever happens in them. A wrong implementation outgrows what a store takes, or lets one sick
//! source hide the errors of another.

use crate::report::{Report, SourceReport};
use crate::store::Store;
use crate::store::sweeps::{KEPT, Sweep, load, remember};
use crate::testing::MemoryHost;

fn report(started_at: i64, errors: usize, message: &str) -> Report {
    let mut report = Report { started_at, complete: errors == 0, ..Report::default() };
    for name in ["sdp/requests", "sdp/changes", "sdp/releases", "zendesk", "managed", "moveworks", "audit"] {
        let mut source = SourceReport { calls: 3, ..SourceReport::default() };
        (0..errors).for_each(|number| source.problem(Some(&number.to_string()), "REFUSED", message));
        report.sources.insert(name.to_owned(), source);
    }
    report
}

async fn kept(reports: &[Report]) -> (Vec<Sweep>, usize) {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    for report in reports {
        remember(&store, report).await.unwrap();
    }
    (load(&store).await.unwrap(), host.largest_value())
}

#[tokio::test]
async fn the_latest_sweep_comes_first_and_the_oldest_goes() {
    let reports: Vec<_> = (0..15).map(|at| report(at, 0, "")).collect();
    let (sweeps, _) = kept(&reports).await;
    let times: Vec<_> = sweeps.iter().map(|sweep| sweep.started_at).collect();
    assert_eq!(times, (5..15).rev().collect::<Vec<_>>());
    assert_eq!((sweeps[0].calls(), sweeps[0].failures()), (21, 0));
}

#[tokio::test]
async fn however_much_goes_wrong_the_value_stays_small_and_every_error_is_counted() {
    for message in ["short", &"long ".repeat(400), &"\u{1F600}".repeat(2_000), &"\u{1}\"".repeat(2_000)] {
        let reports: Vec<_> = (0..12).map(|at| report(at, 200, message)).collect();
        let (sweeps, bytes) = kept(&reports).await;
        assert_eq!(sweeps.len(), KEPT);
        assert!(bytes <= 64 * 1024, "{bytes} bytes");
        for part in sweeps.iter().flat_map(|sweep| &sweep.parts) {
            assert_eq!(part.failures(), 200);
        }
    }
}

#[tokio::test]
async fn a_sick_source_leaves_room_for_the_errors_of_others() {
    let mut report = report(1, 0, "");
    for (name, errors) in [("sdp/changes", 500), ("zendesk", 1)] {
        let source = report.sources.or_default(name).unwrap();
        (0..errors).for_each(|number| source.problem(None, "FORBIDDEN", format!("{number} is not allowed")));
    }
    let (sweeps, _) = kept(&[report]).await;
    let part = |name: &str| sweeps[0].parts.iter().find(|part| part.name == name).unwrap();
    assert!(part("sdp/changes").left_off > 400 && !part("sdp/changes").errors.is_empty());
    assert_eq!((part("zendesk").left_off, part("zendesk").errors.len()), (0, 1));
}

#[tokio::test]
async fn what_cannot_be_read_gives_way_to_the_next_sweep() {
    let store = Store::new(MemoryHost::new());
    store.write("v1:sweeps", &"not a list").await.unwrap();
    assert!(load(&store).await.is_err());
    remember(&store, &report(7, 1, "m")).await.unwrap();
    assert_eq!(load(&store).await.unwrap().len(), 1);
}
