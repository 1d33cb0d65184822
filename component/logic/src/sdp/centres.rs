//! The data centres of the cloud edition. A tenant lives in one of them, and its credentials are unknown in all others.
//!
//! The hosts are those of ManageEngine's "ServiceDesk Plus Cloud API v3", OAuth. They only serve to explain a refusal: an
//! own domain is in none of them, and what is called always comes from configuration.

/// One data centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Centre {
    /// The name that people know.
    pub name: &'static str,
    /// The host of ServiceDesk Plus.
    pub desk: &'static str,
    /// The accounts servers, the documented one first.
    pub accounts: &'static [&'static str],
}

const fn centre(name: &'static str, desk: &'static str, accounts: &'static [&'static str]) -> Centre {
    Centre { name, desk, accounts }
}

/// All of them.
pub const CENTRES: [Centre; 9] = [
    centre("US", "sdpondemand.manageengine.com", &["accounts.zoho.com"]),
    centre("EU", "sdpondemand.manageengine.eu", &["accounts.zoho.eu"]),
    centre("India", "sdpondemand.manageengine.in", &["accounts.zoho.in"]),
    centre("Australia", "servicedeskplus.net.au", &["accounts.zoho.com.au"]),
    centre("China", "servicedeskplus.cn", &["accounts.zoho.com.cn"]),
    centre("Japan", "servicedeskplus.jp", &["accounts.zoho.jp"]),
    // ManageEngine's documentation has the first, its Ansible collection the second.
    centre("Canada", "servicedeskplus.ca", &["accounts.zohocloud.ca", "accounts.zoho.ca"]),
    centre("UK", "servicedeskplus.uk", &["accounts.zoho.uk"]),
    centre("Saudi Arabia", "servicedeskplus.sa", &["accounts.zoho.sa"]),
];

impl Centre {
    /// The data centre whose help desk has this host.
    pub fn of_desk(host: &str) -> Option<&'static Self> {
        CENTRES.iter().find(|centre| centre.desk.eq_ignore_ascii_case(host))
    }

    /// The data centre whose accounts server has this host.
    pub fn of_accounts(host: &str) -> Option<&'static Self> {
        CENTRES.iter().find(|centre| centre.accounts.iter().any(|own| own.eq_ignore_ascii_case(host)))
    }

    /// The address of the documented accounts server.
    pub fn accounts_url(&self) -> String {
        format!("https://{}", self.accounts.first().copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{CENTRES, Centre};

    #[test]
    fn a_centre_is_found_by_either_of_its_hosts_and_by_no_other() {
        for centre in &CENTRES {
            assert_eq!(Centre::of_desk(&centre.desk.to_uppercase()), Some(centre));
            assert!(centre.accounts.iter().all(|host| Centre::of_accounts(host) == Some(centre)), "{}", centre.name);
            assert!(!centre.accounts.is_empty());
        }
        assert_eq!(Centre::of_desk("desk.corp.example"), None);
        assert_eq!(Centre::of_accounts("accounts.zoho.example"), None);
    }
}
