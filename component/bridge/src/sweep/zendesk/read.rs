//! Requests, compared a hundred at a time: who is asked, what the ticket says, what is known.

use std::sync::{Arc, Mutex};

use approval_logic::approval::{Approval, Person, Status, Ticket, TicketRef};
use approval_logic::diff::{Entry, Said, TicketSnapshot};
use approval_logic::http::CallError;
use approval_logic::zendesk::{Assignee, Facts, Request, User};
use futures::future::join;

use super::{AT_ONCE, Account, reference};
use crate::host::Host;
use crate::http::CallFailure;
use crate::report::SourceReport;
use crate::sorted::Sorted;
use crate::sources::zendesk::decided_in_chat;
use crate::sweep::found::{Asides, Found, Looked, with};
use crate::together;

/// So many hundreds are looked into side by side.
const SIDE_BY_SIDE: usize = 4;

/// A request beside what is known of it.
struct Subject {
    request: Request,
    ticket: TicketRef,
    known: Vec<Entry>,
}

/// What a hundred requests need beside themselves.
struct Around<'a> {
    members: &'a Sorted<Vec<String>>,
    users: Sorted<User>,
    tickets: Sorted<Facts>,
}

/// How some requests came out.
enum Done {
    Yes,
    /// The time was over, or the source wants to be left alone.
    NotReached,
    /// One of them spoils the calls for all of them.
    Spoilt(Vec<Request>, CallError),
}

impl<H: Host> Account<'_, H> {
    /// Compares requests with what is known of them. True: all of them.
    pub(super) async fn compare(
        &self,
        requests: Vec<Request>,
        members: &Sorted<Vec<String>>,
        found: &Mutex<Found>,
    ) -> bool {
        let mut rest = requests;
        let mut hundreds = Vec::new();
        while !rest.is_empty() {
            let behind = rest.split_off(rest.len().min(AT_ONCE));
            hundreds.push(std::mem::replace(&mut rest, behind));
        }
        let looks = hundreds.into_iter().map(|requests| self.look_into(requests, members, found));
        let looks = together::at_most(SIDE_BY_SIDE, futures::stream::iter(looks)).await;
        let (mut all, mut alone) = (true, Vec::new());
        for look in looks {
            match look {
                Done::Yes => {}
                Done::NotReached => all = false,
                Done::Spoilt(requests, _) => alone.extend(requests),
            }
        }
        // One by one, so that the one that spoils the others is found and they go on.
        let looks = alone.into_iter().map(|request| self.look_into(vec![request], members, found));
        for look in together::at_most(self.ahead, futures::stream::iter(looks)).await {
            match look {
                Done::Yes => {}
                Done::NotReached => all = false,
                Done::Spoilt(requests, error) => with(found, |found| {
                    for request in requests {
                        found.report.problem(Some(&request.id), error.code(), error.message());
                        found.failed.insert(request.id);
                    }
                }),
            }
        }
        all
    }

    async fn look_into(&self, requests: Vec<Request>, members: &Sorted<Vec<String>>, found: &Mutex<Found>) -> Done {
        let Ok(_permit) = self.side_by_side.acquire().await else { return Done::NotReached };
        let full = self.known.waiting() + with(found, |found| found.plans.len()) >= self.waiting_max;
        let (mut subjects, mut done) = (Vec::new(), Done::Yes);
        for request in requests {
            let ticket = reference(&request);
            let Some(known) = self.known_of(&ticket, found).await else { return Done::NotReached };
            if full && known.is_empty() {
                done = Done::NotReached;
            } else {
                subjects.push(Subject { request, ticket, known });
            }
        }
        let around = match self.around(&subjects, members, found).await {
            Ok(around) => around,
            Err(CallFailure::OutOfTime) => return Done::NotReached,
            Err(CallFailure::Failed(error)) if error.stops_all() => {
                with(found, |found| found.report.problem(None, error.code(), error.message()));
                return Done::NotReached;
            }
            Err(CallFailure::Failed(error)) => {
                return Done::Spoilt(subjects.into_iter().map(|subject| subject.request).collect(), error);
            }
        };
        for subject in subjects {
            match self.looked(&subject, &around) {
                Some(looked) => with(found, |found| found.take(&subject.known, looked, self.rules, self.now)),
                // Its group could not be read, which has been told.
                None => with(found, |found| {
                    found.failed.insert(subject.request.id);
                }),
            }
        }
        done
    }

    /// The people and tickets that some requests need.
    async fn around<'m>(
        &self,
        subjects: &[Subject],
        members: &'m Sorted<Vec<String>>,
        found: &Mutex<Found>,
    ) -> Result<Around<'m>, CallFailure> {
        let (mut users, mut tickets) = (Vec::new(), Vec::new());
        for Subject { request, known, .. } in subjects {
            let pending = request.status == Status::Pending;
            match &request.assignee {
                Some(Assignee::User(user)) => users.push(user.clone()),
                Some(Assignee::Group(group)) if pending => {
                    users.extend(members.get(group).into_iter().flatten().cloned())
                }
                Some(Assignee::Group(_)) | None => {}
            }
            users.extend(request.decision.as_ref().and_then(|decision| decision.user.clone()));
            if pending && described(known).is_none() {
                tickets.extend(request.ticket.clone());
            }
        }
        let (users, tickets) =
            join(self.session.users(&self.counter, users), self.session.tickets(&self.counter, tickets)).await;
        let tickets = match tickets {
            // A card without them is better than none.
            Err(CallFailure::Failed(error @ CallError::Permanent { .. })) if subjects.len() == 1 => {
                let id = subjects.first().map(|subject| subject.request.id.as_str());
                with(found, |found| found.report.problem(id, error.code(), error.message()));
                Default::default()
            }
            tickets => tickets?,
        };
        let (mut users, (tickets, refused)) = (users?, tickets);
        for refused in refused {
            with(found, |found| found.report.problem(refused.id.as_deref(), "ODD_TICKET", refused.why));
        }
        let requesters = tickets.values().filter_map(|facts| facts.requester.clone()).collect();
        users.extend(self.session.users(&self.counter, requesters).await?);
        Ok(Around { members, users, tickets })
    }

    /// A request as a snapshot of its approvals. None: who is in the group is not known.
    fn looked(&self, subject: &Subject, around: &Around<'_>) -> Option<Looked> {
        let Subject { request, ticket, known } = subject;
        let mut asides = Asides::default();
        let facts = self.facts(subject, around);
        let approvals: Vec<Approval> = if request.status == Status::Pending {
            let asked: Vec<(Option<&str>, Option<&str>)> = match &request.assignee {
                Some(Assignee::User(user)) => vec![(None, Some(user.as_str()))],
                Some(Assignee::Group(group)) => match around.members.get(group)?.as_slice() {
                    [] => vec![(None, None)],
                    members => members.iter().map(|user| (Some(user.as_str()), Some(user.as_str()))).collect(),
                },
                None => vec![(None, None)],
            };
            let approval = |(member, user): (Option<&str>, Option<&str>)| {
                let mut approval = request.approval(member, None, facts.clone()).ok()?;
                let own = known.iter().find(|entry| entry.approval.id == approval.id);
                match user {
                    Some(user) => approval.approver = Some(approver(user, own, around, &approval, &mut asides)),
                    None => asides.out_of_reach.push((approval.id.clone(), "nobody is there to be asked in Zendesk")),
                }
                Some(approval)
            };
            asked.into_iter().filter_map(approval).collect()
        } else {
            let by = decided_by(request, around);
            let ended = |entry: &Entry| {
                let id = &entry.approval.id;
                let member = Some(id.approval()).filter(|member| !member.is_empty());
                let approval = request.approval(member, entry.approval.approver.clone(), facts.clone()).ok()?;
                Some(Approval { decided_by: by.clone(), ..approval })
            };
            known.iter().filter_map(ended).collect()
        };
        asides.decided_in_chat = approvals.first().and_then(|approval| decided_in_chat(request, approval));
        let mut report = SourceReport { tickets: 1, ..SourceReport::default() };
        for approval in &approvals {
            report.approvals += 1;
            report.pending += u32::from(approval.status == Status::Pending);
        }
        if let Status::Unknown(name) = &request.status {
            let message = format!("status \"{name}\" is not known, so nothing is announced");
            report.problem(Some(&request.id), "UNKNOWN_STATUS", message);
        }
        let snapshot = TicketSnapshot { ticket: ticket.clone(), approvals, complete: true };
        Some(Looked { read_at: self.now, snapshot, report, asides })
    }

    /// What a card shows of the ticket: as it was read for an entry that is open, or just now.
    fn facts(&self, subject: &Subject, around: &Around<'_>) -> Arc<Ticket> {
        if let Some(ticket) = described(&subject.known) {
            return ticket.clone();
        }
        let bare = self.session.bare_ticket(&subject.request);
        let Some(facts) = around.tickets.get(&bare.id) else { return Arc::new(bare) };
        let requester = facts.requester.as_ref().and_then(|user| around.users.get(user));
        let requester = requester.map(|user| user.person.clone());
        Arc::new(Ticket { requester, link: bare.link, ..facts.ticket.clone() })
    }
}

