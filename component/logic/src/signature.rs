//! HMAC-SHA256, comparison in constant time, and the action tokens that bind a decision to one card.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::approval::{ApprovalId, Millis, normal_address};

/// The HMAC-SHA256 of a message.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; the type does not know.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The HMAC-SHA256 of a message in lower-case hex, as Moveworks' listeners expect it.
pub fn hmac_sha256_hex(key: &[u8], message: &[u8]) -> String {
    hex(&hmac_sha256(key, message))
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether two secrets are equal, in time that tells nothing about where they differ, nor about their length.
pub fn same_secret(given: &[u8], wanted: &[u8]) -> bool {
    let key = b"approval-bridge compare";
    hmac_sha256(key, given).ct_eq(&hmac_sha256(key, wanted)).into()
}

/// What an action token vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionClaims {
    /// The approval.
    pub id: ApprovalId,
    /// The round its card belongs to.
    pub round: u32,
    /// The approver's address, normalised.
    pub approver: String,
    /// When it ends.
    pub expires_at: Millis,
}

/// Why an action token is refused. Callers hear one neutral sentence; the case is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not of this form, or not signed with this secret.
    #[error("the action token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the action token has expired")]
    Expired,
    /// It belongs to another approval or another approver.
    #[error("the action token belongs to another approval or person")]
    Foreign,
}

/// A signed token: `{claims}.{mac}`, both base64url. Readable by anyone, made by nobody else.
pub fn sign_action(secret: &str, claims: &ActionClaims) -> String {
    // Strings and numbers only: writing them cannot fail.
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
    let mac = URL_SAFE_NO_PAD.encode(action_mac(secret, &payload));
    format!("{payload}.{mac}")
}

/// Checks a token against the approval and the person it is used for. The signature is checked before anything is read.
pub fn verify_action(
    secret: &str,
    token: &str,
    id: &ApprovalId,
    approver: &str,
    now: Millis,
) -> Result<ActionClaims, TokenError> {
    let (payload, mac) = token.trim().split_once('.').ok_or(TokenError::Invalid)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| TokenError::Invalid)?;
    if !bool::from(mac.as_slice().ct_eq(action_mac(secret, payload).as_slice())) {
        return Err(TokenError::Invalid);
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Invalid)?;
    let claims: ActionClaims = serde_json::from_slice(&payload).map_err(|_| TokenError::Invalid)?;
    if claims.id != *id || claims.approver != normal_address(approver) {
        Err(TokenError::Foreign)
    } else if now >= claims.expires_at {
        Err(TokenError::Expired)
    } else {
        Ok(claims)
    }
}

fn action_mac(secret: &str, payload: &str) -> [u8; 32] {
    // The prefix keeps a token from being taken for any other thing signed with the same secret.
    hmac_sha256(secret.as_bytes(), format!("approval-bridge action\n{payload}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::TicketKind;

    fn claims() -> ActionClaims {
        let id = ApprovalId::sdp(TicketKind::Change, "874", "77", "310").unwrap();
        ActionClaims { id, round: 2, approver: "ana@corp.example".to_owned(), expires_at: 1_000 }
    }

    fn verify(token: &str, approver: &str, now: Millis) -> Result<ActionClaims, TokenError> {
        verify_action("secret", token, &claims().id, approver, now)
    }

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        let hex = hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_token_holds_for_its_approval_and_person_until_it_ends() {
        let token = sign_action("secret", &claims());
        assert_eq!(verify(&token, " ANA@corp.example", 999), Ok(claims()));
        assert_eq!(verify(&token, "ana@corp.example", 1_000), Err(TokenError::Expired));
        assert_eq!(verify(&token, "bo@corp.example", 999), Err(TokenError::Foreign));
        let other = ApprovalId::sdp(TicketKind::Change, "875", "77", "310").unwrap();
        assert_eq!(verify_action("secret", &token, &other, "ana@corp.example", 1), Err(TokenError::Foreign));
        assert_eq!(verify_action("other", &token, &claims().id, "ana@corp.example", 1), Err(TokenError::Invalid));
    }

    #[test]
    fn a_token_with_any_byte_changed_or_cut_is_invalid() {
        let token = sign_action("secret", &claims());
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(verify(&changed, "ana@corp.example", 1), Err(TokenError::Invalid), "byte {at}");
            assert_eq!(
                verify(token.get(..at).unwrap(), "ana@corp.example", 1),
                Err(TokenError::Invalid),
                "cut at {at}"
            );
        }
        for odd in ["", ".", "..", "a.b.c", "é.é"] {
            assert_eq!(verify(odd, "ana@corp.example", 1), Err(TokenError::Invalid), "{odd}");
        }
    }

    #[test]
    fn secrets_are_equal_only_if_every_byte_is() {
        assert!(same_secret(b"token", b"token"));
        for other in [&b"toke"[..], b"tokens", b"Token", b""] {
            assert!(!same_secret(other, b"token"));
        }
    }
}
