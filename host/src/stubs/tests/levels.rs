//! Rules of a level, and how the process moves on.

use super::*;

/// What becomes of level 1 after each answer (`y` or `n`) in turn: open, passed or failed.
fn course(rule: Rule, approvers: usize, answers: &str) -> String {
    let tester = Tester::cloud();
    let people = vec![ANA; approvers];
    tester.with(|world| {
        let ticket = world.request().level(&people).rule(rule).level(&[CLEO]).add();
        let states = answers.chars().enumerate().map(|(place, answer)| {
            world.decide(&ticket.approval(0, place), "Ana Li", answer == 'y', None).unwrap();
            match world.ticket(Module::Requests, &ticket.ticket).unwrap().levels[0].state {
                State::Pending => 'o',
                State::Approved => 'p',
                State::Rejected => 'f',
                ref other => panic!("{other:?}"),
            }
        });
        states.collect()
    })
}

#[test]
fn anyone_passes_on_one_approval_and_fails_only_if_all_reject() {
    assert_eq!(course(Rule::Anyone, 3, "y"), "p");
    assert_eq!(course(Rule::Anyone, 3, "nny"), "oop");
    assert_eq!(course(Rule::Anyone, 3, "nnn"), "oof");
}

#[test]
fn everyone_needs_all_and_one_rejection_fails() {
    assert_eq!(course(Rule::Everyone, 3, "yyy"), "oop");
    assert_eq!(course(Rule::Everyone, 3, "yn"), "of");
}

#[test]
fn first_response_decides() {
    assert_eq!(course(Rule::FirstResponse, 3, "y"), "p");
    assert_eq!(course(Rule::FirstResponse, 3, "n"), "f");
}

#[test]
fn a_percentage_passes_at_its_threshold_and_fails_once_it_cannot_be_reached() {
    assert_eq!(course(Rule::Percent(60), 3, "yy"), "op");
    assert_eq!(course(Rule::Percent(60), 3, "nn"), "of");
    assert_eq!(course(Rule::Percent(50), 2, "ny"), "op");
}

#[test]
fn the_next_level_is_sent_when_one_passes_and_not_before() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.change().level(&[ANA]).level(&[BEN]).level(&[CLEO]).add());
    let states = || tester.with(|world| world.truth()).into_iter().map(|row| row.state).collect::<Vec<_>>();
    assert_eq!(states(), [State::Pending, State::ToBeSent, State::ToBeSent]);
    tester.pass(5_000);
    tester.with(|world| world.approve(&ticket.approval(0, 0), ANA.0)).unwrap();
    assert_eq!(states(), [State::Approved, State::Pending, State::ToBeSent]);
    let second = tester.with(|world| world.truth_of(&ticket.approval(1, 0))).unwrap();
    assert_eq!((second.sent_on, second.live), (Some(START + 5_000), true));
    tester.with(|world| {
        let kept = world.ticket(Module::Changes, &ticket.ticket).unwrap();
        assert_eq!(kept.levels.iter().map(|level| level.current).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(kept.updated, START + 5_000);
    });
}

#[test]
fn a_rejection_ends_the_process() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA, BEN]).level(&[CLEO]).add());
    tester.with(|world| world.reject(&ticket.approval(0, 0), ANA.0)).unwrap();
    tester.with(|world| {
        assert!(world.pending().is_empty(), "Ben's approval keeps its state, but its level is closed");
        assert_eq!(world.truth_of(&ticket.approval(0, 1)).unwrap().state, State::Pending);
        assert_eq!(world.truth_of(&ticket.approval(1, 0)).unwrap().state, State::ToBeSent);
        let kept = world.ticket(Module::Requests, &ticket.ticket).unwrap();
        assert_eq!(kept.approval_state, Some(State::Rejected));
    });
}

#[tokio::test]
async fn what_is_left_on_a_closed_level_can_no_longer_be_answered() {
    let tester = Tester::cloud();
    let ticket = tester.with(|world| world.request().level(&[ANA, BEN]).rule(Rule::Anyone).level(&[CLEO]).add());
    tester.with(|world| world.approve(&ticket.approval(0, 0), ANA.0)).unwrap();
    let (status, body) = tester.answer(&ticket.approval(0, 1), "_reject", comment("late")).await;
    assert_eq!((status, code(&body)), (400, 4014));
    let live: Vec<String> = tester.with(|world| world.pending()).into_iter().map(|row| row.id).collect();
    assert_eq!(live, [ticket.approval(1, 0).id()]);
}

#[test]
fn the_last_level_approves_the_whole_and_a_level_added_later_is_sent_at_once() {
    let tester = Tester::cloud();
    tester.with(|world| {
        let ticket = world.request().level(&[ANA]).add();
        world.approve(&ticket.approval(0, 0), ANA.0).unwrap();
        assert_eq!(world.ticket(Module::Requests, &ticket.ticket).unwrap().approval_state, Some(State::Approved));
        let more = world.add_level(&ticket, &[BEN]).unwrap();
        assert_eq!(world.pending().iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [more.approval(1, 0).id()]);
    });
}

#[test]
fn a_known_approver_may_be_approved_automatically() {
    let tester = Tester::cloud();
    tester.with(|world| {
        world.settings.sdp.auto_approve = true;
        let ticket =
            world.request().requester(CLEO.0, CLEO.1).level(&[ANA]).level(&[ANA]).level(&[CLEO]).level(&[BEN]).add();
        world.approve(&ticket.approval(0, 0), ANA.0).unwrap();
        assert_eq!(world.pending().iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [ticket.approval(3, 0).id()]);
    });
}

#[test]
fn whether_an_answer_moves_the_tickets_time_can_be_switched_off() {
    let tester = Tester::cloud();
    tester.with(|world| {
        world.settings.sdp.approvals_touch_tickets = false;
        let ticket = world.request().updated(START - 9).level(&[ANA]).level(&[BEN]).add();
        world.approve(&ticket.approval(0, 0), ANA.0).unwrap();
        assert_eq!(world.ticket(Module::Requests, &ticket.ticket).unwrap().updated, START - 9);
    });
}
