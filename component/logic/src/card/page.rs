//! A card as a piece of HTML that looks like the chat, for previews.

use super::Card;
use crate::markup::Dialect;

/// How an article of [`Card::to_article`] looks: a style sheet for its page. Colours come from the reader's setting; nothing
/// is loaded from anywhere.
pub const ARTICLE_STYLE: &str = "\
.approval-card{--back:#fff;--text:#1d1c1d;--soft:#5c5c62;--line:#dcdce1;--main:#0b57d0;--on-main:#fff;
color-scheme:light dark;box-sizing:border-box;max-width:34rem;margin:1rem auto;padding:1rem 1.25rem;
border:1px solid var(--line);border-radius:.75rem;background:var(--back);color:var(--text);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.approval-card{--back:#1f2023;--text:#e8e8ea;--soft:#a9a9b2;--line:#3c3d42;
--main:#a8c7fa;--on-main:#062e6f}}
.approval-card p{margin:0}
.approval-card b{display:inline-block;font-size:1.1rem;margin-bottom:.25rem}
.approval-card i{color:var(--soft)}
.approval-card a{color:var(--main)}
.approval-card div{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1rem}
.approval-card button{font:inherit;padding:.4rem 1rem;border:1px solid var(--main);border-radius:.5rem;
background:none;color:var(--main)}
.approval-card button:first-child{background:var(--main);color:var(--on-main)}
";

impl Card {
    /// The card as a self-contained piece of HTML: styles within, no scripts, light and dark. The buttons do nothing.
    pub fn to_html(&self) -> String {
        // The character set is named because a preview is also opened as a file of its own.
        format!("<meta charset=\"utf-8\">\n<style>\n{ARTICLE_STYLE}</style>\n{}", self.to_article())
    }

    /// The card as one element of a page that has the [`ARTICLE_STYLE`]. The buttons do nothing.
    pub fn to_article(&self) -> String {
        let mut page = String::from("<article class=\"approval-card\">\n<p>");
        page.push_str(&self.fitted(Dialect::Html));
        page.push_str("</p>\n");
        let buttons: String = self
            .written_actions(Dialect::Html)
            .map(|label| format!("<button type=\"button\">{label}</button>\n"))
            .collect();
        if !buttons.is_empty() {
            page.push_str("<div>\n");
            page.push_str(&buttons);
            page.push_str("</div>\n");
        }
        page.push_str("</article>\n");
        page
    }
}
