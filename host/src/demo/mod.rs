//! `approval-bridge demo`: the whole story, told by the real component against the stubs.
//!
//! Nothing is played: the component runs in wasmtime, its calls leave through the egress layer and reach the stubs over
//! sockets, its ledger is a SQLite file, and decisions come in over HTTP as Moveworks would send them. Only the clock is
//! helped on, because nobody waits a day for a reminder. Every sentence that is printed has been checked before.

use std::fmt;
use std::future::Future;

mod clock;
mod others;
mod page;
mod stage;
mod story;

use page::Page;
use stage::Stage;

/// What did not go as the story says; a sentence.
#[derive(Debug)]
pub(crate) struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Goes on only if this is so.
fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(format!("the demo expected otherwise: {}", otherwise()))) }
}

/// Tells the story. With `keep` everything goes on serving until that ends.
pub(crate) async fn run(keep: Option<impl Future<Output = ()>>) -> Result<(), Broken> {
    tell(Page::stdout(), keep).await
}

async fn tell(mut page: Page, keep: Option<impl Future<Output = ()>>) -> Result<(), Broken> {
    let stage = Stage::set(&page, keep.is_some()).await?;
    let told = match keep {
        None => story::tell(&mut page, &stage).await,
        Some(stop) => {
            let mut stop = std::pin::pin!(stop);
            tokio::select! {
                told = story::tell(&mut page, &stage) => match told {
                    Ok(()) => stage.keep(&page, stop).await,
                    broken => broken,
                },
                () = &mut stop => Ok(()),
            }
        }
    };
    stage.strike().await;
    told
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::builder::BRIDGE_COMPONENT;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_story_holds_and_is_short() {
        if BRIDGE_COMPONENT.is_none() {
            eprintln!("SKIPPED: the component is not built; run `cargo xtask build`");
            return;
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let told = lines.clone();
        let page = Page::to(move |line| {
            told.lock().unwrap().push(line.to_owned());
            Ok(())
        });
        tell(page, None::<std::future::Ready<()>>).await.unwrap();
        let lines = lines.lock().unwrap();
        assert!(lines.len() <= 170, "{} lines", lines.len());
        assert!(lines.iter().any(|line| line.contains("│ Requester: Sam Stinson ")), "{lines:#?}");
    }
}
