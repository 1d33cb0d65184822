//! What the operator decides about cards.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The title of the approved design.
pub const DEFAULT_TITLE: &str = "🎫 New Ticket Pending Your Approval";

/// How cards look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardStyle {
    /// The title of a first announcement; empty for [`DEFAULT_TITLE`].
    pub title: String,
    /// The lines, in order. A repeated one is shown once.
    pub fields: Cow<'static, [FieldKind]>,
    /// The most characters of a description, before escaping.
    pub max_description: usize,
    /// The most characters of any other value, before escaping.
    pub max_value: usize,
}

impl Default for CardStyle {
    /// The approved design: type, number, requester, priority, description.
    fn default() -> Self {
        Self { title: String::new(), fields: Cow::Borrowed(&FieldKind::DEFAULT), max_description: 600, max_value: 120 }
    }
}

/// A line that a card can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Request, change or release.
    Type,
    /// The number that people know.
    Number,
    /// Who asked.
    Requester,
    /// The priority's name.
    Priority,
    /// The description.
    Description,
    /// Subject or title.
    Title,
    /// The approval level's number.
    Level,
    /// Who is asked.
    Approver,
    /// Who was asked first, where the approval has been passed on.
    #[serde(rename = "original_approver")]
    OnBehalfOf,
    /// When the approver was asked.
    Sent,
}

impl FieldKind {
    /// Every line, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Type,
        Self::Number,
        Self::Requester,
        Self::Priority,
        Self::Description,
        Self::Title,
        Self::Level,
        Self::Approver,
        Self::OnBehalfOf,
        Self::Sent,
    ];

    /// The lines of the approved design, in its order.
    pub const DEFAULT: [Self; 5] = [Self::Type, Self::Number, Self::Requester, Self::Priority, Self::Description];

    /// The line of a name in the `card_fields` variable.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The name in the `card_fields` variable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Number => "number",
            Self::Requester => "requester",
            Self::Priority => "priority",
            Self::Description => "description",
            Self::Title => "title",
            Self::Level => "level",
            Self::Approver => "approver",
            Self::OnBehalfOf => "original_approver",
            Self::Sent => "sent",
        }
    }

    /// The label on the card.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Type => "Ticket Type",
            Self::Number => "Ticket #",
            Self::Requester => "Requester",
            Self::Priority => "Priority",
            Self::Description => "Description",
            Self::Title => "Title",
            Self::Level => "Level",
            Self::Approver => "Approver",
            Self::OnBehalfOf => "On behalf of",
            Self::Sent => "Sent",
        }
    }
}
