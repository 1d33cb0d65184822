//! Lists: `list_info`, sorting and pages (API v3, "Input data", "list_info").

use super::super::faults::Quirk;
use super::super::model::{Module, Ticket};
use super::super::world::World;
use super::criteria::{self, Criteria};
use super::shape::{DEFAULT_COLUMNS, Shape, is_column, own_names};
use super::{Refused, nothing_but};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// Rows of a page when nothing is asked for.
const DEFAULT_ROWS: usize = 10;
/// The most rows a page can have; a larger `row_count` gives this many.
const MAX_ROWS: usize = 100;

const KEYS: &[&str] = &[
    "row_count",
    "start_index",
    "page",
    "sort_field",
    "sort_order",
    "get_total_count",
    "fields_required",
    "filter_by",
    "search_fields",
    "search_criteria",
];

/// What a list call asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct ListInfo {
    rows: usize,
    start: usize,
    page: Option<usize>,
    sort: Option<(String, bool)>,
    total: bool,
    fields: Option<Vec<String>>,
    filter: Option<Value>,
    search_fields: Map<String, Value>,
    criteria: Option<Value>,
}

impl ListInfo {
    /// Reads `{"list_info":{…}}`; every key must be a known one.
    pub(super) fn read(input: &Map<String, Value>) -> Result<Self, Refused> {
        nothing_but(input, &["list_info"])?;
        let empty = Map::new();
        let info = match input.get("list_info") {
            None => &empty,
            Some(Value::Object(info)) => info,
            Some(_) => return Err(bad("list_info")),
        };
        nothing_but(info, KEYS)?;
        let rows = number(info, "row_count")?.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS);
        let page = number(info, "page")?;
        let start = number(info, "start_index")?.or(page.map(|page| (page - 1) * rows + 1)).unwrap_or(1);
        let sort = match (info.get("sort_field"), info.get("sort_order")) {
            (None, None) => None,
            (Some(Value::String(field)), order) => Some((field.clone(), descending(order)?)),
            _ => return Err(bad("sort_field")),
        };
        let fields = match info.get("fields_required") {
            None => None,
            Some(Value::Array(names)) => {
                let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(Into::into)).collect();
                Some(names.ok_or_else(|| bad("fields_required"))?)
            }
            Some(_) => return Err(bad("fields_required")),
        };
        let search_fields = match info.get("search_fields") {
            None => Map::new(),
            Some(Value::Object(fields)) => fields.clone(),
            Some(_) => return Err(bad("search_fields")),
        };
        let total = match info.get("get_total_count") {
            None => false,
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
            Some(_) => return Err(bad("get_total_count")),
        };
        let (filter, criteria) = (info.get("filter_by").cloned(), info.get("search_criteria").cloned());
        Ok(Self { rows, start, page, sort, total, fields, filter, search_fields, criteria })
    }

    /// The page asked for, and its `list_info`.
    pub(super) fn page<T>(&self, all: Vec<T>, quirk: Option<Quirk>) -> (Vec<T>, Value) {
        let count = all.len();
        let start = if quirk == Some(Quirk::RepeatsPage) { 1 } else { self.start };
        let rows: Vec<T> = all.into_iter().skip(start - 1).take(self.rows).collect();
        let endless = matches!(quirk, Some(Quirk::RepeatsPage | Quirk::EndlessMore));
        let more = endless || start - 1 + rows.len() < count && !rows.is_empty();
        let mut info = json!({"has_more_rows": more, "start_index": self.start, "row_count": rows.len()});
        if let Some(fields) = info.as_object_mut() {
            if let Some((field, down)) = &self.sort {
                fields.insert("sort_field".into(), field.clone().into());
                fields.insert("sort_order".into(), if *down { "desc" } else { "asc" }.into());
            }
            if let Some(page) = self.page {
                fields.insert("page".into(), page.into());
            }
            if self.total {
                fields.insert("total_count".into(), count.into());
            }
        }
        (rows, info)
    }
}

