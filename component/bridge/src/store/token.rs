//! The access token of ServiceDesk Plus, kept across instances and sealed: who reads the store cannot use it.
//!
//! The key is derived from the client's secret, which only the host's variables hold.

use approval_logic::approval::Millis;
use approval_logic::sdp::token::AccessToken;
use approval_logic::signature::hmac_sha256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use serde::{Deserialize, Serialize};

use super::Store;
use crate::host::{Host, StoreError};
use crate::secret::Secret;

const KEY: &str = "v1:sdp-token";

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    #[serde(default)]
    expires_at: Millis,
    /// Zoho asked to be left alone until then.
    #[serde(default)]
    not_before: Millis,
}

/// What the store knows about the token.
#[derive(Default)]
pub struct KeptToken {
    /// The token, if there is one that this secret opens.
    pub token: Option<AccessToken>,
    /// Do not ask for another one before this time.
    pub not_before: Millis,
}

/// Reads the token. One that was sealed with another secret counts as none.
pub async fn load<H: Host>(store: &Store<H>, secret: &Secret) -> Result<KeptToken, StoreError> {
    let Some(kept) = store.read::<Kept>(KEY).await? else { return Ok(KeptToken::default()) };
    let token = kept
        .sealed
        .as_deref()
        .and_then(|sealed| open(secret, sealed))
        .map(|token| AccessToken { token, expires_at: kept.expires_at });
    Ok(KeptToken { token, not_before: kept.not_before })
}

/// Keeps the token, or that there is none to be had yet.
pub async fn save<H: Host>(store: &Store<H>, secret: &Secret, kept: &KeptToken) -> Result<(), StoreError> {
    let sealed = kept.token.as_ref().and_then(|token| seal(secret, &token.token));
    let expires_at = kept.token.as_ref().map_or(0, |token| token.expires_at);
    store.write(KEY, &Kept { sealed, expires_at, not_before: kept.not_before }).await
}

fn cipher(secret: &Secret) -> ChaCha20Poly1305 {
    let key = hmac_sha256(secret.reveal().as_bytes(), b"approval-bridge access token at rest");
    ChaCha20Poly1305::new(&key.into())
}

fn seal(secret: &Secret, token: &str) -> Option<String> {
    // The nonce comes from the token itself: another token, another nonce, without a source of randomness.
    let digest = hmac_sha256(secret.reveal().as_bytes(), token.as_bytes());
    let nonce: [u8; 12] = digest.first_chunk().copied()?;
    let sealed = cipher(secret).encrypt(Nonce::from_slice(&nonce), token.as_bytes()).ok()?;
    Some(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
}

fn open(secret: &Secret, sealed: &str) -> Option<String> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<12>()?;
    let token = cipher(secret).decrypt(Nonce::from_slice(nonce), sealed).ok()?;
    String::from_utf8(token).ok()
}
