//! A store as it is once the bridge has tracked many approvals for a while, made without the sweeps that lead there.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use approval_bridge::stubs::{Module, Truth, World};
use approval_bridge_component::host::{CallLimits, Host, StoreError, VariableError};
use approval_bridge_component::store::Store;
use approval_bridge_component::store::ledger::Ledger;
use approval_bridge_component::store::progress::{self, LedgerProgress, ModuleProgress, Progress, WalkProgress};
use approval_logic::approval::{Approval, Millis, Person, Status, Ticket, TicketKind};
use approval_logic::diff::{Entry, Said};
use approval_logic::http::{HttpRequest, HttpResponse, TransportError};
use approval_logic::text::html_to_text;

/// Entries written at once; leaves are cut as they would be in the course of many sweeps.
const AT_ONCE: usize = 500;

/// The requests of a world with all that waits in it announced.
pub struct Tracked {
    entries: Vec<Entry>,
    progress: ModuleProgress,
    now: Millis,
}

impl Tracked {
    /// Reads the world.
    pub fn of(world: &World) -> Self {
        let now = world.now();
        let tickets = || world.tickets(Module::Requests);
        let entries = world.pending().iter().filter_map(|row| entry(world, row, now)).collect();
        let walk = WalkProgress {
            begun_at: now,
            total: u64::try_from(tickets().count()).expect("few enough to be counted"),
            ..WalkProgress::default()
        };
        let progress = ModuleProgress {
            walked_once: true,
            watermark: tickets().map(|ticket| ticket.updated).max(),
            tickets: walk,
            ledger: LedgerProgress { begun_at: now, ..LedgerProgress::default() },
            ..ModuleProgress::default()
        };
        Self { entries, progress, now }
    }

    /// What the store holds then.
    pub async fn store(self) -> BTreeMap<String, Vec<u8>> {
        let host = StoreOnly { keys: Arc::default(), now: self.now };
        let store = Store::new(host.clone());
        for entries in self.entries.chunks(AT_ONCE) {
            let ledger = Ledger::open(store.clone()).await.expect("the store is in memory");
            ledger.commit(entries.to_vec(), self.now).await.expect("the store is in memory");
        }
        let modules = [("sdp/requests".to_owned(), self.progress)].into_iter().collect();
        let place = Progress { modules, ..Progress::default() };
        progress::save(&store, &place).await.expect("the store is in memory");
        host.lock().clone()
    }
}

fn entry(world: &World, row: &Truth, now: Millis) -> Option<Entry> {
    let ticket = world.ticket(row.module, &row.ticket)?;
    let requester = ticket.requester.as_ref();
    let person = |name: &str, email: &Option<String>| Person { name: Some(name.to_owned()), email: email.clone() };
    let approval = Approval {
        id: row.id.parse().ok()?,
        ticket: Arc::new(Ticket {
            kind: TicketKind::Request,
            id: ticket.id.clone(),
            number: ticket.number.clone(),
            title: Some(ticket.subject.clone()),
            description: ticket.description.as_deref().map(html_to_text),
            requester: requester.map(|requester| person(&requester.name, &requester.email)),
            priority: ticket.priority.clone(),
            link: None,
        }),
        level: Some(row.level_number),
        approver: row.approver.as_deref().map(|name| person(name, &row.email)),
        original_approver: None,
        status: Status::Pending,
        sent_at: row.sent_on,
        decided_at: None,
        decided_by: None,
        comment: None,
        details: Vec::new(),
    };
    let (said, announced_at) = (Said::Announced, Some(now));
    Some(Entry {
        approval,
        round: 1,
        said,
        first_seen: now,
        announced_at,
        told_at: announced_at,
        end_told: 0,
        reminders: 0,
        closed_at: None,
        decision: None,
    })
}

/// A host with nothing but a store.
#[derive(Clone)]
struct StoreOnly {
    keys: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    now: Millis,
}

impl StoreOnly {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for StoreOnly {
    fn send(
        &self,
        _: &HttpRequest,
        _: CallLimits,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        ready(Err(TransportError::Denied))
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        ready(Ok(self.lock().get(key).cloned()))
    }

    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.lock().insert(key.to_owned(), value);
        ready(Ok(()))
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.lock().remove(key);
        ready(Ok(()))
    }

    fn variable(&self, _: &'static str) -> impl Future<Output = Result<Option<String>, VariableError>> + Send {
        ready(Ok(None))
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn nanos(&self) -> u64 {
        0
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
        ready(())
    }
}
