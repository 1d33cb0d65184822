//! Settings: every problem at once, each with its variable's name, none with a value.

use approval_logic::approval::TicketKind;
use approval_logic::pace::Rate;

use super::*;
use crate::testing::MemoryHost;

const COMPLETE: [(&str, &str); 5] = [
    ("sdp_base_url", "https://sdp.example/app/itdesk/"),
    ("sdp_authtoken", "a-technician-key"),
    ("moveworks_event_id", "6c2f8a1e-0b7d-4c7a-9a52-3f1d5e8b9c01"),
    ("moveworks_api_key", "a-key"),
    ("poll_seconds", "60"),
];

async fn problems(changes: &[(&'static str, &str)]) -> Vec<String> {
    let mut variables: Vec<_> =
        COMPLETE.into_iter().filter(|(name, _)| changes.iter().all(|(own, _)| own != name)).collect();
    variables.extend(changes);
    load(&MemoryHost::new().with_variables(&variables)).await.err().unwrap_or_default()
}

#[tokio::test]
async fn the_defaults_are_those_of_the_contract() {
    let settings = load(&MemoryHost::new().with_variables(&COMPLETE)).await.unwrap();
    let sdp = settings.sdp.unwrap();
    assert_eq!(sdp.base_url, "https://sdp.example/app/itdesk");
    assert_eq!(sdp.modules, TicketKind::MODULES);
    assert_eq!((settings.concurrency, settings.sweep_budget.as_secs(), settings.reconcile.as_secs()), (16, 50, 3_600));
    assert_eq!(settings.max_age.unwrap().as_secs(), 30 * 86_400);
    assert_eq!((settings.first_run, settings.remind_after, settings.max_reminders), (FirstRun::Announce, None, 3));
    assert_eq!((settings.closings, settings.digest_above, settings.quiet), (Closings::Reassigned, None, None));
    assert!(settings.comment_required_on_reject && settings.action_secret.is_none() && settings.silent.is_empty());
    let moveworks = settings.moveworks.unwrap();
    assert_eq!((moveworks.base_url.as_str(), moveworks.rate), ("https://api.moveworks.ai", Rate::EVENTS));
}

#[tokio::test]
async fn a_problem_is_told_once() {
    for name in ["moveworks_event_id", "moveworks_listener_id"] {
        let problems = problems(&[("moveworks_event_id", ""), (name, "../hidden")]).await;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(name), "{problems:?}");
    }
}

#[tokio::test]
async fn a_wrong_value_names_its_variable_and_is_not_shown() {
    let wrong = [
        ("sdp_base_url", "ftp://hidden"),
        ("sdp_base_url", "https://user:hidden@sdp.example"),
        ("sdp_base_url", "https://sdp.example/app/hidden/api/v3"),
        ("sdp_modules", "requests,hidden"),
        ("sdp_web_url", "javascript:hidden"),
        ("moveworks_event_id", "../hidden"),
        ("moveworks_base_url", "hidden"),
        ("poll_seconds", "hidden"),
        ("shard", "hidden/3"),
        ("shard", "4/3"),
        ("concurrency", "0"),
        ("max_age_days", "-1"),
        ("first_run", "hidden"),
        ("card_fields", "type,hidden"),
        ("silent_approvers", "hidden"),
        ("comment_required_on_reject", "hidden"),
        ("quiet_hours", "from hidden"),
        ("closing_notices", "hidden"),
        ("digest_above", "hidden"),
        ("moveworks_per_minute", "hidden"),
        ("timezone", "Europe/hidden"),
        ("zendesk_base_url", "https://hidden.zendesk.example/api/v2"),
        ("sdp_authtoken", "hidden\nline"),
    ];
    for (name, value) in wrong {
        let problems = problems(&[(name, value)]).await;
        assert!(problems.iter().any(|problem| problem.starts_with(&format!("{name}: "))), "{name}: {problems:?}");
        assert!(!problems.iter().any(|problem| problem.contains("hidden")), "{name}: {problems:?}");
    }
}

#[tokio::test]
async fn all_problems_are_found_at_once() {
    let found = problems(&[("concurrency", "x"), ("first_run", "x"), ("card_fields", "x")]).await;
    assert_eq!(found.len(), 3, "{found:?}");
}

#[tokio::test]
async fn oauth_and_a_technician_key_exclude_each_other_and_oauth_is_whole_or_not_there() {
    assert!(problems(&[("sdp_client_id", "1000.ABC")]).await[0].starts_with("sdp_authtoken: "));
    let partial = problems(&[("sdp_authtoken", ""), ("sdp_client_id", "1000.ABC")]).await;
    assert_eq!(partial.len(), 3, "{partial:?}");
}

#[tokio::test]
async fn zendesk_is_whole_or_not_there() {
    const WHOLE: [(&str, &str); 3] = [
        ("zendesk_base_url", "https://corp.zendesk.example/"),
        ("zendesk_email", "Bridge@corp.example"),
        ("zendesk_api_token", "a-token"),
    ];
    for (missing, _) in &WHOLE[1..] {
        let given: Vec<_> = WHOLE.into_iter().filter(|(name, _)| name != missing).collect();
        let found = problems(&given).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("{missing}: ")), "{found:?}");
    }
    for (name, value) in
        [("zendesk_email", "hidden"), ("zendesk_email", "hidden:x@corp.example"), ("zendesk_api_token", "hidden\nline")]
    {
        let mut given: Vec<_> = WHOLE.into_iter().filter(|(own, _)| *own != name).collect();
        given.push((name, value));
        let found = problems(&given).await;
        assert!(found.len() == 1 && found[0].starts_with(name) && !found[0].contains("hidden"), "{found:?}");
    }
    assert_eq!(problems(&WHOLE[1..]).await, [""; 0], "a token without an address leaves it off");
    let variables: Vec<_> = COMPLETE.into_iter().chain(WHOLE).collect();
    let settings = load(&MemoryHost::new().with_variables(&variables)).await.unwrap();
    let sources: Vec<_> = settings.base_urls().collect();
    assert_eq!(sources.last(), Some(&(Source::Zendesk, "https://corp.zendesk.example")));
    assert_eq!(settings.zendesk.unwrap().email, "bridge@corp.example");
}

