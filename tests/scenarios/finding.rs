//! Every approval that waits at its approver is found, in every module and on every page, and nothing else is taken for
//! one.
//!
//! A wrong implementation reads the first page only, knows requests only, announces whatever has an approver, or lets
//! one odd ticket end the sweep.

use approval_bridge::stubs::{Edition, Fault, Module, State};
use approval_bridge_tests::harness::{ANA, BO, CY, Desk, Setup, minutes};
use serde_json::{Value, json};

/// Both editions behave alike, each with its own ids, names and shapes (sdp.md §12, row 38).
fn both_editions() -> [(Edition, Setup); 2] {
    [(Edition::Cloud, Desk::cloud()), (Edition::OnPremises, Desk::on_premises())]
}

/// sdp.md §12, row 1.
#[tokio::test]
async fn all_of_250_approvals_on_three_pages_are_announced() {
    let desk = Desk::cloud().world(|world| drop(world.populate(250, 1, 1))).start();
    let report = desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    let counts = report.requests();
    assert_eq!((counts.tickets, counts.pending, counts.new, counts.notified), (250, 250, 250, 250));
    let lists = desk.calls("GET", "");
    let lists: Vec<_> = lists.iter().filter(|call| call.path.ends_with("/requests")).collect();
    let walk: Vec<_> =
        lists.iter().filter_map(|call| call.input.as_ref()?["list_info"]["row_count"].as_u64()).collect();
    assert_eq!(walk.iter().filter(|rows| **rows == 100).count(), 3, "{walk:?}");
}

/// sdp.md §12, rows 2 and 38.
#[tokio::test]
async fn requests_changes_and_releases_produce_cards_with_their_type() {
    for (edition, setup) in both_editions() {
        let desk = setup
            .world(|world| {
                world.request().level(&[ANA]).add();
                world.change().level(&[BO]).add();
                world.release().level(&[CY]).add();
            })
            .start();
        let report = desk.poll().await.clean();
        assert_eq!(desk.told(), desk.due(), "{edition:?}");
        let mut types: Vec<_> = desk
            .cards()
            .into_iter()
            .map(|card| {
                let kind = card.slot("ticket_type").to_owned();
                assert!(card.text.contains(&kind), "the card shows its type: {}", card.text);
                (card.to, kind)
            })
            .collect();
        types.sort();
        let wanted = [(ANA.1, "Request"), (BO.1, "Change"), (CY.1, "Release")];
        assert_eq!(types, wanted.map(|(to, kind)| (to.to_owned(), kind.to_owned())), "{edition:?}");
        for module in ["requests", "changes", "releases"] {
            assert_eq!(report.source(&format!("sdp/{module}")).notified, 1, "{edition:?} {module}");
        }
    }
}

/// sdp.md §12, row 2.
#[tokio::test]
async fn only_the_configured_modules_are_called() {
    let desk = Desk::cloud()
        .variable("sdp_modules", "changes")
        .world(|world| {
            world.request().level(&[ANA]).add();
            world.change().level(&[BO]).add();
        })
        .start();
    let report = desk.poll().await.clean();
    assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1]);
    assert_eq!((desk.count("GET", "/requests"), desk.count("GET", "/releases")), (0, 0));
    assert_eq!(report.sources.len(), 1);
}

/// sdp.md §12, row 3.
#[tokio::test]
async fn of_all_status_names_only_pending_approval_is_announced() {
    for (edition, setup) in both_editions() {
        let desk = setup.start();
        let others = [
            State::ToBeSent,
            State::Approved,
            State::Rejected,
            State::Delegated,
            State::Clarification,
            State::Other("Zurückgestellt".to_owned()),
        ];
        let waiting = desk.world(|world| {
            let ticket = world.request().level(&[ANA, BO, CY, ANA, BO, CY, ANA]).add();
            for (place, state) in others.into_iter().enumerate() {
                world.set_state(&ticket.approval(0, place), state).unwrap();
            }
            ticket.approval(0, 6).id()
        });
        let report = desk.poll().await;
        assert_eq!(desk.told(), [waiting], "{edition:?}");
        assert_eq!((report.requests().approvals, report.requests().pending), (7, 1));
        assert_eq!(report.codes(), ["UNKNOWN_STATUS"], "{edition:?}");
        assert!(report.messages().contains("Zurückgestellt"));
    }
}

/// sdp.md §4, traps: names are configuration, and compare without case.
#[tokio::test]
async fn the_pending_status_has_the_name_that_the_tenant_gave_it() {
    let desk = Desk::on_premises()
        .variable("sdp_pending_status", "genehmigung ausstehend, Pending Approval")
        .world(|world| {
            world.rename_status(State::Pending, "Genehmigung Ausstehend");
            world.request().level(&[ANA]).add();
        })
        .start();
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    assert_eq!(desk.due().len(), 1);
}

