//! What people do on a day: they ask, answer in chat and at the help desk, pass on, take back, delete, and press twice.

use serde_json::{Value, json};

use super::promise::Promise;
use super::stage::Stage;
use super::witness::Question;
use crate::stubs::{ApprovalRef, Dice, Missing, Module, Rule, State, TicketRef, World};

/// Those who approve.
const NAMES: [&str; 9] = ["Ana", "Bo", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal", "Ida"];

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
    Hint,
}

/// What is done beside asking, and how often.
const DEEDS: [(u64, Deed); 18] = [
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
            Deed::Press => self.press_any(stage, "approve").await,
            Deed::PressRejection => self.press_any(stage, "reject").await,
            Deed::PressAgain => self.press_again(stage).await,
            Deed::PressForAnother => self.press_for_another(stage).await,
            Deed::Hint => self.hint(stage).await,
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
        let waiting = stage.witness.waiting();
        let any = self.pick(&waiting).and_then(|question| ApprovalRef::parse(&question.id));
        let (name, email) = self.person();
        let yes = self.dice.below(4) > 0;
        let ticket = self.pick(&self.tickets.clone());
        let done = |done: Result<(), Missing>, what: String| done.ok().map(|()| what);
        let counted = match deed {
            Deed::Ask => return Some(self.ask(stage)),
            Deed::Decide => {
                let at = any?;
                let by = stage.stubs.with(|world| world.truth_of(&at)).and_then(|truth| truth.approver);
                let by = by.filter(|_| self.dice.below(5) > 0).unwrap_or(name);
                let decided = stage.stubs.with(|world| world.decide(&at, &by, yes, Some("at the help desk")));
                self.done.elsewhere += u64::from(decided.is_ok());
                return done(decided, format!("{by} decides {at} at the help desk: {yes}"));
            }
            Deed::Reassign => self.with_any(stage, any, "is reassigned", |world, at| world.reassign(at, &name, &email)),
            Deed::Delegate => {
                self.with_any(stage, any, "is delegated", |world, at| world.delegate(at, &name, &email).map(drop))
            }
            Deed::Resend => self.with_any(stage, any, "is sent once more", World::resend),
            Deed::Withdraw => self.with_any(stage, any, "is withdrawn", World::withdraw),
            Deed::Remove => self.with_any(stage, any, "is removed", World::remove),
            Deed::Unsend => {
                self.unsent.extend(any.clone());
                self.with_any(stage, any, "goes back to be sent", World::unsend)
            }
            Deed::SendAgain => {
                let at = take(&mut self.dice, &mut self.unsent);
                let still = at.filter(|at| {
                    let truth = stage.stubs.with(|world| world.truth_of(at));
                    truth.is_some_and(|truth| truth.state == State::ToBeSent)
                });
                self.with_any(stage, still, "is sent after all", World::resend)
            }
            Deed::LoseAddress => {
                self.mute.extend(any.clone());
                self.with_any(stage, any, "has an approver without address", |world, at| world.set_email(at, None))
            }
            Deed::FindAddress => {
                let at = take(&mut self.dice, &mut self.mute);
                self.with_any(stage, at, "has an approver with an address", |world, at| {
                    world.set_email(at, Some(&email))
                })
            }
            Deed::RemoveTicket => {
                let ticket = ticket?;
                self.tickets.retain(|own| *own != ticket);
                done(
                    stage.stubs.with(|world| world.remove_ticket(&ticket)),
                    format!("ticket {} is deleted", ticket.ticket),
                )
            }
            Deed::AddLevel => {
                let ticket = ticket?;
                let added = stage.stubs.with(|world| world.add_level(&ticket, &[(&name, &email)]));
                done(added.map(drop), format!("ticket {} gets one more level", ticket.ticket))
            }
            Deed::Touch => {
                let ticket = ticket?;
                done(stage.stubs.with(|world| world.touch(&ticket)), format!("ticket {} is edited", ticket.ticket))
            }
            _ => None,
        };
        self.done.other += u64::from(counted.is_some());
        counted
    }

    fn with_any(
        &self,
        stage: &Stage,
        at: Option<ApprovalRef>,
        what: &str,
        change: impl FnOnce(&mut World, &ApprovalRef) -> Result<(), Missing>,
    ) -> Option<String> {
        let at = at?;
        stage.stubs.with(|world| change(world, &at)).ok().map(|()| format!("{at} {what}"))
    }

    fn ask(&mut self, stage: &Stage) -> String {
        let module = match self.dice.below(5) {
            0 => Module::Changes,
            1 => Module::Releases,
            _ => Module::Requests,
        };
        let rule = match self.dice.below(4) {
            0 => Rule::Anyone,
            1 => Rule::FirstResponse,
            2 => Rule::Percent(50),
            _ => Rule::Everyone,
        };
        let levels: Vec<Vec<(String, String)>> =
            (0..=self.dice.below(3)).map(|_| (0..=self.dice.below(3)).map(|_| self.person()).collect()).collect();
        self.done.tickets += 1;
        let number = self.done.tickets;
        let ticket = stage.stubs.with(|world| {
            let now = world.now();
            let mut ticket = world
                .new_ticket(module)
                .subject(&format!("Wish {number}"))
                .description(&format!("<p>Reasons for wish {number}</p>"))
                .requester("Sam Stinson", "sam.stinson@corp.example")
                .created(now)
                .updated(now);
            for level in &levels {
                let people: Vec<(&str, &str)> =
                    level.iter().map(|(name, email)| (name.as_str(), email.as_str())).collect();
                ticket = ticket.level(&people).rule(rule);
            }
            ticket.add()
        });
        let text = format!("{} {} is made, {} levels", module.singular(), ticket.ticket, levels.len());
        self.tickets.push(ticket);
        text
    }

    async fn press_any(&mut self, stage: &Stage, verb: &'static str) {
        let waiting = stage.witness.waiting();
        let told: Vec<_> = waiting.into_iter().filter(|question| stage.witness.card(question).is_some()).collect();
        let Some(question) = self.pick(&told) else { return };
        let token = stage.witness.card(&question).flatten();
        let answer = press(stage, &question.id, &question.to, verb, token.as_deref()).await;
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
        let at = ApprovalRef::parse(&question.id);
        let truth = at.and_then(|at| stage.stubs.with(|world| world.truth_of(&at)));
        let stands = truth.is_some_and(|truth| truth.state == state(verb) && truth.sent_on == question.sent_on);
        let answer = press(stage, &question.id, &question.to, verb, token.as_deref()).await;
        if stands && !stage.faults && !matches!(answer, Some((200 | 410, _))) {
            let what = format!("{} repeated {verb} on {}, and heard {answer:?}", question.to, question.id);
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
        match press(stage, &question.id, &email, "approve", token.as_deref()).await {
            Some((200, _)) => {
                let what = format!("{email} approved {}, which is asked of {}", question.id, question.to);
                stage.witness.breach(Promise::Decisions, what);
            }
            Some((403, _)) => self.done.refused += 1,
            _ => self.done.unanswered += 1,
        }
    }

    async fn hint(&mut self, stage: &Stage) {
        let Some(ticket) = self.pick(&self.tickets.clone()) else { return };
        let body = json!({ "source": "sdp", "module": ticket.module.plural(), "ticket_id": ticket.ticket });
        let answer = stage.ask("POST", "/hints", &body).await;
        stage.journal.note(&format!("a hint about ticket {} → {}", ticket.ticket, heard(answer.as_ref())));
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
        let name = self.dice.pick(&NAMES);
        (format!("{name} Approver"), format!("{}@corp.example", name.to_lowercase()))
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = self.dice.below(u64::try_from(of.len()).ok()?);
        of.get(usize::try_from(at).ok()?).cloned()
    }
}

