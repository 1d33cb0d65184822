//! The shell as a component: the host over the Spin SDK, the HTTP handler, and the typed operations.

mod clocks;
mod host;
mod operations;
mod timers;
mod wire;

use send_wrapper::SendWrapper;
use spin_sdk::wasip3::exports::http::handler;
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Response};
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

use crate::routes;
use host::SpinHost;

#[allow(warnings, missing_docs, unsafe_code, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

/// A sweep asks for memory a hundred times for each call that it makes. This answers sooner than what comes with Rust.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

struct Door;
spin_sdk::wasip3::http::service::export!(Door);

impl handler::Guest for Door {
    /// One request in, one answer out.
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let request = wire::incoming(request).await?;
        wire::outgoing(SpinHost::lent(async |host| routes::handle(host, request).await).await)
    }
}

/// Futures of host calls stay on the one thread that a component has.
fn on_this_thread<F: Future>(future: F) -> SendWrapper<F> {
    SendWrapper::new(future)
}
