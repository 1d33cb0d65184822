//! `GET /console`: a page for people, and the few things that can be done from it.
//!
//! It is written by the bridge alone: no script, nothing from elsewhere. Whoever looks has signed in with the `api_token`,
//! or sends it along as every other caller does. What changes something is posted, from a page of this session.

mod advice;
mod form;
mod health;
mod page;
mod session;
mod view;
mod waiting;

use approval_logic::approval::ApprovalId;
use approval_logic::audit::Door;
use approval_logic::signature::same_secret;
use axum::Router;
use axum::routing::post;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use maud::Markup;

use super::approvals::card;
use super::audit::with_note;
use super::call::{Call, Reply};
use super::error::ApiError;
use super::shape::{Field, Fields, Shape};
use super::{Run, Shared, bearer};
use crate::config;
use crate::host::Host;
use crate::secret::Secret;
use crate::shell::OperationError;
use session::{Keys, Session};
use view::Done;
use waiting::Place;

/// The type of a page.
pub(super) const PAGE: &str = "text/html; charset=utf-8";

const HOME: &str = "/console";
const SIGN_IN: &str = "/console/sign-in";
const SIGN_OUT: &str = "/console/sign-out";
const POLL: &str = "/console/poll";
const RETRY: &str = "/console/retry";

/// Whether a request is for the console, which looks at its callers itself. Who asks for no page is told what is missing
/// as on every other route.
pub(super) fn is_own_door(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    match path {
        HOME => matches!(*method, Method::GET | Method::HEAD) && asks_for_page(headers),
        SIGN_IN | SIGN_OUT | POLL | RETRY => *method == Method::POST,
        _ => false,
    }
}

/// Whether the caller says that it shows pages, as browsers do.
fn asks_for_page(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(ACCEPT).iter().filter_map(|kinds| kinds.to_str().ok());
    kinds.any(|kinds| kinds.to_ascii_lowercase().contains("text/html"))
}

/// The parameters of the page.
pub(super) const QUERY: &[Field] = &[
    Field::optional("approval", Shape::Text, "The approval whose card is shown, in place of everything else"),
    Field::optional("order", Shape::Word(&["oldest", "newest"]), "What comes first in the list of what waits; oldest"),
    Field::optional("after", Shape::Text, "Where the page of the list before ended, as its link says"),
    Field::optional("done", Shape::Word(&Done::NAMES), "What was just done, for a line on the page"),
];

/// Adds the addresses that the forms of the page post to. They are the page's own, and no part of the contract.
pub(super) fn forms<H: Host>(router: Router<Shared<H>>) -> Router<Shared<H>> {
    router
        .route(SIGN_IN, post(Run(|shell, call| Box::pin(answered(sign_in(shell, call))))))
        .route(SIGN_OUT, post(Run(|shell, call| Box::pin(answered(sign_out(shell, call))))))
        .route(POLL, post(Run(|shell, call| Box::pin(answered(poll(shell, call))))))
        .route(RETRY, post(Run(|shell, call| Box::pin(answered(retry(shell, call))))))
}

/// Why there is no such page, or why something was not done.
enum Failure {
    /// Nobody has signed in. With a sentence for who tried to.
    Stranger(Option<&'static str>),
    /// What was posted does not come from a page of this session.
    Foreign,
    /// Anything else.
    Other(StatusCode, String),
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        let error = ApiError::from(error);
        Self::Other(error.status(), error.into_message())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Other(error.status(), error.into_message())
    }
}

/// Failures are pages as well.
async fn answered(work: impl Future<Output = Result<Reply, Failure>>) -> Result<Reply, ApiError> {
    Ok(work.await.unwrap_or_else(|failure| match failure {
        Failure::Stranger(why) => {
            let mut reply = reply(StatusCode::UNAUTHORIZED, page::sign_in(why));
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            reply
        }
        Failure::Foreign => {
            let why = "The form was not sent from a page of this session. Go back to the console and try again.";
            reply(StatusCode::FORBIDDEN, page::failure("Not done", why))
        }
        Failure::Other(status, why) => reply(status, page::failure("That did not work", &why)),
    }))
}

fn reply(status: StatusCode, page: Markup) -> Reply {
    let mut reply = Response::new(page.into_string().into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PAGE));
    guard(&mut reply);
    reply
}

/// Back to the page, with or without something to say there.
fn back(done: Option<Done>) -> Reply {
    let place = done.map_or(HOME.to_owned(), |done| format!("{HOME}?done={}", done.name()));
    let mut reply = Response::new(bytes::Bytes::new());
    *reply.status_mut() = StatusCode::SEE_OTHER;
    reply.headers_mut().extend(HeaderValue::from_str(&place).map(|place| (LOCATION, place)));
    guard(&mut reply);
    reply
}

