//! The console, as somebody uses it.

use std::path::{Path, PathBuf};

use approval_bridge::bridge::Bridge;
use approval_bridge::stubs::{Fault, Stubs};
use approval_bridge_tests::harness::{API_TOKEN, Served, plain_variables, wide_limits};

use crate::chromium::{Chromium, Screen};

const SCREENS: [Screen; 4] = [
    Screen { name: "desk", width: 1280, dark: false },
    Screen { name: "desk-dark", width: 1280, dark: true },
    Screen { name: "phone", width: 390, dark: false },
    Screen { name: "phone-dark", width: 390, dark: true },
];

/// The least contrast of text (W3C, "Web Content Accessibility Guidelines 2.2", 1.4.3, level AA).
const CONTRAST: f64 = 4.5;

/// The worst contrast of any text on the page with what it is on, and that text.
const WORST_CONTRAST: &str = r"(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const paint = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let worst = [21, 'nothing'];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !element.checkVisibility()) continue;
        const below = [];
        for (let one = element; one; one = one.parentElement) below.unshift(getComputedStyle(one).backgroundColor);
        const [a, b] = [light(paint([...below, getComputedStyle(element).color])), light(paint(below))].sort((x, y) => y - x);
        const contrast = (a + 0.05) / (b + 0.05);
        if (contrast < worst[0]) worst = [contrast, walk.currentNode.data.trim()];
    }
    return worst;
})()";

/// Parts of the page that stick out to the right of it.
const STICKING_OUT: &str = "[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && \
    one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => one.outerHTML.slice(0, 80))";

struct Office {
    stubs: Stubs,
    bridge: Bridge,
}

/// A help desk after a morning on which not all went well.
async fn office() -> Office {
    let stubs = Stubs::new(11);
    stubs.with(|world| {
        world.on_premises();
        world.settings.moveworks.events_per_minute = None;
        let subject = "New laptop for the design team, with a docking station and two screens";
        let people = [("Ana Abara", "ana.abara@corp.example"), ("Bo Lind", "bo.lind@corp.example")];
        world.request().number("874").subject(subject).level(&people).add();
        world.change().number("31").subject("Replace the core switch").level(&people[..1]).add();
        world
            .request()
            .number("875")
            .subject("a_very_long_name_without_any_space_".repeat(6).as_str())
            .level(&people)
            .add();
        world.populate(60, 1, 1);
        world.fault(
            Fault::on("POST", "/messages/send").replies(400, r#"{"error":{"message":"No such user"}}"#).times(2),
        );
    });
    let bridge = Bridge::builder()
        .variables(plain_variables())
        .limits(wide_limits())
        .transport(std::sync::Arc::new(stubs.clone()));
    Office { stubs, bridge: bridge.build().unwrap() }
}

fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A look at the page that is open, on a screen.
fn look(browser: &mut Chromium, screen: Screen, page: &str) {
    let what = format!("{page} on {}", screen.name);
    std::fs::write(pictures().join(format!("{page}-{}.png", screen.name)), browser.picture()).unwrap();
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{what}: {complaints:#?}");
    let sticking = browser.value(STICKING_OUT);
    assert_eq!(sticking, serde_json::json!([]), "{what}");
    let fits = browser.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth");
    assert_eq!(fits, true, "{what} has to be moved from side to side");
    let worst = browser.value(WORST_CONTRAST);
    assert!(worst[0].as_f64().unwrap() >= CONTRAST, "{what}: {worst}");
}

fn use_console(browser: &mut Chromium, screen: Screen, origin: &str) {
    browser.screen(screen);
    browser.ask("Network.clearBrowserCookies", serde_json::json!({}));
    browser.open(&format!("{origin}/console"));
    // The browser notes that the first answer was 401, as it has to be.
    let refused = browser.complaints();
    assert!(refused.iter().all(|complaint| complaint.contains("status of 401")), "{refused:#?}");
    look(browser, screen, "sign-in");
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.className"), "skip", "the first stop is the way past the head");
    browser.value("document.querySelector('#token').focus()");
    browser.type_text(API_TOKEN);
    browser.lead(|browser| browser.press("Enter"));
    assert_eq!(browser.value("document.querySelector('h1').textContent"), "Console", "{screen:?}");
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true })");
    look(browser, screen, "console");
    let [tables, heads, rows] = browser.roles(["table", "columnheader", "rowheader"]);
    assert!(tables >= 5 && heads >= 20 && rows >= 60, "{tables} tables, {heads} heads, {rows} rows on {screen:?}");
    browser.value("document.querySelector('form[action=\"/console/poll\"] button').focus()");
    browser.lead(|browser| browser.press("Enter"));
    let done = browser.value("document.querySelector('[role=status]')?.textContent");
    assert_eq!(done, "The sweep is done.", "{screen:?}");
    let card = browser.value("document.querySelector('th a').href");
    browser.open(card.as_str().unwrap());
    look(browser, screen, "card");
    assert_eq!(browser.value("document.cookie"), "", "no script sees the session");
    browser.lead(|browser| {
        drop(browser.value("document.querySelector('form[action=\"/console/sign-out\"] button').click()"))
    });
    assert_eq!(browser.value("document.querySelector('h1').textContent"), "Sign in", "{screen:?}");
    // The page after signing out is 401 again, and asking for the cookie is a complaint as well.
    browser.complaints();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_looks_around_sweeps_and_signs_out_on_every_screen() {
    let Some(mut browser) = Chromium::start() else { return };
    let office = office().await;
    office.bridge.poll(false).await.unwrap();
    office.stubs.with(|world| {
        world.fault(
            Fault::on("GET", "/api/v3/releases").sdp_error(4002, "The technician may not see releases.").always(),
        );
        world.request().subject("One more that is told of next time").level(&[("Cy Ito", "cy.ito@corp.example")]).add();
    });
    office.bridge.poll(false).await.unwrap();
    let served = Served::start(office.bridge.clone()).await;
    let origin = served.origin();
    let used = tokio::task::spawn_blocking(move || {
        SCREENS.into_iter().for_each(|screen| use_console(&mut browser, screen, &origin));
    });
    used.await.unwrap();
    served.stop().await;
}
