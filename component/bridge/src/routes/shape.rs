//! JSON bodies and parameters, read strictly against a declaration of their fields. The document that describes the
//! routes is made of the same declarations.

use std::fmt;

use approval_logic::approval::{is_address, is_id_segment};
use serde::Deserialize;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What a value may be.
pub(super) enum Shape {
    /// Any text.
    Text,
    /// Text in which there is something to see, of so many characters at most.
    Words(usize),
    /// A file of so many bytes at most, in base64. Here it is only text: a description is what this is for.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the description tells it from text"))]
    Base64(usize),
    /// An e-mail address, with blanks round it at most.
    Address,
    /// One segment of an id.
    Segment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Flag,
    /// A whole number between these two, both included.
    Number(u64, u64),
    /// An id that is a number at its source: a whole number, or one written as text.
    Id,
    /// A list of such values, with so many of them at least and at most.
    List(&'static Self, usize, usize),
    /// An object of these fields.
    Object(&'static [Field]),
    /// An object that fits one of these lists of fields. Where their first fields tell them apart, that one is meant.
    Either(&'static [&'static [Field]]),
    /// An object of any fields.
    Free,
    /// Nothing but null.
    Nothing,
    /// What is checked here is the first; the rest is refused where the value is used, with a code of its own.
    Judged(&'static Self, Whole),
}

/// A shape for the description alone.
pub(super) struct Whole(#[cfg(test)] pub(super) &'static Shape);

/// A field of an object, or a parameter.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// What it means, for the description.
    #[cfg(test)]
    pub(super) about: &'static str,
}

/// For the description. The component does not carry it.
#[cfg_attr(not(test), expect(unused_variables, reason = "only the description has them"))]
impl Field {
    /// A field that has to be there.
    pub(super) const fn required(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            shape,
            required: true,
            #[cfg(test)]
            about,
        }
    }

    /// A field that may be missing or null.
    pub(super) const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            shape,
            required: false,
            #[cfg(test)]
            about,
        }
    }
}

impl Shape {
    /// A shape of which only `here` is checked when the body is read.
    #[cfg_attr(not(test), expect(unused_variables, reason = "only the description has it"))]
    pub(super) const fn judged(here: &'static Self, whole: &'static Self) -> Self {
        Self::Judged(
            here,
            Whole(
                #[cfg(test)]
                whole,
            ),
        )
    }

    fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        let (fits, expected) = match (self, value) {
            (Self::Judged(shape, _), _) => return shape.check(name, value),
            (Self::Object(fields), Value::Object(values)) => return check(fields, values),
            (Self::Either(variants), Value::Object(values)) => return either(variants, values),
            (Self::List(shape, from, to), Value::Array(values)) => {
                values.iter().try_for_each(|value| shape.check(name, value))?;
                if (*from..=*to).contains(&values.len()) {
                    return Ok(());
                }
                return Err(format!("{name}: expected {from} to {to} of them"));
            }
            (Self::Words(max), Value::String(text)) if is_seen(text) => {
                if text.chars().count() <= *max {
                    return Ok(());
                }
                return Err(format!("{name}: expected at most {max} characters"));
            }
            (Self::Number(from, to), _) => {
                if value.as_u64().is_some_and(|number| (*from..=*to).contains(&number)) {
                    return Ok(());
                }
                return Err(format!("{name}: expected a whole number from {from} to {to}"));
            }
            (Self::Text | Self::Base64(_), _) => (text.is_some(), "text"),
            (Self::Words(_), _) => (false, "some text"),
            (Self::Address, _) => (text.is_some_and(is_plain_address), "an e-mail address"),
            (Self::Segment, _) => (text.is_some_and(is_id_segment), "1 to 64 letters, digits, - or _"),
            (Self::Word(words), _) => {
                if text.is_some_and(|word| words.contains(&word)) {
                    return Ok(());
                }
                return Err(format!("{name}: expected {}", words.join(" or ")));
            }
            (Self::Flag, _) => (value.is_boolean(), "true or false"),
            (Self::Id, _) => (id(value).is_some(), "an id, which is a whole number"),
            (Self::List(..), _) => (false, "a list"),
            (Self::Nothing, _) => (value.is_null(), "nothing, beside the others"),
            (Self::Object(_) | Self::Either(_) | Self::Free, _) => (value.is_object(), "an object"),
        };
        if fits { Ok(()) } else { Err(format!("{name}: expected {expected}")) }
    }

    /// The value of a parameter, which is text whatever it means.
    fn parameter(&self, text: String) -> Value {
        match (self, text.as_str()) {
            (Self::Flag, "true") => true.into(),
            (Self::Flag, "false") => false.into(),
            (Self::Number(..), digits) if is_digits(digits) => digits.parse::<u64>().map_or(Value::Null, Value::from),
            (Self::Flag | Self::Number(..), _) => Value::Null,
            _ => text.into(),
        }
    }
}