async fn shown_of(variables: &[(&'static str, &str)]) -> Vec<(&'static str, Shown)> {
    shown(&MemoryHost::new().with_variables(variables)).await.0
}

#[tokio::test]
async fn every_variable_is_shown_as_what_it_is() {
    let rows = shown_of(&[
        ("sdp_base_url", "https://sdp.example"),
        ("sdp_authtoken", "hidden"),
        ("api_token", "hidden"),
        ("concurrency", "hidden"),
        ("zendesk_api_token", "hidden\nline"),
        ("sdp_web_url", "https://sdp.example/{id}"),
    ])
    .await;
    assert_eq!(rows.iter().map(|(name, _)| *name).collect::<Vec<_>>(), NAMES);
    let of = |name: &str| rows.iter().find(|(own, _)| *own == name).unwrap().1.clone();
    assert_eq!(of("sdp_base_url"), Shown::Value("https://sdp.example".to_owned()));
    assert_eq!(
        (of("sdp_authtoken"), of("api_token"), of("sdp_client_id")),
        (Shown::Hidden, Shown::Hidden, Shown::Unset)
    );
    assert_eq!((of("poll_seconds"), of("zendesk_base_url")), (Shown::Default("60"), Shown::Unset));
    assert!(matches!(of("concurrency"), Shown::Wrong(expected) if expected.contains("1 to 256")));
    assert!(!format!("{rows:?}").contains("hidden"), "{rows:?}");
    let unchecked = shown_of(&[("sdp_accounts_url", "https://user:hidden@accounts.example")]).await;
    assert!(unchecked.contains(&("sdp_accounts_url", Shown::Hidden)));
}

#[tokio::test]
async fn the_defaults_that_are_shown_are_those_in_force() {
    let default = load(&MemoryHost::new().with_variables(&COMPLETE)).await.unwrap();
    let said: Vec<_> = shown::DEFAULTS.iter().copied().chain(COMPLETE).collect();
    let said = load(&MemoryHost::new().with_variables(&said)).await.unwrap();
    assert_eq!(format!("{default:?}"), format!("{said:?}"));
}
