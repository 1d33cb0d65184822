//! HTTP in the host's own types, in both directions. The general converters of the SDK carry every header and every
//! body as a stream; here a body is a value, and only the headers that are read are taken over.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use approval_logic::http::{Address, HttpRequest, HttpResponse, Method, TransportError};
use bytes::Bytes;
use futures::poll;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{self as wasi, ErrorCode, Fields, RequestOptions, Scheme, Trailers};
use spin_sdk::wasip3::wit_bindgen::{self, FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};
use spin_sdk::wasip3::{wit_future, wit_stream};

use crate::host::CallLimits;
use crate::routes::{BODY_MAX, Incoming, TooLarge};
use ::http::header::CONTENT_LENGTH;
use ::http::{HeaderValue, Request, Response, Uri};

/// A body is read in parts of at least this size.
const PART: usize = 16 * 1024;

/// Room for so much at once, however much is declared: anybody can declare what never comes.
const ROOM: usize = 256 * 1024;

type Ending = Result<Option<Trailers>, ErrorCode>;

/// The headers that are read, beside `Host`, which most hosts hand over as the request's authority.
const READ: [&str; 6] = ["accept", "authorization", "cookie", "content-type", "origin", "sec-fetch-site"];

/// The request as the routes read it: method, address, the headers that are read, body.
pub(super) async fn incoming(request: wasi::Request) -> Result<Request<Incoming>, ErrorCode> {
    let mut own = Request::new(Err(TooLarge));
    *own.method_mut() = method_in(request.get_method())?;
    let address = request.get_path_with_query().unwrap_or_else(|| "/".to_owned());
    *own.uri_mut() = address.parse::<Uri>().map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let headers = request.get_headers();
    let values = READ.into_iter().flat_map(|name| headers.get(name).into_iter().map(move |value| (name, value)));
    let host = request.get_authority().map(String::into_bytes).or_else(|| headers.get("host").into_iter().next());
    let host = host.map(|host| ("host", host));
    for (name, value) in values.chain(host) {
        // One that cannot be read is kept as one that opens nothing.
        let value = HeaderValue::from_bytes(&value).unwrap_or(const { HeaderValue::from_static("") });
        own.headers_mut().append(name, value);
    }
    let declared = headers.get(CONTENT_LENGTH.as_str());
    let declared = declared.first().and_then(|length| str::from_utf8(length).ok()?.parse::<usize>().ok());
    if declared.is_none_or(|length| length <= BODY_MAX) {
        let (taken, result) = wit_future::new(|| Ok(()));
        let (body, ending) = wasi::Request::consume_body(request, result);
        *own.body_mut() = whole(body, ending, declared, BODY_MAX).await.map(Bytes::from).map_err(|_| TooLarge);
        drop(taken);
    }
    Ok(own)
}

fn method_in(method: wasi::Method) -> Result<::http::Method, ErrorCode> {
    Ok(match method {
        wasi::Method::Get => ::http::Method::GET,
        wasi::Method::Head => ::http::Method::HEAD,
        wasi::Method::Post => ::http::Method::POST,
        wasi::Method::Put => ::http::Method::PUT,
        wasi::Method::Delete => ::http::Method::DELETE,
        wasi::Method::Connect => ::http::Method::CONNECT,
        wasi::Method::Options => ::http::Method::OPTIONS,
        wasi::Method::Trace => ::http::Method::TRACE,
        wasi::Method::Patch => ::http::Method::PATCH,
        wasi::Method::Other(name) => {
            ::http::Method::from_bytes(name.as_bytes()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)?
        }
    })
}

/// The answer in the host's types. Its body is written once the host has taken the answer over.
pub(super) fn outgoing(answer: Response<Bytes>) -> Result<wasi::Response, ErrorCode> {
    let (parts, body) = answer.into_parts();
    // On an answer to HEAD it is the length of the body that GET would have; hosts take that for a body cut off.
    let headers = parts.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH || !body.is_empty());
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let headers = Fields::from_list(&headers.collect::<Vec<_>>()).map_err(|_| ErrorCode::InternalError(None))?;
    let (writer, contents) = wit_stream::new();
    let (ending, trailers) = wit_future::new(cut_off);
    let (response, _) = wasi::Response::new(headers, Some(contents), trailers);
    let _ = response.set_status_code(parts.status.as_u16());
    wit_bindgen::spawn(write(Some(writer), ending, std::iter::once(body.to_vec())));
    Ok(response)
}

