//! The pages that come from the binary.

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
    for page in ["/docs", "/docs/errors"] {
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
async fn every_error_that_the_document_names_has_its_anchor() {
    let platform = Platform::start().await;
    let errors = get(&platform, "/docs/errors").await.text;
    let docs = get(&platform, "/docs").await.text;
    let anchors: Vec<_> = docs.split("/docs/errors#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(anchors.len() > 20);
    for anchor in anchors {
        assert!(errors.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let platform = Platform::start().await;
    let reply = get(&platform, "/openapi.json").await;
    assert_eq!((reply.json["openapi"].as_str(), &reply.json), (Some("3.1.0"), &*crate::schema::DOCUMENT));
}
