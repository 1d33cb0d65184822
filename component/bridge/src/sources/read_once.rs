//! What several slots of one sweep come for in the same moment is read once: a page of a list holds tickets of all of them.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::http::CallFailure;

/// An answer is good for others so long, in milliseconds: enough for slots that begin together, and too short for
/// anybody to decide on what it says.
const GOOD: u64 = 1_000;

/// Answers that are being read or were read a moment ago.
pub(super) struct ReadOnce<P>(Mutex<Vec<Answer<P>>>);

struct Answer<P> {
    name: String,
    begun: u64,
    answer: Arc<OnceCell<P>>,
}

impl<P> Default for ReadOnce<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Clone> ReadOnce<P> {
    /// What a name stands for, read if nobody has begun to read it a moment ago. `now`: in the host's ticks.
    pub(super) async fn get(
        &self,
        name: String,
        now: u64,
        read: impl Future<Output = Result<P, CallFailure>>,
    ) -> Result<P, CallFailure> {
        let answer = {
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            answers.retain(|own| now.saturating_sub(own.begun) < GOOD);
            match answers.iter().find(|own| own.name == name) {
                Some(own) => own.answer.clone(),
                None => {
                    let answer = Arc::default();
                    answers.push(Answer { name, begun: now, answer: Arc::clone(&answer) });
                    answer
                }
            }
        };
        answer.get_or_try_init(|| read).await.cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use approval_logic::http::CallError;

    use super::*;
    use crate::together;

    #[tokio::test]
    async fn those_who_come_in_the_same_moment_share_one_answer() {
        let (once, calls) = (ReadOnce::<u32>::default(), AtomicU32::new(0));
        let read = || async {
            tokio::task::yield_now().await;
            Ok(calls.fetch_add(1, Ordering::Relaxed))
        };
        let all = (0..16).map(|_| once.get("page".to_owned(), 5, read()));
        assert_eq!(together::all_or_error(all).await.unwrap(), [0; 16]);
        assert_eq!(once.get("another".to_owned(), 5, read()).await.unwrap(), 1);
        assert_eq!(once.get("page".to_owned(), 5 + GOOD, read()).await.unwrap(), 2, "it is another moment");
    }

    #[tokio::test]
    async fn a_failure_is_nobody_elses() {
        let once = ReadOnce::<u32>::default();
        let failure = CallFailure::Failed(CallError::Permanent { code: "X", message: String::new() });
        assert!(once.get("page".to_owned(), 5, std::future::ready(Err(failure))).await.is_err());
        assert_eq!(once.get("page".to_owned(), 5, std::future::ready(Ok(7))).await.unwrap(), 7);
    }
}
