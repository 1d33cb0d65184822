//! What the codes of errors mean, and what to do about them.

/// What a code says, and what to do. Codes that are not here are those of single tickets whose message says all.
pub(super) fn advice(code: &str) -> (&'static str, &'static str) {
    match code {
        "CREDENTIAL_REFUSED" => (
            "The credential is wrong, expired or revoked.",
            "Make a new key or token there and set it in the bridge's settings; then sweep again.",
        ),
        "TOKEN_REFUSED" => (
            "Zoho does not give an access token for the refresh token.",
            "Check sdp_client_id, sdp_client_secret and sdp_accounts_url; make a new sdp_refresh_token if it was revoked.",
        ),
        "TOKEN_THROTTLED" => (
            "Zoho gives no more access tokens for a while.",
            "Wait some minutes. If it stays, look for another program that uses the same client.",
        ),
        "TOKEN_UNAVAILABLE" => ("Zoho's accounts server did not answer properly.", "Wait; the next sweep tries again."),
        "FORBIDDEN" => (
            "The credential may not see or do this.",
            "Give its user the rights that docs/configure.md names, or take the module out of the settings.",
        ),
        "LICENCE" => ("The licence there does not cover this module.", "Take the module out of sdp_modules."),
        "RATE_LIMITED" => (
            "It takes no more calls for a while.",
            "Nothing: the bridge waits and goes on. If it stays, lower concurrency or raise poll_seconds.",
        ),
        "CIRCUIT_OPEN" => (
            "It failed many times in a row, so this sweep did not call it any more.",
            "Look whether it is down. The next sweep tries again by itself.",
        ),
        "CALL_LIMIT" => (
            "The sweep made as many calls as the host allows.",
            "Nothing: the next sweep goes on. To be faster, raise limits.outbound_calls_per_sweep.",
        ),
        "NO_CONNECTION" => (
            "It could not be reached.",
            "Check the base URL, the name servers, and that a firewall lets this machine through.",
        ),
        "ANSWER_LOST" => ("The answer did not come whole.", "Wait; the next sweep tries again."),
        "ANSWER_TOO_LARGE" => (
            "The answer was larger than the bridge reads.",
            "Look at the ticket: it may hold a very long text. The limit is limits.response_bytes.",
        ),
        "EGRESS_DENIED" => (
            "The host does not allow calls to this address.",
            "Check the base URL and [egress] in the configuration, or allowed_outbound_hosts in spin.toml.",
        ),
        "NOT_JSON" | "NOT_MOVEWORKS" | "REDIRECTED" => (
            "Something else answered in its place: a sign-in page, a proxy or a maintenance page.",
            "Open the base URL in a browser, and check that it is the address of the service itself.",
        ),
        "SOURCE_FAULT" | "MOVEWORKS_FAULT" | "INTERNAL_ERROR" | "TRY_LATER" => (
            "It failed on its own side.",
            "Wait; the next sweep tries again. If it stays, ask its support with the message below.",
        ),
        "UNREADABLE" => (
            "The answer has a form that the bridge does not know.",
            "Check that the base URL is right. If it is, report the message below to the makers of the bridge.",
        ),
        "NOT_FOUND" => (
            "There is nothing of this id, or the credential may not see it.",
            "If the ticket is there, check the rights of the credential; for Moveworks, the id of event or listener.",
        ),
        "REFUSED" | "INVALID_VALUE" | "MANDATORY_FIELD" | "PARTLY_REFUSED" | "UNPROCESSABLE" => {
            ("It refused the call.", "Read the message below: it names the value or the rule that is in the way.")
        }
        "NOBODY_TO_TELL" => (
            "An approver has no e-mail address, so nobody can be told.",
            "Enter the address at the help desk, or pass the approval on to somebody who has one.",
        ),
        "UNKNOWN_STATUS" => (
            "An approval has a status that the bridge does not know.",
            "If it is your name for what waits, set sdp_pending_status to it.",
        ),
        "ODD_TICKET" | "ODD_LEVEL" | "ODD_APPROVAL" | "ODD_REQUEST" | "ODD_ADDRESS" => (
            "A record is not as documented and was left out.",
            "Look at it at the help desk; what is shown below is what was missing or odd.",
        ),
        "LIST_WITHOUT_END" => (
            "The list did not come to an end.",
            "Nothing by hand: what was read counts. If it stays, ask the help desk's support.",
        ),
        "APPROVER_REFUSED" => (
            "The help desk does not let this approver answer.",
            "Check that the person is an active user there who may approve.",
        ),
        "NOT_CONFIGURED" => ("A setting is missing.", "Look at the settings below."),
        "STORE_FAILED" => (
            "The store could not be read or written.",
            "Check its disk or server. If the message names a key that cannot be read, restore it from a backup.",
        ),
        "BUSY" => (
            "Another sweeper still had some of this one's slots.",
            "Nothing, if the number of sweepers has just changed. If it stays, look for two processes with the same shard.",
        ),
        "AUDIT_NOT_WRITTEN" => (
            "Something that was done may be missing from the audit trail.",
            "Check the store, and compare the trail with what Moveworks got.",
        ),
        _ => ("Something went wrong.", "Read the message below."),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::advice;

    /// Where sweeps and those that they call name their errors.
    const PLACES: [&str; 9] = [
        "../logic/src/sdp",
        "../logic/src/zendesk",
        "../logic/src/atera",
        "../logic/src/moveworks",
        "../logic/src/http.rs",
        "src/sources",
        "src/sweep",
        "src/deliver.rs",
        "src/store/audit.rs",
    ];

    fn codes(place: &Path, found: &mut Vec<String>) {
        if place.is_dir() {
            let entries = std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
            entries.filter(|path| !path.ends_with("tests")).for_each(|path| codes(&path, found));
            return;
        }
        let text = std::fs::read_to_string(place).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap();
        let named = [
            "code: \"",
            "pub const RATE_LIMITED: &str = \"",
            "pub const CALL_LIMIT: &str = \"",
            "CIRCUIT_OPEN: &str = \"",
        ];
        for before in named {
            found.extend(own.split(before).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
        // The code is the second argument, where it is a literal at all.
        let problems = own.split(".problem(").skip(1).filter_map(|rest| rest.split(", ").nth(1)?.strip_prefix('"'));
        found.extend(problems.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }

    #[test]
    fn every_error_of_a_sweep_is_told_in_words_of_its_own() {
        let mut found = Vec::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        PLACES.iter().for_each(|place| codes(&root.join(place), &mut found));
        found.sort_unstable();
        found.dedup();
        assert!(found.len() > 30, "{found:?}");
        let fallback = advice("no such code");
        let without: Vec<_> = found.iter().filter(|code| advice(code) == fallback).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
