//! Answers as a configuration file: the example that comes with the program, with the answers in it. So what is written
//! says everything that the example says, and is true as long as that is.

use super::questions::Answers;
use crate::variables::{ENVIRONMENT_PREFIX, KNOWN, Known, known};

const EXAMPLE: &str = include_str!("../../../../approval-bridge.example.toml");

/// Secrets that everything works without.
const OPTIONAL: [&str; 2] = ["action_secret", "moveworks_listener_secret"];

/// The environment variable that sets a variable.
fn environment(name: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", name.to_ascii_uppercase())
}

/// The file.
pub(super) fn write(answers: &Answers) -> String {
    let mut text = String::from(
        "# Written by `approval-bridge init`. Every variable stands here; what was not asked has its default. Check it:\n\
         #\n\
         #     approval-bridge doctor --config approval-bridge.toml\n\
         #\n\
         # Secrets are not in this file. Before the bridge starts, set in the environment:\n\
         #\n",
    );
    for line in secrets(answers) {
        text.push_str(&format!("#     {line}\n"));
    }
    text.push_str(
        "#\n# Each other variable can come from there as well, and the environment wins. An empty value is the same as \
         none. An\n# unknown name is an error.\n\n",
    );
    let settings = EXAMPLE.lines().skip_while(|line| *line != "[variables]");
    for line in settings {
        text.push_str(&setting(line, answers));
        text.push('\n');
    }
    text
}

/// One line of the example, with the answer where it sets what was asked.
fn setting(line: &str, answers: &Answers) -> String {
    let variable = line.split_once(" = ").and_then(|(name, _)| known(name));
    match variable {
        Some(Known { name, secret: true, .. }) => format!("# {name} comes from {}", environment(name)),
        Some(Known { name, .. }) => match answers.get(name).map(|answer| if answer == "-" { "" } else { answer }) {
            // Text stays text: an id may look like a number.
            Some(answer) if line.ends_with('"') => format!("{name} = {}", toml::Value::String(answer.to_owned())),
            Some(answer) => format!("{name} = {answer}"),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

/// The secrets that these answers call for, in the order of the documentation: where each goes, and what it is for.
pub(super) fn secrets(answers: &Answers) -> impl Iterator<Item = String> + '_ {
    let cloud = answers.get("sdp_accounts_url").is_some_and(|url| url != "-");
    let called_for = move |name| match name {
        "sdp_client_id" | "sdp_client_secret" | "sdp_refresh_token" => cloud,
        "sdp_authtoken" => answers.system("sdp") && !cloud,
        "zendesk_api_token" => answers.system("zendesk"),
        "atera_api_key" => answers.system("atera"),
        "moveworks_listener_secret" => answers.has("moveworks_listener_id"),
        _ => true,
    };
    KNOWN.iter().filter(move |known| known.secret && called_for(known.name)).map(|secret| {
        let optional = if OPTIONAL.contains(&secret.name) { " (optional)" } else { "" };
        format!("{}: {}{optional}", environment(secret.name), secret.doc)
    })
}
