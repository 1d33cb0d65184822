//! What people do on a day: they ask, answer in chat and at the help desk, pass on, take back, delete, and press twice.

mod kept;
mod sdp;
mod zendesk;

use serde_json::{Value, json};

use super::asked::in_zendesk;
use super::promise::Promise;
use super::stage::Stage;
use super::witness::Question;
use crate::stubs::{ApprovalRef, Dice, TicketRef};

pub(super) use zendesk::populate;

/// Those who approve.
const NAMES: [&str; 9] = ["Ana", "Bo", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida"];

const APPROVE: &str = "approve";
const REJECT: &str = "reject";

/// Decisions that are remembered, to be pressed once more.
const REMEMBERED: usize = 20;

/// One thing that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Ask,
    Press,
    PressRejection,
    PressAgain,
    PressForAnother,
    Decide,
    Reassign,
    Delegate,
    Resend,
    Withdraw,
    Remove,
    RemoveTicket,
    Unsend,
    SendAgain,
    AddLevel,
    Touch,
    LoseAddress,
    FindAddress,
    Join,
    Leave,
    AskHere,
    EditRecipients,
    AskAgain,
    Feedback,
    Cancel,
    Hint,
}

impl Deed {
    /// Whether it can be done to an approval request in Zendesk as well.
    const fn is_known_to_zendesk(self) -> bool {
        matches!(self, Self::Decide | Self::Withdraw | Self::Remove)
    }
}

/// What is done beside asking, and how often.
const DEEDS: [(u64, Deed); 25] = [
    (30, Deed::Press),
    (8, Deed::PressRejection),
    (4, Deed::PressAgain),
    (4, Deed::PressForAnother),
    (16, Deed::Decide),
    (5, Deed::Reassign),
    (5, Deed::Delegate),
    (4, Deed::Resend),
    (3, Deed::Withdraw),
    (2, Deed::Remove),
    (2, Deed::RemoveTicket),
    (3, Deed::Unsend),
    (4, Deed::SendAgain),
    (4, Deed::AddLevel),
    (5, Deed::Touch),
    (2, Deed::LoseAddress),
    (3, Deed::FindAddress),
    (3, Deed::Join),
    (3, Deed::Leave),
    (5, Deed::AskHere),
    (4, Deed::EditRecipients),
    (2, Deed::AskAgain),
    (3, Deed::Feedback),
    (1, Deed::Cancel),
    (3, Deed::Hint),
];

/// What people did, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Tickets that were made.
    pub tickets: u64,
    /// Decisions in chat that were recorded.
    pub in_chat: u64,
    /// Decisions at the help desk.
    pub elsewhere: u64,
    /// Everything else that changed the world.
    pub other: u64,
    /// Presses in chat that were refused, as they should be.
    pub refused: u64,
    /// Presses in chat that got no answer, or one to try again.
    pub unanswered: u64,
}

/// The people.
pub(super) struct People {
    dice: Dice,
    tickets: Vec<TicketRef>,
    unsent: Vec<ApprovalRef>,
    mute: Vec<ApprovalRef>,
    decided: Vec<(Question, &'static str, Option<String>)>,
    pub(super) done: Done,
}

impl People {
    pub(super) fn new(seed: u64) -> Self {
        let (tickets, unsent, mute, decided) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { dice: Dice::new(seed), tickets, unsent, mute, decided, done: Done::default() }
    }

    /// What will be done between two times, at so many new tickets; in order.
    pub(super) fn plan(&mut self, from: i64, to: i64, tickets: u64) -> Vec<(i64, Deed)> {
        let span = u64::try_from(to - from).unwrap_or(1);
        let mut plan = Vec::new();
        for number in 0..tickets * 5 + 4 {
            let deed = if number < tickets { Deed::Ask } else { self.pick_deed() };
            plan.push((from + i64::try_from(self.dice.below(span)).unwrap_or(0), deed));
        }
        plan.sort_by_key(|(at, _)| *at);
        plan
    }

