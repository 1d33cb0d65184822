//! The operator's tables, and the people and fields that callers name. A wrong implementation takes a typing error for a
//! wish, or somebody for somebody else.

use super::*;

#[test]
fn tables_are_laid_over_the_defaults() {
    let profile = with(&Tables {
        states: "Open=WIP, On Hold = waiting_for_vendor,Zurückgestellt=WAITING_FOR_USER",
        system: "SDP_EU:sdp_eu",
        user_id: "id",
        resolved: "Gelöst",
        reopened: "Neu",
        fields: "cost_center=udf_fields.udf_char1,short_description=udf_fields.title",
        destinations: "it_requests=group:IT Support",
    });
    for (name, code) in [
        ("open", "WIP"),
        ("ON HOLD", "WAITING_FOR_VENDOR"),
        ("zurückgestellt", "WAITING_FOR_USER"),
        ("Closed", "CLOSED"),
        ("Unheard of", "NOT_APPLICABLE"),
    ] {
        assert_eq!(profile.states.read(name).name(), code, "{name}");
    }
    assert_eq!(profile.system, Some(System { name: "SDP_EU".to_owned(), integration_id: "sdp_eu".to_owned() }));
    assert_eq!(profile.external_id, ExternalId::Id);
    let path = |name: &str| profile.fields.iter().find(|(own, _)| own == name).map(|(_, path)| path.as_str());
    assert_eq!(path("cost_center"), Some("udf_fields.udf_char1"));
    assert_eq!(path("short_description"), Some("udf_fields.title"));
    assert_eq!(path("description"), Some("description"));
}

#[test]
fn a_value_may_be_for_one_help_desk_alone() {
    let tables = Tables {
        states: "sdp/Open=WIP,zendesk/open=NEW,On Hold=WAITING_FOR_VENDOR",
        resolved: "sdp/Done,zendesk/solved",
        system: "zendesk/ZENDESK:zendesk_corp",
        ..Tables::default()
    };
    let sdp = with(&tables);
    let zendesk = crate::zendesk::tickets::profile().with(Source::Zendesk, &tables).unwrap();
    assert_eq!((sdp.states.read("Open").name(), sdp.resolved.as_str()), ("WIP", "Done"));
    assert_eq!((zendesk.states.read("Open").name(), zendesk.resolved.as_str()), ("NEW", "solved"));
    assert_eq!(sdp.states.read("On Hold"), zendesk.states.read("On Hold"));
    assert_eq!(sdp.system.unwrap().name, "MANAGE_ENGINE");
    assert_eq!(zendesk.system.unwrap().integration_id, "zendesk_corp");
}

#[test]
fn what_cannot_be_read_is_named_with_all_that_is_wrong() {
    let tables = Tables {
        states: "Open",
        system: "MANAGE_ENGINE",
        user_id: "name",
        fields: "a=b..c",
        destinations: "it=group",
        ..Tables::default()
    };
    let wrong = profile().with(Source::Sdp, &tables).unwrap_err();
    let names: Vec<_> = wrong.iter().map(|(name, _)| *name).collect();
    let all = ["gateway_states", "gateway_system", "gateway_user_id", "gateway_fields", "gateway_destinations"];
    assert_eq!(names, all);
    for states in ["Open=", "=WIP", "Open=OPEN"] {
        assert!(profile().with(Source::Sdp, &Tables { states, ..Tables::default() }).is_err(), "{states}");
    }
}

#[test]
fn a_destination_is_all_tickets_until_one_is_configured() {
    assert_eq!(profile().destination("anything"), Ok(None));
    let profile = with(&Tables { destinations: "it=group:IT Support,hr=template:HR", ..Tables::default() });
    assert_eq!(profile.destination(""), Ok(None));
    assert_eq!(profile.destination("nobody's"), Err(NoSuchDestination));
    let it = profile.destination("it").unwrap().unwrap();
    let of = |group: &str| Ticket { custom: vec![("group".to_owned(), group.to_owned())], ..ticket("1", 1) };
    assert!(of("it support").is_of(it) && !of("HR").is_of(it) && !ticket("1", 1).is_of(it));
}

