//! Who has signed in: a cookie that the bridge signs and nobody else can make, and the tokens of the forms on its pages.
//!
//! Nothing is kept of it. The key comes from `api_token`, so that another token ends every session; the time stands in
//! the cookie, so that none outlives it, wherever it was copied to.

use approval_logic::approval::Millis;
use approval_logic::signature::{hmac_sha256_hex, same_secret};

use crate::secret::Secret;

/// The name of the cookie.
const NAME: &str = "approval_bridge_console";

/// How long a session lasts, in seconds.
const LIFE_SECONDS: Millis = 30 * 60;

/// Where the cookie goes: to the console's own addresses.
const SCOPE: &str = "Path=/console; HttpOnly; SameSite=Strict";

/// What sessions are signed with.
pub(super) struct Keys(String);

/// Somebody who has signed in. Holds the cookie's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session(String);

impl Keys {
    /// The key of a token, under a label of its own: nothing else that is signed with the token can pass for a session.
    pub(super) fn of(api_token: &Secret) -> Self {
        Self(hmac_sha256_hex(api_token.reveal().as_bytes(), b"approval-bridge console"))
    }

    /// A new session.
    pub(super) fn begin(&self, now: Millis) -> Session {
        let until = now.saturating_add(LIFE_SECONDS * 1000);
        Session(format!("{until}.{}", self.mac("session", &until.to_string())))
    }

    /// The session of a `Cookie` header; none if it is not there, not ours, or over. Two of the name are none: nobody can
    /// say which of them the bridge has set.
    pub(super) fn session(&self, cookies: &str, now: Millis) -> Option<Session> {
        let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut own = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
        let (Some(value), None) = (own.next(), own.next()) else { return None };
        let (until, mac) = value.split_once('.')?;
        if !same_secret(mac.as_bytes(), self.mac("session", until).as_bytes()) {
            return None;
        }
        // One that ends later than any would begin now was made before the clock was set back.
        let left = until.parse::<Millis>().ok()?.saturating_sub(now);
        (1..=LIFE_SECONDS * 1000).contains(&left).then(|| Session(value.to_owned()))
    }

    /// What a form of this session carries. A page of another site cannot know it.
    pub(super) fn form_token(&self, session: &Session) -> String {
        self.mac("form", &session.0)
    }

    /// Whether a form belongs to this session.
    pub(super) fn is_own_form(&self, session: &Session, given: &str) -> bool {
        same_secret(given.as_bytes(), self.form_token(session).as_bytes())
    }

    fn mac(&self, label: &str, text: &str) -> String {
        hmac_sha256_hex(self.0.as_bytes(), format!("{label}\n{text}").as_bytes())
    }
}

impl Session {
    /// The header that makes a browser keep it. `bare`: over plain HTTP to this machine itself, where browsers would not
    /// give a secure cookie back.
    pub(super) fn cookie(&self, bare: bool) -> String {
        let secure = if bare { "" } else { "; Secure" };
        format!("{NAME}={}; Max-Age={LIFE_SECONDS}; {SCOPE}{secure}", self.0)
    }
}

/// The header that makes a browser forget the session.
pub(super) fn forget(bare: bool) -> String {
    Session(String::new()).cookie(bare).replace(&format!("Max-Age={LIFE_SECONDS}"), "Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_790_000_000_000;
    const HALF_HOUR: Millis = 30 * 60_000;

    fn keys(token: &str) -> Keys {
        Keys::of(&Secret::new(token))
    }

    /// What a browser sends back.
    fn cookie(session: &Session) -> String {
        session.cookie(false).split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_session_holds_until_its_time_is_over() {
        let session = keys("token").begin(NOW);
        for (now, holds) in [(NOW, true), (NOW + HALF_HOUR - 1, true), (NOW + HALF_HOUR, false), (NOW - 1, false)] {
            let found = keys("token").session(&cookie(&session), now);
            assert_eq!(found, holds.then(|| session.clone()), "{}", now - NOW);
        }
    }

    #[test]
    fn no_other_cookie_is_a_session() {
        let good = cookie(&keys("token").begin(NOW));
        let (name, value) = good.split_once('=').unwrap();
        let (until, mac) = value.split_once('.').unwrap();
        let later = (NOW + HALF_HOUR + 1).to_string();
        let token_mac = hmac_sha256_hex(b"token", format!("session\n{until}").as_bytes());
        for (what, cookies) in [
            ("missing", String::new()),
            ("another name", format!("{name}2={value}")),
            ("another key", cookie(&keys("other").begin(NOW))),
            ("another time", format!("{name}={later}.{mac}")),
            ("a sign before the time", format!("{name}=+{until}.{mac}")),
            ("no signature", format!("{name}={until}.")),
            ("half a signature", format!("{name}={until}.{}", mac.get(..32).unwrap())),
            ("a capital in the signature", format!("{name}={until}.{}", mac.to_uppercase())),
            ("signed with the token itself", format!("{name}={until}.{token_mac}")),
            ("the token of a form", format!("{name}={until}.{}", keys("token").form_token(&Session(value.into())))),
            ("forgotten", format!("{name}=")),
            ("twice", format!("{good}; {good}")),
        ] {
            assert_eq!(keys("token").session(&cookies, NOW), None, "{what}");
        }
        assert!(keys("token").session(&format!("theme=dark; {good};x=y"), NOW).is_some());
    }

    #[test]
    fn a_form_belongs_to_its_session_alone() {
        let (keys, others) = (keys("token"), keys("other"));
        let (one, another) = (keys.begin(NOW), keys.begin(NOW + 1));
        let token = keys.form_token(&one);
        assert!(keys.is_own_form(&one, &token));
        for (what, session, given) in [
            ("another session", &one, keys.form_token(&another)),
            ("another key", &one, others.form_token(&one)),
            ("missing", &one, String::new()),
            ("cut", &one, token.get(..63).unwrap().to_owned()),
            ("the session itself", &one, one.0.clone()),
            ("used elsewhere", &another, token.clone()),
        ] {
            assert!(!keys.is_own_form(session, &given), "{what}");
        }
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_other_sites_and_plain_http() {
        let session = keys("token").begin(NOW);
        for attribute in ["Path=/console", "HttpOnly", "SameSite=Strict", "Secure", "Max-Age=1800"] {
            assert!(session.cookie(false).split("; ").any(|own| own == attribute), "{attribute}");
        }
        assert!(!session.cookie(true).contains("Secure"));
        assert!(forget(true).contains("=; Max-Age=0; Path=/console"));
    }
}
