//! Whether anything inside can be reached: listeners count, not we.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Takes connections at one address and counts them.
struct Inside {
    address: SocketAddr,
    taken: Arc<AtomicUsize>,
}

impl Inside {
    /// A listener that answers every request with this.
    async fn at(address: &str, answer: String) -> Option<Self> {
        let listener = TcpListener::bind(address).await.ok()?;
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4_096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Some(Self { address, taken })
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

fn ok() -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
}

/// Posts as a delivery does; whether an answer came.
async fn posted(client: &Client, url: &str) -> bool {
    match client.post(url) {
        Some(request) => request.timeout(Duration::from_secs(2)).send().await.is_ok(),
        None => false,
    }
}

fn client(allowed: &[&str]) -> Client {
    let allowed: Vec<_> = allowed.iter().map(|range| IpRange::parse(range).unwrap()).collect();
    Client::new(&allowed, &[80, 443]).unwrap()
}

/// This machine's own address on its network, if it has one.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: it only asks the system which way it would go. The address is for documentation (RFC 5737).
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_unspecified())
}

/// Ways to write hosts that are inside; `{port}` is one that is listened at.
const HOSTS: [&str; 58] = [
    // Loopback, in every notation that a parser may take.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "017700000001",
    "0x7f.1",
    "127.0.0.1.",
    "127.000.000.001",
    "127.0.0.2",
    "127.255.255.254",
    "127.127.127.127",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "0",
    "0.0.0.0",
    "0x0",
    "0.0.0.1",
    // IPv6: loopback, unspecified, IPv4 in each of its clothes, link-local, unique local, multicast, tunnels.
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fec0::1]",
    "[fd00::1]",
    "[fc00::1]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    // Private, shared, link-local, metadata, reserved, broadcast, multicast.
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "198.18.0.1",
    "192.0.0.192",
    "240.0.0.1",
    "255.255.255.255",
    "224.0.0.1",
    // Names.
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "metadata.google.internal",
];

/// What is put around a host: user names, ports, fragments and backslashes that parsers read differently.
const SHAPES: [&str; 5] = [
    "{host}:{port}/",
    "user@{host}:{port}/",
    "bank.example@{host}:{port}/",
    "{host}:{port}#@bank.example/",
    "{host}:{port}\\@bank.example/",
];

#[tokio::test]
async fn nothing_inside_is_reached_however_it_is_written() {
    let first = Inside::at("127.0.0.1:0", ok()).await.unwrap();
    let port = first.address.port();
    let own = own_address();
    let mut inside = vec![first];
    let others = ["127.0.0.2", "127.1.1.1", "[::1]"].map(str::to_owned).into_iter();
    for host in others.chain(own.map(|address| address.to_string())) {
        inside.extend(Inside::at(&format!("{host}:{port}"), ok()).await);
    }
    let client = client(&[]);
    let mut hosts: Vec<String> = HOSTS.iter().map(|host| (*host).to_owned()).collect();
    hosts.extend(own.map(|address| address.to_string()));
    // The machine's own name leads to it, by way of the resolver.
    hosts.extend(std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned()));
    let mut tried = 0;
    for host in &hosts {
        for (shape, scheme) in SHAPES.iter().flat_map(|shape| [(shape, "https"), (shape, "http")]) {
            let rest = shape.replace("{host}", host).replace("{port}", &port.to_string());
            let url = format!("{scheme}://{rest}");
            assert!(!posted(&client, &url).await, "{url}");
            tried += 1;
        }
    }
    assert!(tried >= 560, "{tried}");
    for listener in &inside {
        assert_eq!(listener.taken(), 0, "{}", listener.address);
    }
}

/// The listeners can be reached, so that the counts above could be others.
#[tokio::test]
async fn what_is_allowed_is_reached_and_counted() {
    let inside = Inside::at("127.0.0.1:0", ok()).await.unwrap();
    let url = format!("http://{}/", inside.address);
    assert!(posted(&client(&["127.0.0.1"]), &url).await);
    assert_eq!(inside.taken(), 1);
}

/// A receiver that may be called sends us on to one that may not.
#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let inside = Inside::at("127.0.0.2:0", ok()).await.unwrap();
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: http://{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            inside.address
        );
        let outside = Inside::at("127.0.0.1:0", answer).await.unwrap();
        for allowed in [["127.0.0.1"], ["127.0.0.0/8"]] {
            posted(&client(&allowed), &format!("http://{}/", outside.address)).await;
        }
        assert_eq!(outside.taken(), 2, "{status}");
    }
    assert_eq!(inside.taken(), 0);
}

/// A name server that answers each question with the next of these addresses, to be asked again at once (a TTL of 0).
async fn name_server(answers: &'static [&'static [[u8; 4]]]) -> SocketAddr {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 512];
        for addresses in answers.iter().cycle() {
            let (length, from) = socket.recv_from(&mut question).await.unwrap();
            let mut reply = question[..length].to_vec();
            (reply[2], reply[3], reply[7]) = (0x80, 0, u8::try_from(addresses.len()).unwrap());
            for address in *addresses {
                // The name above, A, IN, no time at all, four octets.
                reply.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                reply.extend(address);
            }
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    address
}

/// Asks that name server.
async fn asked(server: SocketAddr, name: String) -> std::io::Result<Vec<SocketAddr>> {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    let mut question = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    socket.send_to(&question, server).await?;
    let mut reply = [0; 512];
    let length = socket.recv(&mut reply).await?;
    let answers = reply[question.len()..length].chunks(16);
    Ok(answers.map(|answer| SocketAddr::from(([answer[12], answer[13], answer[14], answer[15]], 0))).collect())
}

/// A name leads outside when it is checked and inside when it is connected to, or to both at once: it is connected to what was
/// checked, and to nothing else.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_inside() {
    const OUTSIDE: [u8; 4] = [127, 0, 0, 1];
    const INSIDE: [u8; 4] = [127, 0, 0, 2];
    const ROUNDS: usize = 12;
    let outside = Inside::at("127.0.0.1:0", ok()).await.unwrap();
    let port = outside.address.port();
    let inside = Inside::at(&format!("127.0.0.2:{port}"), ok()).await.unwrap();
    let server = name_server(&[&[OUTSIDE], &[INSIDE], &[INSIDE, OUTSIDE], &[INSIDE, INSIDE]]).await;
    let allowed = [IpRange::parse("127.0.0.1").unwrap()];
    let guard = Guard::new(&allowed, &[port]).resolving_by(Arc::new(move |name| Box::pin(asked(server, name))));
    let client = Client::with(guard).unwrap();
    for _ in 0..ROUNDS {
        // Whoever is reached speaks no TLS: it is counted all the same.
        assert!(!posted(&client, &format!("https://rebind.example:{port}/")).await);
    }
    assert_eq!(inside.taken(), 0);
    assert_eq!(outside.taken(), ROUNDS / 2, "the listeners count");
}
