//! `search_criteria` and `search_fields` (API v3, "Search criteria").

use super::super::model::{Module, State, Ticket};
use super::super::settings::UnknownName;
use super::list::bad;
use super::shape::{Shape, is_column};
use super::{Refused, nothing_but};
use serde_json::{Map, Value};

/// A criterion and how it joins the ones before it.
#[derive(Debug)]
struct Criterion {
    field: String,
    condition: Condition,
    values: Vec<Value>,
    or: bool,
    ignored: bool,
    children: Vec<Criterion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Is,
    IsNot,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Lesser,
    LesserOrEqual,
    Between,
    NotBetween,
}

impl Condition {
    fn read(text: &str) -> Option<Self> {
        Some(match text.to_lowercase().as_str() {
            "is" => Self::Is,
            "is not" => Self::IsNot,
            "contains" => Self::Contains,
            "not contains" => Self::NotContains,
            "starts with" => Self::StartsWith,
            "ends with" => Self::EndsWith,
            "greater than" | "gt" => Self::Greater,
            "gte" => Self::GreaterOrEqual,
            "lesser than" | "lt" => Self::Lesser,
            "lte" => Self::LesserOrEqual,
            "between" => Self::Between,
            "not between" => Self::NotBetween,
            _ => return None,
        })
    }
}

/// Everything that a list call narrows by.
#[derive(Debug)]
pub(super) struct Criteria {
    all: Vec<Criterion>,
    equal: Vec<(String, Value)>,
}

