//! `init`: asks what has to be known and writes a configuration file.
//!
//! The questions are those of Moveworks' guide "Notify Employees for New Ticket Approvals" and what follows from them: which
//! systems, what is on the card, whether a rejection needs a reason, when to remind, which way messages take. Each is also
//! a flag. Secrets are not asked: they belong into the environment, and the file says under which names.

use std::fs::OpenOptions;
use std::io::{BufRead, ErrorKind, IsTerminal, Write, stderr, stdin};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, print};
use crate::config::Config;

mod file;
mod questions;

use questions::{Answers, QUESTIONS, Question};

/// Where the file goes, and answers that are known already.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where to write; - for standard output.
    #[arg(long, value_name = "FILE", default_value = "approval-bridge.toml")]
    output: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    /// Ask nothing: what no flag says has its default.
    #[arg(long)]
    defaults: bool,
    #[command(flatten)]
    answers: AnswerArgs,
}

/// One flag for each question.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
struct AnswerArgs {
    /// The systems that approvals are in, with commas between: sdp, zendesk, atera.
    #[arg(long, value_name = "LIST")]
    systems: Option<String>,
    /// Where ServiceDesk Plus is.
    #[arg(long, value_name = "URL")]
    sdp_base_url: Option<String>,
    /// The accounts server of the cloud edition; - for on premises.
    #[arg(long, value_name = "URL")]
    sdp_accounts_url: Option<String>,
    /// Where ServiceDesk Plus is watched: requests, changes, releases.
    #[arg(long, value_name = "LIST")]
    sdp_modules: Option<String>,
    /// Where Zendesk is.
    #[arg(long, value_name = "URL")]
    zendesk_base_url: Option<String>,
    /// The address of a Zendesk administrator.
    #[arg(long, value_name = "ADDRESS")]
    zendesk_email: Option<String>,
    /// Where Atera is.
    #[arg(long, value_name = "URL")]
    atera_base_url: Option<String>,
    /// The technician in whose name Atera gets notes.
    #[arg(long, value_name = "ID")]
    atera_technician_id: Option<String>,
    /// Where Moveworks is.
    #[arg(long, value_name = "URL")]
    moveworks_base_url: Option<String>,
    /// The way that messages take: listener, or event.
    #[arg(long, value_name = "DOOR")]
    door: Option<String>,
    /// The webhook listener's id.
    #[arg(long, value_name = "ID")]
    moveworks_listener_id: Option<String>,
    /// The event's id.
    #[arg(long, value_name = "ID")]
    moveworks_event_id: Option<String>,
    /// The lines of a card.
    #[arg(long, value_name = "LIST")]
    card_fields: Option<String>,
    /// Whether a rejection needs a comment: true, or false.
    #[arg(long, value_name = "BOOL")]
    comment_required_on_reject: Option<String>,
    /// Hours without an answer until a reminder; 0 for never.
    #[arg(long, value_name = "HOURS")]
    remind_after_hours: Option<String>,
    /// Hours in which nothing is said, such as 19:00-08:00.
    #[arg(long, value_name = "HOURS")]
    quiet_hours: Option<String>,
    /// Whose clocks these are, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
}

impl AnswerArgs {
    /// The answers that flags give. A flag about one system, or about one way of messages, answers also which it is.
    fn given(&self) -> Answers {
        let flags = [
            ("systems", &self.systems),
            ("sdp_base_url", &self.sdp_base_url),
            ("sdp_accounts_url", &self.sdp_accounts_url),
            ("sdp_modules", &self.sdp_modules),
            ("zendesk_base_url", &self.zendesk_base_url),
            ("zendesk_email", &self.zendesk_email),
            ("atera_base_url", &self.atera_base_url),
            ("atera_technician_id", &self.atera_technician_id),
            ("moveworks_base_url", &self.moveworks_base_url),
            ("door", &self.door),
            ("moveworks_listener_id", &self.moveworks_listener_id),
            ("moveworks_event_id", &self.moveworks_event_id),
            ("card_fields", &self.card_fields),
            ("comment_required_on_reject", &self.comment_required_on_reject),
            ("remind_after_hours", &self.remind_after_hours),
            ("quiet_hours", &self.quiet_hours),
            ("timezone", &self.timezone),
        ];
        let mut given = Answers::default();
        for (name, value) in flags {
            if let Some(value) = value {
                given.set(name, value.trim());
            }
        }
        given.infer();
        given
    }
}

pub(super) fn run(args: &InitArgs) -> Result<(), Failure> {
    let to_file = args.output.as_os_str() != "-";
    if to_file && !args.force && args.output.exists() {
        return Err(there(&args.output));
    }
    let answers = if args.defaults {
        collect(&args.answers.given(), &mut Silent)?
    } else {
        let spoken = stdin().is_terminal();
        collect(&args.answers.given(), &mut Lines { input: stdin().lock(), output: stderr(), again: spoken })?
    };
    let text = file::write(&answers);
    // The file that is written is one that is read.
    Config::parse(&text, Path::new(""), [])?;
    if !to_file {
        return print(&text);
    }
    save(&args.output, &text, args.force)?;
    let file = args.output.display();
    let secrets: String = file::secrets(&answers).map(|line| format!("  {line}\n")).collect();
    print(&format!("{file} is written. Set in the environment:\n{secrets}then: approval-bridge doctor --config {file}"))
}

