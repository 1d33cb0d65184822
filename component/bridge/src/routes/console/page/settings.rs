//! The settings in force.

use maud::{Markup, html};

use super::super::view::View;
use super::parts::table;
use crate::config::Shown;

/// The list.
pub(super) fn section(view: &View) -> Markup {
    let rows: Vec<Vec<Markup>> =
        view.settings.iter().map(|(name, shown)| vec![html! { code { (name) } }, value(shown)]).collect();
    html! {
        details {
            summary { "Settings in force" }
            (table("Settings in force", &["Name", "Value"], &rows))
        }
    }
}

fn value(shown: &Shown) -> Markup {
    html! {
        @match shown {
            Shown::Value(value) => code { (value) },
            Shown::Default(value) => { code { (value) } " " span.soft { "default" } }
            Shown::Unset => span.soft { "not set" },
            Shown::Hidden => span.mark.good { "set" },
            Shown::Wrong(expected) => { span.mark.bad { "wrong" } " expected " (expected) }
        }
    }
}
