//! Who was asked, and who was told: the world's own history beside what the bridge said, and every promise it broke.
//!
//! The witness sits where effects happen, below everything that can end a process or lose an answer. So it knows of
//! every message that Moveworks took and of every mark that the store holds, whatever the bridge came to know of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::asked::{Asked, answer, asked};
use super::kept::{Ended, Kept};
use super::plug::Plug;
use super::promise::{Breach, Promise};
use super::time::Time;
use crate::clock::Clock;
use crate::stubs::{Message, Stubs};

/// What was read so long ago may still be said, in milliseconds: half a minute of trust in what the sweep has read, a
/// quarter for the answer of the call, and as much in the queue for it.
pub const READ_WINDOW_MS: i64 = 60_000;

/// The keys of marks begin so; see `component/bridge/src/store/outbox.rs`.
const MARK: &str = "v1:sent:";

/// One asking of one person: the approval, the address, when it was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The bridge's id of the approval.
    pub id: String,
    /// The address.
    pub to: String,
    /// When it was sent, as the source has it.
    pub sent_on: Option<i64>,
}

/// What is known about a question.
#[derive(Debug, Default)]
struct History {
    /// From when to when it waited; an open end for one that waits now.
    spans: Vec<(i64, Option<i64>)>,
    /// The event ids of its announcements.
    announced: BTreeSet<String>,
    /// The action token of its newest card.
    token: Option<String>,
}

/// How often an event id was handed over.
#[derive(Debug)]
struct Handed {
    times: u32,
    /// The excuses there were at the last time.
    excuses: u64,
}

/// What was said, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Announcements.
    pub cards: u64,
    /// Reminders.
    pub reminders: u64,
    /// Other messages.
    pub others: u64,
    /// Messages that were handed over once more; each is counted above as well.
    pub repeats: u64,
    /// Questions that were asked, with an address to tell.
    pub asked: u64,
    /// From the asking to its first card, in milliseconds: the longest.
    pub slowest_ms: i64,
    /// The same, added up over all announced questions.
    pub waited_ms: i64,
    /// Questions with a card.
    pub announced: u64,
}

/// The witness. Clones share everything.
#[derive(Clone)]
pub struct Witness {
    stubs: Stubs,
    time: Time,
    kept: Arc<Mutex<Kept>>,
    plugs: Arc<Mutex<Vec<Plug>>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    questions: BTreeMap<Question, History>,
    waiting: BTreeSet<Question>,
    messages: usize,
    handed: BTreeMap<String, Handed>,
    marked: BTreeSet<String>,
    excuses: u64,
    said: Said,
    breaches: Vec<Breach>,
}

impl Witness {
    /// A witness of this world.
    pub fn new(stubs: Stubs, time: Time) -> Self {
        Self { stubs, time, kept: Arc::default(), plugs: Arc::default(), seen: Arc::default() }
    }

    /// Lets each strike of this plug excuse a repeat of what was under way.
    pub fn excuse_by(&self, plug: &Plug) {
        self.plugs.lock().unwrap_or_else(PoisonError::into_inner).push(plug.clone());
    }

    /// Looks at the world: to be called after every change of it.
    pub fn look(&self) {
        let now = self.time.now_ms();
        let asked = self.asked().into_iter();
        let asked = asked.filter_map(|Asked { id, to, sent_on }| Some(Question { id, to: to?, sent_on }));
        let asked: BTreeSet<Question> = asked.collect();
        let mut seen = self.lock();
        let before = std::mem::take(&mut seen.waiting);
        for question in before.difference(&asked) {
            if let Some(span) = seen.questions.get_mut(question).and_then(|history| history.spans.last_mut()) {
                span.1 = Some(now);
            }
        }
        for question in asked.difference(&before) {
            seen.said.asked += 1;
            seen.questions.entry(question.clone()).or_default().spans.push((now, None));
        }
        seen.waiting = asked;
    }

