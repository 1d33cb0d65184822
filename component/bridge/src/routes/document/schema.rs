//! JSON schemas: of what the routes read, made of the declarations by which they read it; and small words to describe
//! what they answer.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Ref, Schema,
    SchemaFormat, SchemaType, Type,
};

use super::super::shape::{Field, Shape};

pub(super) type Described = RefOr<Schema>;

/// Characters that an address does not have, for a class in a pattern.
const NOT_IN_ADDRESS: &str = r#"\s@,;<>"\u0000-\u001f\u007f-\u009f"#;

/// Base64 with its padding, and without bits that stand for nothing.
const BASE64: &str =
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)$";

/// A shape as a schema.
pub(super) fn of(shape: &Shape) -> Described {
    match shape {
        Shape::Text => text(),
        Shape::Words(max) => words(*max),
        Shape::Base64(bytes) => {
            let text = string().content_encoding("base64").pattern(Some(BASE64)).max_length(Some(bytes / 3 * 4));
            text.into()
        }
        Shape::Address => reference("Address"),
        Shape::Segment => reference("Segment"),
        Shape::Word(words) => word(words),
        Shape::Flag => flag(),
        Shape::Number(from, to) => integer().minimum(Some(*from as usize)).maximum(Some(*to as usize)).into(),
        Shape::Id => reference("NumericId"),
        Shape::List(shape, from, to) => {
            let list = ArrayBuilder::new().items(of(shape)).min_items(Some(*from).filter(|from| *from > 0));
            list.max_items(Some(*to).filter(|to| *to < usize::MAX)).into()
        }
        Shape::Object(fields) => fields_of(fields).into(),
        Shape::Either(variants) => {
            let add = |any: AnyOfBuilder, fields: &&[Field]| any.item(fields_of(fields));
            variants.iter().fold(AnyOfBuilder::new(), add).into()
        }
        Shape::Free => free(),
        Shape::Nothing => null(),
        Shape::Judged(_, whole) => of(whole.0),
    }
}

fn fields_of(fields: &[Field]) -> Object {
    let object = fields.iter().fold(closed(), |object, field| {
        let schema = of(&field.shape);
        let schema = if field.required { schema } else { or_null(schema) };
        let object = object.property(field.name, described(schema, field.about));
        if field.required { object.required(field.name) } else { object }
    });
    object.build()
}

/// The named schemas that shapes refer to.
pub(super) fn named() -> [(&'static str, Described); 3] {
    let address = string().pattern(Some(format!("^ *[{NOT_IN_ADDRESS}]+@[{NOT_IN_ADDRESS}]+ *$")));
    let address = address.max_length(Some(254)).description(Some("An e-mail address, of 254 bytes at most"));
    let digits = string().pattern(Some("^[0-9]{1,19}$"));
    let id = OneOfBuilder::new().item(integer().minimum(Some(0)).maximum(Some(usize::MAX))).item(digits);
    let segment = string().pattern(Some("^[A-Za-z0-9_-]{1,64}$"));
    [
        ("Address", address.into()),
        ("NumericId", id.description(Some("An id that is a number at its source")).into()),
        ("Segment", segment.description(Some("An id of a help desk, or a part of ours")).into()),
    ]
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn integer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}

/// An object that has the properties that it names and no other.
fn closed() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// Any text.
pub(super) fn text() -> Described {
    string().into()
}

fn words(max: usize) -> Described {
    let seen = string().pattern(Some(r"[^\s\u0000-\u001f\u007f-\u009f]"));
    seen.max_length(Some(max).filter(|max| *max < usize::MAX)).into()
}

/// A time in UTC.
pub(super) fn time() -> Described {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
}

/// A whole number, not below zero.
pub(super) fn count() -> Described {
    integer().minimum(Some(0)).into()
}

/// True or false.
pub(super) fn flag() -> Described {
    ObjectBuilder::new().schema_type(Type::Boolean).into()
}

/// One of these words.
pub(super) fn word(words: &[&str]) -> Described {
    string().enum_values(Some(words.iter().copied())).into()
}

/// Any object.
pub(super) fn free() -> Described {
    ObjectBuilder::new().schema_type(Type::Object).into()
}

fn null() -> Described {
    ObjectBuilder::new().schema_type(Type::Null).into()
}

/// A schema by its name.
pub(super) fn reference(name: &str) -> Described {
    RefOr::Ref(Ref::from_schema_name(name))
}

/// A list.
pub(super) fn list(of: Described) -> Described {
    ArrayBuilder::new().items(of).into()
}

/// An object with any names and such values.
pub(super) fn map(of: Described) -> Described {
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(of)).into()
}

/// One of these schemas.
pub(super) fn any_of(schemas: &[&str]) -> Described {
    schemas.iter().fold(AnyOfBuilder::new(), |any, name| any.item(reference(name))).into()
}

/// The same, or null.
pub(super) fn or_null(schema: Described) -> Described {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Type(own) = object.schema_type.clone()
                && own != Type::Null
            {
                object.schema_type = SchemaType::from_iter([own, Type::Null]);
            }
            if let Some(words) = object.enum_values.as_mut() {
                words.push(Value::Null);
            }
            RefOr::T(Schema::Object(object))
        }
        other => OneOfBuilder::new().item(null()).item(other).into(),
    }
}

/// The same with a description.
pub(super) fn described(mut schema: Described, about: &str) -> Described {
    let slot = match &mut schema {
        RefOr::T(Schema::Object(object)) => &mut object.description,
        RefOr::T(Schema::Array(array)) => &mut array.description,
        RefOr::T(Schema::OneOf(any)) => &mut any.description,
        RefOr::T(Schema::AnyOf(any)) => &mut any.description,
        RefOr::Ref(reference) => {
            about.clone_into(&mut reference.description);
            return schema;
        }
        _ => return schema,
    };
    if !about.is_empty() {
        *slot = Some(about.to_owned());
    }
    schema
}

/// A property of an answer: its name, with a question mark where it may be missing, and what it holds.
pub(super) type Property = (&'static str, Described, &'static str);

/// An object of an answer.
pub(super) fn object(about: &str, properties: impl IntoIterator<Item = Property>) -> Described {
    let object = properties.into_iter().fold(closed(), |object, (name, schema, about)| {
        let (name, always) = name.strip_suffix('?').map_or((name, true), |name| (name, false));
        let object = object.property(name, described(schema, about));
        if always { object.required(name) } else { object }
    });
    described(object.into(), about)
}

/// A derived schema, closed: all of its fields are always there.
pub(super) fn complete(schema: Described) -> Described {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.required = object.properties.keys().cloned().collect();
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}
