//! What came back from the calls of one client, by origin and class.

use std::sync::{Arc, Mutex, PoisonError};

use approval_logic::http::{HttpResponse, TransportError};
use approval_logic::metrics::class;

type Counted = (String, &'static str, u64);

/// Calls, counted. Clones share everything.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<Counted>>>);

impl Calls {
    /// Counts a call. One that the host did not let out is none.
    pub(super) fn count(&self, origin: &str, answer: &Result<HttpResponse, TransportError>) {
        let Some(class) = class_of(answer) else { return };
        // Counting does not panic, so what a poisoned lock guards is still good.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.iter_mut().find(|(own, of, _)| own == origin && *of == class) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((origin.to_owned(), class, 1)),
        }
    }

    /// Origins and classes with how many there were. None of these calls is told of again.
    pub fn take(&self) -> Vec<Counted> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn class_of(answer: &Result<HttpResponse, TransportError>) -> Option<&'static str> {
    Some(match answer {
        Ok(answer) => match answer.status {
            200..=299 => class::OK,
            401 | 403 => class::AUTH,
            404 => class::NOT_FOUND,
            429 => class::LIMITED,
            408 | 425 | 500.. => class::RETRY,
            _ => class::PERMANENT,
        },
        Err(TransportError::Connect(_)) => class::RETRY,
        Err(TransportError::Lost(_) | TransportError::TooLarge(_)) => class::LOST,
        Err(TransportError::Denied) => class::PERMANENT,
        Err(TransportError::NoMoreCalls) => return None,
    })
}
