//! The HTTP actions: one for each address that Moveworks calls, as cURL for the editor's import.
//!
//! Text goes in with triple braces, which are not HTML-escaped; flags with double ones (Moveworks, "HTTP Actions").

use std::fmt::Write;

/// The address of the bridge in examples.
const BASE: &str = "https://bridge.example";

/// Where an input goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into the path.
    Path,
    /// Behind the path.
    Query,
    /// Into the JSON body.
    Body,
}

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// True or false.
    Flag,
}

/// An input of an HTTP action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, in the editor and in the request.
    pub name: &'static str,
    /// Where it goes.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// A value to test with.
    pub example: &'static str,
}

/// An HTTP action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAction {
    /// Its unique name.
    pub name: String,
    /// The folder it lies in: what it is for.
    pub group: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path, with the names of inputs in braces.
    pub path: String,
    /// Its inputs.
    pub inputs: Vec<Input>,
}

const fn input(name: &'static str, place: Place, example: &'static str) -> Input {
    Input { name, place, kind: Kind::Text, example }
}

const APPROVAL: Input = input("approval_id", Place::Path, "sdp:requests:874:77:310");
const APPROVER: Input = input("approver", Place::Body, "ana@corp.example");
const COMMENT: Input = input("comment", Place::Body, "Fine with me");
const TOKEN: Input = input("token", Place::Body, "");
const TICKET: Input = input("ticket_id", Place::Path, "874");
const START: Input = input("updated_start_ts", Place::Query, "2026-03-05T08:15:30.000000Z");
const END: Input = input("updated_end_ts", Place::Query, "2026-03-05T08:16:00.000000Z");
const DESTINATION: Input = input("destination", Place::Query, "");

/// All HTTP actions: those of approvals, and those of the Ticket Gateway for each help desk.
pub fn actions() -> Vec<HttpAction> {
    let decision = |name: &str, verb: &str| HttpAction {
        name: name.to_owned(),
        group: "approvals",
        method: "POST",
        path: format!("/approvals/{{approval_id}}/{verb}"),
        inputs: vec![APPROVAL, APPROVER, COMMENT, TOKEN],
    };
    let mine = HttpAction {
        name: "bridge_my_approvals".to_owned(),
        group: "approvals",
        method: "GET",
        path: "/approvals".to_owned(),
        inputs: vec![
            input("approver", Place::Query, "ana@corp.example"),
            input("status", Place::Query, "pending"),
            input("limit", Place::Query, "20"),
        ],
    };
    let mut all = vec![decision("bridge_approve", "approve"), decision("bridge_reject", "reject"), mine];
    all.extend(gateway("sdp", "ticket-gateway-sdp"));
    all.extend(gateway("zendesk", "ticket-gateway-zendesk"));
    all
}

/// The Ticket Gateway of one help desk. One list serves the person, the time range and its pages.
fn gateway(source: &'static str, group: &'static str) -> Vec<HttpAction> {
    let body = |name, example| input(name, Place::Body, example);
    let action = |name: &str, method: &'static str, below: &str, inputs: &[Input]| HttpAction {
        name: format!("bridge_{source}_{name}"),
        group,
        method,
        path: format!("/gateway/{source}/tickets{below}"),
        inputs: inputs.to_vec(),
    };
    let flag = Input { name: "public", place: Place::Body, kind: Kind::Flag, example: "true" };
    let payload = [
        body("short_description", "Monitor flickers"),
        body("description", "Since Monday"),
        body("requested_for", "ana@corp.example"),
        body("destination", ""),
    ];
    let change = [
        TICKET,
        body("short_description", "Monitor flickers again"),
        body("priority", "High"),
        body("group", ""),
        body("destination", ""),
    ];
    let person = input("requestor", Place::Query, "ana@corp.example");
    let cursor = input("cursor", Place::Query, "");
    // Only one of the help desks keeps a resolution beside the state.
    let notes = [TICKET, body("close_notes", "Changed the cable")];
    let resolution = if source == "sdp" { &notes[..] } else { &notes[..1] };
    vec![
        action("ticket", "GET", "/{ticket_id}", &[TICKET]),
        action("tickets_by_requestor", "GET", "", &[person, START, END, DESTINATION]),
        action("tickets_by_time", "GET", "", &[START, END, DESTINATION]),
        action("tickets_by_time_paged", "GET", "", &[START, END, DESTINATION, cursor]),
        action("create_ticket", "POST", "", &payload),
        action("update_fields", "PATCH", "/{ticket_id}", &change),
        action("set_state", "PATCH", "/{ticket_id}", &[TICKET, body("state", "RESOLVED")]),
        action("add_comment", "POST", "/{ticket_id}/comments", &[TICKET, body("text", "Is it plugged in?"), flag]),
        action(
            "add_attachment",
            "POST",
            "/{ticket_id}/attachments",
            &[TICKET, body("file_name", "note.txt"), body("content", "aGVsbG8=")],
        ),
        action("resolve", "POST", "/{ticket_id}/resolve", resolution),
        action("reopen", "POST", "/{ticket_id}/reopen", &[TICKET]),
        action("assign", "PUT", "/{ticket_id}/assignment", &[TICKET, body("group", "IT Support")]),
    ]
}

impl HttpAction {
    fn at(&self, place: Place) -> impl Iterator<Item = &Input> {
        self.inputs.iter().filter(move |input| input.place == place)
    }

    /// The path and what is behind it, each input as `value` writes it.
    fn target(&self, value: impl Fn(&Input) -> String) -> String {
        let mut target = self.path.clone();
        for input in self.at(Place::Path) {
            target = target.replace(&format!("{{{}}}", input.name), &value(input));
        }
        for (number, input) in self.at(Place::Query).enumerate() {
            let mark = if number == 0 { '?' } else { '&' };
            // Writing to a String cannot fail.
            let _ = write!(target, "{mark}{}={}", input.name, value(input));
        }
        target
    }

    /// The body, each input as `value` writes it; none where there is nothing in it.
    fn body(&self, value: impl Fn(&Input) -> String) -> Option<String> {
        let lines: Vec<String> = self
            .at(Place::Body)
            .map(|input| match input.kind {
                Kind::Text => format!("  \"{}\": \"{}\"", input.name, value(input)),
                Kind::Flag => format!("  \"{}\": {}", input.name, value(input)),
            })
            .collect();
        (!lines.is_empty()).then(|| format!("{{\n{}\n}}", lines.join(",\n")))
    }

    /// The action for the editor's import. The credential is the connector's, so it is not in here.
    pub fn curl(&self) -> String {
        let template = |input: &Input| match input.kind {
            Kind::Text => format!("{{{{{{{}}}}}}}", input.name),
            Kind::Flag => format!("{{{{{}}}}}", input.name),
        };
        let mut curl = format!("curl --request {} '{BASE}{}'", self.method, self.target(template));
        if let Some(body) = self.body(template) {
            let _ = write!(curl, " \\\n  --header 'Content-Type: application/json' \\\n  --data '{body}'");
        }
        curl.push('\n');
        curl
    }

    /// The request that the action makes of its examples: path with query, and body.
    pub fn example(&self) -> (String, Option<String>) {
        let example = |input: &Input| input.example.to_owned();
        (self.target(example), self.body(example))
    }
}