impl Criteria {
    pub(super) fn read(
        shape: &Shape<'_>,
        module: Module,
        criteria: Option<&Value>,
        equal: &Map<String, Value>,
    ) -> Result<Self, Refused> {
        let all = match criteria {
            None => Vec::new(),
            Some(one @ Value::Object(_)) => vec![Criterion::read(shape, module, one)?],
            Some(Value::Array(many)) => {
                many.iter().map(|one| Criterion::read(shape, module, one)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(bad("search_criteria")),
        };
        for field in equal.keys() {
            known_field(shape, module, field)?;
        }
        let mut fields = Vec::new();
        all.iter().for_each(|criterion| criterion.fields(&mut fields));
        let dated = fields.iter().any(|field| field.split('.').any(|part| part.ends_with("_time")));
        if shape.settings.refuse_combined_dates && dated && fields.len() > 1 {
            return Err(bad("search_criteria"));
        }
        Ok(Self { all, equal: equal.iter().map(|(field, value)| (field.clone(), value.clone())).collect() })
    }

    pub(super) fn matches(&self, shape: &Shape<'_>, ticket: &Ticket) -> bool {
        joined(&self.all, shape, ticket, None)
            && self.equal.iter().all(|(field, value)| same(&value_at(shape, ticket, field), value))
    }
}

/// Criteria from left to right: each joins what stands before it.
fn joined(criteria: &[Criterion], shape: &Shape<'_>, ticket: &Ticket, start: Option<bool>) -> bool {
    let mut result = start;
    for criterion in criteria {
        result = Some(match result {
            None => criterion.matches(shape, ticket),
            Some(before) if criterion.or => before || criterion.matches(shape, ticket),
            Some(before) => before && criterion.matches(shape, ticket),
        });
    }
    result.unwrap_or(true)
}

impl Criterion {
    fn read(shape: &Shape<'_>, module: Module, value: &Value) -> Result<Self, Refused> {
        let map = value.as_object().ok_or_else(|| bad("search_criteria"))?;
        nothing_but(map, &["field", "condition", "value", "values", "logical_operator", "children"])?;
        let field = map.get("field").and_then(Value::as_str).ok_or_else(|| bad("field"))?;
        known_field(shape, module, field)?;
        let condition = map.get("condition").and_then(Value::as_str).and_then(Condition::read);
        let condition = condition.ok_or_else(|| bad("condition"))?;
        let values = match (map.get("value"), map.get("values")) {
            (Some(value), None) => vec![value.clone()],
            (None, Some(Value::Array(values))) if !values.is_empty() => values.clone(),
            _ => return Err(bad("value")),
        };
        let between = matches!(condition, Condition::Between | Condition::NotBetween);
        if between && values.len() != 2 {
            return Err(bad("values"));
        }
        let or = match map.get("logical_operator").map(|operator| operator.as_str().unwrap_or_default().to_lowercase())
        {
            None => false,
            Some(operator) if operator == "and" || operator == "or" => operator == "or",
            Some(_) => return Err(bad("logical_operator")),
        };
        let children = match map.get("children") {
            None => Vec::new(),
            Some(Value::Array(children)) => {
                children.iter().map(|child| Self::read(shape, module, child)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(bad("children")),
        };
        let ignored = shape.settings.unknown_status == UnknownName::Ignored && unknown_status(shape, field, &values);
        Ok(Self { field: field.to_owned(), condition, values, or, ignored, children })
    }

    fn fields<'c>(&'c self, into: &mut Vec<&'c str>) {
        into.push(&self.field);
        self.children.iter().for_each(|child| child.fields(into));
    }

    fn matches(&self, shape: &Shape<'_>, ticket: &Ticket) -> bool {
        let own = self.ignored || self.holds(&value_at(shape, ticket, &self.field));
        joined(&self.children, shape, ticket, Some(own))
    }

    fn holds(&self, value: &Value) -> bool {
        let text = || text_of(value).unwrap_or_default().to_lowercase();
        let any_text = |test: fn(&str, &str) -> bool| {
            let text = text();
            self.values.iter().filter_map(text_of).any(|wanted| test(&text, &wanted.to_lowercase()))
        };
        let compare = |test: fn(i64, i64) -> bool| {
            let wanted = self.values.first().and_then(number_of);
            number_of(value).zip(wanted).is_some_and(|(have, wanted)| test(have, wanted))
        };
        match self.condition {
            Condition::Is => self.values.iter().any(|wanted| same(value, wanted)),
            Condition::IsNot => !self.values.iter().any(|wanted| same(value, wanted)),
            Condition::Contains => any_text(|have, wanted| have.contains(wanted)),
            Condition::NotContains => !any_text(|have, wanted| have.contains(wanted)),
            Condition::StartsWith => any_text(|have, wanted| have.starts_with(wanted)),
            Condition::EndsWith => any_text(|have, wanted| have.ends_with(wanted)),
            Condition::Greater => compare(|have, wanted| have > wanted),
            Condition::GreaterOrEqual => compare(|have, wanted| have >= wanted),
            Condition::Lesser => compare(|have, wanted| have < wanted),
            Condition::LesserOrEqual => compare(|have, wanted| have <= wanted),
            Condition::Between => self.within(value),
            Condition::NotBetween => !self.within(value),
        }
    }

    fn within(&self, value: &Value) -> bool {
        let mut ends = self.values.iter().map(number_of);
        match (number_of(value), ends.next().flatten(), ends.next().flatten()) {
            (Some(have), Some(low), Some(high)) => low <= have && have <= high,
            _ => false,
        }
    }
}

/// Refuses fields that the module does not have, and those the settings refuse.
fn known_field(shape: &Shape<'_>, module: Module, field: &str) -> Result<(), Refused> {
    let column = field.split('.').next().unwrap_or_default();
    let refused = &shape.settings.refused_criteria;
    let here = format!("{}.{field}", module.plural());
    if !is_column(module, column) || refused.contains(field) || refused.contains(&here) {
        return Err(bad(field));
    }
    Ok(())
}

/// Whether a criterion on a status names none that the tenant has.
fn unknown_status(shape: &Shape<'_>, field: &str, values: &[Value]) -> bool {
    const STATUSES: &[&str] = &["open", "on hold", "in progress", "closed", "resolved", "cancelled", "completed"];
    let states = [State::ToBeSent, State::Pending, State::Approved, State::Rejected];
    let names: Vec<String> = match field.split('.').next() {
        Some("status") => STATUSES.iter().map(|name| (*name).to_owned()).collect(),
        Some("approval_status") => states.iter().map(|state| shape.state_name(state).to_lowercase()).collect(),
        _ => return false,
    };
    !values.iter().filter_map(text_of).any(|value| names.contains(&value.to_lowercase()))
}

/// The value at a dotted path of a ticket.
pub(super) fn value_at(shape: &Shape<'_>, ticket: &Ticket, path: &str) -> Value {
    if let Some(value) = shape.plain(ticket, path) {
        return value;
    }
    let mut parts = path.split('.');
    let mut value = parts.next().and_then(|column| shape.column(ticket, column)).unwrap_or_default();
    for part in parts {
        value = match value {
            Value::Object(mut map) => map.remove(part).unwrap_or_default(),
            _ => Value::Null,
        };
    }
    value
}

/// A value as a number: times by their milliseconds, text by its digits.
pub(super) fn number_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Object(map) => number_of(map.get("value")?),
        _ => None,
    }
}

/// A value as text: references and users by their name, times by their milliseconds.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Object(map) => text_of(map.get("name").or_else(|| map.get("value")).or_else(|| map.get("id"))?),
        _ => None,
    }
}

/// Equality as the product has it: without case; a reference equals its name, its id, or another with the same id.
fn same(have: &Value, wanted: &Value) -> bool {
    if let (Some(have), Some(wanted)) = (have.get("id"), wanted.get("id")) {
        return text_of(have) == text_of(wanted);
    }
    if have.is_null() || wanted.is_null() {
        return have.is_null() && wanted.is_null();
    }
    let Some(wanted) = text_of(wanted).map(|text| text.to_lowercase()) else { return false };
    let by_id = have.get("id").and_then(text_of).is_some_and(|id| id == wanted);
    by_id || text_of(have).is_some_and(|text| text.to_lowercase() == wanted)
}