/// A page of a module's tickets.
pub(super) fn tickets(
    world: &World,
    shape: &Shape<'_>,
    module: Module,
    info: &ListInfo,
    quirk: Option<Quirk>,
) -> Result<(Vec<Value>, Value), Refused> {
    let wanted = Criteria::read(shape, module, info.criteria.as_ref(), &info.search_fields)?;
    let open_only = view(module, info.filter.as_ref())?;
    let mut rows: Vec<&Ticket> = world
        .tickets(module)
        .filter(|ticket| !open_only || is_open(shape, ticket))
        .filter(|ticket| wanted.matches(shape, ticket))
        .collect();
    sort(shape, module, info, &mut rows)?;
    let (rows, list_info) = info.page(rows, quirk);
    let asked: Vec<&str> = match &info.fields {
        Some(fields) => fields.iter().map(String::as_str).collect(),
        None => own_names(module, DEFAULT_COLUMNS),
    };
    Ok((rows.into_iter().map(|ticket| shape.ticket_row(ticket, &asked)).collect(), list_info))
}

/// Sorts as asked. Unasked, changes come oldest first and the others newest first.
fn sort(shape: &Shape<'_>, module: Module, info: &ListInfo, rows: &mut [&Ticket]) -> Result<(), Refused> {
    let default = ("created_time".to_owned(), module != Module::Changes);
    let (field, down) = info.sort.as_ref().unwrap_or(&default);
    let column = field.split('.').next().unwrap_or_default();
    if !is_column(module, column) {
        return Err(bad("sort_field"));
    }
    let key = |ticket: &&Ticket| SortKey::of(&criteria::value_at(shape, ticket, field));
    let mut keyed: Vec<(SortKey, &Ticket)> = rows.iter().map(|ticket| (key(ticket), *ticket)).collect();
    keyed.sort_by(|(a, x), (b, y)| {
        let order = a.cmp(b).then(x.made.cmp(&y.made));
        if *down { order.reverse() } else { order }
    });
    for (place, (_, ticket)) in rows.iter_mut().zip(keyed) {
        *place = ticket;
    }
    Ok(())
}

/// Numbers by size, before text by letters; nothing comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Nothing,
    Number(i64),
    Text(String),
}

impl SortKey {
    fn of(value: &Value) -> Self {
        match criteria::number_of(value) {
            Some(number) => Self::Number(number),
            None => criteria::text_of(value).map_or(Self::Nothing, |text| Self::Text(text.to_lowercase())),
        }
    }
}

/// A saved view: all tickets, or open ones. Unknown views are refused.
fn view(module: Module, filter: Option<&Value>) -> Result<bool, Refused> {
    let Some(filter) = filter else { return Ok(false) };
    let name = filter.get("name").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    if name == format!("all_{}", module.plural()) {
        return Ok(false);
    }
    if name == "open_system" || name == format!("open_{}", module.plural()) {
        return Ok(true);
    }
    Err(bad("filter_by"))
}

fn is_open(shape: &Shape<'_>, ticket: &Ticket) -> bool {
    criteria::value_at(shape, ticket, "status.in_progress").as_bool().unwrap_or(true)
}

fn descending(order: Option<&Value>) -> Result<bool, Refused> {
    match order.map(|order| order.as_str().unwrap_or_default().to_lowercase()) {
        None => Ok(false),
        Some(order) => match order.as_str().cmp("desc") {
            Ordering::Equal => Ok(true),
            _ if order == "asc" => Ok(false),
            _ => Err(bad("sort_order")),
        },
    }
}

/// A positive number, also as text.
fn number(info: &Map<String, Value>, key: &str) -> Result<Option<usize>, Refused> {
    let Some(value) = info.get(key) else { return Ok(None) };
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let number = number.filter(|number| *number > 0).and_then(|number| usize::try_from(number).ok());
    number.map(Some).ok_or_else(|| bad(key))
}

pub(super) fn bad(field: &str) -> Refused {
    Refused::field(4001, field, format!("Invalid value for {field}"))
}
