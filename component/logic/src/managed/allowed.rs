//! Who may be asked at all (Atera, "Manage ticket approval requests": only listed users or contacts can be approvers).

use crate::approval::{is_address, normal_address};

/// The people who may approve: addresses and whole domains. None of either: anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    addresses: Vec<String>,
    domains: Vec<String>,
}

impl Allowed {
    /// Reads a comma list of addresses and `@domain`. None: it holds something else.
    pub fn parse(list: &str) -> Option<Self> {
        let mut allowed = Self::default();
        for entry in list.split(',').map(normal_address).filter(|entry| !entry.is_empty()) {
            match entry.strip_prefix('@') {
                Some(domain) if is_address(&format!("a@{domain}")) => allowed.domains.push(domain.to_owned()),
                None if is_address(&entry) => allowed.addresses.push(entry),
                _ => return None,
            }
        }
        Some(allowed)
    }

    /// Whether this person may approve. The whole address has to match, or all behind its `@`: a name that merely begins
    /// or ends alike is somebody else.
    pub fn has(&self, address: &str) -> bool {
        let address = normal_address(address);
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let anybody = self.addresses.is_empty() && self.domains.is_empty();
        anybody || self.addresses.contains(&address) || self.domains.iter().any(|own| own == domain)
    }
}

#[cfg(test)]
mod tests {
    use super::Allowed;

    #[test]
    fn an_empty_list_allows_anybody() {
        for list in ["", " ", ",", " , "] {
            assert!(Allowed::parse(list).unwrap().has("ana@corp.example"), "{list:?}");
        }
    }

    #[test]
    fn an_address_is_allowed_whole_and_a_domain_behind_the_at() {
        let allowed = Allowed::parse(" Ana@Corp.Example, @it.example ").unwrap();
        for good in ["ana@corp.example", " ANA@corp.example", "bo@it.example", "bo@IT.example"] {
            assert!(allowed.has(good), "{good}");
        }
        for bad in
            ["ana@corp.example.org", "xana@corp.example", "bo@corp.example", "bo@sub.it.example", "bo@bit.example", ""]
        {
            assert!(!allowed.has(bad), "{bad}");
        }
    }

    #[test]
    fn anything_else_in_the_list_is_told() {
        for odd in ["ana", "@", "ana@corp.example;bo@corp.example", "@corp example", "*@corp.example@x"] {
            assert_eq!(Allowed::parse(odd), None, "{odd}");
        }
    }
}