/// Sends a request and reads the whole answer.
pub(super) async fn send(
    request: &HttpRequest,
    limits: CallLimits,
    told: &Told,
) -> Result<HttpResponse, TransportError> {
    let length = request.length();
    let headers = told.headers(&request.headers)?;
    if length > 0 {
        // Told beforehand, so that no host has to send the body in chunks, which some servers and proxies do not take.
        let length = length.to_string().into_bytes();
        headers.append(CONTENT_LENGTH.as_str(), &length).map_err(|_| TransportError::Denied)?;
    }
    let (ending, trailers) = wit_future::new(cut_off);
    let (writer, contents) = (length > 0).then(wit_stream::new).unzip();
    let (outgoing, sent) = wasi::Request::new(headers, contents, trailers, Some(told.options(&limits)));
    address(&outgoing, request).ok_or(TransportError::Denied)?;
    // The host reads from here on. What is written while it does is taken at once, and nobody has to be told later.
    let mut sending = pin!(client::send(outgoing));
    let early = poll!(&mut sending);
    let mut writing = Box::pin(write(writer, ending, request.pieces()));
    if poll!(&mut writing).is_pending() {
        wit_bindgen::spawn(writing);
    }
    let response = match early {
        Poll::Ready(response) => response,
        Poll::Pending => sending.await,
    };
    let response = response.map_err(transport)?;
    let status = response.get_status_code();
    let fields = response.get_headers();
    let declared = fields.get(CONTENT_LENGTH.as_str()).into_iter().next();
    let declared = declared.and_then(|length| str::from_utf8(&length).ok()?.parse().ok());
    // Whatever came of the request came of the answer: that saves a future of its own.
    let (body, ending) = wasi::Response::consume_body(response, sent);
    let body = whole(body, ending, declared, limits.body_bytes).await.map_err(|broken| match broken {
        Broken::TooLarge => TransportError::TooLarge(Some(limits.body_bytes)),
        Broken::Off => TransportError::Lost("the answer broke off".to_owned()),
    })?;
    let headers = match limits.headers_of(status, &body) {
        None => fields.copy_all(),
        Some(names) => {
            let first = |name: &&str| Some(((*name).to_owned(), fields.get(name).into_iter().next()?));
            names.iter().filter_map(first).collect()
        }
    };
    let headers =
        headers.into_iter().filter_map(|(name, value)| Some((name, String::from_utf8(value).ok()?))).collect();
    Ok(HttpResponse { status, headers, body })
}

/// Sets method and address. None: the host does not take them.
fn address(outgoing: &wasi::Request, request: &HttpRequest) -> Option<()> {
    let method = match request.method {
        Method::Get => None,
        Method::Post => Some(wasi::Method::Post),
        Method::Put => Some(wasi::Method::Put),
        Method::Patch => Some(wasi::Method::Patch),
        Method::Delete => Some(wasi::Method::Delete),
    };
    // It is GET from the beginning.
    method.map_or(Ok(()), |method| outgoing.set_method(&method)).ok()?;
    let Address { secure, authority, path } = request.address()?;
    let scheme = if secure { Scheme::Https } else { Scheme::Http };
    outgoing.set_scheme(Some(&scheme)).ok()?;
    outgoing.set_authority(Some(authority)).ok()?;
    outgoing.set_path_with_query(Some(path)).ok()
}

/// What was last told to the host about a call. It is nearly always the same for the next one, and a copy costs less than
/// to tell it anew.
#[derive(Clone, Default)]
pub(super) struct Told {
    headers: Last<Vec<(&'static str, String)>, Fields>,
    options: Last<CallLimits, RequestOptions>,
}

/// The last value, with what was told of it.
type Last<T, O> = Arc<Mutex<Option<(T, O)>>>;

impl Told {
    fn headers(&self, headers: &[(&'static str, String)]) -> Result<Fields, TransportError> {
        let mut last = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, fields)) if of == headers => Ok(fields.clone()),
            _ => {
                let list = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()));
                let fields = Fields::from_list(&list.collect::<Vec<_>>()).map_err(|_| TransportError::Denied)?;
                *last = Some((headers.to_vec(), fields.clone()));
                Ok(fields)
            }
        }
    }

    fn options(&self, limits: &CallLimits) -> RequestOptions {
        let mut last = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, options)) if of == limits => options.clone(),
            _ => {
                let options = options(limits);
                *last = Some((*limits, options.clone()));
                options
            }
        }
    }
}

fn options(limits: &CallLimits) -> RequestOptions {
    let nanos = |duration: std::time::Duration| Some(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    let options = RequestOptions::new();
    // A host without time-outs of its own says so here; the client's own deadline holds all the same. It, and whatever the
    // host has by itself, is there for an answer that comes drop by drop.
    let _ = options.set_connect_timeout(nanos(limits.connect));
    let _ = options.set_first_byte_timeout(nanos(limits.wait));
    options
}

/// What a reader is told about a body that was not written to its end.
fn cut_off() -> Ending {
    Err(ErrorCode::InternalError(None))
}

/// Writes a body, if there is one, and ends it. A reader that goes away early has no need of the rest.
async fn write(writer: Option<StreamWriter<u8>>, ending: FutureWriter<Ending>, pieces: impl Iterator<Item = Vec<u8>>) {
    if let Some(mut writer) = writer {
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            if !writer.write_all(piece).await.is_empty() {
                return;
            }
        }
    }
    let _ = ending.write(Ok(None)).await;
}

