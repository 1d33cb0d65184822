//! What several slots of one sweep come for at the same time is read once: a page of a list holds tickets of all of them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OnceCell;

use crate::http::CallFailure;

/// Answers that are being read, by the names of what they answer. Nothing is kept of one that nobody waits for any more.
pub(super) struct ReadOnce<P>(Mutex<Vec<(String, Weak<OnceCell<P>>)>>);

impl<P> Default for ReadOnce<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Clone> ReadOnce<P> {
    /// What a name stands for: read, or had from whoever is reading it.
    pub(super) async fn get(
        &self,
        name: String,
        read: impl Future<Output = Result<P, CallFailure>>,
    ) -> Result<P, CallFailure> {
        let answer = self.waited_for(name);
        answer.get_or_try_init(|| read).await?;
        // The last one has it, without a copy.
        let answer = Arc::try_unwrap(answer).map_or_else(|shared| shared.get().cloned(), OnceCell::into_inner);
        answer.ok_or(CallFailure::OutOfTime)
    }

    fn waited_for(&self, name: String) -> Arc<OnceCell<P>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|(_, answer)| answer.strong_count() > 0);
        if let Some(answer) = answers.iter().find(|(own, _)| *own == name).and_then(|(_, answer)| answer.upgrade()) {
            return answer;
        }
        let answer = Arc::default();
        answers.push((name, Arc::downgrade(&answer)));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use approval_logic::http::CallError;

    use super::*;
    use crate::together;

    #[tokio::test]
    async fn those_who_come_while_it_is_read_share_one_answer_and_later_ones_do_not() {
        let (once, calls) = (ReadOnce::<u32>::default(), AtomicU32::new(0));
        let read = || async {
            tokio::task::yield_now().await;
            Ok(calls.fetch_add(1, Ordering::Relaxed))
        };
        let all = (0..16).map(|_| once.get("page".to_owned(), read()));
        assert_eq!(together::all_or_error(all).await.unwrap(), [0; 16]);
        assert_eq!(once.get("another".to_owned(), read()).await.unwrap(), 1);
        assert_eq!(once.get("page".to_owned(), read()).await.unwrap(), 2, "nobody waits for the first one any more");
    }

    #[tokio::test]
    async fn a_failure_is_nobody_elses() {
        let once = ReadOnce::<u32>::default();
        let failure = CallFailure::Failed(CallError::Permanent { code: "X", message: String::new() });
        assert!(once.get("page".to_owned(), std::future::ready(Err(failure))).await.is_err());
        assert_eq!(once.get("page".to_owned(), std::future::ready(Ok(7))).await.unwrap(), 7);
    }
}
