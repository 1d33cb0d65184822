//! When the process is asked to stop.

use super::Failure;

/// Ends at the first SIGTERM or SIGINT. Registers at once, so that a signal between this call and the first poll counts.
#[cfg(unix)]
pub(super) fn requested() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Failure::Failed(error.to_string()));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends at Ctrl-C.
#[cfg(not(unix))]
pub(super) fn requested() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    Ok(async {
        // Where it cannot be listened to, the process is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
