//! The plugin protocol on a Unix socket: connections, frames, and which request goes where.
//!
//! Messages are handed on as bytes: the schema's answer is encoded once for all tools, and
//! [`super::Provider::answer`] can be fed with anything by tests.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use super::session::Session;
use super::{Provider, existing};
use crate::rehearsal::World;

/// A message must fit; a state with thousands of lines does.
const MESSAGE_LIMIT: usize = 256 << 20;

/// Serves the provider until the listener fails.
///
/// # Errors
/// When the transport cannot go on, or what the scenario says is there cannot be.
pub async fn serve(world: Arc<World>, listener: UnixListener) -> io::Result<()> {
    existing::seed(&world)?;
    let provider = Arc::new(Provider::new(world));
    provider.go_on();
    let connections = UnixListenerStream::new(listener).map(|stream| stream.map(Connection::new));
    tonic::transport::Server::builder()
        .add_service(Plugin { provider })
        .serve_with_incoming(connections)
        .await
        .map_err(io::Error::other)
}

/// A connection with the session that belongs to it.
struct Connection {
    stream: UnixStream,
    session: Arc<Session>,
}

impl Connection {
    fn new(stream: UnixStream) -> Self {
        let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
        Self { stream, session: Arc::new(Session::of(peer)) }
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Session>;

    fn connect_info(&self) -> Self::ConnectInfo {
        Arc::clone(&self.session)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[derive(Clone)]
struct Plugin {
    provider: Arc<Provider>,
}

impl NamedService for Plugin {
    const NAME: &'static str = "tfplugin6.Provider";
}

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Service<http::Request<Body>> for Plugin {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let call = Call { provider: Arc::clone(&self.provider), method };
        Box::pin(async move {
            let mut grpc = Grpc::new(Frames)
                .apply_max_message_size_config(Some(MESSAGE_LIMIT), Some(MESSAGE_LIMIT));
            Ok(grpc.unary(call, request).await)
        })
    }
}

struct Call {
    provider: Arc<Provider>,
    method: String,
}

impl UnaryService<Bytes> for Call {
    type Response = Bytes;
    type Future = Answer<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let provider = Arc::clone(&self.provider);
        let method = self.method.clone();
        let session = request
            .extensions()
            .get::<Arc<Session>>()
            .cloned()
            .unwrap_or_else(|| Arc::new(Session::new()));
        Box::pin(async move {
            provider.answer(&session, &method, request.into_inner()).await.map(Response::new)
        })
    }
}

/// Messages as bytes, so that each is decoded where it is understood.
#[derive(Debug, Clone, Copy, Default)]
struct Frames;

impl Codec for Frames {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Frames;
    type Decoder = Frames;

    fn encoder(&mut self) -> Frames {
        Frames
    }

    fn decoder(&mut self) -> Frames {
        Frames
    }
}

impl Encoder for Frames {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        dst.put(item);
        Ok(())
    }
}

impl Decoder for Frames {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = src.remaining();
        Ok(Some(src.copy_to_bytes(length)))
    }
}
