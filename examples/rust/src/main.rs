//! The whole bridge in a program that brings its own store and its own HTTP: one sweep, then a list of what waits.
//!
//! Settings are the README's variables, from the environment: `APPROVAL_BRIDGE_SDP_BASE_URL=… embed FOLDER`.

mod client;
mod files;

use std::{error::Error, path::PathBuf, sync::Arc};

use approval_bridge::bridge::{Bridge, Filter};
use approval_bridge::egress::Policy;
use approval_bridge::{report, variables::VariableMap};

use crate::client::Http;
use crate::files::Files;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: embed FOLDER")?);
    let mut variables = VariableMap::default();
    variables.overlay(std::env::vars());
    let policy = Policy::from_settings(&variables, &[], false).map_err(|problems| problems.join("; "))?;

    let bridge = Bridge::builder()
        .variables(variables)
        .key_value(Arc::new(Files(folder)))
        .transport(Arc::new(Http::new(policy)))
        .build()?;
    println!("{}", report::line(&bridge.poll(false).await?));
    let all = Filter { approver: None, limit: 0, cursor: None };
    for approval in bridge.pending(all).await?.approvals {
        println!("{} waits: {}", approval.id, approval.ticket.title.unwrap_or_default());
    }
    Ok(())
}
