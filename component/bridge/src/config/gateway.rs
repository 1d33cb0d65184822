//! Moveworks' Ticket Gateway: what things are called.

use std::sync::Arc;

use approval_logic::approval::Source;
use approval_logic::gateway::{Profile, Tables};
use approval_logic::{sdp, zendesk};

use super::reader::Reader;

impl Reader {
    /// The names of both help desks, whether they are configured or not.
    pub(super) fn gateway(&mut self) -> Vec<(Source, Arc<Profile>)> {
        let own = [(Source::Sdp, sdp::tickets::profile()), (Source::Zendesk, zendesk::tickets::profile())];
        let mut all = Vec::new();
        for (source, profile) in own {
            let table = |name| self.value(name).unwrap_or_default();
            let tables = Tables {
                states: table("gateway_states"),
                system: table("gateway_system"),
                user_id: table("gateway_user_id"),
                resolved: table("gateway_resolved_state"),
                reopened: table("gateway_reopened_state"),
                fields: table("gateway_fields"),
                destinations: table("gateway_destinations"),
            };
            match profile.with(source, &tables) {
                Ok(profile) => all.push((source, Arc::new(profile))),
                Err(problems) => {
                    for (name, expected) in problems {
                        self.wrong(name, expected);
                    }
                }
            }
        }
        all
    }
}
