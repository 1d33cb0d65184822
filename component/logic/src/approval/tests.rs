//! Ids and addresses. A wrong implementation would let a vendor's id carry a slash into a path or a colon into a key, or
//! would hand a chat a list of people in place of one.

use proptest::prelude::*;

use super::*;

fn segment() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{1,64}"
}

proptest! {
    #[test]
    fn an_id_reads_back_as_it_was_written(
        kind in prop::sample::select(&TicketKind::MODULES[..]), ticket in segment(), level in segment(), approval in segment(),
    ) {
        let id = ApprovalId::sdp(kind, &ticket, &level, &approval).unwrap();
        prop_assert_eq!(id.to_string(), format!("sdp:{}:{ticket}:{level}:{approval}", kind.plural()));
        prop_assert_eq!(id.to_string().parse(), Ok(id.clone()));
        prop_assert_eq!([id.ticket(), id.level(), id.approval()], [&ticket, &level, &approval]);
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<ApprovalId>(&json).unwrap(), id);
    }

    /// Not that of their text: there a colon comes before letters and behind digits.
    #[test]
    fn ids_are_in_the_order_of_their_parts(
        one in prop::collection::vec("[0-9a-b]{1,3}", 3), other in prop::collection::vec("[0-9a-b]{1,3}", 3),
    ) {
        let id = |parts: &[String]| ApprovalId::sdp(TicketKind::Change, &parts[0], &parts[1], &parts[2]).unwrap();
        prop_assert_eq!(id(&one).cmp(&id(&other)), one.cmp(&other));
    }

    #[test]
    fn what_is_read_as_an_id_prints_as_it_was_and_needs_no_escaping(text in "\\PC{0,40}|(sdp:[a-z]{6,9}|zendesk|managed)(:[ -~]{0,9}){1,4}") {
        if let Ok(id) = text.parse::<ApprovalId>() {
            prop_assert!(text.split(':').all(is_id_segment));
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn an_id_of_a_source_without_levels_reads_back_as_it_was_written(request in segment(), part in segment()) {
        for (id, text, approval) in [
            (ApprovalId::zendesk(&request, None), format!("zendesk:{request}"), ""),
            (ApprovalId::zendesk(&request, Some(&part)), format!("zendesk:{request}:{part}"), &part),
            (ApprovalId::managed(&request, &part), format!("managed:{request}:{part}"), &part),
        ] {
            let id = id.unwrap();
            prop_assert_eq!([id.ticket(), id.level(), id.approval()], [&request, "", approval]);
            prop_assert_eq!(id.to_string(), text);
            prop_assert_eq!(id.level_id(), &request);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }
}

#[test]
fn what_is_not_an_id_is_refused_with_its_reason() {
    let long = format!("sdp:requests:{}:1:1", "9".repeat(65));
    for (text, reason) in [
        ("", IdError::Shape),
        ("sdp", IdError::Shape),
        ("sdp:requests:874:77", IdError::Shape),
        ("sdp:requests:874:77:310:1", IdError::Shape),
        ("sdp:request:874:77:310", IdError::Shape),
        ("sdp:Requests:874:77:310", IdError::Shape),
        ("SDP:requests:874:77:310", IdError::Shape),
        ("zendesk:requests:874:77:310", IdError::Shape),
        ("zendesk", IdError::Shape),
        ("zendesk:", IdError::Segment("request")),
        ("zendesk:01J:", IdError::Segment("user")),
        ("zendesk:..:901", IdError::Segment("request")),
        ("managed:q1", IdError::Shape),
        ("managed:q1:", IdError::Segment("recipient")),
        ("managed:q/1:r1", IdError::Segment("request")),
        ("managed:q1:r1:1", IdError::Shape),
        ("sdp:tickets:874:77:310", IdError::Shape),
        (" sdp:requests:874:77:310", IdError::Shape),
        ("sdp:requests::77:310", IdError::Segment("ticket")),
        ("sdp:requests:874::310", IdError::Segment("level")),
        ("sdp:requests:874:77:", IdError::Segment("approval")),
        ("sdp:requests:..:77:310", IdError::Segment("ticket")),
        ("sdp:requests:8/4:77:310", IdError::Segment("ticket")),
        ("sdp:requests:874:7 7:310", IdError::Segment("level")),
        ("sdp:requests:874:77:31%30", IdError::Segment("approval")),
        ("sdp:requests:874:77:310\n", IdError::Segment("approval")),
        ("sdp:requests:874:77:３", IdError::Segment("approval")),
        (&long, IdError::Segment("ticket")),
    ] {
        assert_eq!(text.parse::<ApprovalId>(), Err(reason), "{text:?}");
    }
    assert!(serde_json::from_str::<ApprovalId>("\"sdp:requests:874:77\"").is_err());
}

#[test]
fn an_id_segment_has_1_to_64_plain_characters() {
    for good in ["0", "0158000000004219", "a-b_C9", &"x".repeat(64)] {
        assert!(is_id_segment(good), "{good}");
    }
    for bad in ["", ".", "..", "a.b", "a b", "a:b", "a/b", "é", "a\0", &"x".repeat(65)] {
        assert!(!is_id_segment(bad), "{bad}");
    }
}

#[test]
fn an_address_is_one_address() {
    for good in ["ana@corp.example", " Ana.Li+it@corp.example\n", "o'neil@corp.example", "änne@corp.example", "a@b"] {
        assert!(is_address(good), "{good}");
    }
    let (long, longer) = ("a".repeat(249) + "@b.co", "a".repeat(250) + "@b.co");
    assert!(is_address(&long));
    for bad in [
        "",
        " ",
        "ana",
        "@corp.example",
        "ana@",
        "ana@@corp.example",
        "ana@corp@example",
        "ana@corp.example,bo@corp",
        "ana;bo@corp.example",
        "ana@corp.example bo",
        "ana@corp\t.example",
        "ana\r\nbcc:bo@corp.example",
        "Ana <ana@corp.example>",
        "\"ana\"@corp.example",
        "ana\0@corp.example",
        &longer,
    ] {
        assert!(!is_address(bad), "{bad:?}");
    }
}

#[test]
fn addresses_are_compared_without_case_and_space() {
    let ana = Person { name: None, email: Some(" Ana@Corp.Example ".to_owned()) };
    assert!(ana.has_address("ana@corp.example"));
    assert!(!ana.has_address("ana@corp.example.org"));
    assert!(!Person::default().has_address(""));
    assert_eq!(ana.label(), Some(" Ana@Corp.Example "));
}

#[test]
fn only_what_nobody_will_be_asked_again_is_final() {
    let open =
        [Status::Pending, Status::NotSent, Status::AwaitingClarification, Status::Unknown("approved".to_owned())];
    let closed = [Status::Approved, Status::Rejected, Status::Delegated, Status::Withdrawn];
    assert!(open.iter().all(|status| !status.is_final()));
    assert!(closed.iter().all(Status::is_final));
}
