//! Users and the members of groups (Zendesk API reference, "Users", "Group Memberships").

use serde::{Deserialize, Serialize};

use super::errors::classify;
use super::pages::{More, more};
use super::read::{Refused, odd, one, rows};
use crate::approval::Person;
use crate::fields::{self, Row};
use crate::http::{CallError, HttpResponse, Method};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id at Zendesk.
    pub id: String,
    /// Name and address; the address may be missing.
    pub person: Person,
    /// Not deleted.
    pub active: bool,
    /// Shut out by an administrator.
    pub suspended: bool,
}

impl User {
    /// Why this user is not to be told, though there may be an address.
    pub const fn out_of_reach(&self) -> Option<&'static str> {
        if self.suspended {
            Some("the approver is suspended in Zendesk")
        } else if self.active {
            None
        } else {
            Some("the approver is no longer active in Zendesk")
        }
    }
}

/// Users, in the order of the answer. Ids that Zendesk does not know are simply missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// The users.
    pub users: Vec<User>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
}

/// One page of the members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// The users' ids, in the order of the page.
    pub users: Vec<String>,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
    /// The rest of the list.
    pub more: More,
}

/// Reads users, from their ids or from a search.
pub fn read_users(response: &HttpResponse) -> Result<Users, CallError> {
    let body = classify(Method::Get, response)?;
    let (users, refused) = rows(&body, "users", user)?;
    Ok(Users { users, refused })
}

/// Reads the user that the credential acts as. None: nobody, for a call that is not let in can answer with an anonymous
/// user all the same.
pub fn read_me(response: &HttpResponse) -> Result<Option<User>, CallError> {
    let body = classify(Method::Get, response)?;
    let row = one(&body, "user").map_err(odd)?;
    if fields::reference(row.get("id")).map_err(odd)?.is_none() {
        return Ok(None);
    }
    user(row).map(Some).map_err(odd)
}

/// Reads one page of the members of a group.
pub fn read_members(response: &HttpResponse) -> Result<Members, CallError> {
    let body = classify(Method::Get, response)?;
    let member = |row: &Row| fields::reference(row.get("user_id"))?.ok_or_else(|| "the row names no user".to_owned());
    let (users, refused) = rows(&body, "group_memberships", member)?;
    Ok(Members { users, refused, more: more(&body) })
}

/// Reads the groups that a user is a member of: their ids.
pub fn read_groups(response: &HttpResponse) -> Result<Vec<String>, CallError> {
    let body = classify(Method::Get, response)?;
    let group = |row: &Row| fields::reference(row.get("group_id"))?.ok_or_else(|| "the row names no group".to_owned());
    Ok(rows(&body, "group_memberships", group)?.0)
}

fn user(row: &Row) -> Result<User, String> {
    Ok(User {
        id: fields::id(row)?,
        person: Person { name: fields::line(row.get("name")), email: fields::line(row.get("email")) },
        active: fields::flag(row.get("active")).unwrap_or(true),
        suspended: fields::flag(row.get("suspended")).unwrap_or(false),
    })
}
