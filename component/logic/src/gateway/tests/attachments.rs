//! Files. A wrong implementation takes half a file for a whole one, holds it in memory before it knows its size, or lets its
//! name out of its place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn read(content: &str) -> Result<Attachment, AttachmentError> {
    Attachment::read("notes.txt", content.to_owned(), 10_000)
}

#[test]
fn only_padded_base64_of_the_standard_alphabet_is_taken() {
    assert!(read("aGVsbG8=").is_ok() && read("aGVsbG8h").is_ok() && read("aA==").is_ok() && read("+/+/").is_ok());
    for odd in [
        "aGVsbG8",
        "aGVsbG8==",
        "aGVs bG8=",
        "aGVsbG8=\n",
        "-_-_",
        "aGVsbG9=",
        "=",
        "====",
        "aA==aA==",
        "é",
        "a",
        "aGV=bG8=",
    ] {
        assert_eq!(read(odd), Err(AttachmentError::Encoding), "{odd}");
    }
    assert_eq!(read(""), Err(AttachmentError::Empty));
}

#[test]
fn padding_in_the_middle_is_refused_wherever_it_is() {
    let piece = format!("{}==", "A".repeat(4094));
    assert!(Attachment::read("x", piece.clone(), 10_000).is_ok());
    let two = format!("{piece}{}", "A".repeat(4));
    assert_eq!(Attachment::read("x", two, 10_000), Err(AttachmentError::Encoding));
}

#[test]
fn the_size_is_checked_before_the_content() {
    for (content, max, result) in [
        (STANDARD.encode([7; 9]), 9, Ok(())),
        (STANDARD.encode([7; 10]), 10, Ok(())),
        (STANDARD.encode([7; 11]), 10, Err(AttachmentError::TooLarge(10))),
        ("!".repeat(100), 10, Err(AttachmentError::TooLarge(10))),
    ] {
        assert_eq!(Attachment::read("x", content, max).map(drop), result);
    }
}

#[test]
fn a_name_is_one_harmless_part_of_a_path() {
    let long = format!("{}.pdf", "a".repeat(300));
    let cut = format!("{}….pdf", "a".repeat(108));
    for (given, name) in [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\tmp\\a b.txt", "a b.txt"),
        ("/", "attachment"),
        ("..", "attachment"),
        ("", "attachment"),
        (".bashrc", "bashrc"),
        ("a\r\nContent-Type: text/html\"x.txt", "html_x.txt"),
        ("a\u{202e}txt.exe", "atxt.exe"),
        ("Größe 10:30?.png", "Größe 10_30_.png"),
        (&long, &cut),
    ] {
        let attachment = Attachment::read(given, "aA==".to_owned(), 10).unwrap();
        assert_eq!(attachment.name(), name, "{given:?}");
    }
}

proptest! {
    #[test]
    fn a_file_comes_out_as_it_went_in(bytes in prop::collection::vec(any::<u8>(), 1..9_000), long in any::<bool>()) {
        let bytes = if long { bytes.repeat(20) } else { bytes };
        let attachment = Attachment::read("x", STANDARD.encode(&bytes), bytes.len()).unwrap();
        let mut request = HttpRequest::new(Method::Put, "https://desk.example").with_body("x/y", "before");
        request.file = Some(attachment.part(b"after".to_vec()));
        let pieces: Vec<Vec<u8>> = request.pieces().collect();
        prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= 48 * 1024));
        prop_assert_eq!(pieces.concat(), [b"before", bytes.as_slice(), b"after"].concat());
    }

    #[test]
    fn what_is_taken_is_what_the_strict_decoder_takes(text in "[A-Ba-b0-1+/= ]{0,12}") {
        let strict = STANDARD.decode(&text).is_ok_and(|bytes| !bytes.is_empty());
        prop_assert_eq!(Attachment::read("x", text, 100).is_ok(), strict);
    }

    #[test]
    fn a_name_never_leaves_its_place(name in ".{0,200}") {
        let attachment = Attachment::read(&name, "aA==".to_owned(), 10).unwrap();
        let name = attachment.name();
        prop_assert!(!name.is_empty() && name.chars().count() <= 130);
        prop_assert!(!name.contains(['/', '\\', '"', '\r', '\n', '\0']) && name != "." && name != "..");
    }
}
