//! JSON bodies and socket payloads, by the one function that reads both. What is taken is not deeper and has no other
//! text than the floor promises.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smilechat::platform::http::json::from_slice;
use smilechat::realtime::wire::{
    ChatMessage, JoinTicket, LeaveTicket, MessageRead, Reauth, StatusChoice, TypingSignal,
};

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 7 {
        0 => {
            if let Ok(message) = from_slice::<ChatMessage>(bytes) {
                // Files may come without a word.
                let least = usize::from(message.attachment_ids.is_empty());
                let length = message.message_content.chars().count();
                assert!((least..=10_000).contains(&length));
                assert!(!message.message_content.contains('\0'));
            }
        }
        1 => drop(from_slice::<JoinTicket>(bytes).map(|join| assert!(join.after_seq.unwrap_or(0) >= 0))),
        2 => drop(from_slice::<LeaveTicket>(bytes)),
        3 => drop(from_slice::<TypingSignal>(bytes)),
        4 => drop(from_slice::<MessageRead>(bytes)),
        5 => drop(from_slice::<StatusChoice>(bytes)),
        _ => drop(from_slice::<Reauth>(bytes)),
    }
});
