//! Vendors' JSON as a tree whose texts are borrowed from the answer that it was read from.
//!
//! An answer is read once and few of its fields are looked at, so nothing of it is copied or sorted, and where the names
//! that matter are known the others are passed over. A wrong implementation would copy each text, or take the first of two
//! fields of the same name: everybody takes the last.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text; owned only where it was written with escapes.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Self>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object, its fields in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a> {
    fields: Vec<(Cow<'a, str>, Value<'a>)>,
    only: Option<&'static Names>,
}

/// Reads a body; none where it is not JSON.
pub(crate) fn read(body: &[u8]) -> Option<Value<'_>> {
    read_tree(body, None)
}

/// Reads the fields with these names and passes over the others, which need only look like JSON.
pub(crate) fn read_only<'a>(names: &'static Names, body: &'a [u8]) -> Option<Value<'a>> {
    read_tree(body, Some(names))
}

fn read_tree<'a>(body: &'a [u8], only: Option<&'static Names>) -> Option<Value<'a>> {
    // Checked as a whole, which is cheaper than text by text.
    let mut reader = serde_json::Deserializer::from_str(str::from_utf8(body).ok()?);
    let value = Tree { only }.deserialize(&mut reader).ok()?;
    reader.end().ok().map(|()| value)
}

/// The names of the fields that somebody looks at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    names: &'static [&'static str],
    /// Where one of them leaves its mark. Another name with the same mark is read for nothing, and hurts nobody.
    marks: [bool; MARKS],
}

const MARKS: usize = 1 << 10;

impl Names {
    pub(crate) fn new(names: &'static [&'static str]) -> Self {
        let mut marks = [false; MARKS];
        for name in names {
            if let Some(mark) = marks.get_mut(mark_of(name)) {
                *mark = true;
            }
        }
        Self { names, marks }
    }

    fn may_have(&self, name: &str) -> bool {
        self.marks.get(mark_of(name)).is_some_and(|marked| *marked)
    }
}

/// A number below [`MARKS`] that tells most names apart.
fn mark_of(name: &str) -> usize {
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    (end(name.as_bytes().first()) * 37 + end(name.as_bytes().last()) * 5 + name.len() * 131) % MARKS
}

impl<'a> Object<'a> {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        debug_assert!(self.only.is_none_or(|only| only.names.contains(&name)), "{name} is passed over");
        self.fields.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

impl<'a> Value<'a> {
    /// The value of a field; none where this is no object as well.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The flag, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    /// The items, of a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The fields, of an object.
    pub const fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(fields) = self { Some(fields) } else { None }
    }
}

/// Room for so many fields is made at once: rows of the vendors have about as many.
const USUAL_FIELDS: usize = 8;

/// Reads a value, of its objects only some fields.
#[derive(Clone, Copy)]
struct Tree {
    only: Option<&'static Names>,
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value<'de>, A::Error> {
        let mut fields = Vec::with_capacity(USUAL_FIELDS);
        while let Some(Name(name)) = object.next_key()? {
            if self.only.is_none_or(|only| only.may_have(&name)) {
                fields.push((name, object.next_value_seed(self)?));
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Object(Object { fields, only: self.only }))
    }
}

/// The name of a field. The usual reader of borrowed texts copies them.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Spelled)
    }
}

struct Spelled;

impl<'de> Visitor<'de> for Spelled {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::borrow::Cow;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::{Names, Object, Value, read, read_only};

    static A: LazyLock<Names> = LazyLock::new(|| Names::new(&["a", "list"]));

    /// The same value in the form that is written.
    fn written(value: &Value<'_>) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Number(number) => number.clone().into(),
            Value::String(text) => text.as_ref().into(),
            Value::Array(items) => items.iter().map(written).collect(),
            Value::Object(Object { fields, .. }) => {
                fields.iter().map(|(name, value)| (name.as_ref().to_owned(), written(value))).collect()
            }
        }
    }

    /// The value in the form that is written, its objects with this field alone.
    fn only_a(value: &Value<'_>) -> serde_json::Value {
        match value {
            Value::Array(items) => items.iter().map(only_a).collect(),
            Value::Object(Object { fields, .. }) => {
                let rest = fields.iter().filter(|(name, _)| name == "a");
                rest.map(|(name, value)| (name.as_ref().to_owned(), only_a(value))).collect()
            }
            other => written(other),
        }
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let body = br#"{"name":"Ana Li","note":"a\nb"}"#;
        let value = read(body).unwrap();
        assert!(matches!(value.get("name"), Some(Value::String(Cow::Borrowed("Ana Li")))));
        assert!(matches!(value.get("note"), Some(Value::String(Cow::Owned(note))) if note == "a\nb"));
    }

    #[test]
    fn of_two_fields_with_one_name_the_last_counts() {
        let value = read(br#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Number(3.into())));
        assert_eq!(value.get("c"), None);
    }

    #[test]
    fn fields_that_nobody_looks_at_are_passed_over_at_any_depth() {
        let body = br#"{"long":{"a":1},"a":{"other":[1,{}],"a":"x"},"list":[{"a":null,"rest":"\u00e9"}]}"#;
        let expected = serde_json::json!({ "a": { "a": "x" }, "list": [{ "a": null }] });
        assert_eq!(read_only(&A, body).as_ref().map(written), Some(expected));
        assert_eq!(read_only(&A, br#"{"long":[1,}"#), None, "but they have to be JSON");
        assert_eq!(read_only(&A, br#"{"a":1} more"#), None);
    }

    #[test]
    #[should_panic(expected = "rest is passed over")]
    fn a_field_that_is_passed_over_cannot_be_looked_at_by_mistake() {
        let _ = read_only(&A, br#"{"rest":1}"#).unwrap().get("rest");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(deep(100).as_bytes()).is_some());
        assert!(read(deep(200).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_the_usual_reader_reads_them(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\u00e9\\n\"", "\"\\ud800\"", "\"é🎫\"", "\"", "\\",
                "null", "true", "0", "-1", "18446744073709551616", "1.5e3", "1e999", " ", "\t", "\u{0}", "é",
            ]), 0..12),
            cut in prop::option::of(0..20_usize),
        ) {
            let mut body = pieces.concat().into_bytes();
            body.truncate(cut.unwrap_or(usize::MAX));
            let usual: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
            let own = read(&body);
            prop_assert_eq!(own.as_ref().map(written), usual);
            let some = read_only(&A, &body);
            prop_assert!(some.is_some() || own.is_none(), "what can be read whole can be read in part");
            if let (Some(whole), Some(some)) = (&own, &some) {
                prop_assert_eq!(whole.get("a").map(only_a), some.get("a").map(only_a));
            }
        }

        #[test]
        fn what_was_written_is_read_back(names in prop::collection::vec("\\PC{0,6}", 0..6), text in "\\PC*", number: i64) {
            let object: serde_json::Map<_, _> = names.into_iter().map(|name| (name, text.as_str().into())).collect();
            let value = serde_json::json!([object, { "n": number, "f": 0.25 }, null, true, text]);
            let body = value.to_string();
            prop_assert_eq!(read(body.as_bytes()).as_ref().map(written), Some(value));
        }
    }
}
