//! The clients against a server of a few scripted answers, over real sockets.

use super::transport::{Sent, Transport};
use reqwest::Method;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

/// Answers one connection after the other with these bytes; nothing means that it hangs up.
async fn server(answers: Vec<&'static str>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/x", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut asked = [0; 4096];
            // What was asked does not matter here.
            drop(stream.read(&mut asked).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    Url::parse(&url).expect("a URL")
}

fn transport() -> Transport {
    Transport::new(None, true).expect("a client")
}

async fn ask(url: Url) -> Sent {
    let transport = transport();
    transport.send(transport.request(Method::PUT, url)).await
}

#[tokio::test]
async fn what_never_left_is_told_from_what_was_lost() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Url::parse(&format!("http://{}/", listener.local_addr().expect("an address"))).expect("a URL")
    };
    assert!(matches!(ask(closed).await, Sent::Unsent(_)));
    assert!(matches!(ask(server(vec![""]).await).await, Sent::Lost(_)));
    let half = server(vec!["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123"]).await;
    assert!(matches!(ask(half).await, Sent::Lost(_)));
}

#[tokio::test]
async fn retry_after_is_seconds_or_a_date_and_redirects_are_not_followed() {
    let seconds = server(vec!["HTTP/1.1 429 X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"]).await;
    let Sent::Answer(answer) = ask(seconds).await else { panic!("an answer") };
    assert_eq!((answer.status, answer.retry_after()), (429, Some(Duration::from_secs(7))));
    let date = server(vec![
        "HTTP/1.1 503 X\r\nretry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\ncontent-length: 0\r\n\r\n",
    ])
    .await;
    let Sent::Answer(answer) = ask(date).await else { panic!("an answer") };
    assert_eq!(answer.retry_after(), Some(Duration::ZERO));
    let elsewhere =
        server(vec!["HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"]).await;
    let Sent::Answer(answer) = ask(elsewhere).await else { panic!("an answer") };
    assert_eq!(answer.status, 302);
}
