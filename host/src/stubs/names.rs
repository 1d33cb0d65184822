//! Invented names and texts, the same for the same seed.

/// A small generator: the same seed gives the same world on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (SplitMix64).
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll().checked_rem(end).unwrap_or(0)
    }

    /// One of these.
    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(of.len() as u64) as usize;
        of.get(at).copied().unwrap_or("")
    }

    /// A person's name and address.
    pub(crate) fn person(&mut self) -> (String, String) {
        let (first, last) = (self.pick(FIRST), self.pick(LAST));
        (format!("{first} {last}"), format!("{}.{}@corp.example", first.to_lowercase(), last.to_lowercase()))
    }
}

const FIRST: &[&str] = &[
    "Ana", "Bashir", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jonas", "Kavya", "Lars", "Mina",
    "Noor", "Oskar", "Priya", "Quentin", "Rosa", "Stefan", "Tomoko", "Uma", "Viktor", "Wanda", "Yusuf", "Zoe",
];
const LAST: &[&str] = &[
    "Abara",
    "Brandt",
    "Castro",
    "Dahl",
    "Eriksen",
    "Fontaine",
    "Grau",
    "Haddad",
    "Ito",
    "Jansen",
    "Koch",
    "Lindqvist",
    "Moreau",
    "Nakata",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Silva",
    "Tamm",
    "Ueda",
    "Varga",
    "Weiss",
    "Yilmaz",
];

/// Subjects of made-up tickets.
pub(crate) const SUBJECTS: &[&str] = &[
    "Second monitor for the design team",
    "Access to the finance share",
    "Laptop replacement after water damage",
    "New starter: standard equipment",
    "Licence for the drawing program",
    "Badge reader at the north entrance",
    "Standing desk",
    "Mailbox for the new project",
];

/// Priorities of made-up tickets.
pub(crate) const PRIORITIES: &[&str] = &["Low", "Normal", "Medium", "High"];