fn take<T>(dice: &mut Dice, from: &mut Vec<T>) -> Option<T> {
    let at = usize::try_from(dice.below(u64::try_from(from.len()).ok()?)).ok()?;
    (at < from.len()).then(|| from.swap_remove(at))
}

fn state(verb: &str) -> State {
    if verb == "approve" { State::Approved } else { State::Rejected }
}

fn heard(answer: Option<&(u16, Value)>) -> String {
    match answer {
        Some((status, body)) => format!("{status} {}", body.get("outcome").and_then(Value::as_str).unwrap_or_default()),
        None => "no answer".to_owned(),
    }
}

/// Somebody presses a button. Whoever hears "done" can rely on it: the help desk has it so.
async fn press(stage: &Stage, id: &str, by: &str, verb: &str, token: Option<&str>) -> Option<(u16, Value)> {
    let body = json!({ "approver": by, "comment": "pressed in chat", "token": token });
    let answer = stage.ask("POST", &format!("/approvals/{id}/{verb}"), &body).await;
    stage.journal.note(&format!("{by} presses {verb} on {id} → {}", heard(answer.as_ref())));
    if matches!(answer, Some((200, _))) {
        let truth = ApprovalRef::parse(id).and_then(|at| stage.stubs.with(|world| world.truth_of(&at)));
        let state_now = truth.map(|truth| truth.state);
        if state_now != Some(state(verb)) {
            let what = format!("{by} heard that {verb} on {id} is done, and the help desk has {state_now:?}");
            stage.witness.breach(Promise::Decisions, what);
        }
    }
    answer
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
