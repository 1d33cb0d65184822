//! `approval-bridge audit`: checks the trail, or writes it out as JSON lines. Read through the bridge's own route, so the
//! lines are those that any caller gets.

use approval_logic::audit::{Chain, Link};
use bytes::Bytes;
use clap::Subcommand;

use super::{Failure, SourceArgs, build, configuration, print};
use crate::bridge::Bridge;
use crate::variables::Variables;

/// What to do with the trail.
#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Check that no line was changed, taken out, put in or moved; exit 1 and name the first one otherwise.
    Verify {
        #[command(flatten)]
        source: SourceArgs,
        /// A place that an earlier check printed, {number}:{hash}: a trail that was written anew does not have it.
        #[arg(long, value_name = "PLACE", value_parser = place)]
        expect: Vec<Link>,
    },
    /// Write the trail as JSON lines to standard output.
    Export {
        #[command(flatten)]
        source: SourceArgs,
        /// Only the lines after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
}

fn place(text: &str) -> Result<Link, String> {
    Link::parse(text).ok_or_else(|| "expected {number}:{hash}".to_owned())
}

pub(super) async fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::Verify { source, expect } => verify(source, expect).await,
        Task::Export { source, after } => export(source, after).await,
    }
}

async fn verify(source: SourceArgs, expect: Vec<Link>) -> Result<(), Failure> {
    let trail = Trail::open(source).await?;
    let outcome = check(&trail, expect).await;
    trail.bridge.key_value().close().await;
    let (begin, end) = outcome?;
    print(&format!("whole: {} lines, from {} to {}", end.seq - begin.seq, begin.seq + 1, end.seq))?;
    print(&format!("ends at {end}"))
}

/// Checks the trail: where it begins and where it ends.
async fn check(trail: &Trail, expect: Vec<Link>) -> Result<(Link, Link), Failure> {
    let broken = |error: approval_logic::audit::Broken| Failure::Failed(error.to_string());
    let mut page = trail.page(0).await?;
    let begin = page.begin.clone();
    let mut chain = Chain::new(begin.clone(), expect.into_iter().chain([page.end.clone()]));
    while !page.lines.is_empty() {
        let mut last = 0;
        for line in page.lines.lines() {
            chain.take(line).map_err(broken)?;
            last = Link::of(line).map_or(last, |link| link.seq);
        }
        page = trail.page(last).await?;
    }
    Ok((begin, chain.finish().map_err(broken)?))
}

async fn export(source: SourceArgs, after: u64) -> Result<(), Failure> {
    let trail = Trail::open(source).await?;
    let outcome = write(&trail, after).await;
    trail.bridge.key_value().close().await;
    outcome
}

async fn write(trail: &Trail, mut after: u64) -> Result<(), Failure> {
    loop {
        let page = trail.page(after).await?;
        if page.lines.is_empty() {
            return Ok(());
        }
        print(&page.lines)?;
        let last = page.lines.lines().filter_map(Link::of).map(|link| link.seq).max();
        let last = last.filter(|last| *last > after);
        let unreadable = || Failure::Failed("the trail has lines that cannot be read; see audit verify".to_owned());
        after = last.ok_or_else(unreadable)?;
    }
}

/// The trail of a configuration.
struct Trail {
    bridge: Bridge,
    token: String,
}

/// A part of it.
struct Page {
    lines: String,
    begin: Link,
    end: Link,
}

impl Trail {
    async fn open(source: SourceArgs) -> Result<Self, Failure> {
        let config = configuration(&source)?;
        let token = config.variables.get("api_token").filter(|token| !token.trim().is_empty());
        let token = token.ok_or_else(|| Failure::Usage("api_token is not set".to_owned()))?.trim().to_owned();
        Ok(Self { bridge: build(&config, source.component).await?, token })
    }

    async fn page(&self, after: u64) -> Result<Page, Failure> {
        let request = http::Request::get(format!("http://localhost/audit?after={after}"))
            .header("authorization", format!("Bearer {}", self.token))
            .body(Bytes::new());
        let request = request.map_err(|_| Failure::Usage("api_token: expected one line of plain text".to_owned()))?;
        let answer = self.bridge.handle(request).await?;
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            return Err(Failure::Failed(format!("the bridge answered {}", head.status)));
        }
        let place = |name: &str| head.headers.get(name).and_then(|value| Link::parse(value.to_str().ok()?));
        let (begin, end) = (place("approval-bridge-audit-begin"), place("approval-bridge-audit-end"));
        let lines = String::from_utf8_lossy(&body).into_owned();
        Ok(Page { lines, begin: begin.unwrap_or_default(), end: end.unwrap_or_default() })
    }
}