/// What browsers are to keep from happening: anything that is not this page, any copy of it, any frame round it. The
/// referrer stays on for the own address only: without it browsers leave out where a form was.
fn guard(reply: &mut Reply) {
    let [own, cards] = page::STYLE_HASHES;
    let policy = format!(
        "default-src 'none'; style-src '{own}' '{cards}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = reply.headers_mut();
    headers.extend(HeaderValue::from_str(&policy).map(|policy| (http::header::CONTENT_SECURITY_POLICY, policy)));
    for (name, value) in [
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (http::header::REFERRER_POLICY, "same-origin"),
        (http::header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The token that opens everything; a failure where there is none.
async fn api_token<H: Host>(host: &H) -> Result<Secret, Failure> {
    let unavailable = |why: String| Failure::Other(StatusCode::SERVICE_UNAVAILABLE, why);
    let token = config::api_token(host).await.map_err(unavailable)?;
    token.ok_or_else(|| unavailable("api_token is not set, so nobody can sign in.".to_owned()))
}

fn session<H: Host>(keys: &Keys, host: &H, headers: &HeaderMap) -> Option<Session> {
    // Over HTTP/2 the pairs may come in several headers (RFC 9113, section 8.2.3).
    let cookies: Vec<&str> = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    keys.session(&cookies.join("; "), host.now())
}

/// `GET /console`.
pub(super) async fn open<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, ApiError> {
    answered(show(shell, call)).await
}

/// The console, or the card of one approval.
async fn show<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, Failure> {
    let token = api_token(shell.host()).await?;
    let keys = Keys::of(&token);
    let session = session(&keys, shell.host(), call.headers());
    let known = || bearer(call.headers()).is_some_and(|given| is_token(given.reveal(), &token));
    if session.is_none() && !known() {
        return Err(Failure::Stranger(None));
    }
    let form_token = session.map(|session| keys.form_token(&session));
    let mut query = call.query(QUERY)?;
    if let Some(id) = query.take_text("approval") {
        return one(&shell, &id, form_token.as_deref()).await;
    }
    let place = place(&mut query)?;
    let done = query.take_text("done").as_deref().and_then(Done::parse);
    let view = view::gather(&shell, place, done, form_token).await?;
    Ok(reply(StatusCode::OK, page::console(&view)))
}

fn place(query: &mut Fields) -> Result<Place, Failure> {
    let order = query.take_text("order");
    Place::parse(order.as_deref(), query.take_text("after").as_deref()).ok_or_else(|| {
        let why = "There is no such page of the list. Go back to its beginning.";
        Failure::Other(StatusCode::NOT_FOUND, why.to_owned())
    })
}

async fn one<H: Host>(shell: &Shared<H>, id: &str, form_token: Option<&str>) -> Result<Reply, Failure> {
    let unknown = || Failure::Other(StatusCode::NOT_FOUND, "No such approval is known.".to_owned());
    let id: ApprovalId = id.parse().map_err(|_| unknown())?;
    let entry = shell.approval(&id).await?.ok_or_else(unknown)?;
    let style = shell.settings().await?.style;
    Ok(reply(StatusCode::OK, page::card(&entry, &card(&entry, &style), shell.host().now(), form_token)))
}

fn is_token(given: &str, token: &Secret) -> bool {
    same_secret(given.trim().as_bytes(), token.reveal().as_bytes())
}

async fn sign_in<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, Failure> {
    let token = api_token(shell.host()).await?;
    let headers = call.headers();
    if !form::is_from_here(headers) {
        return Err(Failure::Foreign);
    }
    let given = form::read(headers, call.bytes(), &["token"]).ok_or(Failure::Foreign)?;
    if !given.first().is_some_and(|given| is_token(given, &token)) {
        return Err(Failure::Stranger(Some("That is not the api_token of this bridge.")));
    }
    let session = Keys::of(&token).begin(shell.host().now());
    Ok(with_cookie(back(None), &session.cookie(form::is_bare_loopback(headers))))
}

fn with_cookie(mut reply: Reply, cookie: &str) -> Reply {
    reply.headers_mut().extend(HeaderValue::from_str(cookie).map(|cookie| (SET_COOKIE, cookie)));
    reply
}

/// The values of a form that a page of this session has sent; the form's own token is not among them.
async fn posted<H: Host>(shell: &Shared<H>, call: &Call, names: &[&str]) -> Result<Vec<String>, Failure> {
    let token = api_token(shell.host()).await?;
    if !form::is_from_here(call.headers()) {
        return Err(Failure::Foreign);
    }
    let keys = Keys::of(&token);
    let session = session(&keys, shell.host(), call.headers());
    let session = session.ok_or(Failure::Stranger(Some("Your session has ended, and nothing was done.")))?;
    let names = [&["form"], names].concat();
    let mut values = form::read(call.headers(), call.bytes(), &names).ok_or(Failure::Foreign)?;
    let own = !values.is_empty() && keys.is_own_form(&session, &values.remove(0));
    if own { Ok(values) } else { Err(Failure::Foreign) }
}

async fn sign_out<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, Failure> {
    posted(&shell, &call, &[]).await?;
    Ok(with_cookie(back(None), &session::forget(form::is_bare_loopback(call.headers()))))
}

async fn poll<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, Failure> {
    posted(&shell, &call, &[]).await?;
    shell.poll(false).await?;
    Ok(back(Some(Done::Swept)))
}

async fn retry<H: Host>(shell: Shared<H>, call: Call) -> Result<Reply, Failure> {
    let values = posted(&shell, &call, &["id"]).await?;
    let noted = shell.retry(values.first().map_or("", String::as_str), Door::Http).await?;
    let done = if noted.failure().is_none() { Done::Retried } else { Done::RetriedUnnoted };
    Ok(with_note(back(Some(done)), noted))
}
