//! The id of an approval: one text, and where its parts are in it.
//!
//! Ids are compared, sorted, kept and handed on far more often than they are taken apart, so an id is the text that it
//! came as, and reading one copies nothing.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Source, TicketKind, TicketRef};
use crate::text::is_word;

/// One segment of an id: letters, digits, `-` and `_`, 1 to 64 of them.
///
/// Vendors' ids enter paths, keys and chat slots; whatever needs escaping in any of these is refused at the door.
pub fn is_id_segment(text: &str) -> bool {
    (1..=64).contains(&text.len()) && is_word(text)
}

/// The id of an approval, opaque to callers and safe in a URL.
///
/// | source | form |
/// |---|---|
/// | ServiceDesk Plus | `sdp:{module}:{ticket}:{level}:{approval}`: its approval ids are unique within a module only (API v3) |
/// | Zendesk | `zendesk:{request}`; with `:{user}` behind it for one member of a group that is asked |
/// | the bridge itself | `managed:{request}:{recipient}` |
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovalId {
    text: String,
    source: Source,
    kind: TicketKind,
    /// Where in the text its ticket begins, and where that and its level end.
    ends: [usize; 3],
}

/// Why a text is not an approval id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The number of parts or their names are wrong.
    #[error(
        "not an approval id: expected sdp:{{requests|changes|releases}}:{{ticket}}:{{level}}:{{approval}}, \
         zendesk:{{request}} or managed:{{request}}:{{recipient}}"
    )]
    Shape,
    /// A part holds something else than letters, digits, `-` and `_`, or is empty or too long.
    #[error("the {0} part of the approval id is not 1 to 64 letters, digits, - or _")]
    Segment(&'static str),
}

impl ApprovalId {
    /// The id of an approval in ServiceDesk Plus. Each part must be an id segment, as in all ids.
    pub fn sdp(kind: TicketKind, ticket: &str, level: &str, approval: &str) -> Result<Self, IdError> {
        let parts = Parts { source: Source::Sdp, kind, ticket, level, approval: Some(approval) }.checked()?;
        Ok(parts.written([Source::Sdp.name(), kind.plural(), ticket, level, approval].join(":")))
    }

    /// The id of an approval request in Zendesk, or of one member's part in it where a group is asked.
    pub fn zendesk(request: &str, member: Option<&str>) -> Result<Self, IdError> {
        let parts = Parts::short(Source::Zendesk, request, member).checked()?;
        Ok(parts.written([Source::Zendesk.name(), request].into_iter().chain(member).collect::<Vec<_>>().join(":")))
    }

    /// The id of one recipient's part in a request that the bridge keeps.
    pub fn managed(request: &str, recipient: &str) -> Result<Self, IdError> {
        let parts = Parts::short(Source::Managed, request, Some(recipient)).checked()?;
        Ok(parts.written([Source::Managed.name(), request, recipient].join(":")))
    }

    /// What stands for an id where none is shown.
    #[cfg(feature = "component")]
    pub(crate) const fn blank(kind: TicketKind) -> Self {
        Parts { source: Source::Sdp, kind, ticket: "", level: "", approval: None }.written(String::new())
    }

    /// Where it lives.
    pub const fn source(&self) -> Source {
        self.source
    }

    /// The kind of ticket.
    pub const fn kind(&self) -> TicketKind {
        self.kind
    }

    /// What is read as one at the source: the ticket of ServiceDesk Plus, elsewhere the approval request.
    pub fn ticket(&self) -> &str {
        let [begin, end, _] = self.ends;
        self.part(begin, end)
    }

    /// The approval level's id at ServiceDesk Plus; empty elsewhere.
    pub fn level(&self) -> &str {
        let [_, before, end] = self.ends;
        self.part(before.saturating_add(1), end)
    }

