//! The whole platform on a real socket.

use sambac_api::{Limits, serve};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::platform::{Platform, sms};

fn send_request(platform: &Platform) -> String {
    let body = sms(json!({})).to_string();
    format!(
        "POST /v1/sms/send HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        platform.bank,
        body.len()
    )
}

/// Reads one answer whose body is JSON.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut octets = [0; 4096];
    while !text.ends_with('}') {
        let count = stream.read(&mut octets).await.unwrap();
        assert!(count > 0, "the server closed after: {text}");
        text.push_str(std::str::from_utf8(&octets[..count]).unwrap());
    }
    text
}

#[tokio::test]
async fn one_connection_carries_many_requests_until_the_end() {
    let platform = Platform::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let served = tokio::spawn(serve(listener, platform.api.clone(), Limits::default(), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..20 {
        stream.write_all(send_request(&platform).as_bytes()).await.unwrap();
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
    stop.cancel();
    served.await.unwrap();
    assert_eq!(platform.get(&platform.bank, "/v1/sms").await.json["data"].as_array().unwrap().len(), 20);
}
