//! JSON bodies, read strictly against a description of their fields.

use std::fmt;

use serde::Deserialize;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What a value may be.
pub(super) enum Shape {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A whole number, not below zero.
    Count,
    /// An id that is a number at its source: a whole number, or one written as text.
    Id,
    /// A list of such values.
    List(&'static Self),
    /// An object of these fields.
    Object(&'static [Field]),
    /// An object of any fields.
    Free,
}

/// A field of an object.
pub(super) struct Field {
    name: &'static str,
    shape: Shape,
    required: bool,
}

impl Field {
    /// A field that has to be there.
    pub(super) const fn required(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, required: true }
    }

    /// A field that may be missing or null.
    pub(super) const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, required: false }
    }
}

impl Shape {
    fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let (fits, expected) = match (self, value) {
            (Self::Object(fields), Value::Object(values)) => return check(fields, values),
            (Self::List(shape), Value::Array(values)) => {
                return values.iter().try_for_each(|value| shape.check(name, value));
            }
            (Self::Text, _) => (value.is_string(), "text"),
            (Self::Word(words), _) => (value.as_str().is_some_and(|word| words.contains(&word)), "one of its words"),
            (Self::Flag, _) => (value.is_boolean(), "true or false"),
            (Self::Count, _) => (value.as_u64().is_some_and(|count| u32::try_from(count).is_ok()), "a whole number"),
            (Self::Id, _) => (id(value).is_some(), "an id, which is a whole number"),
            (Self::List(_), _) => (false, "a list"),
            (Self::Object(_) | Self::Free, _) => (value.is_object(), "an object"),
        };
        if fits { Ok(()) } else { Err(format!("{name}: expected {expected}")) }
    }
}

fn id(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn check(fields: &[Field], values: &Map<String, Value>) -> Result<(), String> {
    for field in fields {
        match values.get(field.name) {
            None | Some(Value::Null) if !field.required => {}
            None => return Err(format!("missing field `{}`", field.name)),
            Some(value) => field.shape.check(field.name, value)?,
        }
    }
    match values.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
        Some(name) => Err(format!("unknown field `{name}`")),
        None => Ok(()),
    }
}

/// The fields of a body that fit their description.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(body: &[u8], expected: &[Field]) -> Result<Self, String> {
        let fields: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        check(expected, &fields.0)?;
        Ok(fields)
    }

    /// Checks that a body is an object, whatever its fields are.
    pub(super) fn read_any(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// All fields that are left.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// A field's value.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// An id field's value.
    pub(super) fn take_id(&mut self, name: &str) -> Option<u64> {
        self.take(name).as_ref().and_then(id)
    }

    /// A text field's value.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// Unlike a plain map, this refuses a field that is there twice: two readers would see two different requests.
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Fields, Shape};

    const INNER: &[Field] = &[Field::required("rule", Shape::Word(&["all", "any"]))];
    const OUTER: &[Field] = &[
        Field::required("text", Shape::Text),
        Field::optional("public", Shape::Flag),
        Field::optional("count", Shape::Count),
        Field::optional("user", Shape::Id),
        Field::optional("people", Shape::List(&Shape::Text)),
        Field::optional("policy", Shape::Object(INNER)),
        Field::optional("slots", Shape::Free),
    ];

    #[test]
    fn a_body_of_the_described_shape_is_read() {
        let body = r#"{"text":"t","public":true,"count":7,"people":["a"],"policy":{"rule":"any"},"slots":{"x":[1]}}"#;
        let mut fields = Fields::read(body.as_bytes(), OUTER).unwrap();
        assert_eq!(fields.take_text("text").as_deref(), Some("t"));
        assert_eq!(fields.take_text("count"), None);
        for (user, id) in [("361234567890123", 361_234_567_890_123), (r#""901""#, 901)] {
            let mut fields = Fields::read(format!(r#"{{"text":"t","user":{user}}}"#).as_bytes(), OUTER).unwrap();
            assert_eq!(fields.take_id("user"), Some(id));
        }
        let bare = r#" {"text":"","public":null,"count":null,"people":null,"policy":null,"slots":null}"#;
        assert!(Fields::read(bare.as_bytes(), OUTER).is_ok());
        assert!(Fields::read_any(br#"{"anything":{"goes":1}}"#).is_ok());
    }

    #[test]
    fn everything_else_is_refused_and_the_offender_named() {
        for (body, named) in [
            ("", "EOF"),
            ("{", "EOF"),
            (r#"{"text":"t"} x"#, "trailing"),
            ("[]", "JSON object"),
            ("null", "JSON object"),
            ("{}", "`text`"),
            (r#"{"text":null}"#, "text: expected text"),
            (r#"{"text":5}"#, "text: expected text"),
            (r#"{"text":"t","extra":1}"#, "`extra`"),
            (r#"{"text":"t","text":"u"}"#, "`text`"),
            (r#"{"text":"t","public":"yes"}"#, "public: expected true or false"),
            (r#"{"text":"t","count":-1}"#, "count: expected a whole number"),
            (r#"{"text":"t","count":4294967296}"#, "count: expected a whole number"),
            (r#"{"text":"t","user":-1}"#, "user: expected an id"),
            (r#"{"text":"t","user":"+901"}"#, "user: expected an id"),
            (r#"{"text":"t","user":"ana"}"#, "user: expected an id"),
            (r#"{"text":"t","people":"a"}"#, "people: expected a list"),
            (r#"{"text":"t","people":["a",1]}"#, "people: expected text"),
            (r#"{"text":"t","policy":["any"]}"#, "policy: expected an object"),
            (r#"{"text":"t","policy":{"rule":"most"}}"#, "rule: expected"),
            (r#"{"text":"t","policy":{"rule":"any","x":1}}"#, "`x`"),
            (r#"{"text":"t","slots":[]}"#, "slots: expected an object"),
        ] {
            let problem = Fields::read(body.as_bytes(), OUTER).err().unwrap_or_default();
            assert!(problem.contains(named), "{body}: {problem}");
        }
    }
}
