use std::time::{Duration, Instant};

use super::html_to_text;

fn is(html: &str, text: &str) {
    assert_eq!(html_to_text(html), text, "for {html:?}");
}

#[test]
fn plain_text_survives() {
    is("5 < 6 & 7 > 2", "5 < 6 & 7 > 2");
    is("AT&T, R&D, a<b", "AT&T, R&D, a<b");
    is("one\r\ntwo\rthree\n\n\nfour", "one\ntwo\nthree\n\nfour");
}

#[test]
fn addresses_in_angle_brackets_are_text() {
    is("Ana <ana@corp.example> wrote", "Ana <ana@corp.example> wrote");
    is("see <https://corp.example/x>", "see <https://corp.example/x>");
}

#[test]
fn entities_are_decoded_exactly_once() {
    is("&amp;lt;b&amp;gt; &lt;b&gt; &#38;amp; &eacute;&nbsp;&hellip;", "&lt;b&gt; <b> &amp; é …");
}

#[test]
fn unread_elements_go_with_their_content() {
    is("a<script>alert('<b>')</script>b", "ab");
    is("a<STYLE type='x'>p{}</sTyLe >b", "ab");
    is("<html><head><title>T</title><meta x>stray</head><body>text</body></html>", "text");
    is("<head><title>T</title><p>the head was never closed", "the head was never closed");
    is("a<script>never closed", "a");
    is("a<script>x</scripty></script>b", "ab");
    is("a<xml><w:WordDocument>Normal 0</w:WordDocument></xml>b<svg/>c", "abc");
}

#[test]
fn a_script_in_pieces_does_not_come_together() {
    is("<scr<script>x</script>ipt>alert(1)</script>", "xipt>alert(1)");
    is("<scr<!-- x -->ipt>alert(1)</script>", "ipt>alert(1)");
    is("<<script>script>x</script>", "<");
}

#[test]
fn comments_and_declarations_go() {
    is("<!DOCTYPE html>a<!-- <b>x</b> > -->b<?xml version='1.0'?>c", "abc");
    is("a<!-->b<!--->c<!---->d<!-- x --!>e", "abcde");
    is("a<!--[if mso]><p>word</p><![endif]-->b<![if !mso]>c<![endif]>", "abc");
    is("a<!-- never closed <p>b", "a");
}

#[test]
fn the_cdata_wrapper_goes_and_its_content_stays() {
    is("<![CDATA[<p>Hello</p>]]> you]]>", "Hello\nyou]]>");
    is("<![CDATA[5 < 6]]>", "5 < 6");
    is("<![CDATA[never closed", "never closed");
}

#[test]
fn blocks_rows_and_breaks_are_lines() {
    is("<p>a</p><p>b</p>", "a\nb");
    is("a<br>b<br/>c<BR />d", "a\nb\nc\nd");
    is("<div>a<br></div><div><br></div><div>b</div>", "a\n\nb");
    is("<table><tr><th>Item</th><td>Laptop</td></tr><tr><td>Cost</td><td>9</td></tr></table>", "Item Laptop\nCost 9");
    is("<h1>T</h1>\n  text\n  wrapped", "T\ntext wrapped");
}

#[test]
fn list_items_have_bullets() {
    is("Need:<ul><li>one</li><li><p>two</p></li><li></li></ul>end", "Need:\n• one\n• two\nend");
    is("<li><ul><li>inner", "• inner");
}

#[test]
fn at_most_one_empty_line() {
    is("a<br><br><br><br>b<p>&nbsp;</p><p></p>c", "a\n\nb\nc");
}

#[test]
fn preformatted_lines_stay() {
    is("<p>x</p><pre>one\n two\n\n\nthree</pre>\nend", "x\none\ntwo\n\nthree\nend");
}

#[test]
fn lines_of_a_text_with_inline_tags_only_stay() {
    is("Dear team,\nplease <b>approve</b>", "Dear team,\nplease approve");
}

#[test]
fn quoted_values_may_hold_an_end() {
    is("<a title=\"x > y\" href='z>'>link</a>", "link");
    is("<p title=it's>it's</p>", "it's");
}

#[test]
fn an_unclosed_quote_does_not_take_the_text() {
    is("<a href=\"x>link</a> and <b>more</b>", "link and more");
}

#[test]
fn unclosed_and_crossed_tags_lose_nothing() {
    is("<b>a<i>b</b>c</i><p>d<div>e", "abc\nd\ne");
    is("end <b", "end <b");
    is("</p></b></x>a</ b>c<>", "ac<>");
}

#[test]
fn hidden_characters_go_even_when_written_as_entities() {
    is("a&#8203;b&#x202E;c&zwj;d&shy;e&#0;", "abcde\u{fffd}");
}

#[test]
fn hostile_input_takes_time_in_proportion() {
    let count = 100_000;
    let inputs = [
        "<".repeat(count),
        "<a ".repeat(count),
        "<a =\"".repeat(count),
        "<a =\"'>".repeat(count),
        "<!--".repeat(count),
        "<!---".repeat(count),
        "<![CDATA[".repeat(count),
        "</".repeat(count),
        format!("{}.>", "<a".repeat(count)),
        format!("{}>", "<a.".repeat(count)),
        format!("{}/>", "<a:".repeat(count)),
        "<?".repeat(count),
        "<script></scrip".repeat(count),
        "<title>".repeat(count),
        "<div><li><pre>".repeat(count),
        "&".repeat(count),
        "&#".repeat(count),
        format!("&#{}", "1".repeat(count)),
        "&aaaaaaaaaa".repeat(count),
        "]".repeat(count),
        format!("<![CDATA[{}", "]]".repeat(count)),
        format!("{}>", "<a =\"".repeat(count)),
        "a\u{200d}".repeat(count),
        format!("a{}", "\u{301}".repeat(count)),
    ];
    for input in inputs {
        let started = Instant::now();
        let _text = html_to_text(&input);
        // Linear work is milliseconds even here; quadratic work would be minutes.
        assert!(started.elapsed() < Duration::from_secs(5), "{:.20}…", input);
    }
}
