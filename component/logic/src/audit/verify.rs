//! Whether a trail is whole: line by line, and the first line that is not is named.

use serde_json::Value;

use super::{Link, hash, parts};

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not a line of a trail.
    #[error("it cannot be read as a line of the trail")]
    Unreadable,
    /// Its text and its hash differ.
    #[error("it was changed: its hash is another one")]
    Changed,
    /// Its number is not the next one: lines before it are missing, or stand twice.
    #[error("its number should be {0}: lines before it are missing, doubled or moved")]
    Number(u64),
    /// It does not hold the hash of the line before it.
    #[error("it does not continue the line before it")]
    Unlinked,
    /// Its hash is not the one that is remembered elsewhere.
    #[error("its hash is not the one that was noted for it: the trail was written anew")]
    Replaced,
    /// The trail ends before a line that is known to have been written.
    #[error("it is missing: the trail was cut off")]
    Missing,
}

/// The first thing that is wrong with a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {seq} of the trail: {fault}")]
pub struct Broken {
    /// The number that the line has or should have.
    pub seq: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// A trail that is being checked.
#[derive(Clone, Debug)]
pub struct Chain {
    last: Link,
    known: Vec<Link>,
}

impl Chain {
    /// A trail that begins after `begin`, the last line that retention has dropped; the default for one with all its lines.
    /// `known`: lines whose hashes are known from elsewhere, such as the end as the store notes it. Those before the
    /// beginning say nothing.
    pub fn new(begin: Link, known: impl IntoIterator<Item = Link>) -> Self {
        let known = known.into_iter().filter(|link| link.seq > begin.seq).collect();
        Self { last: begin, known }
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// What is wrong with it. Nothing after it can be trusted.
    pub fn take(&mut self, line: &str) -> Result<(), Broken> {
        let expected = self.last.seq.saturating_add(1);
        let at = |seq| move |fault| Broken { seq, fault };
        let value: Option<Value> = serde_json::from_str(line).ok();
        let read = value.as_ref().and_then(|value| Some((value.get("seq")?.as_u64()?, value.get("prev")?.as_str()?)));
        let (Some((seq, prev)), Some((body, own))) = (read, parts(line)) else {
            return Err(at(expected)(Fault::Unreadable));
        };
        let fault = if hash(body) != own {
            Some(Fault::Changed)
        } else if seq != expected {
            Some(Fault::Number(expected))
        } else if prev != self.last.hash {
            Some(Fault::Unlinked)
        } else if self.known.iter().any(|link| link.seq == seq && link.hash != own) {
            Some(Fault::Replaced)
        } else {
            None
        };
        self.last = Link { seq, hash: own.to_owned() };
        fault.map_or(Ok(()), |fault| Err(at(seq)(fault)))
    }

    /// Ends the trail: the place of its last line.
    ///
    /// # Errors
    /// A line is known to have been written after that.
    pub fn finish(self) -> Result<Link, Broken> {
        match self.known.iter().map(|link| link.seq).filter(|seq| *seq > self.last.seq).min() {
            None => Ok(self.last),
            Some(_) => Err(Broken { seq: self.last.seq.saturating_add(1), fault: Fault::Missing }),
        }
    }
}
