//! Which origins may be called, and where each of them may lead.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use super::EgressError;
use super::address::{Class, classify};
use crate::variables::Variables;

/// The variables that name an upstream.
pub const BASE_URLS: [&str; 5] =
    ["sdp_base_url", "sdp_accounts_url", "zendesk_base_url", "atera_base_url", "moveworks_base_url"];

/// What `moveworks_base_url` is when it is not set.
const DEFAULT_MOVEWORKS: &str = "https://api.moveworks.ai";

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// Why a text is not the origin of anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It does not parse, or holds user information.
    #[error("expected https://host or https://host:port")]
    Shape,
    /// The scheme is neither http nor https.
    #[error("expected a URL that begins with https:// (or http://)")]
    Scheme,
}

impl Origin {
    /// The origin of an absolute URI.
    pub fn of(uri: &Uri) -> Result<Self, OriginError> {
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(OriginError::Scheme),
        };
        let authority = uri.authority().ok_or(OriginError::Shape)?;
        if authority.as_str().contains('@') || authority.host().is_empty() || authority.as_str().ends_with(':') {
            return Err(OriginError::Shape);
        }
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if secure => 443,
            None => 80,
        };
        Ok(Self { secure, host, port })
    }

    /// The host as the URL spells it, v6 addresses in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is written as one.
    pub fn literal(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    fn names_loopback(&self) -> bool {
        self.host == "localhost" || self.literal().is_some_and(|address| classify(address) == Class::Loopback)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.trim().parse().map_err(|_| OriginError::Shape)?;
        Self::of(&uri)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Where an origin may lead besides the internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reach {
    private: bool,
    loopback: bool,
}

/// The rules for outbound calls. Without any origin nothing may be called.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    origins: BTreeMap<Origin, Reach>,
    allow_http: bool,
}

impl Policy {
    /// The policy that the settings ask for: the origins of the base URLs, and `allow`. Returns the problems, one
    /// sentence each; values are not shown.
    pub fn from_settings(variables: &dyn Variables, allow: &[String], allow_http: bool) -> Result<Self, Vec<String>> {
        let mut policy = Self { origins: BTreeMap::new(), allow_http };
        let mut problems = Vec::new();
        for name in BASE_URLS {
            let set = variables.get(name).filter(|value| !value.trim().is_empty());
            let default = (name == "moveworks_base_url").then(|| DEFAULT_MOVEWORKS.to_owned());
            let Some(value) = set.or(default) else { continue };
            match value.parse() {
                Ok(origin) => policy.add(origin),
                Err(error) => problems.push(format!("{name}: {error}")),
            }
        }
        for text in allow {
            match text.parse() {
                Ok(origin) => policy.allow(origin),
                Err(error) => problems.push(format!("egress.allow: {text:?}: {error}")),
            }
        }
        if problems.is_empty() { Ok(policy) } else { Err(problems) }
    }

    /// Adds an origin that may lead to the internet, and to an inside address only if it names it.
    pub fn add(&mut self, origin: Origin) {
        let literal = origin.literal().is_some();
        let reach = Reach { private: literal, loopback: literal || origin.host == "localhost" };
        let entry = self.origins.entry(origin).or_default();
        *entry = Reach { private: entry.private || reach.private, loopback: entry.loopback || reach.loopback };
    }

    /// Adds an origin that may lead anywhere but to the addresses that are never called.
    pub fn allow(&mut self, origin: Origin) {
        self.origins.insert(origin, Reach { private: true, loopback: true });
    }

    /// Accepts plain http everywhere, not for loopback only.
    pub fn allow_http(&mut self) {
        self.allow_http = true;
    }

    /// The origins, for people.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.keys()
    }

    /// The first layer: may this be called at all?
    pub fn check_uri(&self, uri: &Uri) -> Result<Origin, EgressError> {
        let host = || uri.host().unwrap_or("a request without a host").to_owned();
        let origin = Origin::of(uri).map_err(|_| EgressError::OriginDenied(host()))?;
        if !self.origins.contains_key(&origin) {
            return Err(EgressError::OriginDenied(origin.host));
        }
        if !origin.secure && !self.allow_http && !origin.names_loopback() {
            return Err(EgressError::PlainHttp(origin.host));
        }
        Ok(origin)
    }

    /// The second layer: may this origin lead to this address?
    pub fn check_address(&self, origin: &Origin, address: IpAddr) -> Result<(), EgressError> {
        let reach = self.origins.get(origin).copied().unwrap_or_default();
        let denied = |why| Err(EgressError::AddressDenied { host: origin.host.clone(), address, why });
        match classify(address) {
            Class::Public => Ok(()),
            Class::Loopback if reach.loopback => Ok(()),
            Class::Loopback => denied("loopback; list the origin in [egress] allow"),
            Class::Private(_) if reach.private => Ok(()),
            Class::Private(_) => denied("a private address; list the origin in [egress] allow"),
            Class::Never(why) => denied(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::VariableMap;

    fn policy(base: &str, allow: &[&str], allow_http: bool) -> Policy {
        let allow: Vec<String> = allow.iter().map(|text| (*text).to_owned()).collect();
        Policy::from_settings(&VariableMap::new([("sdp_base_url", base)]), &allow, allow_http).unwrap()
    }

    fn passes(policy: &Policy, uri: &str) -> bool {
        policy.check_uri(&uri.parse().unwrap()).is_ok()
    }

    fn reaches(policy: &Policy, origin: &str, address: &str) -> bool {
        policy.check_address(&origin.parse().unwrap(), address.parse().unwrap()).is_ok()
    }

    #[test]
    fn only_the_origins_of_the_settings_may_be_called() {
        let policy = policy("https://desk.example.com/app/itdesk", &["https://other.example.com:8443"], false);
        for uri in [
            "https://desk.example.com/api/v3/requests",
            "https://DESK.example.com:443/x",
            "https://desk.example.com./x",
            "https://other.example.com:8443/",
            "https://api.moveworks.ai/rest/v1",
        ] {
            assert!(passes(&policy, uri), "{uri}");
        }
        for uri in [
            "https://example.com/",
            "https://evil.desk.example.com/",
            "https://desk.example.com.evil.com/",
            "https://desk.example.com:8443/",
            "http://desk.example.com/",
            "https://user@desk.example.com/",
            "https://desk.example.com@evil.com/",
            "https://other.example.com/",
            "ftp://desk.example.com/",
            "/only/a/path",
        ] {
            assert!(!passes(&policy, uri), "{uri}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only_unless_allowed() {
        for base in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert!(passes(&policy(base, &[], false), base), "{base}");
        }
        assert!(!passes(&policy("http://10.0.0.5:8080", &[], false), "http://10.0.0.5:8080/"));
        assert!(!passes(&policy("http://desk.internal", &[], false), "http://desk.internal/"));
        assert!(passes(&policy("http://desk.internal", &[], true), "http://desk.internal/"));
    }

    #[test]
    fn a_name_may_not_lead_inside_unless_its_origin_is_listed() {
        let base = "https://desk.example.com";
        let strict = policy(base, &[], false);
        assert!(reaches(&strict, base, "93.184.216.34"));
        for address in ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", "100.64.0.1", "169.254.169.254"] {
            assert!(!reaches(&strict, base, address), "{address}");
        }
        let listed = policy(base, &[base], false);
        for address in ["127.0.0.1", "10.0.0.1", "fd00::1"] {
            assert!(reaches(&listed, base, address), "{address}");
        }
        for address in ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:10.0.0.1", "224.0.0.1"] {
            assert!(!reaches(&listed, base, address), "{address}");
        }
    }

    #[test]
    fn a_base_url_that_names_an_inside_address_may_lead_there() {
        assert!(reaches(&policy("https://10.0.0.5:8443", &[], false), "https://10.0.0.5:8443", "10.0.0.5"));
        assert!(reaches(&policy("https://[fd00::5]", &[], false), "https://[fd00::5]", "fd00::5"));
        assert!(!reaches(&policy("http://169.254.169.254", &[], true), "http://169.254.169.254", "169.254.169.254"));
    }

    #[test]
    fn localhost_names_loopback_and_nothing_else() {
        let policy = policy("http://localhost:9", &[], false);
        assert!(reaches(&policy, "http://localhost:9", "127.0.0.1"));
        assert!(reaches(&policy, "http://localhost:9", "::1"));
        assert!(!reaches(&policy, "http://localhost:9", "10.0.0.1"));
    }

    #[test]
    fn a_wrong_base_url_is_named_and_not_shown() {
        let variables =
            VariableMap::new([("sdp_base_url", "desk.example.com/secret"), ("zendesk_base_url", "ftp://a")]);
        let problems = Policy::from_settings(&variables, &["nonsense".to_owned()], false).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.starts_with("sdp_base_url: ")), "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("secret")), "{problems:?}");
    }
}
