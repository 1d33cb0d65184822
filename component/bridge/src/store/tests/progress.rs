use futures::join;

use super::entry;
use crate::store::Store;
use crate::store::progress::{forget_revisits, revisit, revisits};
use crate::testing::MemoryHost;

/// Somebody read the list before the ticket was on it, and writes it back after.
#[tokio::test]
async fn a_ticket_to_look_at_again_outlasts_another_writer_of_the_list() {
    let store = Store::new(MemoryHost::new());
    let (one, other) = (entry(1).approval.id.ticket_ref(), entry(2).approval.id.ticket_ref());
    let others = vec![other.clone()];
    let (asked, written) = join!(revisit(&store, one.clone()), store.write("v1:revisit", &others));
    asked.unwrap();
    written.unwrap();
    assert_eq!(revisits(&store).await.unwrap(), [other.clone(), one.clone()]);
    revisit(&store, one.clone()).await.unwrap();
    forget_revisits(&store, &[other]).await.unwrap();
    assert_eq!(revisits(&store).await.unwrap(), [one], "once is enough");
}