    /// Does all of it, each at its time.
    pub(super) async fn live(&mut self, stage: &Stage, plan: Vec<(i64, Deed)>) {
        for (at, deed) in plan {
            stage.until(at).await;
            self.act(stage, deed).await;
        }
    }

    async fn act(&mut self, stage: &Stage, deed: Deed) {
        match deed {
            Deed::Press => self.press_any(stage, APPROVE).await,
            Deed::PressRejection => self.press_any(stage, REJECT).await,
            Deed::PressAgain => self.press_again(stage).await,
            Deed::PressForAnother => self.press_for_another(stage).await,
            Deed::Hint => self.hint(stage).await,
            Deed::AskHere => self.ask_here(stage).await,
            Deed::Feedback => self.give_feedback(stage).await,
            Deed::EditRecipients | Deed::AskAgain | Deed::Cancel => self.change_here(stage, deed).await,
            _ => {
                let what = self.change(stage, deed);
                stage.witness.look();
                if let Some(what) = what {
                    stage.journal.note(&what);
                }
            }
        }
    }

    /// Something that changes the world; what it was, if it could be done.
    fn change(&mut self, stage: &Stage, deed: Deed) -> Option<String> {
        let question = self.pick(&stage.witness.waiting());
        let at_zendesk = question.as_ref().is_some_and(|question| in_zendesk(question).is_some());
        let what = match deed {
            Deed::Ask if self.dice.below(4) == 0 => self.ask_in_zendesk(stage),
            Deed::Ask => self.ask_in_sdp(stage),
            Deed::Join | Deed::Leave => self.regroup(stage, deed == Deed::Join)?,
            _ if at_zendesk && deed.is_known_to_zendesk() => self.change_in_zendesk(stage, deed, &question?)?,
            _ => self.change_in_sdp(stage, deed, question.as_ref())?,
        };
        *match deed {
            Deed::Ask => &mut self.done.tickets,
            Deed::Decide => &mut self.done.elsewhere,
            _ => &mut self.done.other,
        } += 1;
        Some(what)
    }

    async fn press_any(&mut self, stage: &Stage, verb: &'static str) {
        let Some(question) = self.pick(&told(stage)) else { return };
        let token = stage.witness.card(&question).flatten();
        let answer = press(stage, &question, &question.to, verb, token.as_deref()).await;
        match answer {
            Some((200, _)) => {
                self.done.in_chat += 1;
                self.decided.push((question, verb, token));
                if self.decided.len() > REMEMBERED {
                    drop(self.decided.remove(0));
                }
            }
            answer => {
                if !stage.faults {
                    let what = format!("{} pressed {verb} on {}, and heard {answer:?}", question.to, question.id);
                    stage.witness.breach(Promise::Decisions, what);
                }
                self.done.unanswered += 1;
            }
        }
    }

    /// The same button once more: what was done stays done.
    async fn press_again(&mut self, stage: &Stage) {
        let Some((question, verb, token)) = self.pick(&self.decided.clone()) else { return };
        let stands = stage.witness.answer(&question) == Some(verb == APPROVE);
        let heard = press(stage, &question, &question.to, verb, token.as_deref()).await;
        if stands && !stage.faults && !matches!(heard, Some((200 | 410, _))) {
            let what = format!("{} repeated {verb} on {}, and heard {heard:?}", question.to, question.id);
            stage.witness.breach(Promise::Decisions, what);
        }
    }

    async fn press_for_another(&mut self, stage: &Stage) {
        let Some(question) = self.pick(&stage.witness.waiting()) else { return };
        let (_, email) = self.person();
        if email == question.to {
            return;
        }
        let token = stage.witness.card(&question).flatten();
        match press(stage, &question, &email, APPROVE, token.as_deref()).await {
            Some((200, _)) => {
                let what = format!("{email} approved {}, which is asked of {}", question.id, question.to);
                stage.witness.breach(Promise::Decisions, what);
            }
            Some((403, _)) => self.done.refused += 1,
            _ => self.done.unanswered += 1,
        }
    }

