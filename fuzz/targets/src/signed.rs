//! What callers bring back: action tokens and ids.

use approval_logic::approval::{ApprovalId, TicketKind, is_id_segment};
use approval_logic::signature::{ActionClaims, hmac_sha256, sign_action, verify_action};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const SECRET: &str = "the-secret-of-action-tokens";

fn claims() -> ActionClaims {
    let id = ApprovalId::sdp(TicketKind::Change, "874", "77", "310").expect("a proper id");
    ActionClaims { id, round: 2, approver: "ana@corp.example".to_owned(), expires_at: 1_764_000_000_000 }
}

/// A token as a caller brings it, and the same bytes as claims that are signed rightly: nothing but our own token for
/// this approval, this person and this time is taken.
pub fn action_token(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (wanted, now) = (claims(), claims().expires_at - 1);
    let verify = |token: &str| verify_action(SECRET, token, &wanted.id, &wanted.approver, now);
    if verify(&text).is_ok() {
        assert_eq!(text.trim(), sign_action(SECRET, &wanted), "a token that nobody signed");
    }
    let payload = URL_SAFE_NO_PAD.encode(input);
    let mac = hmac_sha256(SECRET.as_bytes(), format!("approval-bridge action\n{payload}").as_bytes());
    if let Ok(taken) = verify(&format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac))) {
        assert!(taken.id == wanted.id && taken.approver == wanted.approver && taken.expires_at > now, "{taken:?}");
    }
}

/// An id as it stands in an address: what is read says the same when it is written, and has no part that could leave
/// its place in a path.
pub fn approval_id(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(id) = text.parse::<ApprovalId>() else { return };
    assert_eq!(id.to_string(), text);
    for part in text.split(':') {
        assert!(is_id_segment(part) && !part.contains(['/', ':', '?', '#', '%', '\\']) && part != "..", "{id:?}");
    }
}
