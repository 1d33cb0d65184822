//! A card as HTML that looks like the chat, for previews.

use super::Card;
use crate::markup::{Dialect, Markup};

/// The styles of cards: light and dark as the reader's system has it, nothing loaded from anywhere. A page that holds
/// several cards needs them once.
pub const STYLE: &str = "
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

/// [`STYLE`] as a content security policy names it in `style-src`.
pub const STYLE_HASH: &str = "sha256-U02scjYIvhWIu+8tp8HMHgXvIjXmd8FZnv/YBPEH0Yk=";

/// The room around a card that stands alone: as wide everywhere, so that its picture is the same everywhere.
const ALONE: &str = "
html{color-scheme:light dark;background:#f4f4f6}
@media (prefers-color-scheme:dark){html{background:#141517}}
body{box-sizing:border-box;width:640px;margin:0;padding:.5rem 3rem}
";

/// [`ALONE`] as a content security policy names it.
const ALONE_HASH: &str = "sha256-bVXnZoLjEUpAPwOblwQDHT9MEEPnI2tKW9cf7qspukk=";

impl Card {
    /// The card as a self-contained piece of HTML: styles within, no scripts. The buttons do nothing.
    pub fn to_html(&self) -> String {
        // The character set is named because a piece is also opened as a file of its own.
        format!("<meta charset=\"utf-8\">\n<style>{STYLE}</style>\n{}", self.to_article())
    }

    /// The card as a whole page that is 640 pixels wide and may neither run nor load anything: what a browser without a
    /// screen turns into a picture.
    pub fn to_page(&self) -> String {
        let mut title = Markup::new(Dialect::Html);
        title.words(&self.title);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src '{STYLE_HASH}' '{ALONE_HASH}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=640\">\n<title>{}</title>\n\
             <style>{STYLE}</style>\n<style>{ALONE}</style>\n{}</html>\n",
            title.finish(),
            self.to_article()
        )
    }

    /// The card as an HTML element, for a page that has [`STYLE`].
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest, Sha256};

    use super::{ALONE, ALONE_HASH, STYLE, STYLE_HASH};

    #[test]
    fn the_policy_lets_in_these_styles_and_no_others() {
        for (style, hash) in [(STYLE, STYLE_HASH), (ALONE, ALONE_HASH)] {
            assert_eq!(hash, format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(style))));
        }
    }
}
