//! What a browser posts: the fields of a form, and where the form was.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};

/// The largest form. An `api_token` and the name of a message are far below.
const FORM_MAX: usize = 4 * 1024;

/// Not defined by the `http` crate.
const FETCH_SITE: &str = "sec-fetch-site";

/// The values of a form's fields, in the order of the names: each of them exactly once, and no other. None: it is
/// something else.
pub(super) fn read(headers: &HeaderMap, body: &[u8], names: &[&str]) -> Option<Vec<String>> {
    let kind = one(headers, CONTENT_TYPE.as_str())?.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") || body.len() > FORM_MAX {
        return None;
    }
    let mut values: Vec<Option<String>> = vec![None; names.len()];
    for (name, value) in form_urlencoded::parse(body) {
        let at = names.iter().position(|own| *own == name)?;
        if values.get_mut(at)?.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    values.into_iter().collect()
}

/// Whether a post comes from a page of this very address, as far as the browser tells. One that tells nothing is no
/// browser, or an old one: then the form's own token has to do.
pub(super) fn is_from_here(headers: &HeaderMap) -> bool {
    let same_site = one(headers, FETCH_SITE).is_none_or(|site| site == "same-origin");
    let same_host = one(headers, ORIGIN.as_str()).is_none_or(|origin| {
        let host = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
        host.zip(one(headers, HOST.as_str())).is_some_and(|((_, host), own)| host.eq_ignore_ascii_case(own))
    });
    same_site && same_host
}

/// The value of a header. Several of them, or one that is no text, are the empty text, which is never right.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(if values.next().is_some() { "" } else { first.to_str().unwrap_or_default() })
}

/// Whether the browser speaks plain HTTP to the machine that it runs on. It says so itself: what stands between it and
/// the bridge would not know.
pub(super) fn is_bare_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = one(headers, ORIGIN.as_str()).and_then(|origin| origin.strip_prefix("http://")) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => host.split(':').next(),
    };
    matches!(name, Some("localhost" | "127.0.0.1" | "::1"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const KIND: &str = "application/x-www-form-urlencoded";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_form_has_each_field_once_and_no_other() {
        let read = |kind, body: &str| read(&headers(&[("content-type", kind)]), body.as_bytes(), &["token", "id"]);
        let good = Some(vec!["a b&".to_owned(), "notice:1:é".to_owned()]);
        assert_eq!(read(KIND, "token=a+b%26&id=notice%3A1%3A%C3%A9"), good);
        assert_eq!(read("Application/X-WWW-Form-Urlencoded; charset=utf-8", "id=notice:1:é&token=a%20b%26"), good);
        assert_eq!(read(KIND, "token=&id="), Some(vec![String::new(), String::new()]));
        for (kind, body) in [
            (KIND, ""),
            (KIND, "token=a"),
            (KIND, "token=a&id=b&id=b"),
            (KIND, "token=a&id=b&more=c"),
            (KIND, "Token=a&id=b"),
            (KIND, r#"{"token":"a","id":"b"}"#),
            ("text/plain", "token=a&id=b"),
            ("multipart/form-data; boundary=x", "token=a&id=b"),
            ("", "token=a&id=b"),
        ] {
            assert_eq!(read(kind, body), None, "{kind} {body}");
        }
        let long = format!("token={}&id=b", "a".repeat(FORM_MAX));
        assert_eq!(read(KIND, &long), None);
    }

    #[test]
    fn only_a_page_of_this_address_may_post() {
        for (given, from_here) in [
            (&[("host", "b.example")][..], true),
            (&[("host", "b.example"), ("origin", "https://b.example")], true),
            (&[("host", "b.example"), ("origin", "http://B.example")], true),
            (&[("host", "b.example:8080"), ("origin", "http://b.example:8080")], true),
            (&[("host", "b.example"), ("origin", "https://b.example"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "b.example"), ("origin", "https://b.example"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "b.example"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "b.example"), ("sec-fetch-site", "none")], false),
            (&[("host", "b.example"), ("origin", "https://evil.example")], false),
            (&[("host", "b.example"), ("origin", "https://b.example.evil.example")], false),
            (&[("host", "b.example"), ("origin", "https://b.example:8443")], false),
            (&[("host", "b.example"), ("origin", "ftp://b.example")], false),
            (&[("host", "b.example"), ("origin", "null")], false),
            (&[("host", "b.example"), ("origin", "")], false),
            (&[("origin", "https://b.example")], false),
            (&[("host", "b.example"), ("origin", "https://b.example"), ("origin", "https://evil.example")], false),
        ] {
            assert_eq!(is_from_here(&headers(given)), from_here, "{given:?}");
        }
    }

    #[test]
    fn only_plain_http_to_this_machine_is_bare() {
        for (origin, bare) in [
            ("http://localhost", true),
            ("http://localhost:3000", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("https://localhost:3000", false),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://bridge.example", false),
            ("null", false),
        ] {
            assert_eq!(is_bare_loopback(&headers(&[("origin", origin)])), bare, "{origin}");
        }
        assert!(!is_bare_loopback(&HeaderMap::new()));
    }
}
