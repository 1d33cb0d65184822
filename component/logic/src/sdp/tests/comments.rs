//! The comment of a decision. The calls act as the owner of the key, so this text alone tells who decided; a wrong
//! implementation would take somebody else's decision for the caller's own, or not know the caller's own again.

use proptest::prelude::*;

use super::*;

#[test]
fn a_comment_names_the_verdict_the_approver_and_their_words() {
    let ana = person("Ana Li", "ana@corp.example");
    let unnamed = Person { name: None, ..ana.clone() };
    let doubled = person("ana@corp.example", "ana@corp.example");
    let blank = person(" \u{200b}", "ana@corp.example");
    for (verdict, approver, words, wanted) in [
        (Verdict::Approve, &ana, None, "Approved by Ana Li (ana@corp.example) in chat"),
        (Verdict::Reject, &ana, Some(" too dear\n"), "Rejected by Ana Li (ana@corp.example) in chat: too dear"),
        (Verdict::Approve, &ana, Some("  "), "Approved by Ana Li (ana@corp.example) in chat"),
        (Verdict::Approve, &unnamed, None, "Approved by ana@corp.example in chat"),
        (Verdict::Approve, &doubled, Some("ok"), "Approved by ana@corp.example in chat: ok"),
        (Verdict::Approve, &blank, None, "Approved by ana@corp.example in chat"),
    ] {
        assert_eq!(decision_comment(verdict, approver, words), wanted);
        assert!(comment_names(wanted, "ana@corp.example"), "{wanted}");
        assert!(comment_names(&wanted.to_uppercase(), " ANA@corp.example "), "{wanted}");
        assert!(!comment_names(wanted, "bo@corp.example"), "{wanted}");
    }
}

#[test]
fn a_long_name_or_long_words_never_push_the_address_out() {
    for name in ["N".repeat(400), "e\u{301}".repeat(200), "👩\u{200d}👩\u{200d}👧".repeat(90)] {
        let comment = decision_comment(Verdict::Reject, &person(&name, "ana@corp.example"), Some(&"w ".repeat(400)));
        assert!(comment.chars().count() <= COMMENT_MAX);
        assert!(comment.ends_with('…'));
        assert!(comment_names(&comment, "ana@corp.example"), "{comment}");
    }
}

#[test]
fn a_comment_of_somebody_else_is_not_taken_for_the_approvers() {
    for comment in [
        "",
        "ana@corp.example",
        "Fine by me, ana@corp.example in chat",
        "I think it was approved by Ana (ana@corp.example) in chat",
        "Approved by Bo Diaz (bo@corp.example) in chat",
        "Approved by Bo Diaz (bo@corp.example) in chat: as Ana (ana@corp.example) in chat",
        "Approved by bo@corp.example in chat: approved by ana@corp.example in chat",
        "Approved by bo@corp.example in chat: asked Ana (ana@corp.example) in chat",
        "Approved by Joana (joana@corp.example) in chat",
        "Approved by joana@corp.example in chat",
        "Approved by Ana (ana@corp.example.org) in chat",
        "Approved by Ana (ana@corp.example)",
        "Approved by Ana (ana@corp.example) in chatter",
        "Approved by ana@corp.example",
        "Delegated by Ana (ana@corp.example) in chat",
    ] {
        assert!(!comment_names(comment, "ana@corp.example"), "{comment}");
    }
}

#[test]
fn a_name_cannot_pass_for_an_address() {
    for name in [
        "Eve (ana@corp.example) in chat",
        "ana@corp.example in chat",
        "ana@corp.example in chat: yes",
        "by ana@corp.example in chat",
        "Eve) (ana@corp.example",
    ] {
        let comment =
            decision_comment(Verdict::Approve, &person(name, "eve@corp.example"), Some("ok (ana@corp.example)"));
        assert!(!comment_names(&comment, "ana@corp.example"), "{comment}");
        assert!(comment_names(&comment, "eve@corp.example"), "{comment}");
    }
}

proptest! {
    #[test]
    fn whatever_the_name_and_the_words_the_comment_names_its_approver_alone(
        name in "\\PC{0,80}|[ ()@:a-z.]{0,60}",
        words in prop::option::of("\\PC{0,300}|[ ()@:a-z.]{0,60}"),
    ) {
        let comment = decision_comment(Verdict::Reject, &person(&name, "eve@corp.example"), words.as_deref());
        prop_assert!(comment.chars().count() <= COMMENT_MAX);
        prop_assert!(comment_names(&comment, "eve@corp.example"), "{}", comment);
        prop_assert!(!comment_names(&comment, "ana@corp.example"), "{}", comment);
    }
}