/// sdp.md §12, row 4.
#[tokio::test]
async fn deleted_levels_non_current_levels_and_deleted_approvals_are_skipped() {
    for (edition, setup) in both_editions() {
        let desk = setup
            .world(|world| {
                let deleted = world.request().level(&[ANA]).add();
                world.delete_level(&deleted.approval(0, 0)).unwrap();
                let passed = world.request().level(&[ANA]).add();
                world.level_mut(&passed.approval(0, 0)).unwrap().current = false;
                let gone = world.change().level(&[ANA, BO]).add();
                world.approval_mut(&gone.approval(0, 0)).unwrap().deleted = true;
            })
            .start();
        desk.poll().await.clean();
        assert_eq!(desk.cards().iter().map(|card| card.to.as_str()).collect::<Vec<_>>(), [BO.1], "{edition:?}");
    }
}

/// sdp.md §12, row 5.
#[tokio::test]
async fn an_approval_without_any_time_is_announced_once() {
    let desk = Desk::cloud()
        .world(|world| {
            let ticket = world.request().level(&[ANA]).add();
            world.set_approval_field(&ticket.approval(0, 0), "sent_on", None).unwrap();
        })
        .start();
    desk.poll().await.clean();
    desk.poll_every(minutes(10), 12).await.clean();
    assert_eq!(desk.cards().len(), 1);
}

/// sdp.md §12, row 6.
#[tokio::test]
async fn what_a_ticket_lacks_is_shown_as_not_set() {
    let desk = Desk::cloud()
        .world(|world| drop(world.request().number("874").subject("Projector").no_priority().level(&[ANA]).add()))
        .start();
    desk.poll().await.clean();
    let text = &desk.cards()[0].text;
    assert_eq!(text.matches("not set").count(), 3, "requester, priority and description: {text}");
    assert!(text.contains("874"), "the number people know: {text}");
}

