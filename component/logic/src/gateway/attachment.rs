//! A file as Moveworks hands it over: a name and base64 (Moveworks "Ticket Gateway: Configuration Guide", add attachment).
//!
//! The base64 is checked without being kept decoded, and decoded only on its way to the help desk, so that a file is in
//! memory once.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::FilePart;
use crate::text::{clean_line, truncate};

/// The longest file name, in characters.
const NAME_MAX: usize = 120;

/// Base64 is checked in pieces of so many characters.
const PIECE: usize = 4096;

/// A file, still in base64. It is sound: padded, in the standard alphabet, not larger than allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    name: String,
    content: Arc<String>,
}

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// Not base64: another alphabet, white space, or the padding is wrong.
    #[error("content: expected base64 with its padding, in the standard alphabet, without white space")]
    Encoding,
    /// There is nothing in it.
    #[error("content: expected a file that is not empty")]
    Empty,
    /// It is larger than so many bytes.
    #[error("content: the file is larger than {0} bytes")]
    TooLarge(usize),
}

impl Attachment {
    /// Takes a file of at most `max` bytes. The size is known before anything is decoded.
    pub fn read(name: &str, content: String, max: usize) -> Result<Self, AttachmentError> {
        let padding = content.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
        let size = (content.len() / 4 * 3).saturating_sub(padding);
        if content.is_empty() {
            return Err(AttachmentError::Empty);
        }
        if size > max {
            return Err(AttachmentError::TooLarge(max));
        }
        let mut room = [0; PIECE / 4 * 3];
        let mut pieces = content.as_bytes().chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let padded = pieces.peek().is_some() && piece.contains(&b'=');
            if padded || STANDARD.decode_slice(piece, &mut room).is_err() {
                return Err(AttachmentError::Encoding);
            }
        }
        Ok(Self { name: file_name(name), content: Arc::new(content) })
    }

    /// The name: one part of a path, without anything that a file system, a header or a reader could take for more.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file as a part of a body that ends with these bytes.
    pub fn part(&self, after: Vec<u8>) -> FilePart {
        FilePart { base64: self.content.clone(), after }
    }

    /// The base64, as it came.
    pub fn base64(&self) -> &str {
        &self.content
    }
}

/// The last part of a path, cleaned; `attachment` where nothing is left of it.
fn file_name(name: &str) -> String {
    let name = clean_line(name);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = last.replace(['"', '<', '>', '|', '?', '*', '%', ';', ':'], "_");
    let plain = plain.trim_matches(['.', ' ']);
    if plain.is_empty() {
        return "attachment".to_owned();
    }
    if plain.chars().count() <= NAME_MAX {
        return plain.to_owned();
    }
    // The ending says what it is, so it stays.
    match plain.rsplit_once('.').filter(|(_, ending)| ending.chars().count() <= 10) {
        Some((stem, ending)) => format!("{}.{ending}", truncate(stem, NAME_MAX - 11)),
        None => truncate(plain, NAME_MAX).into_owned(),
    }
}
