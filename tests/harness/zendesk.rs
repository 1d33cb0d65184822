//! A desk whose approvals live in Zendesk.

use approval_bridge::stubs::{Door, Edition, ZENDESK_API_TOKEN, ZENDESK_EMAIL, Zendesk, ZendeskAssignee};

use super::desk::Desk;
use super::setup::{Setup, ZENDESK};

impl Desk {
    /// Zendesk alone, told through a listener, whose messages have an id and say what they are.
    pub fn zendesk() -> Setup {
        let sdp = ["sdp_base_url", "sdp_accounts_url", "sdp_client_id", "sdp_client_secret", "sdp_refresh_token"];
        let setup = sdp.into_iter().fold(Setup::new(Edition::Cloud), Setup::without).door(Door::Listener);
        setup
            .variable("zendesk_base_url", &format!("https://{ZENDESK}"))
            .variable("zendesk_email", ZENDESK_EMAIL)
            .variable("zendesk_api_token", ZENDESK_API_TOKEN)
    }

    /// Looks at the account, or changes it.
    pub fn account<T>(&self, look: impl FnOnce(&mut Zendesk) -> T) -> T {
        self.world(|world| look(&mut world.zendesk))
    }

    /// Whoever is asked in Zendesk and can be told, sorted: what should have been announced.
    pub fn asked(&self) -> Vec<String> {
        let pending = self.account(|account| account.pending());
        pending.into_iter().filter(|row| row.reachable).map(|row| row.id).collect()
    }
}

/// So many new requests of a user, each about a ticket of its own.
pub fn requests(account: &mut Zendesk, user: u64, number: usize) -> Vec<String> {
    let ask = |n: usize| {
        let ticket = account.ticket(&format!("Ticket {n}"));
        account.ask(ticket, ZendeskAssignee::User(user))
    };
    (0..number).map(ask).collect()
}