fn there(path: &Path) -> Failure {
    Failure::Usage(format!("{} is there already; --force writes over it", path.display()))
}

fn save(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => there(path),
        _ => Failure::Failed(format!("{}: {error}", path.display())),
    })
}

/// Who answers what no flag has answered.
trait Asked {
    /// The answer; none: the default.
    fn ask(&mut self, question: &Question, default: Option<&str>) -> Result<Option<String>, Failure>;

    /// Whether a wrong answer may be given anew; told what was wrong.
    fn again(&mut self, _wrong: &str) -> bool {
        false
    }
}

/// Nobody.
struct Silent;

impl Asked for Silent {
    fn ask(&mut self, _: &Question, _: Option<&str>) -> Result<Option<String>, Failure> {
        Ok(None)
    }
}

/// A person, or a file with one answer a line.
struct Lines<R, W> {
    input: R,
    output: W,
    again: bool,
}

impl<R: BufRead, W: Write> Asked for Lines<R, W> {
    fn ask(&mut self, question: &Question, default: Option<&str>) -> Result<Option<String>, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(error.to_string());
        let shown = default.filter(|default| !default.is_empty()).map(|default| format!(" [{default}]"));
        write!(self.output, "{}{}: ", question.ask, shown.unwrap_or_default()).map_err(failed)?;
        self.output.flush().map_err(failed)?;
        let mut line = String::new();
        let ended = self.input.read_line(&mut line).map_err(failed)? == 0;
        if ended || !self.again {
            // Nobody has ended the line on a screen.
            writeln!(self.output).map_err(failed)?;
        }
        let line = line.trim();
        Ok((!line.is_empty()).then(|| line.to_owned()))
    }

    fn again(&mut self, wrong: &str) -> bool {
        // When this cannot be written, the question that follows cannot either, and that ends it.
        self.again && writeln!(self.output, "  expected {wrong}").is_ok()
    }
}

/// Goes through the questions that these answers leave open.
fn collect(given: &Answers, asked: &mut dyn Asked) -> Result<Answers, Failure> {
    let mut answers = Answers::default();
    for question in QUESTIONS {
        if !(question.when)(&answers) {
            if given.get(question.name).is_some() {
                let name = question.name.replace('_', "-");
                return Err(Failure::Usage(format!("--{name}: does not go with the other answers")));
            }
            continue;
        }
        let answer = match given.get(question.name) {
            Some(answer) => checked(question, answer)?,
            None => open(question, &answers, asked)?,
        };
        answers.set(question.name, &answer);
    }
    Ok(answers)
}

/// The answer to a question that no flag has answered.
fn open(question: &Question, answers: &Answers, asked: &mut dyn Asked) -> Result<String, Failure> {
    let default = (question.default)(answers);
    loop {
        let answer = asked.ask(question, default.as_deref())?.or_else(|| default.clone()).unwrap_or_default();
        match (question.check)(&answer) {
            Err(wrong) if asked.again(wrong) => {}
            _ => return checked(question, &answer),
        }
    }
}

fn checked(question: &Question, answer: &str) -> Result<String, Failure> {
    (question.check)(answer).map_err(|wrong| {
        let name = question.name.replace('_', "-");
        Failure::Usage(format!("--{name}: expected {wrong}"))
    })?;
    Ok(answer.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(lines: &str, again: bool) -> Result<(Answers, String), Failure> {
        let mut output = Vec::new();
        let mut asked = Lines { input: lines.as_bytes(), output: &mut output, again };
        let answers = collect(&Answers::default(), &mut asked)?;
        Ok((answers, String::from_utf8(output).unwrap()))
    }

    #[test]
    fn a_person_is_asked_again_and_told_why_and_a_file_is_not() {
        let lines = "zendesk\ncorp\nhttps://corp.zendesk.com\nadmin@corp.example\n\nevent\n5d6f\n";
        let (given, said) = answers(lines, true).unwrap();
        assert_eq!(given.get("zendesk_base_url"), Some("https://corp.zendesk.com"));
        assert!(said.contains("  expected an address that begins with https://\n"), "{said}");
        let Err(Failure::Usage(text)) = answers(lines, false) else { panic!("must be refused") };
        assert_eq!(text, "--zendesk-base-url: expected an address that begins with https://");
    }

    #[test]
    fn questions_about_systems_that_are_not_there_are_not_asked() {
        let (given, said) =
            answers("zendesk\nhttps://corp.zendesk.com\nadmin@corp.example\n\nevent\n5d6f\n", true).unwrap();
        assert!(
            !said.contains("ServiceDesk Plus:") && !said.contains("Atera:") && !said.contains("listener's id"),
            "{said}"
        );
        assert_eq!(given.get("sdp_base_url"), None);
        assert_eq!(given.get("card_fields"), Some("type,number,requester,priority,description"));
    }
}