/// The facts of the ticket as they are known of an open entry.
fn described(known: &[Entry]) -> Option<&Arc<Ticket>> {
    known.iter().find(|entry| entry.is_open()).map(|entry| &entry.approval.ticket)
}

/// Who is asked. Somebody who is out of reach is not told; a card that they have stays theirs.
fn approver(user: &str, own: Option<&Entry>, around: &Around<'_>, approval: &Approval, asides: &mut Asides) -> Person {
    let known = around.users.get(user);
    let why = known.map_or(Some("Zendesk does not tell who the approver is"), User::out_of_reach);
    let person = known.map(|user| user.person.clone()).unwrap_or_default();
    let Some(why) = why else { return person };
    asides.out_of_reach.push((approval.id.clone(), why));
    let told = own.filter(|entry| entry.is_open() && entry.said == Said::Announced);
    told.and_then(|entry| entry.approval.approver.clone()).unwrap_or(Person { email: None, ..person })
}

/// Who decided. Only who is asked can, so where one person is, that is who did, whether the list tells it or not.
fn decided_by(request: &Request, around: &Around<'_>) -> Option<Person> {
    if !matches!(request.status, Status::Approved | Status::Rejected) {
        return None;
    }
    let decision = request.decision.as_ref();
    let user = match (decision.and_then(|decision| decision.user.as_deref()), &request.assignee) {
        (Some(user), _) => Some(user),
        (None, Some(Assignee::User(user))) => Some(user.as_str()),
        (None, _) => None,
    };
    let person = user.and_then(|user| around.users.get(user)).map(|user| user.person.clone());
    let named = decision.and_then(|decision| decision.name.clone());
    person.or_else(|| named.map(|name| Person { name: Some(name), email: None }))
}