/// sdp.md §12, row 7.
#[tokio::test]
async fn an_approver_who_cannot_be_told_is_parked_and_neighbours_are_told() {
    let desk = Desk::cloud().start();
    let ticket = desk.world(|world| {
        let ticket =
            world.request().level(&[ANA, ("No Address", ""), ("Odd Address", "not an address")]).role("Boss").add();
        world.clear_approver(&ticket.approval(0, 3)).unwrap();
        ticket
    });
    let report = desk.poll().await;
    assert_eq!(desk.told(), [ticket.approval(0, 0).id()]);
    assert_eq!(report.requests().skipped, 3);
    assert_eq!(report.errors(), vec![(ticket.ticket.clone(), "NOBODY_TO_TELL".to_owned()); 3]);
    for place in 1..4 {
        let shown = desk.get(&format!("/approvals/{}", ticket.approval(0, place).id())).await;
        assert_eq!((shown.status, &shown.body["said"]), (200, &json!("parked")), "{place}");
        assert!(shown.body["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{place}");
    }
    // Reported when it is found, not in every sweep.
    assert_eq!(desk.poll_every(minutes(1), 1).await.codes(), [""; 0]);
    desk.world(|world| {
        world.set_email(&ticket.approval(0, 1), Some("found@corp.example")).unwrap();
        world.touch(&ticket).unwrap();
    });
    desk.poll_every(minutes(1), 1).await;
    assert_eq!(desk.cards().last().unwrap().to, "found@corp.example");
    assert_eq!(desk.cards().len(), 2);
}

/// sdp.md §12, row 8.
#[tokio::test]
async fn one_failing_ticket_is_reported_and_the_others_are_announced() {
    let desk = Desk::cloud().start();
    let tickets = desk.world(|world| world.populate(5, 1, 1));
    let sick = &tickets[2];
    let path = format!("/requests/{}/approval_levels", sick.ticket);
    desk.world(|world| world.fault(Fault::on("GET", &path).sdp_error(4002, "Forbidden").always()));
    let report = desk.poll().await;
    assert_eq!(report.errors(), [(sick.ticket.clone(), "FORBIDDEN".to_owned())]);
    assert_eq!(desk.cards().len(), 4);
    assert!(!desk.told().contains(&sick.approval(0, 0).id()));
    // Nobody touches the ticket, yet it is not forgotten.
    desk.world(|world| world.clear_faults());
    desk.poll_every(minutes(1), 1).await.clean();
    assert_eq!(desk.told(), desk.due());
}

/// sdp.md §12, row 12: the same ids in two modules are two approvals.
#[tokio::test]
async fn equal_ids_in_two_modules_are_two_approvals() {
    let desk = Desk::on_premises()
        .world(|world| {
            world.request().id("801").level(&[ANA]).level_id("71").approval_ids(&["301"]).add();
            world.change().id("801").level(&[BO]).level_id("71").approval_ids(&["301"]).add();
        })
        .start();
    desk.poll().await.clean();
    desk.poll_every(minutes(5), 13).await.clean();
    assert_eq!(desk.told(), ["sdp:changes:801:71:301", "sdp:requests:801:71:301"]);
}

#[tokio::test]
async fn approvals_that_come_with_their_level_are_not_asked_for_again() {
    let desk = Desk::on_premises().world(|world| drop(world.request().level(&[ANA, BO]).add())).start();
    desk.poll().await.clean();
    assert_eq!(desk.told(), desk.due());
    assert_eq!(desk.count("GET", "/approvals"), 0, "the level held them");
}

/// A level has up to ten approvers in the documents; a list without a page size gives ten.
#[tokio::test]
async fn a_level_with_more_approvers_than_a_page_is_read_to_its_end() {
    let desk = Desk::cloud().start();
    desk.world(|world| {
        let people: Vec<_> = (0..130).map(|n| (format!("Approver {n}"), format!("a{n}@corp.example"))).collect();
        let people: Vec<_> = people.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
        world.request().level(&people).add();
    });
    desk.poll().await.clean();
    assert_eq!(desk.cards().len(), 130);
    assert_eq!(desk.told(), desk.due());
}

/// sdp.md §6: a change without levels answers HTTP 500 with 4004.
#[tokio::test]
async fn a_change_without_levels_is_no_error() {
    let desk = Desk::on_premises()
        .world(|world| {
            world.change().add();
            world.change().level(&[ANA]).add();
        })
        .start();
    let report = desk.poll().await.clean();
    assert_eq!(report.source("sdp/changes").tickets, 2);
    assert_eq!(desk.told(), desk.due());
}

/// The same answer about a change that does have approvals is a fault, and no reason to close anything.
#[tokio::test]
async fn an_internal_error_on_a_change_with_approvals_withdraws_nothing() {
    let desk = Desk::cloud().start();
    let change = desk.world(|world| world.change().level(&[ANA]).add());
    desk.poll().await.clean();
    desk.world(|world| {
        world.fault(Fault::on("GET", "/approval_levels").sdp_error(4004, "Internal Error").times(1));
        world.touch(&change).unwrap();
    });
    let report = desk.poll_every(minutes(1), 1).await;
    assert_eq!(report.errors(), [(change.ticket.clone(), "INTERNAL_ERROR".to_owned())]);
    assert_eq!(report.source("sdp/changes").closed, 0);
    assert_eq!(desk.get("/approvals").await.ids(), [change.approval(0, 0).id()]);
}

/// sdp.md §11: ids, numbers and envelopes come in two forms.
#[tokio::test]
async fn numbers_as_text_and_text_as_numbers_are_both_understood() {
    use approval_bridge::stubs::Form;
    for form in [Form::First, Form::Second, Form::Mixed] {
        let desk = Desk::cloud().start();
        desk.world(|world| {
            let sdp = &mut world.settings.sdp;
            (sdp.ids, sdp.times, sdp.level_numbers, sdp.response_status) = (form, form, form, form);
            for module in Module::ALL {
                world.populate_in(module, 4, 2, 2);
            }
        });
        desk.poll().await.clean();
        assert_eq!(desk.told(), desk.due(), "{form:?}");
        assert_eq!(desk.poll_every(minutes(5), 13).await.clean().outbox.planned, 0, "{form:?}");
        assert_eq!(desk.told(), desk.due(), "{form:?}");
    }
}

/// Rows that cannot be read are reported, and their neighbours are announced.
#[tokio::test]
async fn odd_rows_are_reported_and_their_neighbours_announced() {
    let desk = Desk::cloud().start();
    let odd = desk.world(|world| {
        world.request().level(&[ANA]).add();
        world.request().set("id", Value::Null).level(&[BO]).add();
        let odd = world.request().level(&[CY, BO]).add();
        world.set_approval_field(&odd.approval(0, 0), "status", Some(Value::Null)).unwrap();
        odd
    });
    let report = desk.poll().await;
    let mut told: Vec<_> = desk.cards().into_iter().map(|card| card.to).collect();
    told.sort_unstable();
    assert_eq!(told, [ANA.1, BO.1]);
    assert!(report.errors().contains(&(odd.ticket.clone(), "ODD_APPROVAL".to_owned())), "{:?}", report.errors());
    assert!(report.codes().contains(&"ODD_TICKET".to_owned()), "a ticket without an id: {:?}", report.errors());
}
