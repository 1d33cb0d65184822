//! The routes of the contract: the one table that the router is made of and that the document describes.

use approval_logic::approval::Verdict;
use axum::Router;
use axum::routing::{MethodFilter, on};
use futures::future::BoxFuture;

use super::call::{Call, Reply};
use super::error::ApiError;
use super::{
    Run, Shared, approvals, asking, audit, decisions, gateway, health, later, metrics, outbox, requests, sweeps,
};
use crate::host::Host;

/// A route's answer on its way.
pub(super) type Answering = BoxFuture<'static, Result<Reply, ApiError>>;

/// What a route does. One type for all of them, so that the framework's part is there once and not for each route.
pub(super) type Action<H> = fn(Shared<H>, Call) -> Answering;

/// One method of one address.
struct Route<H> {
    method: MethodFilter,
    path: &'static str,
    action: Action<H>,
}

/// One line for each route: its method, its address, and what it does with a shell and a call.
macro_rules! routes {
    ($($method:ident $path:literal => |$shell:pat_param, $call:pat_param| $action:expr;)*) => {
        &[$(Route {
            method: MethodFilter::$method,
            path: $path,
            action: |$shell, $call| Box::pin($action),
        }),*]
    };
}

impl<H: Host> Route<H> {
    const ALL: &'static [Self] = routes! {
        GET "/" => |_, _| health();
        POST "/poll" => |shell, call| sweeps::poll(shell, call);
        POST "/hints" => |shell, call| sweeps::hint(shell, call);
        GET "/approvals" => |shell, call| approvals::list(shell, call);
        GET "/approvals/{id}" => |shell, call| approvals::one(shell, call);
        POST "/approvals/{id}/approve" => |shell, call| decisions::decide(shell, call, Verdict::Approve);
        POST "/approvals/{id}/reject" => |shell, call| decisions::decide(shell, call, Verdict::Reject);
        POST "/approvals/{id}/{approval}/approve" =>
            |shell, call| decisions::decide_sample(shell, call, Verdict::Approve);
        POST "/approvals/{id}/{approval}/reject" =>
            |shell, call| decisions::decide_sample(shell, call, Verdict::Reject);
        POST "/approval-requests/zendesk" => |shell, call| asking::zendesk(shell, call);
        POST "/notifications" => |shell, call| outbox::notify(shell, call);
        GET "/outbox" => |shell, call| outbox::list(shell, call);
        POST "/outbox/{id}/retry" => |shell, call| outbox::retry(shell, call);
        GET "/audit" => |shell, call| audit::list(shell, call);
        GET "/metrics" => |shell, _| metrics::all(shell);
        GET "/console" => |_, _| later::empty();
        GET "/openapi.json" => |_, _| later::empty();
        POST "/requests" => |shell, call| requests::create(shell, call);
        GET "/requests/{id}" => |shell, call| requests::one(shell, call);
        PATCH "/requests/{id}" => |shell, call| requests::edit(shell, call);
        DELETE "/requests/{id}" => |shell, call| requests::cancel(shell, call);
        POST "/requests/{id}/resend" => |shell, call| requests::resend(shell, call);
        POST "/requests/{id}/responses" => |shell, call| requests::respond(shell, call);
        GET "/gateway/{source}/tickets" => |shell, call| gateway::list(shell, call);
        POST "/gateway/{source}/tickets" => |shell, call| gateway::create(shell, call);
        GET "/gateway/{source}/tickets/{id}" => |shell, call| gateway::one(shell, call);
        PATCH "/gateway/{source}/tickets/{id}" => |shell, call| gateway::update(shell, call);
        POST "/gateway/{source}/tickets/{id}/comments" => |shell, call| gateway::comment(shell, call);
        POST "/gateway/{source}/tickets/{id}/attachments" => |shell, call| gateway::attach(shell, call);
        POST "/gateway/{source}/tickets/{id}/resolve" => |shell, call| gateway::resolve(shell, call);
        POST "/gateway/{source}/tickets/{id}/reopen" => |shell, call| gateway::reopen(shell, call);
        PUT "/gateway/{source}/tickets/{id}/assignment" => |shell, call| gateway::assign(shell, call);
    };
}

/// The router of all routes.
pub(super) fn router<H: Host>(shell: Shared<H>) -> Router {
    let add =
        |router: Router<Shared<H>>, route: &Route<H>| router.route(route.path, on(route.method, Run(route.action)));
    Route::<H>::ALL.iter().fold(Router::new(), add).with_state(shell)
}
