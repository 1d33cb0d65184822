//! Requests that the bridge keeps, as technicians' tooling makes them and as approvers answer them.

use approval_bridge::stubs::{ATERA_API_KEY, ATERA_TECHNICIAN_ID};
use serde_json::{Value, json};

use super::{Answer, Desk, Setup, Who};

/// Who asks for what a ticket of Atera is about.
pub const SAM: Who = ("Sam Stinson", "sam@corp.example");
/// The technician in whose name the bridge writes at Atera.
pub const AGENT: &str = "it.agent@corp.example";

impl Setup {
    /// Atera as well, with a technician for notes and a custom field.
    pub fn with_atera(self) -> Self {
        self.variable("atera_base_url", "https://atera.example/atera")
            .variable("atera_api_key", ATERA_API_KEY)
            .variable("atera_technician_id", &ATERA_TECHNICIAN_ID.to_string())
            .variable("atera_technician_email", AGENT)
            .variable("atera_status_field", "Approval status")
    }
}

impl Desk {
    /// Atera and no other help desk, told through the Events API.
    pub fn atera() -> Setup {
        Desk::cloud().without("sdp_base_url").with_atera()
    }

    /// A ticket of Sam's at Atera; its id.
    pub fn ticket_of_sam(&self) -> String {
        self.world(|world| world.atera_ticket("New laptop", SAM))
    }

    /// Asks these people about a ticket at Atera; the id of the request.
    pub async fn ask(&self, ticket: &str, people: &[Who], policy: Value) -> String {
        let answer = self.post("/requests", asking(ticket, people, policy)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["id"].as_str().expect("a request has an id").to_owned()
    }

    /// A request as the bridge shows it.
    pub async fn request(&self, id: &str) -> Value {
        let answer = self.get(&format!("/requests/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    /// Where a request stands.
    pub async fn status_of(&self, id: &str) -> String {
        self.request(id).await["status"].as_str().expect("a status").to_owned()
    }

    /// Makes these the people whom a request asks.
    pub async fn edit(&self, id: &str, people: &[Who]) -> Answer {
        self.call("PATCH", &format!("/requests/{id}"), json!({ "recipients": recipients(people) })).await
    }

    /// Somebody answers a request, with words.
    pub async fn respond(&self, id: &str, who: Who, answer: &str) -> Answer {
        let body = json!({ "approver": who.1, "answer": answer, "comment": "because" });
        self.post(&format!("/requests/{id}/responses"), body).await
    }

    /// The people who were told since this was last asked, each with the number of their request's recipient, sorted.
    pub fn newly_told(&self) -> Vec<(String, String)> {
        let recipient = |id: &str| id.rsplit(':').next().unwrap_or_default().to_owned();
        let cards = self.new_cards();
        let mut told: Vec<_> = cards.into_iter().map(|card| (card.to, recipient(&card.approval_id))).collect();
        told.sort_unstable();
        told
    }

    /// The texts of what technicians were told in a ticket at Atera.
    pub fn notes(&self, ticket: &str) -> Vec<String> {
        self.world(|world| {
            let ticket = world.atera(ticket).expect("the ticket is there");
            let notes = ticket.comments.iter().filter(|comment| comment.internal);
            notes.map(|comment| comment.text.clone()).collect()
        })
    }
}

/// The body of a new request about a ticket at Atera.
pub fn asking(ticket: &str, people: &[Who], policy: Value) -> Value {
    json!({
        "source": "atera",
        "ticket_id": ticket,
        "recipients": recipients(people),
        "policy": policy,
        "subject": "A new laptop",
        "message": "The budget is there.",
    })
}

fn recipients(people: &[Who]) -> Value {
    people.iter().map(|(name, email)| json!({ "name": name, "email": email })).collect()
}
