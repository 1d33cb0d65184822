//! Answers of Moveworks.

use approval_logic::http::CallError;
use approval_logic::moveworks::read_acceptance;

use crate::{message, rules};

/// Whether a message was taken. The HTTP status decides, but for a web page in Moveworks' place.
pub fn moveworks_answer(input: &[u8]) {
    let response = message::answer(input);
    match read_acceptance(&response) {
        Ok(()) => assert!(response.is_success()),
        Err(error) => {
            assert_eq!(response.is_success(), error.code() == "NOT_MOVEWORKS", "{error:?}");
            rules::error(&error);
            let patient = match &error {
                CallError::Retry { after, .. } => !after.is_zero(),
                _ => true,
            };
            assert!(patient, "a repeat without a pause: {error:?}");
        }
    }
}
