//! What a caller wants written: `payload` of create and update, in Moveworks' names → the help desk's fields.

use serde_json::{Map, Value};

use super::profile::Profile;

/// Values by the help desk's own field names. A dot in a name goes into an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit(pub Vec<(String, Value)>);

/// Why fields cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// There are none.
    #[error("fields: expected at least one")]
    Empty,
    /// Nobody has said what the help desk calls this.
    #[error("unknown field `{0}`; see gateway_fields")]
    Unknown(String),
    /// Two names mean the same field.
    #[error("the field `{0}` is there twice")]
    Twice(String),
    /// A value of a kind that the field cannot take.
    #[error("{0}: expected {1}")]
    Value(String, &'static str),
}

impl Edit {
    /// Reads fields. Nothing of a field that is null or blank is written: a builder's mapper gives these for what it does
    /// not have. A field of the help desk that no name stands for is refused, so that a typing error is told and not lost.
    pub fn read(profile: &Profile, fields: &Map<String, Value>) -> Result<Self, FieldError> {
        let mut edit = Self::default();
        for (name, value) in fields {
            let path = profile.fields.iter().find(|(own, _)| own == name).map(|(_, path)| path);
            let path = path.ok_or_else(|| FieldError::Unknown(name.clone()))?;
            if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
                continue;
            }
            if edit.get(path).is_some() {
                return Err(FieldError::Twice(name.clone()));
            }
            edit.0.push((path.clone(), value.clone()));
        }
        if edit.0.is_empty() { Err(FieldError::Empty) } else { Ok(edit) }
    }

    /// One field.
    pub fn one(path: &str, value: impl Into<Value>) -> Self {
        Self(vec![(path.to_owned(), value.into())])
    }

    /// Adds a field, unless the caller has set it.
    pub fn fill(&mut self, path: &str, value: impl Into<Value>) {
        if self.get(path).is_none() {
            self.0.push((path.to_owned(), value.into()));
        }
    }

    /// The value of a field.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == path).map(|(_, value)| value)
    }

    /// As an object, each value made into what the help desk wants by `shape`.
    pub(crate) fn to_object(&self, shape: impl Fn(&str, &Value) -> Value) -> Value {
        let mut all = Map::new();
        for (path, value) in &self.0 {
            let mut at = &mut all;
            let mut parts = path.split('.').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_none() {
                    at.insert(part.to_owned(), shape(path, value));
                    break;
                }
                let below = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
                if !below.is_object() {
                    *below = Value::Object(Map::new());
                }
                let Some(below) = below.as_object_mut() else { break };
                at = below;
            }
        }
        Value::Object(all)
    }
}