fn is_seen(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control())
}

/// Other white space than blanks does not come from a person's mail address, nor does a description name it all.
fn is_plain_address(text: &str) -> bool {
    text.trim_matches(' ') == text.trim() && text.chars().count() <= 254 && is_address(text)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn id(value: &Value) -> Option<u64> {
    match value {
        // All numbers of so many digits can be told from each other.
        Value::String(text) if is_digits(text) && text.len() <= 19 => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn either(variants: &[&[Field]], values: &Map<String, Value>) -> Result<(), String> {
    let mut problems = Vec::new();
    for fields in variants {
        let Err(problem) = check(fields, values) else { return Ok(()) };
        let meant = fields.iter().take(1).all(|field| one(field, values).is_ok());
        problems.push((!meant, problem));
    }
    // The first one that is meant; if none is, the first.
    problems.into_iter().min_by_key(|(other, _)| *other).map_or(Ok(()), |(_, problem)| Err(problem))
}

fn one(field: &Field, values: &Map<String, Value>) -> Result<(), String> {
    match values.get(field.name) {
        None | Some(Value::Null) if !field.required => Ok(()),
        None => Err(format!("missing field `{}`", field.name)),
        Some(value) => field.shape.check(field.name, value),
    }
}

fn check(fields: &[Field], values: &Map<String, Value>) -> Result<(), String> {
    fields.iter().try_for_each(|field| one(field, values))?;
    match values.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
        Some(name) => Err(format!("unknown field `{name}`")),
        None => Ok(()),
    }
}

/// The fields of a body that fit their description.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(body: &[u8], expected: &Shape) -> Result<Self, String> {
        let fields: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        match expected {
            Shape::Object(expected) => check(expected, &fields.0)?,
            Shape::Either(variants) => either(variants, &fields.0)?,
            _ => {}
        }
        Ok(fields)
    }

    /// Reads the parameters behind an address, or says what is wrong with them. Each is there once at most.
    pub(super) fn read_query(query: &str, expected: &[Field]) -> Result<Self, String> {
        let mut fields = Map::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let Some(field) = expected.iter().find(|field| field.name == name) else {
                return Err(format!("unknown field `{name}`"));
            };
            let value = field.shape.parameter(text.into_owned());
            field.shape.check(&name, &value)?;
            if fields.insert(name.to_string(), value).is_some() {
                return Err(format!("duplicate field `{name}`"));
            }
        }
        check(expected, &fields)?;
        Ok(Self(fields))
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

    /// A number's value.
    pub(super) fn take_number(&mut self, name: &str) -> Option<u64> {
        self.take(name)?.as_u64()
    }

    /// A flag's value.
    pub(super) fn take_flag(&mut self, name: &str) -> Option<bool> {
        self.take(name)?.as_bool()
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

    const INNER: &[Field] = &[Field::required("rule", Shape::Word(&["all", "any"]), "")];
    const OUTER: Shape = Shape::Object(&[
        Field::required("text", Shape::Text, ""),
        Field::optional("public", Shape::Flag, ""),
        Field::optional("count", Shape::Number(0, 4_294_967_295), ""),
        Field::optional("user", Shape::Id, ""),
        Field::optional("title", Shape::Words(5), ""),
        Field::optional("email", Shape::Address, ""),
        Field::optional("ticket", Shape::Segment, ""),
        Field::optional("people", Shape::List(&Shape::Text, 1, 2), ""),
        Field::optional("policy", Shape::Object(INNER), ""),
        Field::optional("slots", Shape::Free, ""),
        Field::optional("name", Shape::judged(&Shape::Text, &Shape::Words(1)), ""),
    ]);
    const DESKS: Shape = Shape::Either(&[
        &[Field::required("desk", Shape::Word(&["a"]), ""), Field::optional("module", Shape::Text, "")],
        &[Field::required("desk", Shape::Word(&["b", "c"]), "")],
    ]);

    #[test]
    fn a_body_of_the_described_shape_is_read() {
        let body = r#"{"text":"t","public":true,"count":7,"people":["a"],"policy":{"rule":"any"},"slots":{"x":[1]}}"#;
        let mut fields = Fields::read(body.as_bytes(), &OUTER).unwrap();
        assert_eq!(fields.take_text("text").as_deref(), Some("t"));
        assert_eq!(fields.take_text("count"), None);
        for (user, id) in [("361234567890123", 361_234_567_890_123), (r#""901""#, 901)] {
            let mut fields = Fields::read(format!(r#"{{"text":"t","user":{user}}}"#).as_bytes(), &OUTER).unwrap();
            assert_eq!(fields.take_id("user"), Some(id));
        }
        let bare = r#" {"text":"","public":null,"count":null,"people":null,"policy":null,"slots":null}"#;
        assert!(Fields::read(bare.as_bytes(), &OUTER).is_ok());
        assert!(Fields::read(br#"{"anything":{"goes":1}}"#, &Shape::Free).is_ok());
        for (name, value) in [("title", " ü.  "), ("email", " Zoë@corp.example "), ("ticket", "87-a_4"), ("name", "")]
        {
            let body = format!(r#"{{"text":"t","{name}":"{value}"}}"#);
            assert!(Fields::read(body.as_bytes(), &OUTER).is_ok(), "{body}");
        }
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
            (r#"{"text":"t","user":""}"#, "user: expected an id"),
            (r#"{"text":"t","user":"12345678901234567890"}"#, "user: expected an id"),
            (r#"{"text":"t","title":""}"#, "title: expected some text"),
            (r#"{"text":"t","title":" \u0007\n"}"#, "title: expected some text"),
            (r#"{"text":"t","title":"longer"}"#, "title: expected at most 5"),
            (r#"{"text":"t","email":"ana"}"#, "email: expected an e-mail address"),
            (r#"{"text":"t","email":"\tana@corp.example"}"#, "email: expected an e-mail address"),
            (r#"{"text":"t","ticket":"../8"}"#, "ticket: expected 1 to 64 letters"),
            (r#"{"text":"t","people":[]}"#, "people: expected 1 to 2"),
            (r#"{"text":"t","people":["a","b","c"]}"#, "people: expected 1 to 2"),
            (r#"{"text":"t","name":7}"#, "name: expected text"),
            (r#"{"text":"t","people":"a"}"#, "people: expected a list"),
            (r#"{"text":"t","people":["a",1]}"#, "people: expected text"),
            (r#"{"text":"t","policy":["any"]}"#, "policy: expected an object"),
            (r#"{"text":"t","policy":{"rule":"most"}}"#, "rule: expected"),
            (r#"{"text":"t","policy":{"rule":"any","x":1}}"#, "`x`"),
            (r#"{"text":"t","slots":[]}"#, "slots: expected an object"),
        ] {
            let problem = Fields::read(body.as_bytes(), &OUTER).err().unwrap_or_default();
            assert!(problem.contains(named), "{body}: {problem}");
        }
    }

    #[test]
    fn an_object_of_several_kinds_is_read_as_the_kind_that_its_first_field_names() {
        for body in [r#"{"desk":"a"}"#, r#"{"desk":"a","module":"m"}"#, r#"{"desk":"c"}"#] {
            assert!(Fields::read(body.as_bytes(), &DESKS).is_ok(), "{body}");
        }
        for (body, named) in [
            ("{}", "`desk`"),
            (r#"{"desk":"d"}"#, "desk: expected"),
            (r#"{"desk":"a","module":1}"#, "module: expected text"),
            (r#"{"desk":"b","module":"m"}"#, "`module`"),
        ] {
            let problem = Fields::read(body.as_bytes(), &DESKS).err().unwrap_or_default();
            assert!(problem.contains(named), "{body}: {problem}");
        }
    }

    #[test]
    fn parameters_are_read_as_what_they_mean_and_once_each() {
        const QUERY: &[Field] = &[
            Field::optional("limit", Shape::Number(1, 500), ""),
            Field::optional("dry_run", Shape::Flag, ""),
            Field::optional("who", Shape::Text, ""),
        ];
        let mut fields = Fields::read_query("who=a%20b&limit=007&dry_run=true", QUERY).unwrap();
        assert_eq!(fields.take_text("who").as_deref(), Some("a b"));
        assert_eq!((fields.take_number("limit"), fields.take_flag("dry_run")), (Some(7), Some(true)));
        assert!(Fields::read_query("", QUERY).is_ok());
        for (query, named) in [
            ("limit=0", "limit: expected"),
            ("limit=%2B5", "limit: expected"),
            ("limit=", "limit: expected"),
            ("limit=99999999999999999999", "limit: expected"),
            ("dry_run=yes", "dry_run: expected true or false"),
            ("who=a&who=b", "duplicate field `who`"),
            ("whom=a", "unknown field `whom`"),
        ] {
            let problem = Fields::read_query(query, QUERY).err().unwrap_or_default();
            assert!(problem.contains(named), "{query}: {problem}");
        }
    }
}
