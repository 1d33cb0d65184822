//! The routes of the contract: the one table that the router is made of and that the document describes.

use approval_logic::approval::Verdict;
use axum::Router;
use axum::routing::{MethodFilter, on};
use futures::future::BoxFuture;

use super::call::{Call, Reply};
use super::error::ApiError;
use super::{
    Run, Shared, approvals, asking, audit, console, decisions, gateway, health, metrics, openapi, outbox, requests,
    sweeps,
};
use crate::host::Host;

/// A route's answer on its way.
pub(super) type Answering = BoxFuture<'static, Result<Reply, ApiError>>;

/// What a route does. One type for all of them, so that the framework's part is there once and not for each route.
pub(super) type Action<H> = fn(Shared<H>, Call) -> Answering;

/// One method of one address.
pub(super) struct Route<H> {
    pub(super) method: MethodFilter,
    pub(super) path: &'static str,
    action: Action<H>,
    /// The name of the operation, and what the document says of it.
    #[cfg(test)]
    pub(super) name: &'static str,
    #[cfg(test)]
    pub(super) about: fn() -> super::document::About,
}

/// One line for each route: its method, its address, its name in the document, and what it does with a shell and a call.
macro_rules! routes {
    ($($method:ident $path:literal $name:ident => |$shell:pat_param, $call:pat_param| $action:expr;)*) => {
        &[$(Route {
            method: MethodFilter::$method,
            path: $path,
            action: |$shell, $call| Box::pin($action),
            #[cfg(test)]
            name: stringify!($name),
            #[cfg(test)]
            about: super::document::$name,
        }),*]
    };
}

impl<H: Host> Route<H> {
    pub(super) const ALL: &'static [Self] = routes! {
        GET "/" health => |_, _| health();
        POST "/poll" poll => |shell, call| sweeps::poll(shell, call);
        POST "/hints" hint => |shell, call| sweeps::hint(shell, call);
        GET "/approvals" list_approvals => |shell, call| approvals::list(shell, call);
        GET "/approvals/{id}" approval => |shell, call| approvals::one(shell, call);
        POST "/approvals/{id}/approve" approve => |shell, call| decisions::decide(shell, call, Verdict::Approve);
        POST "/approvals/{id}/reject" reject => |shell, call| decisions::decide(shell, call, Verdict::Reject);
        POST "/approvals/{id}/{approval}/approve" approve_by_sample_address =>
            |shell, call| decisions::decide_sample(shell, call, Verdict::Approve);
        POST "/approvals/{id}/{approval}/reject" reject_by_sample_address =>
            |shell, call| decisions::decide_sample(shell, call, Verdict::Reject);
        POST "/approval-requests/zendesk" ask_at_zendesk => |shell, call| asking::zendesk(shell, call);
        POST "/notifications" notify => |shell, call| outbox::notify(shell, call);
        GET "/outbox" list_outbox => |shell, call| outbox::list(shell, call);
        POST "/outbox/{id}/retry" retry => |shell, call| outbox::retry(shell, call);
        GET "/audit" audit => |shell, call| audit::list(shell, call);
        GET "/metrics" metrics => |shell, _| metrics::all(shell);
        GET "/console" console => |shell, call| console::open(shell, call);
        GET "/openapi.json" openapi => |_, _| openapi();
        POST "/requests" create_request => |shell, call| requests::create(shell, call);
        GET "/requests/{id}" request => |shell, call| requests::one(shell, call);
        PATCH "/requests/{id}" edit_request => |shell, call| requests::edit(shell, call);
        DELETE "/requests/{id}" cancel_request => |shell, call| requests::cancel(shell, call);
        POST "/requests/{id}/resend" resend_request => |shell, call| requests::resend(shell, call);
        POST "/requests/{id}/responses" respond => |shell, call| requests::respond(shell, call);
        GET "/gateway/{source}/tickets" list_tickets => |shell, call| gateway::list(shell, call);
        POST "/gateway/{source}/tickets" create_ticket => |shell, call| gateway::create(shell, call);
        GET "/gateway/{source}/tickets/{id}" ticket => |shell, call| gateway::one(shell, call);
        PATCH "/gateway/{source}/tickets/{id}" update_ticket => |shell, call| gateway::update(shell, call);
        POST "/gateway/{source}/tickets/{id}/comments" comment_on_ticket => |shell, call| gateway::comment(shell, call);
        POST "/gateway/{source}/tickets/{id}/attachments" attach_to_ticket => |shell, call| gateway::attach(shell, call);
        POST "/gateway/{source}/tickets/{id}/resolve" resolve_ticket => |shell, call| gateway::resolve(shell, call);
        POST "/gateway/{source}/tickets/{id}/reopen" reopen_ticket => |shell, call| gateway::reopen(shell, call);
        PUT "/gateway/{source}/tickets/{id}/assignment" assign_ticket => |shell, call| gateway::assign(shell, call);
    };
}

/// The router of all routes.
pub(super) fn router<H: Host>(shell: Shared<H>) -> Router {
    let add =
        |router: Router<Shared<H>>, route: &Route<H>| router.route(route.path, on(route.method, Run(route.action)));
    console::forms(Route::<H>::ALL.iter().fold(Router::new(), add)).with_state(shell)
}
