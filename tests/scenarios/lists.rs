//! Lists that do not keep their word end, and lose nothing on the way.
//!
//! A wrong implementation trusts `has_more_rows` for ever, walks by page number past rows that move, or asks for updates
//! later than the last one and so leaves out those that share its time.

use approval_bridge::stubs::{Fault, UnknownName};
use approval_bridge_tests::harness::{ANA, BO, Desk, minutes};

/// Few calls are enough for three tickets, whatever the list claims.
const FEW: usize = 30;

#[tokio::test]
async fn a_list_without_list_info_ends() {
    let desk = Desk::cloud().world(|world| drop(world.populate(3, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("GET", "/requests").omits_list_info().always()));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    assert!(desk.count("GET", "/requests") < FEW);
}

#[tokio::test]
async fn a_list_that_always_has_more_ends() {
    let desk = Desk::cloud().world(|world| drop(world.populate(3, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("GET", "/requests").claims_more().always()));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    desk.poll_every(minutes(10), 7).await.clean();
    assert!(desk.count("GET", "/requests") < 8 * FEW, "{}", desk.count("GET", "/requests"));
}

#[tokio::test]
async fn a_list_that_repeats_its_first_page_ends() {
    let desk = Desk::cloud().world(|world| drop(world.populate(3, 1, 1))).start();
    desk.world(|world| world.fault(Fault::on("GET", "/requests").repeats_page().always()));
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    desk.poll_every(minutes(10), 7).await.clean();
    assert_eq!(desk.told(), desk.due());
    assert!(desk.count("GET", "/requests") < 8 * FEW, "{}", desk.count("GET", "/requests"));
}

/// A bulk update gives hundreds of tickets one and the same time.
#[tokio::test]
async fn more_updates_of_one_time_than_a_page_holds_are_all_seen() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.advance(minutes(5));
    desk.world(|world| {
        let now = world.now();
        for _ in 0..250 {
            world.request().updated(now).level(&[BO]).add();
        }
    });
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
    assert_eq!(desk.due().len(), 251);
}

/// A ticket that is updated while the pages are read moves to the end of the list and pushes others up.
#[tokio::test]
async fn rows_that_move_between_pages_are_not_lost() {
    let desk = Desk::cloud().world(|world| drop(world.request().level(&[ANA]).add())).start();
    desk.poll().await.clean();
    desk.advance(minutes(5));
    let tickets = desk.world(|world| {
        let now = world.now();
        (0..150).map(|n| world.request().updated(now + n).level(&[BO]).add()).collect::<Vec<_>>()
    });
    desk.advance(minutes(1));
    // While the second page is waited for, twenty rows of the first one move behind it.
    desk.world(|world| {
        world.fault(Fault::on("GET", "/requests").containing("search_criteria").after(1).delays(minutes(1) / 30))
    });
    let stir = async {
        approval_bridge::clock::Clock::sleep(desk.time(), minutes(1) / 60).await;
        desk.world(|world| tickets.iter().take(20).for_each(|ticket| world.touch(ticket).unwrap()));
    };
    let (report, ()) = desk.drive(async { futures::join!(desk.poll(), stir) }).await;
    report.clean();
    assert_eq!(desk.told(), desk.due());
}

/// sdp.md §4, traps: on-premises may refuse a date beside another criterion, and unknown names match nothing.
#[tokio::test]
async fn updates_are_listed_by_their_time_alone() {
    let desk = Desk::on_premises()
        .world(|world| {
            world.settings.sdp.refuse_combined_dates = true;
            world.settings.sdp.unknown_status = UnknownName::MatchesNothing;
            world.settings.sdp.refused_criteria.insert("approval_status.name".to_owned());
            world.request().level(&[ANA]).add();
        })
        .start();
    desk.poll().await.clean();
    desk.world(|world| {
        let now = world.now();
        world.request().updated(now).level(&[BO]).add();
    });
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// sdp.md §4: sending an approval may not move `last_updated_time`, so a slow full walk finds it all the same.
#[tokio::test]
async fn an_approval_that_leaves_no_trace_on_its_ticket_is_found_within_the_reconcile_time() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        world.settings.sdp.approvals_touch_tickets = false;
        world.populate(30, 1, 1);
        world.request().level(&[BO]).unsent().add()
    });
    desk.poll().await.clean();
    desk.advance(minutes(10));
    desk.world(|world| {
        let before = world.ticket_mut(ticket.module, &ticket.ticket).unwrap().updated;
        world.send(&ticket).unwrap();
        world.ticket_mut(ticket.module, &ticket.ticket).unwrap().updated = before;
    });
    desk.poll_every(minutes(5), 24).await.clean();
    assert_eq!(desk.told(), desk.due());
}
