//! What the document says of one route.

use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder};

use super::super::shape::{Field, Shape};
use super::answers::{self, JSON};
use super::schema::{self, Described};

/// A body that is read.
struct Body {
    schema: Described,
    required: bool,
    example: Value,
}

/// One route, described.
pub(in crate::routes) struct About {
    tag: &'static str,
    summary: &'static str,
    open: bool,
    query: &'static [Field],
    body: Option<Body>,
    answers: Vec<(String, RefOr<Response>)>,
}

impl About {
    /// A route that needs the token. What every such route can answer is among its answers.
    pub(super) fn new(tag: &'static str, summary: &'static str) -> Self {
        let own = Self { tag, summary, open: false, query: &[], body: None, answers: Vec::new() };
        [400, 401, 413, 500, 503].into_iter().fold(own, Self::refused)
    }

    /// A route that everybody may use.
    pub(super) fn open(tag: &'static str, summary: &'static str) -> Self {
        let own = Self { tag, summary, open: true, query: &[], body: None, answers: Vec::new() };
        [413, 500, 503].into_iter().fold(own, Self::refused)
    }

    /// A page for people. What is refused is a page as well.
    pub(super) fn page(summary: &'static str) -> Self {
        let answers = [
            (200, "The page"),
            (400, "There is no such part of it"),
            (404, "No such approval is known, or the list has no such page"),
            (500, "The settings are wrong, or the store failed"),
        ];
        let page = |own: Self, (status, about)| own.text(status, about, "text/html");
        let own = answers.into_iter().fold(Self::new("console", summary), page);
        own.either(401, "Where people sign in, for who accepts HTML; other callers send the bearer token")
            .either(503, "`api_token` is not set")
    }

    /// Refused with a page for people, and with the envelope for programs.
    fn either(self, status: u16, about: &str) -> Self {
        let content = |schema| ContentBuilder::new().schema(Some(schema)).build();
        let answer = ResponseBuilder::new().description(about).content("text/html", content(schema::text()));
        self.answer(status, answer.content(JSON, content(schema::reference("Error"))).build())
    }

    /// Parameters behind the address.
    pub(super) fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    /// A body that has to be there.
    pub(super) fn body(self, shape: &Shape, example: Value) -> Self {
        Self { body: Some(Body { schema: schema::of(shape), required: true, example }), ..self }
    }

    /// A body of which the shape does not say all.
    pub(super) fn body_of(self, schema: Described, example: Value) -> Self {
        Self { body: Some(Body { schema, required: true, example }), ..self }
    }

    /// A body that may be missing.
    pub(super) fn maybe_body(self, shape: &Shape, example: Value) -> Self {
        Self { body: Some(Body { schema: schema::of(shape), required: false, example }), ..self }
    }

    /// An answer in JSON.
    pub(super) fn json(self, status: u16, about: &str, schema: Described) -> Self {
        self.answer(status, answers::json(about, schema))
    }

    /// The answer so far of a status, with an example.
    pub(super) fn example(self, status: u16, example: Value) -> Self {
        self.change(status, |answer| {
            if let Some(content) = answer.content.get_mut(JSON) {
                content.example = Some(example);
            }
        })
    }

    /// An answer of another type.
    pub(super) fn text(self, status: u16, about: &str, kind: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(schema::text())).build();
        self.answer(status, ResponseBuilder::new().description(about).content(kind, content).build())
    }

    /// Refused with the envelope.
    pub(super) fn refused(self, status: u16) -> Self {
        self.shared(status, "Error")
    }

    /// An answer that several routes give: `Error404` is what `Error` means with this status.
    pub(super) fn shared(self, status: u16, name: &str) -> Self {
        self.answer(status, Ref::from_response_name(format!("{name}{status}")))
    }

    /// A header of an answer.
    pub(super) fn header(self, status: u16, name: &str, schema: Described, about: &str) -> Self {
        self.change(status, |answer| drop(answer.headers.insert(name.to_owned(), answers::header(schema, about))))
    }

    fn answer(mut self, status: u16, answer: impl Into<RefOr<Response>>) -> Self {
        let status = status.to_string();
        self.answers.retain(|(own, _)| *own != status);
        self.answers.push((status, answer.into()));
        self
    }

    fn change(mut self, status: u16, change: impl FnOnce(&mut Response)) -> Self {
        let status = status.to_string();
        let answer = self.answers.iter_mut().find(|(own, _)| *own == status);
        let Some((_, RefOr::T(answer))) = answer else { panic!("{}: no own answer {status}", self.summary) };
        change(answer);
        self
    }

    /// As an operation of the document.
    pub(super) fn operation(self, name: &str, path: &str) -> Operation {
        let mut operation = OperationBuilder::new().operation_id(Some(name)).tag(self.tag).summary(Some(self.summary));
        if self.open {
            operation = operation.securities(Some([] as [SecurityRequirement; 0]));
        }
        let variable = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for name in variable {
            operation = operation.parameter(in_path(path, name));
        }
        for field in self.query {
            operation = operation.parameter(in_query(field));
        }
        if let Some(body) = self.body {
            let content = ContentBuilder::new().schema(Some(body.schema)).example(Some(body.example)).build();
            let required = if body.required { Required::True } else { Required::False };
            let body = RequestBodyBuilder::new().content(JSON, content).required(Some(required));
            operation = operation.request_body(Some(body.build()));
        }
        let add = |operation: OperationBuilder, (status, answer)| operation.response(status, answer);
        self.answers.into_iter().fold(operation, add).build()
    }
}

/// A variable part of an address.
fn in_path(path: &str, name: &str) -> Parameter {
    let segment = || schema::reference("Segment");
    let (about, schema, example) = match (path.split('/').nth(1), name) {
        (Some("gateway"), "source") => ("The help desk", schema::word(&["sdp", "zendesk"]), "sdp"),
        (Some("gateway"), _) => ("The ticket, by the number that people know or by its id", schema::text(), "874"),
        (Some("requests"), _) => ("The request", segment(), "7f3a9c21d4e85b60"),
        (Some("outbox"), _) => ("The message", schema::text(), "sdp:requests:874:77:310:1"),
        (_, "approval") => ("The approval's id at ServiceDesk Plus", segment(), "310"),
        _ if path.contains("{approval}") => ("The ticket's id at ServiceDesk Plus", segment(), "874"),
        _ => ("The approval", schema::text(), "sdp:requests:874:77:310"),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.description(Some(about)).schema(Some(schema)).example(Some(example.into())).build()
}

fn in_query(field: &Field) -> Parameter {
    let required = if field.required { Required::True } else { Required::False };
    let parameter = ParameterBuilder::new().name(field.name).parameter_in(ParameterIn::Query).required(required);
    parameter.description(Some(field.about)).schema(Some(schema::of(&field.shape))).build()
}
