//! Somebody with a browser: keeps the cookie, and fills in the forms of the page that it looked at last.

use std::cell::RefCell;

use bytes::Bytes;
use http::Request;

use super::answer::Answer;
use super::desk::Desk;

/// Where the bridge is, as the browser sees it.
const ORIGIN: &str = "http://bridge.example";

/// A browser at a desk.
pub struct Browser<'a> {
    desk: &'a Desk,
    /// The pair that goes back.
    pub cookie: Option<String>,
    /// The token of the forms that are open.
    pub form: RefCell<Option<String>>,
}

impl<'a> Browser<'a> {
    /// A browser that has not signed in.
    pub const fn new(desk: &'a Desk) -> Self {
        Self { desk, cookie: None, form: RefCell::new(None) }
    }

    /// Signs in. The cookie is kept if there is one.
    pub async fn sign_in(&mut self, token: &str) -> Answer {
        let answer = self.send(self.form_request("/console/sign-in", &[("token", token)])).await;
        if let Some(pair) = answer.header("set-cookie").split(';').next().filter(|pair| !pair.is_empty()) {
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::builder().uri(format!("{ORIGIN}{path}")).body(Bytes::new());
        let answer = self.send(request.expect("a proper request")).await;
        *self.form.borrow_mut() = form_token(&answer.text);
        answer
    }

    /// Sends a form of the page that is open.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form.borrow().clone().unwrap_or_default();
        let fields = [&[("form", token.as_str())], fields].concat();
        self.send(self.form_request(path, &fields)).await
    }

    /// A form as browsers send it from a page of the bridge.
    pub fn form_request(&self, path: &str, fields: &[(&str, &str)]) -> Request<Bytes> {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = Request::builder()
            .method("POST")
            .uri(format!("{ORIGIN}{path}"))
            .header("origin", ORIGIN)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(Bytes::from(body.join("&"))).expect("a proper request")
    }

    /// Sends a request with the cookie.
    pub async fn send(&self, request: Request<Bytes>) -> Answer {
        let mut request = request;
        let pages = http::HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        request.headers_mut().insert("accept", pages);
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert("cookie", cookie.parse().expect("a cookie"));
        }
        self.desk.send(request).await
    }
}

/// The token that the forms of a page carry; none where it has none.
fn form_token(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("name=\"form\" value=\"")?;
    rest.split_once('"').map(|(token, _)| token.to_owned())
}
