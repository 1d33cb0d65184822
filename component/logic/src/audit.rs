//! The audit trail as lines: who decided what, when, through which door and with what result; what was handed over to
//! whom; what was taken up again.
//!
//! A line is one JSON object. It holds the hash of the line before it and ends in its own, the SHA-256 of everything that
//! stands before that. So no line can be changed, taken out, put in or moved without a later hash being wrong. The hashes
//! have no key: whoever can write the whole store can write another trail. Keep the last hash somewhere else to notice.

mod verify;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::approval::{Millis, Verdict};
use crate::signature::hex;
use crate::text::{clean_line, truncate};

pub use verify::{Broken, Chain, Fault};

/// The longest text of a source that a line takes over, in characters.
const WORD_MAX: usize = 80;

/// The most approvals that a line about one message names. A digest of more is named by its event id.
const APPROVALS_MAX: usize = 200;

/// The hash that the first line of a trail holds as the one before it.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A line's place in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1; 0: nothing has been written yet.
    pub seq: u64,
    /// Its hash in lower-case hex.
    pub hash: String,
}

impl Default for Link {
    fn default() -> Self {
        Self { seq: 0, hash: NOTHING.to_owned() }
    }
}

impl Link {
    /// Reads `{number}:{hash}`, as [`std::fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.trim().split_once(':')?;
        let own = hash.len() == NOTHING.len() && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        Some(Self { seq: seq.parse().ok()?, hash: own.then(|| hash.to_owned())? })
    }

    /// The place of a line; none if it is not one of a trail. Whether its hash is right is for [`Chain`] to say.
    pub fn of(line: &str) -> Option<Self> {
        let (_, hash) = parts(line)?;
        let value: Value = serde_json::from_str(line).ok()?;
        Some(Self { seq: value.get("seq")?.as_u64()?, hash: hash.to_owned() })
    }

    /// The place of the line before a line, as the line itself says.
    pub fn before(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let seq = value.get("seq")?.as_u64()?.checked_sub(1)?;
        Some(Self { seq, hash: value.get("prev")?.as_str()?.to_owned() })
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

/// The way by which something came in or went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A route.
    Http,
    /// A typed call.
    Operations,
    /// The Events API of Moveworks.
    Events,
    /// A webhook listener of Moveworks.
    Listener,
}

impl Door {
    /// The word in lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Operations => "operations",
            Self::Events => "events",
            Self::Listener => "listener",
        }
    }
}

/// Something to be written down. What people wrote is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody tried to decide.
    Decision {
        /// The approval; none where the given id cannot be one.
        approval: Option<String>,
        /// The acting person's address.
        approver: String,
        /// Their answer.
        verdict: Verdict,
        /// How it ended: the `outcome` that the caller heard, or `failed` where the bridge itself could not go on.
        outcome: &'static str,
        /// The approval's status as the source has it; none where it could not be read.
        status: Option<String>,
        /// The source's own word for that status.
        word: Option<String>,
        /// The length of the comment in characters.
        comment_length: usize,
        /// The way it came in.
        door: Door,
    },
    /// A message to one person came to its end.
    Message {
        /// Its event id.
        event_id: String,
        /// Whom it is for.
        recipient: String,
        /// The approvals it is about.
        approvals: Vec<String>,
        /// Whether Moveworks took it; otherwise it was given up.
        taken: bool,
        /// The way it went out.
        door: Door,
    },
    /// A message that was given up is to be tried again.
    Retry {
        /// Its event id.
        event_id: String,
        /// The way the wish came in.
        door: Door,
    },
    /// Something happened to an approval request that the bridge itself keeps.
    Request {
        /// The request's id.
        request: String,
        /// What happened, in a word: `created`, `answered`, `cancelled`.
        activity: &'static str,
        /// Who did it; none where nobody is named.
        actor: Option<String>,
        /// How it ended, in a word.
        outcome: &'static str,
        /// The way it came in.
        door: Door,
    },
    /// Events before this one could not be written.
    Gap {
        /// How many.
        missed: u64,
    },
}

/// Writes an event as the line that follows `before`, without a line break, and says where that is.
pub fn line(event: &Event, at: Millis, before: &Link) -> (String, Link) {
    let seq = before.seq.saturating_add(1);
    let mut line = format!("{{\"seq\":{seq}");
    let at = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    text(&mut line, "at", &at.to_rfc3339_opts(SecondsFormat::Millis, true));
    members(&mut line, event);
    text(&mut line, "prev", &before.hash);
    let hash = hash(&line);
    text(&mut line, "hash", &hash);
    line.push('}');
    (line, Link { seq, hash })
}

/// When a line was written; none if it does not say.
pub fn written_at(line: &str) -> Option<Millis> {
    let value: Value = serde_json::from_str(line).ok()?;
    DateTime::parse_from_rfc3339(value.get("at")?.as_str()?).ok().map(|at| at.timestamp_millis())
}

fn members(line: &mut String, event: &Event) {
    match event {
        Event::Decision { approval, approver, verdict, outcome, status, word, comment_length, door } => {
            text(line, "kind", "decision");
            if let Some(approval) = approval {
                text(line, "approval", approval);
            }
            text(line, "approver", approver);
            text(line, "verdict", if *verdict == Verdict::Approve { "approve" } else { "reject" });
            text(line, "outcome", outcome);
            optional(line, "status", status.as_deref());
            optional(line, "source_status", word.as_deref());
            number(line, "comment_length", u64::try_from(*comment_length).unwrap_or(u64::MAX));
            text(line, "door", door.name());
        }
        Event::Message { event_id, recipient, approvals, taken, door } => {
            text(line, "kind", "message");
            text(line, "event_id", event_id);
            text(line, "recipient", recipient);
            member(line, "approvals", approvals.get(..APPROVALS_MAX).unwrap_or(approvals));
            text(line, "outcome", if *taken { "handed_over" } else { "given_up" });
            text(line, "door", door.name());
        }
        Event::Retry { event_id, door } => {
            text(line, "kind", "retry");
            text(line, "event_id", event_id);
            text(line, "door", door.name());
        }
        Event::Request { request, activity, actor, outcome, door } => {
            text(line, "kind", "request");
            text(line, "request", request);
            text(line, "activity", activity);
            if let Some(actor) = actor {
                text(line, "actor", actor);
            }
            text(line, "outcome", outcome);
            text(line, "door", door.name());
        }
        Event::Gap { missed } => {
            text(line, "kind", "gap");
            number(line, "missed", *missed);
        }
    }
}

fn member<T: Serialize + ?Sized>(line: &mut String, name: &str, value: &T) {
    // Texts, numbers and lists of them can always be written.
    let value = serde_json::to_string(value).unwrap_or_default();
    line.extend([",\"", name, "\":", &value]);
}

fn number(line: &mut String, name: &str, value: u64) {
    member(line, name, &value);
}

fn text(line: &mut String, name: &str, value: &str) {
    member(line, name, value);
}

/// A text that may be a source's: one line, and not long.
fn optional(line: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(line, name, &truncate(&clean_line(value), WORD_MAX));
    }
}

fn hash(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

/// What a line's hash is about, and the hash.
fn parts(line: &str) -> Option<(&str, &str)> {
    let at = line.len().checked_sub(NOTHING.len() + r#","hash":""}"#.len())?;
    let (body, end) = line.split_at_checked(at)?;
    Some((body, end.strip_prefix(r#","hash":""#)?.strip_suffix(r#""}"#)?))
}

#[cfg(test)]
mod tests;
