//! Work side by side. What drives it is there once for all kinds of results, because each piece is boxed and leaves its
//! result in a list: the library's own combinators are compiled anew for each of their uses.

use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesUnordered};
use futures::{Stream, StreamExt};

type Piece<'a> = BoxFuture<'a, ()>;

/// The results of all, in their order.
pub(crate) async fn all<T: Send, F: Future<Output = T> + Send>(pieces: impl IntoIterator<Item = F>) -> Vec<T> {
    let pieces: Vec<F> = pieces.into_iter().collect();
    let results = Mutex::new(Vec::new());
    results_of(&results).resize_with(pieces.len(), || None);
    let keep = |at: usize, piece: F| -> Piece<'_> {
        let results = &results;
        Box::pin(async move {
            let result = piece.await;
            if let Some(place) = results_of(results).get_mut(at) {
                *place = Some(result);
            }
        })
    };
    drive(pieces.into_iter().enumerate().map(|(at, piece)| keep(at, piece)).collect()).await;
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// The results of all, or the first error.
pub(crate) async fn all_or_error<T: Send, E: Send, F: Future<Output = Result<T, E>> + Send>(
    pieces: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, E> {
    all(pieces).await.into_iter().collect()
}

/// The results of all that a stream brings, at most `width` at once, in the order in which they come out.
pub(crate) async fn at_most<T: Send, F: Future<Output = T> + Send>(
    width: usize,
    pieces: impl Stream<Item = F> + Send,
) -> Vec<T> {
    let results = Mutex::new(Vec::new());
    let keep = |piece: F| -> Piece<'_> {
        let results = &results;
        Box::pin(async move {
            let result = piece.await;
            results_of(results).push(result);
        })
    };
    drive_some(width, pieces.map(keep).boxed()).await;
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn results_of<T>(results: &Mutex<Vec<T>>) -> std::sync::MutexGuard<'_, Vec<T>> {
    results.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn drive(pieces: FuturesUnordered<Piece<'_>>) {
    let mut pieces = pieces;
    while pieces.next().await.is_some() {}
}

async fn drive_some(width: usize, pieces: BoxStream<'_, Piece<'_>>) {
    let mut pieces = pieces.buffer_unordered(width);
    while pieces.next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{all, all_or_error, at_most};

    async fn slow(number: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(20 - number)).await;
        number
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_the_work_or_of_its_end() {
        assert_eq!(all([1, 9, 5].map(slow)).await, [1, 9, 5]);
        assert_eq!(at_most(3, futures::stream::iter([1, 15, 8].map(slow))).await, [15, 8, 1]);
        assert_eq!(at_most(1, futures::stream::iter([1, 9, 5].map(slow))).await, [1, 9, 5]);
    }

    #[tokio::test]
    async fn one_error_is_the_result_of_all() {
        let odd = |number: u64| async move { if number % 2 == 1 { Err(number) } else { Ok(slow(number).await) } };
        assert_eq!(all_or_error([2, 4].map(odd)).await, Ok(vec![2, 4]));
        assert_eq!(all_or_error([2, 3, 5].map(odd)).await, Err(3));
    }
}