    /// Everybody who is asked now, also those without an address.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let mut all = self.stubs.with(|world| asked(world));
        all.extend(self.kept().asked());
        all
    }

    /// Whether a question was approved; none: it was not answered, or was asked anew since.
    pub(super) fn answer(&self, question: &Question) -> Option<bool> {
        self.stubs.with(|world| answer(world, question)).or_else(|| self.kept().answer(question))
    }

    /// The ids of the requests of the bridge itself that are open.
    pub(super) fn open_here(&self) -> Vec<String> {
        self.kept().open()
    }

    /// The requests of the bridge itself that have come to their end.
    pub(super) fn ended_here(&self) -> Vec<Ended> {
        self.kept().ended()
    }

    /// The questions that wait now.
    pub fn waiting(&self) -> Vec<Question> {
        self.lock().waiting.iter().cloned().collect()
    }

    /// The action token of the newest card of a question; outer none: there was no card yet. Where it was taken back and asked
    /// again, a card of the time before is none: it may be of an earlier round.
    pub fn card(&self, question: &Question) -> Option<Option<String>> {
        let seen = self.lock();
        let history = seen.questions.get(question).filter(|history| history.announced.len() >= history.spans.len())?;
        Some(history.token.clone())
    }

    /// What was said so far.
    pub fn said(&self) -> Said {
        self.lock().said
    }

    /// How often each event id was handed over.
    pub fn handed(&self) -> BTreeMap<String, u32> {
        self.lock().handed.iter().map(|(id, handed)| (id.clone(), handed.times)).collect()
    }

    /// The promises that were broken so far.
    pub fn breaches(&self) -> Vec<Breach> {
        self.lock().breaches.clone()
    }

    /// Notes that a promise was broken.
    pub fn breach(&self, promise: Promise, what: String) {
        let at = self.time.now_ms();
        self.lock().breaches.push(Breach { promise, at, what });
    }

    /// Checks that whoever waits was told, or will be: `underway` holds the approvals that the outbox still has.
    pub fn check_told(&self, underway: &BTreeSet<String>) {
        let missed: Vec<String> = {
            let seen = self.lock();
            let told =
                |question: &Question| seen.questions.get(question).is_some_and(|history| !history.announced.is_empty());
            let untold = seen.waiting.iter().filter(|question| !told(question) && !underway.contains(&question.id));
            untold.map(|question| format!("{} was never told of {}", question.to, question.id)).collect()
        };
        missed.into_iter().for_each(|what| self.breach(Promise::NothingMissed, what));
    }

    /// Something was written to the store, or removed from it. With its mark a message counts as taken.
    pub(super) fn stored(&self, key: &str, value: Option<&[u8]>) {
        if self.kept().take(key, value) {
            return self.look();
        }
        // A slot's keys have its number before them.
        let mark = key.split_once(MARK).filter(|(slot, _)| slot.is_empty() || slot.starts_with('s'));
        if let Some((_, event_id)) = mark.filter(|_| value.is_some()) {
            self.lock().marked.insert(event_id.to_owned());
        }
    }

    /// Takes note of messages that came in.
    pub(super) fn listen(&self) {
        // A write whose answer is long in coming has changed the world already, and a sweep may have seen that.
        self.look();
        let mut seen = self.lock();
        let (total, messages) = self.stubs.with(|world| {
            let all = world.sent_messages();
            let from = if all.len() < seen.messages { 0 } else { seen.messages };
            (all.len(), all.get(from..).unwrap_or_default().to_vec())
        });
        seen.messages = total;
        let excuses = self.excuses(&seen);
        messages.iter().for_each(|message| seen.hear(message, excuses));
    }

    /// Something went wrong, so that what was under way may be repeated.
    pub(super) fn excuse(&self) {
        self.lock().excuses += 1;
    }

    fn excuses(&self, seen: &Seen) -> u64 {
        let plugs = self.plugs.lock().unwrap_or_else(PoisonError::into_inner);
        plugs.iter().map(Plug::struck).sum::<u64>() + seen.excuses
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn hear(&mut self, message: &Message, excuses: u64) {
        let part = |path: &str| message.body.pointer(path);
        let text = |path: &str| part(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (event, event_id) = (text("/event"), text("/event_id"));
        let to = message.recipients.first().cloned().unwrap_or_default();
        self.hear_again(&event_id, excuses, message.at);
        let several = |path: &str| part(path).and_then(Value::as_array).cloned().unwrap_or_default();
        let about = match part("/approval") {
            Some(approval) => vec![(approval.clone(), part("/slots").cloned().unwrap_or_default())],
            None => several("/approvals").into_iter().zip(several("/slots/approvals")).collect(),
        };
        for (approval, slots) in about {
            let id = approval.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let question = Question { id, to: to.clone(), sent_on: approval.get("sent_at").and_then(Value::as_i64) };
            self.hold_against(&question, &event, message.at);
            if matches!(event.as_str(), "approval.pending" | "approval.digest") {
                let token = slots.get("action_token").and_then(Value::as_str).map(str::to_owned);
                self.announced(&question, event_id.clone(), token, message.at);
            }
        }
        match event.as_str() {
            "approval.pending" | "approval.digest" => self.said.cards += 1,
            "approval.reminder" => self.said.reminders += 1,
            _ => self.said.others += 1,
        }
    }

    /// Whether what was said of a question was so.
    fn hold_against(&mut self, question: &Question, event: &str, at: i64) {
        let Question { id, to, .. } = question;
        let since = at - READ_WINDOW_MS;
        let first = Question { sent_on: None, ..question.clone() };
        let own = self.questions.range(first..).take_while(|(own, _)| own.id == *id && own.to == *to);
        let spans: Vec<(i64, Option<i64>)> = own.flat_map(|(_, history)| history.spans.iter().copied()).collect();
        let asked = spans.iter().any(|(_, ended)| ended.is_none_or(|ended| ended >= since));
        let all_along = spans.iter().any(|(begun, ended)| *begun <= since && ended.is_none());
        let wrong = match event {
            "approval.pending" | "approval.digest" | "approval.reminder" if !asked => {
                Some(format!("{event} for {id} went to {to}, who is not asked"))
            }
            "approval.closed" if all_along => Some(format!("{to} was told that {id} is closed, and it waits for them")),
            _ => None,
        };
        self.breaches.extend(wrong.map(|what| Breach { promise: Promise::NothingFalse, at, what }));
    }

    /// A mark says that a message was taken, so it is never handed over again. Without one it is repeated only if
    /// something was lost since.
    fn hear_again(&mut self, event_id: &str, excuses: u64, at: i64) {
        let handed = self.handed.entry(event_id.to_owned()).or_insert(Handed { times: 0, excuses });
        handed.times += 1;
        let again = handed.times > 1;
        let excused = handed.excuses < excuses && !self.marked.contains(event_id);
        handed.excuses = excuses;
        self.said.repeats += u64::from(again);
        if again && !excused {
            let what = format!("{event_id} was handed over again, though nothing had been lost");
            self.breaches.push(Breach { promise: Promise::NothingTwice, at, what });
        }
    }

    fn announced(&mut self, question: &Question, event_id: String, token: Option<String>, at: i64) {
        let Some(history) = self.questions.get_mut(question) else { return };
        if history.announced.is_empty()
            && let Some((begun, _)) = history.spans.first()
        {
            let waited = at.saturating_sub(*begun);
            self.said.announced += 1;
            self.said.waited_ms += waited;
            self.said.slowest_ms = self.said.slowest_ms.max(waited);
        }
        history.token = token;
        history.announced.insert(event_id);
        if history.announced.len() > history.spans.len() {
            let Question { id, to, .. } = question;
            let what = format!("{to} was told of {id} under several event ids: {:?}", history.announced);
            self.breaches.push(Breach { promise: Promise::OneEventId, at, what });
        }
    }
}
