//! What a store holds while a call runs: the host's services, and what this call has used of them.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::clock::Clock;
use crate::egress::Transport;
use crate::egress::guest::Outbound;
use crate::key_value::{KeyValue, KeyValueStats};
use crate::limits::{Guard, Kind, Limiter, Limits};
use crate::variables::Variables;

/// The services that all calls share.
pub(crate) struct Host {
    pub(crate) key_value: Arc<dyn KeyValue>,
    pub(crate) key_value_stats: Arc<KeyValueStats>,
    pub(crate) variables: Arc<dyn Variables>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) limits: Limits,
    pub(crate) unyielding: bool,
}

/// The state of one call.
pub(crate) struct State {
    pub(crate) host: Arc<Host>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl State {
    pub(crate) fn new(host: Arc<Host>, kind: Kind) -> Self {
        let guard = Arc::new(Guard::new(&host.limits, kind));
        let mut table = ResourceTable::new();
        table.set_max_capacity(host.limits.handles);
        Self {
            outbound: Outbound::new(host.clone(), guard.clone()),
            limiter: Limiter(guard.clone()),
            http: WasiHttpCtx::new(),
            table,
            guard,
            host,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}
