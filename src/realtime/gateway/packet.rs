//! The packets of Socket.IO: how they are read, and how frames are written that hold one.

use std::io::Write;

use serde::Serialize;
use serde_json::value::RawValue;

use super::MAX_ATTACHMENTS;
use super::engine::{Broken, Frame};

/// A packet as a client sent it; its data is not looked at yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub kind: Kind,
    pub namespace: &'a str,
    pub id: Option<u64>,
    /// How many frames of bytes follow.
    pub attachments: usize,
    pub data: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
}

/// What an event says.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub payload: Box<RawValue>,
    pub more: Vec<Box<RawValue>>,
}

pub fn parse(text: &str) -> Result<Packet<'_>, Broken> {
    let (kind, rest) = text.split_at_checked(1).ok_or(Broken)?;
    let (kind, has_attachments) = match kind {
        "0" => (Kind::Connect, false),
        "1" => (Kind::Disconnect, false),
        "2" => (Kind::Event, false),
        "3" => (Kind::Ack, false),
        "5" => (Kind::Event, true),
        "6" => (Kind::Ack, true),
        _ => return Err(Broken),
    };
    let (attachments, rest) = if has_attachments { attachments(rest)? } else { (0, rest) };
    let (namespace, rest) = namespace(rest);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (id, data) = match (kind, rest.split_at(digits)) {
        (Kind::Event | Kind::Ack, (id, data)) if !id.is_empty() => (Some(id.parse().map_err(|_| Broken)?), data),
        _ => (None, rest),
    };
    Ok(Packet { kind, namespace, id, attachments, data })
}

fn attachments(text: &str) -> Result<(usize, &str), Broken> {
    let (count, rest) = text.split_once('-').ok_or(Broken)?;
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let count = count.parse().ok().filter(|count| is_number && *count <= MAX_ATTACHMENTS);
    Ok((count.ok_or(Broken)?, rest))
}

/// `/` unless another one is named. A client may add a query to the name, which says nothing to us.
fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (namespace.split('?').next().unwrap_or(namespace), rest)
}

impl Packet<'_> {
    pub fn event(&self) -> Result<Event, Broken> {
        let mut arguments: Vec<Box<RawValue>> = serde_json::from_str(self.data).map_err(|_| Broken)?;
        let name = arguments.first().and_then(|name| serde_json::from_str(name.get()).ok()).ok_or(Broken)?;
        let more = if arguments.len() > 2 { arguments.split_off(2) } else { Vec::new() };
        let payload = if arguments.len() > 1 { arguments.pop() } else { None };
        Ok(Event { name, payload: payload.unwrap_or_else(null), more })
    }

    /// We ask for no acks, so that there is nothing in one but its form.
    pub fn check_ack(&self) -> Result<(), Broken> {
        let is_list = serde_json::from_str::<Vec<&RawValue>>(self.data).is_ok();
        if self.id.is_some() && is_list { Ok(()) } else { Err(Broken) }
    }
}

pub fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

/// What is written.
impl Frame {
    /// An event of the namespace `/`, for however many sockets.
    pub fn event(name: &str, payload: &impl Serialize) -> Self {
        write('2', "/", None, 0, |text| {
            text.push(b'[');
            json(text, name);
            text.push(b',');
            json(text, payload);
            text.push(b']');
        })
    }
}

/// An event of any namespace with any arguments, and the frames of its attachments behind it.
pub fn event(namespace: &str, name: &str, arguments: &[Box<RawValue>], attachments: &[impl AsRef<[u8]>]) -> Vec<Frame> {
    let kind = if attachments.is_empty() { '2' } else { '5' };
    let first = write(kind, namespace, None, attachments.len(), |text| {
        text.push(b'[');
        json(text, name);
        for argument in arguments {
            text.push(b',');
            text.extend_from_slice(argument.get().as_bytes());
        }
        text.push(b']');
    });
    with(first, attachments)
}

pub fn ack(namespace: &str, id: u64, reply: &impl Serialize) -> Frame {
    write('3', namespace, Some(id), 0, |text| {
        text.push(b'[');
        json(text, reply);
        text.push(b']');
    })
}

pub fn ack_with(namespace: &str, id: u64, arguments: &[Box<RawValue>], attachments: &[impl AsRef<[u8]>]) -> Vec<Frame> {
    let kind = if attachments.is_empty() { '3' } else { '6' };
    let first = write(kind, namespace, Some(id), attachments.len(), |text| json(text, &arguments));
    with(first, attachments)
}

pub fn connected(namespace: &str, sid: &str) -> Frame {
    write('0', namespace, None, 0, |text| json(text, &serde_json::json!({ "sid": sid })))
}

pub fn refused(namespace: &str, reason: &serde_json::Value) -> Frame {
    write('4', namespace, None, 0, |text| json(text, reason))
}

pub fn disconnected(namespace: &str) -> Frame {
    write('1', namespace, None, 0, |_| {})
}

fn with(first: Frame, attachments: &[impl AsRef<[u8]>]) -> Vec<Frame> {
    let rest = attachments.iter().map(|bytes| Frame::binary(bytes.as_ref()));
    std::iter::once(first).chain(rest).collect()
}

fn write(kind: char, namespace: &str, id: Option<u64>, attachments: usize, data: impl FnOnce(&mut Vec<u8>)) -> Frame {
    Frame::text(|text| {
        text.extend_from_slice(&[b'4', kind as u8]);
        if attachments > 0 {
            write!(text, "{attachments}-").expect("memory takes it");
        }
        if namespace != "/" {
            text.extend_from_slice(namespace.as_bytes());
            text.push(b',');
        }
        if let Some(id) = id {
            write!(text, "{id}").expect("memory takes it");
        }
        data(text);
    })
}

fn json(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(text, value).expect("what is sent is strings, numbers and lists");
}

#[cfg(test)]
mod tests;
