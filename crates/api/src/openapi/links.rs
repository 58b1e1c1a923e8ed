//! Links of the document: which answer names what another operation asks for, so that programs can go from one to the next.
//!
//! An operation under `/things/{id}` is linked from what makes one (`POST /things`), or else from what lists them (`GET /things`). What is
//! made or listed in another place is in [`ELSEWHERE`].

use serde_json::Value;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::schema::{fields, resolve};

/// Answers that name things which lie elsewhere: the operation, where in its answer the name is, and where the things lie.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("send_sms", "/message_id", "/v1/sms"),
    ("send_batch", "/batch/batch_id", "/v1/batches"),
    ("start_otp", "/sends/0/message_id", "/v1/sms"),
    ("list_request_keys", "/data/0/id", "/v1/request-keys"),
    ("add_request_key", "/id", "/v1/request-keys"),
    ("list_account_keys", "/data/0/id", "/v1/admin/keys"),
    ("add_account_key", "/id", "/v1/admin/keys"),
];

/// What things are called in answers, beside the name that the path has for them.
const NAMES: &[&str] = &["id", "message_id"];

/// An answer that names a thing.
struct Source {
    path: String,
    method: &'static str,
    status: String,
    /// Where in the answer's body, as a JSON pointer.
    pointer: String,
    /// Under which path the thing lies.
    home: String,
}

/// Adds them all.
pub(super) fn add(mut openapi: OpenApi) -> OpenApi {
    let document = serde_json::to_value(&openapi).unwrap_or_default();
    for source in sources(&document) {
        for (operation_id, parameters) in targets(&document, &source.home) {
            let pointer = format!("$response.body#{}", source.pointer);
            // All but the last one are those of the path that answers.
            let named = parameters.iter().enumerate().map(|(at, name)| match at + 1 == parameters.len() {
                true => (*name, pointer.clone()),
                false => (*name, format!("$request.path.{name}")),
            });
            let link = named.fold(LinkBuilder::new().operation_id(operation_id), |link, (name, from)| {
                link.parameter(name, Value::from(from))
            });
            if let Some(links) = links_of(&mut openapi, &source) {
                links.insert(operation_id.to_owned(), link.build().into());
            }
        }
    }
    openapi
}

fn sources(document: &Value) -> Vec<Source> {
    let mut sources: Vec<Source> = answers(document).flat_map(|answer| answer.sources(document)).collect();
    let makes = |home: &str| sources.iter().any(|one| one.home == home && one.method == "post");
    let idle: Vec<_> = sources.iter().map(|one| one.method == "get" && makes(&one.home)).collect();
    let mut idle = idle.into_iter();
    sources.retain(|_| !idle.next().unwrap_or_default());
    sources
}

/// A successful answer of the document that has a body.
struct Answer<'a> {
    path: &'a str,
    method: &'static str,
    operation: &'a Value,
    status: &'a str,
    schema: &'a Value,
}

fn answers(document: &Value) -> impl Iterator<Item = Answer<'_>> {
    let items = document["paths"].as_object().into_iter().flatten();
    let operations = items.flat_map(|(path, item)| ["get", "post"].map(|method| (path, method, &item[method])));
    operations.flat_map(|(path, method, operation)| {
        let responses = operation["responses"].as_object().into_iter().flatten();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        good.map(move |(status, response)| {
            let schema = &response["content"]["application/json"]["schema"];
            Answer { path, method, operation, status, schema }
        })
    })
}