    async fn hint(&mut self, stage: &Stage) {
        let waiting = self.pick(&stage.witness.waiting());
        let body = match waiting.as_ref().and_then(in_zendesk) {
            Some(request) => json!({ "source": "zendesk", "ticket_id": request }),
            None => {
                let Some(ticket) = self.pick(&self.tickets.clone()) else { return };
                json!({ "source": "sdp", "module": ticket.module.plural(), "ticket_id": ticket.ticket })
            }
        };
        let answer = stage.ask("POST", "/hints", &body).await;
        stage.journal.note(&format!("a hint {body} → {}", heard(answer.as_ref())));
    }

    fn pick_deed(&mut self) -> Deed {
        let mut left = self.dice.below(DEEDS.iter().map(|(weight, _)| weight).sum());
        for (weight, deed) in DEEDS {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return deed,
            }
        }
        Deed::Touch
    }

    fn person(&mut self) -> (String, String) {
        person(self.dice.pick(&NAMES))
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = self.dice.below(u64::try_from(of.len()).ok()?);
        of.get(usize::try_from(at).ok()?).cloned()
    }
}

/// What waits and has a card.
fn told(stage: &Stage) -> Vec<Question> {
    let waiting = stage.witness.waiting();
    waiting.into_iter().filter(|question| stage.witness.card(question).is_some()).collect()
}

/// Name and address.
fn person(name: &str) -> (String, String) {
    (format!("{name} Approver"), format!("{}@corp.example", name.to_lowercase()))
}

fn take<T>(dice: &mut Dice, from: &mut Vec<T>) -> Option<T> {
    let at = usize::try_from(dice.below(u64::try_from(from.len()).ok()?)).ok()?;
    (at < from.len()).then(|| from.swap_remove(at))
}

fn heard(answer: Option<&(u16, Value)>) -> String {
    match answer {
        Some((status, body)) => format!("{status} {}", body.get("outcome").and_then(Value::as_str).unwrap_or_default()),
        None => "no answer".to_owned(),
    }
}

/// Somebody presses a button. Whoever hears "done" can rely on it: the help desk has it so.
async fn press(stage: &Stage, question: &Question, by: &str, verb: &str, token: Option<&str>) -> Option<(u16, Value)> {
    let id = &question.id;
    let body = json!({ "approver": by, "comment": "pressed in chat", "token": token });
    let heard_back = stage.ask("POST", &format!("/approvals/{id}/{verb}"), &body).await;
    stage.journal.note(&format!("{by} presses {verb} on {id} → {}", heard(heard_back.as_ref())));
    if matches!(heard_back, Some((200, _))) {
        let stands = stage.witness.answer(question);
        if stands != Some(verb == APPROVE) {
            let now = match stands {
                None => "no answer",
                Some(true) => "an approval",
                Some(false) => "a rejection",
            };
            let what = format!("{by} heard that {verb} on {id} is done, and the help desk has {now}");
            stage.witness.breach(Promise::Decisions, what);
        }
    }
    heard_back
}

/// An operator takes up again whatever was given up.
pub(super) async fn retry_dead(stage: &Stage) -> u64 {
    let Some((200, body)) = stage.ask("GET", "/outbox", &Value::Null).await else { return 0 };
    let messages = body.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |message: &Value, name: &str| message.get(name)?.as_str().map(str::to_owned);
    let mut retried = 0;
    for id in
        messages.iter().filter(|one| text(one, "state").as_deref() == Some("dead")).filter_map(|one| text(one, "id"))
    {
        let answer = stage.ask("POST", &format!("/outbox/{id}/retry"), &Value::Null).await;
        stage.journal.note(&format!("the operator retries {id} → {}", heard(answer.as_ref())));
        retried += u64::from(matches!(answer, Some((200, _))));
    }
    retried
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_planned_in_order_and_the_same_for_the_same_seed() {
        let plan = |seed| People::new(seed).plan(1000, 9000, 3);
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        assert!(plan(1).is_sorted_by_key(|(at, _)| *at));
        assert_eq!(plan(1).iter().filter(|(_, deed)| *deed == Deed::Ask).count(), 3);
        assert!(plan(1).iter().all(|(at, _)| (1000..9000).contains(at)));
    }
}
