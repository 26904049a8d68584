//! What waits to be sent in one session, bounded in frames and in bytes.

use std::collections::VecDeque;

use super::Frame;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub frames: usize,
    pub bytes: usize,
}

#[derive(Default)]
pub struct Outbox {
    frames: VecDeque<Frame>,
    /// What waits here or in the hands of the writer: it is held until the network has taken it.
    held: Held,
}

#[derive(Clone, Copy, Default)]
struct Held {
    frames: usize,
    bytes: usize,
}

impl Outbox {
    pub fn has_room_for(&self, frames: &[Frame], bounds: Bounds) -> bool {
        let bytes: usize = frames.iter().map(Frame::len).sum();
        // What is larger than the whole outbox goes alone, or would never go.
        self.held.frames == 0
            || (self.held.frames + frames.len() <= bounds.frames && self.held.bytes + bytes <= bounds.bytes)
    }

    /// More than half full: what may be missed is dropped.
    pub fn is_behind(&self, bounds: Bounds) -> bool {
        self.held.frames > bounds.frames / 2 || self.held.bytes > bounds.bytes / 2
    }

    pub fn push(&mut self, frame: Frame) {
        self.count(&frame);
        self.frames.push_back(frame);
    }

    pub fn count(&mut self, frame: &Frame) {
        self.held.frames += 1;
        self.held.bytes += frame.len();
    }

    /// What is held.
    pub fn len(&self) -> usize {
        self.held.frames
    }

    /// Whether there is nothing to hand out.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Hands all that waits to the writer, with its memory. It counts until the writer says that it is `gone`.
    pub fn take(&mut self) -> VecDeque<Frame> {
        std::mem::take(&mut self.frames)
    }

    pub fn gone(&mut self, frames: usize, bytes: usize) {
        self.held.frames -= frames;
        self.held.bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { frames: 4, bytes: 100 };

    fn frame(length: usize) -> Frame {
        Frame::binary(&vec![0; length - 2])
    }

    #[test]
    fn frames_and_bytes_are_bounded_until_they_are_gone() {
        let mut outbox = Outbox::default();
        assert!(!outbox.is_behind(BOUNDS));
        outbox.push(frame(60));
        assert!(outbox.is_behind(BOUNDS));
        assert!(outbox.has_room_for(&[frame(40)], BOUNDS));
        assert!(!outbox.has_room_for(&[frame(41)], BOUNDS));
        assert!(!outbox.has_room_for(&[frame(21), frame(20)], BOUNDS));
        assert_eq!(outbox.take().len(), 1);
        assert!(outbox.is_empty());
        assert!(!outbox.has_room_for(&[frame(41)], BOUNDS), "the writer still holds it");
        outbox.gone(1, 60);
        for _ in 0..4 {
            assert!(outbox.has_room_for(&[frame(2)], BOUNDS));
            outbox.push(frame(2));
        }
        assert!(!outbox.has_room_for(&[frame(2)], BOUNDS));
    }

    #[test]
    fn what_is_larger_than_all_goes_alone() {
        let mut outbox = Outbox::default();
        assert!(outbox.has_room_for(&[frame(101)], BOUNDS));
        outbox.push(frame(101));
        assert!(!outbox.has_room_for(&[frame(2)], BOUNDS));
    }
}
