//! Values that must not be seen: no `Display`, no `Serialize`, and a `Debug` that tells only that they are set.

use approval_logic::http::HttpRequest;
use percent_encoding::percent_decode_str;

/// A secret setting.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that has to send or check it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(set)")
    }
}

/// What stands in an answer where a credential was.
const HIDDEN: &[u8] = b"(secret)";

/// Shorter ones are no secrets, and could be part of anything.
const SHORTEST: usize = 8;

/// The credentials that a request carries, in every way in which an answer is likely to repeat them.
pub fn carried(request: &HttpRequest) -> Vec<Vec<u8>> {
    let headers = request.headers.iter().filter_map(|(name, value)| match *name {
        "authorization" => Some(value.split_once(' ').map_or(value.as_str(), |(_, credential)| credential)),
        "authtoken" => Some(value.as_str()),
        _ => None,
    });
    let form = request.headers.iter().any(|(name, value)| *name == "content-type" && value.ends_with("urlencoded"));
    let body = if form { str::from_utf8(&request.body).unwrap_or_default() } else { "" };
    let fields = body
        .split('&')
        .filter_map(|field| field.split_once('='))
        .filter_map(|(name, value)| matches!(name, "client_id" | "client_secret" | "refresh_token").then_some(value));
    let mut carried = Vec::new();
    for value in headers.chain(fields) {
        let plain = percent_decode_str(value).decode_utf8_lossy();
        carried.extend([value.as_bytes().to_vec(), plain.as_bytes().to_vec(), plain.replace('/', "\\/").into_bytes()]);
    }
    carried.retain(|secret| secret.len() >= SHORTEST);
    carried.sort_unstable();
    carried.dedup();
    carried
}

/// Takes credentials out of an answer: some vendors repeat them in the text of an error, which people get to see.
pub fn hide(body: &mut Vec<u8>, carried: &[Vec<u8>]) {
    for secret in carried {
        let find = |text: &[u8]| text.windows(secret.len()).position(|window| window == secret.as_slice());
        if find(body).is_none() {
            continue;
        }
        let (mut clean, mut rest) = (Vec::with_capacity(body.len()), body.as_slice());
        while let Some((before, after)) = find(rest).and_then(|at| rest.split_at_checked(at)) {
            clean.extend_from_slice(before);
            clean.extend_from_slice(HIDDEN);
            rest = after.get(secret.len()..).unwrap_or_default();
        }
        clean.extend_from_slice(rest);
        *body = clean;
    }
}

#[cfg(test)]
mod tests {
    use approval_logic::http::Method;

    use super::*;

    fn hidden(request: &HttpRequest, answer: &str) -> String {
        let mut body = answer.as_bytes().to_vec();
        hide(&mut body, &carried(request));
        String::from_utf8(body).unwrap()
    }

    fn request() -> HttpRequest {
        HttpRequest::new(Method::Post, "https://sdp.example/x")
    }

    #[test]
    fn what_a_header_carried_is_taken_out_of_an_answer_however_often_it_is_there() {
        let bearer = request().header("authorization", "Bearer key/0123456");
        assert_eq!(hidden(&bearer, "Bearer key/0123456, key\\/0123456!"), "Bearer (secret), (secret)!");
        let key = request().header("authtoken", "AB12CD34").header("accept", "application/json");
        let odd = request().header("authtoken", "(secret)");
        assert_eq!(hidden(&odd, "a (secret) b"), "a (secret) b", "and comes to an end");
        assert_eq!(hidden(&key, "AB12CD34 application/json AB12CD3"), "(secret) application/json AB12CD3");
    }

    #[test]
    fn what_a_form_carried_is_taken_out_as_it_was_sent_and_as_it_was_meant() {
        let form = "grant_type=refresh_token&refresh_token=1000%2Eabcdef&client_id=1000.ID&client_secret=s";
        let form = request().with_body("application/x-www-form-urlencoded", form);
        let answer = "refresh_token 1000.abcdef 1000%2Eabcdef 1000.ID s";
        assert_eq!(hidden(&form, answer), "refresh_token (secret) (secret) 1000.ID s");
        let json = request().with_body("application/json", "client_secret=0123456789");
        assert_eq!(hidden(&json, "0123456789"), "0123456789");
    }
}
