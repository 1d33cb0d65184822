//! The document at `GET /openapi.json`: what the routes' table serves, as OpenAPI 3.1.
//!
//! It is made here, natively, and kept in `openapi.json`, which the component carries.
//! `BLESS=1 cargo test -p approval-bridge-component document` writes the file anew; read the diff before committing.

mod about;
mod answers;
mod operations;
mod schema;

use std::path::Path;

use axum::routing::MethodFilter;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder};

pub(super) use about::About;
pub(super) use operations::*;

use super::table::Route;
use crate::testing::MemoryHost;

const ABOUT: &str = "approval-bridge tells people in chat that a ticket waits for their approval, and carries their \
    answer back.\n\nJSON in, JSON out. Every route but `GET /` needs `Authorization: Bearer {api_token}`. Errors are \
    `{\"error\":{\"code\",\"message\"}}` with a stable upper-case code. Unknown fields and parameters are an error. \
    An unknown address is 404, a wrong method 405 with `Allow`, a body over 1 MiB 413. \
    Ids are opaque: percent-encode them in paths, and do not look into them.";

fn document() -> OpenApi {
    let paths = Route::<MemoryHost>::ALL.iter().fold(PathsBuilder::new(), |paths, route| {
        let operation = (route.about)().operation(route.name, route.path);
        paths.path(route.path, PathItem::new(method(route.method), operation))
    });
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The variable `api_token`"));
    let info = InfoBuilder::new()
        .title("approval-bridge")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    let components = answers::components().security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new("bearer", [] as [&str; 0])]))
        .build()
}

fn method(method: MethodFilter) -> HttpMethod {
    match method {
        MethodFilter::GET => HttpMethod::Get,
        MethodFilter::POST => HttpMethod::Post,
        MethodFilter::PUT => HttpMethod::Put,
        MethodFilter::PATCH => HttpMethod::Patch,
        MethodFilter::DELETE => HttpMethod::Delete,
        other => panic!("no route has {other:?}"),
    }
}

#[test]
fn the_file_is_what_the_routes_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let mut actual = serde_json::to_string(&document()).unwrap();
    actual.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{} is not as expected; BLESS=1 accepts", path.display());
}

/// A generator makes a function of each.
#[test]
fn every_operation_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Route::<MemoryHost>::ALL.iter().map(|route| route.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
