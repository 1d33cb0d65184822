//! What technicians do with a request: make it, change who is asked, send it again, delete it.

use super::{
    Allowed, Deed, Facts, HelpDesk, MESSAGE_MAX, Policy, RECIPIENTS_MAX, Recipient, Refusal, Request, RequestStatus,
    SAME_RESEND, SUBJECT_MAX, State,
};
use crate::approval::{Millis, Person, is_address, normal_address};
use crate::text::{clean, clean_line};

/// What a new request is to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The id that it gets.
    pub id: String,
    /// The help desk of the ticket.
    pub desk: HelpDesk,
    /// The ticket.
    pub facts: Facts,
    /// The technician who asks, where known.
    pub asked_by: Option<String>,
    /// Who is to be asked.
    pub recipients: Vec<Person>,
    /// How many have to approve.
    pub policy: Policy,
    /// What it is about, in a line.
    pub subject: String,
    /// What the approvers need to know.
    pub message: String,
}

/// Whom a request was sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// The ids of those who get it; none where the call was only a repeat.
    pub recipients: Vec<String>,
}

impl Request {
    /// Makes a request and sends it to everybody.
    pub fn create(draft: Draft, allowed: &Allowed, now: Millis) -> Result<Self, Refusal> {
        let subject = clean_line(&draft.subject).into_owned();
        let message = clean(&draft.message).into_owned();
        within(&subject, "subject", SUBJECT_MAX)?;
        within(&message, "message", MESSAGE_MAX)?;
        let asked_by = draft.asked_by.as_deref().map(normal_address);
        let mut request = Self {
            id: draft.id,
            desk: draft.desk,
            facts: draft.facts,
            asked_by: asked_by.clone(),
            subject,
            message,
            policy: draft.policy,
            revision: 1,
            created_at: now,
            recipients: Vec::new(),
            deleted: false,
            write_failures: 0,
            write_after: 0,
            activity: Vec::new(),
        };
        let people = merged(&draft.recipients)?;
        if people.is_empty() {
            return Err(Refusal::NoRecipient);
        }
        request.reachable(people.len())?;
        request.may_be_asked(&people, None)?;
        on_list(&people, allowed)?;
        request.log(now, Deed::Created, asked_by.as_deref(), None);
        for person in &people {
            let id = request.add(person, now)?;
            request.log(now, Deed::Sent, asked_by.as_deref(), Some(&id));
        }
        request.has_room()?;
        Ok(request)
    }

    /// Takes newer facts of its ticket for what it will say from now on. What is over keeps those of its time.
    pub fn learn(&mut self, facts: Option<Facts>) {
        if let Some(facts) = facts.filter(|facts| self.status().is_open() && facts.ticket.id == self.facts.ticket.id) {
            self.facts = facts;
        }
    }

    /// Makes these the people who are asked. Whoever is new is asked, the others hear nothing; nobody left cancels. False:
    /// nothing was to be changed.
    pub fn edit(
        &mut self,
        recipients: &[Person],
        by: Option<&str>,
        allowed: &Allowed,
        now: Millis,
    ) -> Result<bool, Refusal> {
        let people = merged(recipients)?;
        let by = by.map(normal_address);
        let by = by.as_deref();
        let wanted = |recipient: &Recipient| people.iter().any(|person| person.has_address(&recipient.email));
        let is_asked = |person: &&Person| self.asked().any(|recipient| person.has_address(&recipient.email));
        let added: Vec<Person> = people.iter().filter(|person| !is_asked(person)).cloned().collect();
        let removed: Vec<String> =
            self.asked().filter(|recipient| !wanted(recipient)).map(|recipient| recipient.id.clone()).collect();
        if added.is_empty() && removed.is_empty() {
            return Ok(false);
        }
        self.open()?;
        if !people.is_empty() {
            self.reachable(people.len())?;
        }
        self.may_be_asked(&added, by)?;
        on_list(&people, allowed)?;
        let mut next = self.clone();
        next.revision = next.revision.saturating_add(1);
        for id in &removed {
            for recipient in next.recipients.iter_mut().filter(|recipient| recipient.id == *id) {
                recipient.removed_at = Some(now);
            }
            next.log(now, Deed::RecipientRemoved, by, Some(id));
        }
        for person in &added {
            let id = next.add(person, now)?;
            next.log(now, Deed::RecipientAdded, by, Some(&id));
            next.log(now, Deed::Sent, by, Some(&id));
        }
        next.log_end(now, by);
        if !added.is_empty() {
            next.has_room()?;
        }
        *self = next;
        Ok(true)
    }