    /// The approval's own id within that: the recipient of a managed request, the member of a group in Zendesk. Empty
    /// where Zendesk asks one person.
    pub fn approval(&self) -> &str {
        let [_, _, before] = self.ends;
        self.part(before.saturating_add(1), self.text.len())
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The ticket that the approval belongs to.
    pub fn ticket_ref(&self) -> TicketRef {
        TicketRef { source: self.source, kind: self.kind, ticket: self.ticket().to_owned() }
    }

    /// Whether it is one member's part in what a whole group is asked: the answer of any of them is that of all.
    pub fn is_one_of_group(&self) -> bool {
        self.source == Source::Zendesk && !self.approval().is_empty()
    }

    /// The source's own id of the approval's level. A source without levels has the approval request in their place.
    pub fn level_id(&self) -> &str {
        if self.level().is_empty() { self.ticket() } else { self.level() }
    }
}

/// What an id is made of.
struct Parts<'a> {
    source: Source,
    kind: TicketKind,
    ticket: &'a str,
    level: &'a str,
    /// None where Zendesk asks one person.
    approval: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Those of a source without levels.
    const fn short(source: Source, ticket: &'a str, approval: Option<&'a str>) -> Self {
        Self { source, kind: TicketKind::Ticket, ticket, level: "", approval }
    }

    fn of(text: &'a str) -> Result<Self, IdError> {
        let mut rest = Some(text);
        // One more than any form has.
        let parts = match std::array::from_fn(|_| next_part(&mut rest)) {
            [Some("sdp"), Some(module), Some(ticket), Some(level), Some(approval), None] => {
                let kind = TicketKind::module(module).ok_or(IdError::Shape)?;
                Self { source: Source::Sdp, kind, ticket, level, approval: Some(approval) }
            }
            [Some("zendesk"), Some(request), member, None, ..] => Self::short(Source::Zendesk, request, member),
            [Some("managed"), Some(request), recipient @ Some(_), None, ..] => {
                Self::short(Source::Managed, request, recipient)
            }
            _ => return Err(IdError::Shape),
        };
        parts.checked()
    }

    fn checked(self) -> Result<Self, IdError> {
        let Self { source, ticket, level, approval, .. } = self;
        let level = (source == Source::Sdp).then_some(("level", level));
        let (first, last) = match source {
            Source::Sdp => ("ticket", "approval"),
            Source::Zendesk => ("request", "user"),
            Source::Managed => ("request", "recipient"),
        };
        let named = [Some((first, ticket)), level, approval.map(|approval| (last, approval))];
        match named.iter().flatten().find(|(_, part)| !is_id_segment(part)) {
            Some((name, _)) => Err(IdError::Segment(name)),
            None => Ok(self),
        }
    }

    /// The id that has these parts, given how it is written.
    const fn written(&self, text: String) -> ApprovalId {
        let Self { source, kind, ticket, level, .. } = *self;
        let before = match source {
            Source::Sdp => source.name().len() + kind.plural().len() + 2,
            Source::Zendesk | Source::Managed => source.name().len() + 1,
        };
        let ticket_ends = before + ticket.len();
        // Without a level what follows the ticket follows the level.
        let level_ends = if level.is_empty() { ticket_ends } else { ticket_ends + 1 + level.len() };
        ApprovalId { text, source, kind, ends: [before, ticket_ends, level_ends] }
    }
}

/// Takes the part in front of the next colon away. The library's own way pays off on long texts only.
fn next_part<'a>(rest: &mut Option<&'a str>) -> Option<&'a str> {
    let text = (*rest)?;
    let cut = text.bytes().position(|byte| byte == b':').and_then(|at| text.split_at_checked(at));
    *rest = cut.and_then(|(_, after)| after.strip_prefix(':'));
    Some(cut.map_or(text, |(part, _)| part))
}

/// By source, kind, ticket, level and approval, in this order.
impl Ord for ApprovalId {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most of those that are compared are the same.
        if self.text == other.text {
            return Ordering::Equal;
        }
        let kind = (self.source, self.kind).cmp(&(other.source, other.kind));
        let ticket = kind.then_with(|| self.ticket().cmp(other.ticket()));
        ticket.then_with(|| self.level().cmp(other.level())).then_with(|| self.approval().cmp(other.approval()))
    }
}

impl PartialOrd for ApprovalId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ApprovalId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Ok(Parts::of(text)?.written(text.to_owned()))
    }
}

impl TryFrom<String> for ApprovalId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        let id = Parts::of(&text)?.written(String::new());
        Ok(Self { text, ..id })
    }
}

impl From<ApprovalId> for String {
    fn from(id: ApprovalId) -> Self {
        id.text
    }
}

impl From<&ApprovalId> for String {
    fn from(id: &ApprovalId) -> Self {
        id.text.clone()
    }
}