/// Why a body could not be read.
enum Broken {
    TooLarge,
    Off,
}

/// Reads a body to its end: once as much has come as was declared, nobody has to be asked whether there is more.
async fn whole(
    body: StreamReader<u8>,
    ending: FutureReader<Ending>,
    declared: Option<usize>,
    max: usize,
) -> Result<Vec<u8>, Broken> {
    if declared.is_some_and(|length| length > max) {
        return Err(Broken::TooLarge);
    }
    let mut reader = body;
    let mut whole = Vec::new();
    while declared != Some(whole.len()) {
        let missing = declared.and_then(|length| length.checked_sub(whole.len()));
        whole.reserve(missing.map_or(PART, |missing| missing.min(ROOM)));
        let (result, filled) = reader.read(whole).await;
        whole = filled;
        if whole.len() > max {
            return Err(Broken::TooLarge);
        }
        if !matches!(result, StreamResult::Complete(_)) {
            return ending.await.map(|_| whole).map_err(|_| Broken::Off);
        }
    }
    Ok(whole)
}

/// Whether anything was sent decides whether a write has to be read back.
fn transport(error: ErrorCode) -> TransportError {
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => TransportError::Denied,
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsProtocolError => TransportError::Connect(name(&error).to_owned()),
        ErrorCode::ConnectionLimitReached => TransportError::NoMoreCalls,
        ErrorCode::HttpResponseBodySize(_) => TransportError::TooLarge(None),
        other => TransportError::Lost(name(&other).to_owned()),
    }
}

/// The case's name without its payload, which may hold an address.
fn name(error: &ErrorCode) -> &'static str {
    match error {
        ErrorCode::DnsTimeout => "DnsTimeout",
        ErrorCode::DnsError(_) => "DnsError",
        ErrorCode::DestinationNotFound => "DestinationNotFound",
        ErrorCode::DestinationUnavailable => "DestinationUnavailable",
        ErrorCode::DestinationIpProhibited => "DestinationIpProhibited",
        ErrorCode::DestinationIpUnroutable => "DestinationIpUnroutable",
        ErrorCode::ConnectionRefused => "ConnectionRefused",
        ErrorCode::ConnectionTerminated => "ConnectionTerminated",
        ErrorCode::ConnectionTimeout => "ConnectionTimeout",
        ErrorCode::ConnectionReadTimeout => "ConnectionReadTimeout",
        ErrorCode::ConnectionWriteTimeout => "ConnectionWriteTimeout",
        ErrorCode::ConnectionLimitReached => "ConnectionLimitReached",
        ErrorCode::TlsProtocolError => "TlsProtocolError",
        ErrorCode::TlsCertificateError => "TlsCertificateError",
        ErrorCode::TlsAlertReceived(_) => "TlsAlertReceived",
        ErrorCode::HttpRequestDenied => "HttpRequestDenied",
        ErrorCode::HttpRequestLengthRequired => "HttpRequestLengthRequired",
        ErrorCode::HttpRequestBodySize(_) => "HttpRequestBodySize",
        ErrorCode::HttpRequestMethodInvalid => "HttpRequestMethodInvalid",
        ErrorCode::HttpRequestUriInvalid => "HttpRequestUriInvalid",
        ErrorCode::HttpRequestUriTooLong => "HttpRequestUriTooLong",
        ErrorCode::HttpRequestHeaderSectionSize(_) => "HttpRequestHeaderSectionSize",
        ErrorCode::HttpRequestHeaderSize(_) => "HttpRequestHeaderSize",
        ErrorCode::HttpRequestTrailerSectionSize(_) => "HttpRequestTrailerSectionSize",
        ErrorCode::HttpRequestTrailerSize(_) => "HttpRequestTrailerSize",
        ErrorCode::HttpResponseIncomplete => "HttpResponseIncomplete",
        ErrorCode::HttpResponseHeaderSectionSize(_) => "HttpResponseHeaderSectionSize",
        ErrorCode::HttpResponseHeaderSize(_) => "HttpResponseHeaderSize",
        ErrorCode::HttpResponseBodySize(_) => "HttpResponseBodySize",
        ErrorCode::HttpResponseTrailerSectionSize(_) => "HttpResponseTrailerSectionSize",
        ErrorCode::HttpResponseTrailerSize(_) => "HttpResponseTrailerSize",
        ErrorCode::HttpResponseTransferCoding(_) => "HttpResponseTransferCoding",
        ErrorCode::HttpResponseContentCoding(_) => "HttpResponseContentCoding",
        ErrorCode::HttpResponseTimeout => "HttpResponseTimeout",
        ErrorCode::HttpUpgradeFailed => "HttpUpgradeFailed",
        ErrorCode::HttpProtocolError => "HttpProtocolError",
        ErrorCode::LoopDetected => "LoopDetected",
        ErrorCode::ConfigurationError => "ConfigurationError",
        ErrorCode::InternalError(_) => "InternalError",
    }
}
