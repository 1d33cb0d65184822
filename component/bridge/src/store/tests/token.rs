use approval_logic::sdp::token::AccessToken;

use crate::secret::Secret;
use crate::store::Store;
use crate::store::token::{KeptToken, load, save};
use crate::testing::MemoryHost;

fn kept() -> KeptToken {
    let token = AccessToken { token: "1000.an-access-token".to_owned(), expires_at: 5_000 };
    KeptToken { token: Some(token), not_before: 7 }
}

#[tokio::test]
async fn a_token_comes_back_with_its_end_and_is_not_in_the_store_in_the_clear() {
    let host = MemoryHost::new();
    let store = Store::new(host.clone());
    save(&store, &Secret::new("secret"), &kept()).await.unwrap();
    let back = load(&store, &Secret::new("secret")).await.unwrap();
    assert!(back.token == kept().token && back.not_before == 7);
    let bytes = host.bytes();
    assert!(!String::from_utf8_lossy(&bytes).contains("access-token"));
}

#[tokio::test]
async fn a_token_sealed_with_another_secret_counts_as_none() {
    let store = Store::new(MemoryHost::new());
    save(&store, &Secret::new("secret"), &kept()).await.unwrap();
    assert!(load(&store, &Secret::new("rotated")).await.unwrap().token.is_none());
}