    /// Sends it again, to one person or to everybody who has not answered. Whoever got it again less than
    /// [`SAME_RESEND`] ago gets nothing: that is the same call, repeated after its answer was lost.
    pub fn resend(&mut self, recipient: Option<&str>, by: Option<&str>, now: Millis) -> Result<Resent, Refusal> {
        self.open()?;
        if let Some(id) = recipient {
            let one = self.asked().find(|recipient| recipient.id == id).ok_or(Refusal::NoSuchRecipient)?;
            if one.state != State::Pending {
                return Err(Refusal::HasAnswered);
            }
        }
        self.has_room()?;
        let by = by.map(normal_address);
        let mut resent = Resent::default();
        for own in self.recipients.iter_mut().filter(|own| own.is_asked() && own.state == State::Pending) {
            let meant = recipient.is_none_or(|id| own.id == id);
            let repeat = own.resent_at.is_some_and(|at| (0..SAME_RESEND).contains(&now.saturating_sub(at)));
            if meant && !repeat {
                own.asked_at = later(own.asked_at, now);
                own.resent_at = Some(now);
                own.times_sent = own.times_sent.saturating_add(1);
                resent.recipients.push(own.id.clone());
            }
        }
        for id in &resent.recipients {
            self.log(now, Deed::Resent, by.as_deref(), Some(id));
        }
        Ok(resent)
    }

    /// Deletes it. False: it was cancelled already. What has an outcome keeps it.
    pub fn cancel(&mut self, by: Option<&str>, now: Millis) -> Result<bool, Refusal> {
        match self.status() {
            RequestStatus::Cancelled => return Ok(false),
            status if !status.is_open() => return Err(Refusal::Closed(status)),
            _ => {}
        }
        self.deleted = true;
        self.log_end(now, by.map(normal_address).as_deref());
        Ok(true)
    }

    fn open(&self) -> Result<(), Refusal> {
        let status = self.status();
        if status.is_open() { Ok(()) } else { Err(Refusal::Closed(status)) }
    }

    /// Whether so many people can fulfil the policy.
    fn reachable(&self, recipients: usize) -> Result<(), Refusal> {
        let recipients = u32::try_from(recipients).unwrap_or(u32::MAX);
        let count = self.policy.need(recipients);
        if count > recipients { Err(Refusal::CountTooHigh { count, recipients }) } else { Ok(()) }
    }

    /// Whether these people may be asked: neither the ticket's requester nor who sends this request to them.
    fn may_be_asked(&self, people: &[Person], by: Option<&str>) -> Result<(), Refusal> {
        let requester = self.facts.ticket.requester.as_ref();
        for address in people.iter().filter_map(Person::address) {
            let asked = requester.is_some_and(|requester| requester.has_address(&address));
            let sends = [self.asked_by.as_deref(), by].into_iter().flatten().any(|own| own == address);
            if asked || sends {
                return Err(Refusal::AskedForIt(address));
            }
        }
        Ok(())
    }

    /// Asks somebody, for the first time or anew. Their id.
    fn add(&mut self, person: &Person, now: Millis) -> Result<String, Refusal> {
        let email = person.address().unwrap_or_default();
        let place = self.recipients.len();
        let known = self.recipients.iter_mut().find(|recipient| recipient.email == email);
        if known.is_none() && place >= RECIPIENTS_MAX {
            return Err(Refusal::TooManyRecipients);
        }
        let id = known.as_ref().map_or_else(|| format!("r{}", place.saturating_add(1)), |known| known.id.clone());
        let fresh = Recipient {
            id: id.clone(),
            name: person.name.clone(),
            email,
            state: State::Pending,
            round: 1,
            added_at: now,
            removed_at: None,
            asked_at: now,
            resent_at: None,
            times_sent: 1,
            answered_at: None,
            comment: None,
            feedback: Vec::new(),
        };
        match known {
            None => self.recipients.push(fresh),
            Some(known) => {
                *known = Recipient {
                    name: fresh.name.or_else(|| known.name.take()),
                    round: known.round.saturating_add(1),
                    asked_at: later(known.asked_at, now),
                    feedback: std::mem::take(&mut known.feedback),
                    ..fresh
                };
            }
        }
        Ok(id)
    }
}

fn on_list(people: &[Person], allowed: &Allowed) -> Result<(), Refusal> {
    let strange = people.iter().filter_map(Person::address).find(|address| !allowed.has(address));
    strange.map_or(Ok(()), |address| Err(Refusal::NotAllowed(address)))
}

/// The time of a new sending: always behind the one before, because that is what tells them apart.
fn later(before: Millis, now: Millis) -> Millis {
    now.max(before.saturating_add(1))
}

/// Each person once, with a clean name and a normalised address; the first name given counts.
fn merged(recipients: &[Person]) -> Result<Vec<Person>, Refusal> {
    let mut people: Vec<Person> = Vec::new();
    for person in recipients {
        let name = person.name.as_deref().map(clean_line).filter(|name| !name.is_empty());
        let name = name.map(|name| crate::text::truncate(&name, 100).into_owned());
        let Some(email) = person.address().filter(|address| is_address(address)) else {
            return Err(Refusal::NoAddress(name.unwrap_or_else(|| "somebody".to_owned())));
        };
        if !people.iter().any(|known| known.has_address(&email)) {
            people.push(Person { name, email: Some(email) });
        }
    }
    if people.len() > RECIPIENTS_MAX { Err(Refusal::TooManyRecipients) } else { Ok(people) }
}

fn within(text: &str, name: &'static str, max: usize) -> Result<(), Refusal> {
    if (1..=max).contains(&text.chars().count()) { Ok(()) } else { Err(Refusal::OddText(name, max)) }
}
