//! Plain HTTP/1.1 on the loopback interface, one connection for each request.

use std::fmt;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Error;

/// Where a server listens: `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    authority: String,
}

impl Endpoint {
    /// Reads `http://HOST:PORT`.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let unreadable =
            |reason: &str| Error::Unreadable { what: format!("the endpoint '{url}'"), reason: reason.to_owned() };
        let authority =
            url.strip_prefix("http://").ok_or_else(|| unreadable("it must begin with http://"))?.trim_end_matches('/');
        if authority.is_empty() || authority.contains('/') {
            return Err(unreadable("it must be http://HOST:PORT and nothing more"));
        }
        let authority = match authority.contains(':') {
            true => authority.to_owned(),
            false => format!("{authority}:80"),
        };
        Ok(Self { authority })
    }

    /// A port of this machine.
    #[must_use]
    pub fn local(port: u16) -> Self {
        Self { authority: format!("127.0.0.1:{port}") }
    }

    /// Sends a request whose URI is a path, and reads the whole answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
        let doing = format!("{} {self}{}", request.method(), request.uri());
        self.exchange(request).await.map_err(|source| Error::Http { doing, source })
    }

    /// `GET path`: the status and the body as text.
    pub async fn get(&self, path: &str) -> Result<(u16, String), Error> {
        self.text(Method::GET, path, String::new()).await
    }

    /// A request with a JSON body: the status and the body as text.
    pub async fn text(&self, method: Method, path: &str, body: String) -> Result<(u16, String), Error> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Full::from(body))
            .expect("a method and a path make a request");
        let response = self.send(request).await?;
        let body = String::from_utf8_lossy(response.body()).into_owned();
        Ok((response.status().as_u16(), body))
    }

    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&self.authority).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let pump = tokio::spawn(connection);
        if !request.headers().contains_key("host") {
            let host = self.authority.parse()?;
            request.headers_mut().insert("host", host);
        }
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        pump.abort();
        Ok(Response::from_parts(parts, body))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        for (url, shown) in [
            ("http://127.0.0.1:4566", "http://127.0.0.1:4566"),
            ("http://localhost:4566/", "http://localhost:4566"),
            ("http://localstack", "http://localstack:80"),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap().to_string(), shown);
        }
        for url in ["https://127.0.0.1:4566", "127.0.0.1:4566", "http://", "http://a:1/b"] {
            let error = Endpoint::parse(url).unwrap_err().to_string();
            assert!(error.contains(url), "{error}");
        }
    }
}
