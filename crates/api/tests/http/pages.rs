//! The pages that come from the binary.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;

use crate::platform::{Platform, Reply};

async fn get(platform: &Platform, path: &str) -> Reply {
    platform.call(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_start_leads_to_the_reference() {
    let platform = Platform::start().await;
    let reply = get(&platform, "/").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (307, "/docs"));
}

#[tokio::test]
async fn pages_may_load_nothing_from_elsewhere_and_all_that_they_load_is_here() {
    let platform = Platform::start().await;
    for page in [
        "/docs",
        "/docs/errors",
        "/docs/errors/no_route",
        "/docs/guides/first-message",
        "/docs/reference/keys",
        "/docs/search?q=code",
    ] {
        let reply = get(&platform, page).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/html; charset=utf-8"));
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"));
        for link in reply.text.split(['"']).filter(|part| part.starts_with("/docs") || part.starts_with("/openapi")) {
            let path = link.split('#').next().unwrap();
            assert_eq!(get(&platform, path).await.status, 200, "{link}");
        }
    }
}

#[tokio::test]
async fn every_link_of_every_page_leads_to_a_page_and_to_what_is_on_it() {
    let platform = Platform::start().await;
    let mut texts = BTreeMap::from([("/docs".to_owned(), get(&platform, "/docs").await.text)]);
    let mut waiting = vec!["/docs".to_owned()];
    while let Some(page) = waiting.pop() {
        for link in links(&texts[&page]) {
            let link = if link.starts_with('#') { format!("{page}{link}") } else { link };
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            if !texts.contains_key(path) {
                let reply = get(&platform, path).await;
                assert_eq!(reply.status, 200, "{page} leads to {link}");
                texts.insert(path.to_owned(), reply.text);
                waiting.push(path.to_owned());
            }
            let is_there = anchor.is_empty() || texts[path].contains(&format!("id=\"{anchor}\""));
            assert!(is_there, "{page} leads to {link}, which is not there");
        }
    }
    assert!(texts.len() > 90, "a page for each error, the guides, the reference: {}", texts.len());
}

/// The links of a page that lead to us.
fn links(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.starts_with(['/', '#']) && *link != "/docs/style.css").map(str::to_owned).collect()
}

#[tokio::test]
async fn a_problem_leads_to_its_page() {
    let platform = Platform::start().await;
    let problem = get(&platform, "/v1/balance").await.json;
    assert_eq!(problem["type"], "/docs/errors/unauthenticated");
    let page = get(&platform, "/docs/errors/unauthenticated").await;
    assert!(page.text.contains(problem["title"].as_str().unwrap()), "{}", page.text);
    assert_eq!(get(&platform, "/docs/errors/nothing").await.status, 404);
}

#[tokio::test]
async fn the_document_is_served() {
    let platform = Platform::start().await;
    let reply = get(&platform, "/openapi.json").await;
    assert_eq!((reply.json["openapi"].as_str(), &reply.json), (Some("3.1.0"), &*crate::schema::DOCUMENT));
}