#[test]
fn a_state_is_the_help_desks_own_or_a_code_for_resolving_and_reopening() {
    let sdp = with(&Tables { resolved: "Gelöst", reopened: "In Arbeit", ..Tables::default() });
    for (wanted, state) in [
        ("RESOLVED", "Gelöst"),
        ("Resolved", "Resolved"),
        ("gelöst", "Gelöst"),
        ("in arbeit", "In Arbeit"),
        ("NEW", "In Arbeit"),
        ("WIP", "In Arbeit"),
        (" On Hold ", "On Hold"),
        ("CLOSED", "CLOSED"),
        ("Irgendwas", "Irgendwas"),
    ] {
        assert_eq!(sdp.external_state(wanted), state, "{wanted}");
    }
    let zendesk = crate::zendesk::tickets::profile();
    for (wanted, state) in [("RESOLVED", "solved"), ("new", "new"), ("WIP", "open"), ("SOLVED", "solved")] {
        assert_eq!(zendesk.external_state(wanted), state, "{wanted}");
    }
}

#[test]
fn fields_are_written_by_the_help_desks_names_and_what_is_blank_is_left_alone() {
    let fields = json!({ "short_description": "Monitor", "priority": null, "group": " ", "state": "Open" });
    let edit = Edit::read(&profile(), fields.as_object().unwrap()).unwrap();
    let all: Vec<_> = edit.0.iter().map(|(path, value)| (path.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(all, [("subject", "Monitor"), ("status", "Open")]);
}

#[test]
fn unknown_empty_and_doubled_fields_are_refused() {
    let profile = with(&Tables { fields: "title=subject", ..Tables::default() });
    for (fields, error) in [
        (json!({}), FieldError::Empty),
        (json!({ "description": "" }), FieldError::Empty),
        (json!({ "subject": "t" }), FieldError::Unknown("subject".to_owned())),
        (json!({ "title": "t", "short_description": "u" }), FieldError::Twice("title".to_owned())),
    ] {
        assert_eq!(Edit::read(&profile, fields.as_object().unwrap()), Err(error), "{fields}");
    }
}

#[test]
fn a_requestor_is_read_from_every_shape() {
    let own = profile().system;
    let identity = |system: &str, id: Value| json!({ "system": system, "external_id": id, "integration_id": "x" });
    let two = json!([identity("OTHER", json!("7")), identity("manage_engine", json!("901"))]);
    let id = |id: &str| Some(Requestor::Id(id.to_owned()));
    let email = |address: &str| Some(Requestor::Email(address.to_owned()));
    let wrapped = json!({ "requestor_info": { "requestor": { "full_name": "Ana Li", "user_id_info": { "user_itsm_id_info": two } } } });
    for (value, wanted) in [
        (json!("901"), id("901")),
        (json!(901), id("901")),
        (json!(" Ana@Corp.example "), email("ana@corp.example")),
        (json!({ "user_id_info": { "user_itsm_id_info": two } }), id("901")),
        (json!({ "user_itsm_id_info": two }), id("901")),
        (json!({ "requestor": { "user_itsm_id_info": two } }), id("901")),
        (wrapped.clone(), id("901")),
        (json!(wrapped.to_string()), id("901")),
        (
            json!({ "user_itsm_id_info": [{ "integration_id": "Manage_Engine", "external_id": "Ana@corp.example" }] }),
            email("ana@corp.example"),
        ),
        (
            json!({ "user_itsm_id_info": [identity("OTHER", json!("7"))], "email_addr": "ana@corp.example" }),
            email("ana@corp.example"),
        ),
        (
            json!({ "user_itsm_id_info": [identity("MANAGE_ENGINE", json!("../7"))], "email": "ana@corp.example" }),
            email("ana@corp.example"),
        ),
        (json!({ "user_itsm_id_info": [identity("OTHER", json!("7"))] }), None),
        (json!({ "email_addr": "901" }), None),
        (json!({}), None),
        (json!([]), None),
        (json!(null), None),
        (json!("{\"broken"), None),
        (json!("../requests"), None),
        (json!(""), None),
    ] {
        assert_eq!(requestor(&value, own.as_ref()), wanted, "{value}");
    }
}

#[test]
fn without_a_named_system_the_only_identity_counts_and_of_several_none() {
    let entry = |id: &str| json!({ "system": "ANY", "external_id": id });
    let one = json!({ "user_itsm_id_info": [entry("7")] });
    let two = json!({ "user_itsm_id_info": [entry("7"), entry("8")], "email_addr": "ana@corp.example" });
    assert_eq!(requestor(&one, None), Some(Requestor::Id("7".to_owned())));
    assert_eq!(requestor(&two, None), Some(Requestor::Email("ana@corp.example".to_owned())));
}
