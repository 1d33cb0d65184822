//! What technicians and approvers do with the requests that the bridge keeps: they ask about a ticket of Atera, edit, send
//! again, give feedback, take back.

use serde_json::{Value, json};

use super::super::kept::in_kept;
use super::super::promise::Promise;
use super::super::stage::Stage;
use super::{Deed, NAMES, People, heard, told};

impl People {
    /// Asks about a new ticket, or once more about one that there is.
    pub(super) async fn ask_here(&mut self, stage: &Stage) {
        let tickets: Vec<u64> = stage.stubs.with(|world| world.atera.tickets.keys().copied().collect());
        let known = self.pick(&tickets).filter(|_| self.dice.below(4) == 0);
        let wish = format!("Wish {}", self.done.tickets + 1);
        let requester = ("Sam Stinson", "sam.stinson@corp.example");
        let ticket = match known {
            Some(ticket) => ticket.to_string(),
            None => stage.stubs.with(|world| world.atera_ticket(&wish, requester)),
        };
        let people = self.recipients();
        let policy = match self.dice.below(3) {
            0 => json!({ "rule": "any" }),
            1 => json!({ "rule": "at_least", "count": 1 + people.len() / 2 }),
            _ => json!({ "rule": "all" }),
        };
        let body = json!({
            "source": "atera",
            "ticket_id": ticket,
            "recipients": people,
            "policy": policy,
            "subject": wish,
            "message": "There are reasons.",
        });
        let status = self.operate(stage, "POST", "/requests", &body).await;
        self.done.tickets += u64::from(status == Some(201));
    }

    /// Changes one of those that are open.
    pub(super) async fn change_here(&mut self, stage: &Stage, deed: Deed) {
        let Some(id) = self.pick(&stage.witness.open_here()) else { return };
        let path = format!("/requests/{id}");
        let status = match deed {
            Deed::EditRecipients => {
                let body = json!({ "recipients": self.recipients() });
                self.operate(stage, "PATCH", &path, &body).await
            }
            Deed::AskAgain => self.operate(stage, "POST", &format!("{path}/resend"), &Value::Null).await,
            _ => self.operate(stage, "DELETE", &path, &Value::Null).await,
        };
        self.done.other += u64::from(status.is_some_and(|status| status < 300));
    }

    /// Somebody has a question before they answer.
    pub(super) async fn give_feedback(&mut self, stage: &Stage) {
        let told: Vec<_> = told(stage).into_iter().filter(|question| in_kept(question).is_some()).collect();
        let Some(question) = self.pick(&told) else { return };
        let token = stage.witness.card(&question).flatten();
        let body =
            json!({ "approver": question.to, "answer": "feedback", "comment": "What does it cost?", "token": token });
        let path = format!("/requests/{}/responses", in_kept(&question).unwrap_or_default());
        let status = self.operate(stage, "POST", &path, &body).await;
        self.done.other += u64::from(status == Some(200));
    }

    /// One call; its status. Without faults it is done, or it is against the rules.
    async fn operate(&self, stage: &Stage, method: &str, path: &str, body: &Value) -> Option<u16> {
        let answer = stage.ask(method, path, body).await;
        stage.journal.note(&format!("{method} {path} {body} → {}", heard(answer.as_ref())));
        let status = answer.as_ref().map(|(status, _)| *status);
        if !stage.faults && !matches!(status, Some(200..300 | 409 | 422)) {
            stage.witness.breach(Promise::Decisions, format!("{method} {path} {body} brought {answer:?}"));
        }
        status
    }

    /// One to three people.
    fn recipients(&mut self) -> Vec<Value> {
        let first = self.dice.below(NAMES.len() as u64);
        let number = 1 + self.dice.below(3);
        let places = (first..first + number).filter_map(|at| usize::try_from(at).ok());
        let names = places.filter_map(|at| NAMES.get(at % NAMES.len()));
        names.map(|name| super::person(name)).map(|(name, email)| json!({ "name": name, "email": email })).collect()
    }
}
