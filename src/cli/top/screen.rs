//! The terminal while a frame is shown on it: a screen of its own, no cursor, no echo. Left as it was found, whatever ends
//! this.

use std::env;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::thread;

use anyhow::Context;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::line::{Line, Style};

const OPEN: &str = "\x1b[?1049h\x1b[?25l";
const CLOSE: &str = "\x1b[?25h\x1b[?1049l";

/// What the reader, or the system, wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    End,
    /// The window has another size now.
    Redraw,
}

pub struct Screen {
    before: Termios,
    keys: UnboundedReceiver<u8>,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    resize: Signal,
    has_color: bool,
}

impl Screen {
    pub fn open() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        let (hang_up, resize) = (listen(SignalKind::hangup())?, listen(SignalKind::window_change())?);
        let before = tcgetattr(io::stdin()).context("cannot read the terminal's modes")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).context("cannot set the terminal's modes")?;
        let has_color = env::var_os("NO_COLOR").is_none();
        let screen = Self { before, keys: read_keys(), interrupt, terminate, hang_up, resize, has_color };
        io::stdout().write_all(OPEN.as_bytes())?;
        Ok(screen)
    }

    /// Columns and rows; None where the terminal does not say.
    pub fn size(&self) -> Option<(usize, usize)> {
        let size = tcgetwinsize(io::stdout()).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
    }

    /// Over the last frame, line by line, so that nothing flickers.
    pub fn draw(&self, lines: &[Line]) -> anyhow::Result<()> {
        let mut text = String::from("\x1b[H");
        for (place, line) in lines.iter().enumerate() {
            if place > 0 {
                text.push_str("\r\n");
            }
            for (style, piece) in &line.0 {
                let code = if self.has_color { code(*style) } else { "" };
                let _ = write!(text, "{code}{piece}{}", if code.is_empty() { "" } else { "\x1b[0m" });
            }
            text.push_str("\x1b[K");
        }
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    pub async fn wish(&mut self) -> Wish {
        loop {
            tokio::select! {
                key = self.keys.recv() => if matches!(key, None | Some(b'q' | b'Q')) { return Wish::End },
                _ = self.interrupt.recv() => return Wish::End,
                _ = self.terminate.recv() => return Wish::End,
                _ = self.hang_up.recv() => return Wish::End,
                _ = self.resize.recv() => return Wish::Redraw,
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If the terminal is gone, there is nothing to restore.
        let _ = io::stdout().write_all(CLOSE.as_bytes());
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn code(style: Style) -> &'static str {
    match style {
        Style::Plain => "",
        Style::Faint => "\x1b[2m",
        Style::Bold => "\x1b[1m",
        Style::Alarm => "\x1b[1;31m",
    }
}

/// On a thread that ends with the process: nothing can interrupt a read from a terminal.
fn read_keys() -> UnboundedReceiver<u8> {
    let (keys, read) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let mut byte = [0];
        while matches!(io::stdin().read(&mut byte), Ok(1)) && keys.send(byte[0]).is_ok() {}
    });
    read
}
