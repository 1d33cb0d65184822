//! Which kind of address an IP address is, as far as calling it matters.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What may be done with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// On the internet.
    Public,
    /// The machine itself.
    Loopback,
    /// Inside a network; the text names the kind.
    Private(&'static str),
    /// Never called, whatever the settings say; the text names the kind.
    Never(&'static str),
}

/// The class of an address. A v6 form that carries a v4 address is never called: nobody writes those by accident, and
/// they exist to slip past lists like this one.
pub fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> Class {
    let octets = address.octets();
    match octets {
        [0, ..] => Class::Never("unspecified"),
        [127, ..] => Class::Loopback,
        [169, 254, ..] => Class::Never("link-local or cloud metadata"),
        [10, ..] | [192, 168, ..] => Class::Private("private network"),
        [172, second, ..] if (16..32).contains(&second) => Class::Private("private network"),
        [100, second, ..] if (64..128).contains(&second) => match octets {
            [100, 100, 100, 200] => Class::Never("cloud metadata"),
            _ => Class::Private("carrier-grade NAT"),
        },
        [168, 63, 129, 16] => Class::Never("cloud metadata"),
        [192, 0, 0, _] => Class::Private("IETF protocol assignments"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Private("documentation"),
        [192, 88, 99, _] => Class::Never("6to4 relay"),
        [198, 18 | 19, ..] => Class::Private("benchmarking"),
        [255, 255, 255, 255] => Class::Never("broadcast"),
        [first, ..] if first >= 240 => Class::Never("reserved"),
        [first, ..] if first >= 224 => Class::Never("multicast"),
        _ => Class::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> Class {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Never("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        [0, 0, 0, 0, 0, 0xffff, ..] => Class::Never("IPv4-mapped"),
        [0, 0, 0, 0, 0xffff, 0, ..] => Class::Never("IPv4-translated"),
        [0, 0, 0, 0, 0, 0, ..] => Class::Never("IPv4-compatible"),
        [0x64, 0xff9b, ..] => Class::Never("NAT64"),
        [0x2002, ..] => Class::Never("6to4"),
        [0x2001, 0, ..] => Class::Never("Teredo"),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Class::Never("cloud metadata"),
        [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => Class::Never("cloud metadata"),
        [0x2001, 0xdb8, ..] => Class::Private("documentation"),
        [0x3fff, second, ..] if second < 0x1000 => Class::Private("documentation"),
        [0x100, 0, 0, 0, ..] => Class::Never("discard-only"),
        [first, ..] if first & 0xfe00 == 0xfc00 => Class::Private("unique local"),
        [first, ..] if first & 0xffc0 == 0xfe80 => Class::Never("link-local"),
        [first, ..] if first & 0xffc0 == 0xfec0 => Class::Private("site-local"),
        [first, ..] if first & 0xff00 == 0xff00 => Class::Never("multicast"),
        [first, ..] if first & 0xe000 == 0x2000 => Class::Public,
        _ => Class::Never("not a global address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        classify(text.parse().unwrap())
    }

    #[test]
    fn addresses_on_the_internet_may_be_called() {
        for text in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1"] {
            assert_eq!(class(text), Class::Public, "{text}");
        }
        for text in ["198.17.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "3000::1", "11.0.0.1"] {
            assert_eq!(class(text), Class::Public, "{text}");
        }
    }

    #[test]
    fn loopback_is_its_own_class() {
        for text in ["127.0.0.1", "127.255.255.254", "::1"] {
            assert_eq!(class(text), Class::Loopback, "{text}");
        }
    }

    #[test]
    fn addresses_inside_a_network_need_permission() {
        let table = [
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "2001:db8::1",
            "3fff::1",
        ];
        for text in table {
            assert!(matches!(class(text), Class::Private(_)), "{text}");
        }
    }

    #[test]
    fn some_addresses_are_never_called() {
        let table = [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:0:1::1",
            "100::1",
            "4000::1",
            "5f00::1",
        ];
        for text in table {
            assert!(matches!(class(text), Class::Never(_)), "{text}");
        }
    }
}