impl Answer<'_> {
    /// What it names: what lies under its path, and what lies elsewhere.
    fn sources(&self, document: &Value) -> Vec<Source> {
        let operation_id = self.operation["operationId"].as_str().unwrap_or_default();
        let elsewhere = ELSEWHERE.iter().filter(|(id, ..)| *id == operation_id).filter(|(_, pointer, _)| {
            // Beside the answer that names it there may be one that does not, as of a dry run.
            let first = pointer.split('/').nth(1).unwrap_or_default();
            fields(document, self.schema).iter().any(|(name, ..)| *name == first)
        });
        let named = elsewhere.map(|(_, pointer, home)| ((*pointer).to_owned(), (*home).to_owned()));
        let own = self.pointer(document).map(|pointer| (pointer, self.path.to_owned()));
        let (path, status) = (self.path, self.status);
        let source = |(pointer, home)| Source {
            path: path.to_owned(),
            method: self.method,
            status: status.to_owned(),
            pointer,
            home,
        };
        named.chain(own).map(source).collect()
    }

    /// Where the answer names what lies under its path, if anything does.
    fn pointer(&self, document: &Value) -> Option<String> {
        let named = format!("{}/{{", self.path);
        let below = document["paths"].as_object()?.keys().find_map(|path| path.strip_prefix(&named))?;
        let wanted = below.split('}').next()?;
        let name_in = |schema: &Value| {
            let fields = fields(document, schema);
            let mut names = std::iter::once(wanted).chain(NAMES.iter().copied());
            names.find(|name| fields.iter().any(|(field, ..)| field == name)).map(str::to_owned)
        };
        if let Some(name) = name_in(self.schema) {
            return Some(format!("/{name}"));
        }
        let all = fields(document, self.schema);
        let list = all.iter().find(|(name, ..)| *name == "data").map(|(_, field, _)| resolve(document, field))?;
        name_in(&list["items"]).map(|name| format!("/data/0/{name}"))
    }
}

/// The operations at `{home}/{name}` and below it that ask for nothing else of the path, with the names that they ask for.
fn targets<'a>(document: &'a Value, home: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let names = |path: &'a str| path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let wanted = home.matches('{').count() + 1;
    let mut targets = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let below = path.strip_prefix(home).is_some_and(|rest| rest.starts_with("/{"));
        if below && names(path).count() == wanted {
            let operations = item.as_object().into_iter().flatten();
            let ids = operations.filter_map(|(_, operation)| operation["operationId"].as_str());
            targets.extend(ids.map(|id| (id, names(path).collect())));
        }
    }
    targets
}

type Links = std::collections::BTreeMap<String, RefOr<Link>>;

fn links_of<'a>(openapi: &'a mut OpenApi, source: &Source) -> Option<&'a mut Links> {
    let operation = operation_of(openapi.paths.paths.get_mut(&source.path)?, source.method)?;
    match operation.responses.responses.get_mut(&source.status)? {
        RefOr::T(response) => Some(&mut response.links),
        RefOr::Ref(_) => None,
    }
}

fn operation_of<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    if method == "get" { item.get.as_mut() } else { item.post.as_mut() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Asked for by what people know, not by what an answer has told them; or told by an answer that is no JSON.
    const UNLINKED: &[&str] = &[
        "show_catalogue_number",
        "withdraw_cost_sheet",
        "export_cost_sheet",
        "withdraw_tariff_sheet",
        "export_tariff_sheet",
        "apply_receipt_rule",
    ];

    fn document() -> Value {
        serde_json::to_value(crate::openapi()).expect("a document")
    }

    /// Each link: the operation that it leads to, and what of the answer it gives.
    fn links(document: &Value) -> Vec<(String, String)> {
        let links = answers(document).flat_map(|answer| {
            let responses = &answer.operation["responses"][answer.status]["links"];
            responses.as_object().into_iter().flatten().map(|(_, link)| link.clone()).collect::<Vec<_>>()
        });
        links
            .map(|link| {
                (link["operationId"].as_str().expect("an operation").to_owned(), link["parameters"].to_string())
            })
            .collect()
    }

    #[test]
    fn an_operation_on_a_thing_is_linked_from_where_the_thing_is_named() {
        let document = document();
        let linked: BTreeSet<_> = links(&document).into_iter().map(|(id, _)| id).collect();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for operation in item.as_object().expect("an item").values() {
                let id = operation["operationId"].as_str().expect("an id");
                assert_eq!(linked.contains(id), path.contains('{') && !UNLINKED.contains(&id), "{id}: {path}");
            }
        }
    }

    #[test]
    fn a_link_says_where_the_name_stands() {
        let links = links(&document());
        for (id, from) in [
            ("show_sms", "$response.body#/message_id"),
            ("show_sms", "$response.body#/sends/0/message_id"),
            ("check_otp", "$response.body#/id"),
            ("rollback", "$response.body#/data/0/number"),
            ("remove_request_key", "$response.body#/id"),
        ] {
            assert!(links.iter().any(|(to, named)| to == id && named.contains(from)), "{id} from {from}: {links:?}");
        }
    }
}
