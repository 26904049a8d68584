//! What the demo's desk did in the two months before: enough for reports to have something to say.
//!
//! Drawn from a fixed seed and from what day it is, so that two runs of one day tell the same.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::stories::{Does, Story};
use crate::platform::clock::Timestamp;
use crate::tickets::model::Priority;

use Does::{Closes, Rates, Says};

const DAYS: u64 = 60;
const DAY: u64 = 24 * 60;
const SEED: u64 = 20_418;

/// Who wrote then: (username, name).
pub const CUSTOMERS: &[(&str, &str)] = &[
    ("amara", "Amara Diallo"),
    ("jonas", "Jonas Becker"),
    ("mei", "Mei Chen"),
    ("lucas", "Lucas Ferreira"),
    ("ingrid", "Ingrid Dahl"),
    ("ravi", "Ravi Menon"),
    ("nora", "Nora Byrne"),
    ("pavel", "Pavel Horák"),
    ("aisha", "Aisha Rahman"),
    ("tom", "Tom Whitaker"),
    ("elena", "Elena Petrova"),
    ("hugo", "Hugo Martin"),
    ("fatima", "Fatima El Amrani"),
    ("kenji", "Kenji Sato"),
    ("marta", "Marta Kowalska"),
    ("oscar", "Oscar Nilsson"),
];

struct Topic {
    tags: &'static [&'static str],
    /// How often it comes.
    weight: u32,
    subject: &'static str,
    opening: &'static str,
    reply: &'static str,
    follow_up: &'static str,
    last: &'static str,
}

const TOPICS: &[Topic] = &[
    Topic {
        tags: &["order", "delivery"],
        weight: 8,
        subject: "Where is my order?",
        opening: "Hello, my order should have been here by now. Can you see where it is?",
        reply: "Hi! It is with the carrier and comes tomorrow. I have sent you the new tracking link.",
        follow_up: "Thank you, I see it now.",
        last: "You are welcome. Enjoy the coffee!",
    },
    Topic {
        tags: &["subscription"],
        weight: 6,
        subject: "Change my subscription",
        opening: "Could I get my coffee every three weeks instead of every two?",
        reply: "Of course. It is every three weeks from now on; the next bag comes on the 14th.",
        follow_up: "Great, and the price stays?",
        last: "It does.",
    },
    Topic {
        tags: &["coffee"],
        weight: 5,
        subject: "Which coffee for a French press?",
        opening: "What would you recommend for a French press? I like it chocolatey.",
        reply: "Our Huila, in coarse grind. Use 60 g to a litre and wait four minutes.",
        follow_up: "Ordered, thanks!",
        last: "Let us know how you like it.",
    },
    Topic {
        tags: &["billing", "invoice"],
        weight: 4,
        subject: "Invoice for my last order",
        opening: "I cannot find the invoice for my last order. Could you send it again?",
        reply: "It is in your account under Orders, and I have sent it to you by mail as well.",
        follow_up: "Got it.",
        last: "Perfect. Have a nice day!",
    },
    Topic {
        tags: &["order", "damage"],
        weight: 3,
        subject: "A bag arrived open",
        opening: "One of the bags in my parcel was open and half of the beans are in the box.",
        reply: "I am sorry about that. A new bag leaves today, at no cost.",
        follow_up: "That is kind, thank you.",
        last: "It should be with you on Thursday.",
    },
    Topic {
        tags: &["equipment", "warranty"],
        weight: 2,
        subject: "My scale does not turn on",
        opening: "The scale I bought from you does not turn on any more, with new batteries either.",
        reply: "Please hold both buttons for ten seconds. If that does nothing, we exchange it.",
        follow_up: "It stays dark.",
        last: "Then a new one is on its way. Keep the old one.",
    },
];

const AGENTS: &[(&str, u32)] = &[("ben", 5), ("chloe", 5), ("olivia", 2)];

const PRAISE: &[&str] = &[
    "Quick and friendly.",
    "Solved within minutes!",
    "Exactly what I needed.",
    "Thank you, Slowlight!",
    "Super nett, danke!",
];
const COMPLAINTS: &[&str] = &["It took very long.", "I had to ask twice.", "Friendly, but it did not help."];

/// A story of its own texts.
pub struct Past {
    pub minutes_ago: u64,
    customer: &'static str,
    topic: &'static Topic,
    steps: Vec<(u64, &'static str, Does)>,
}

impl Past {
    pub fn story(&self) -> Story<'_> {
        Story {
            minutes_ago: self.minutes_ago,
            customer: self.customer,
            subject: self.topic.subject,
            priority: Priority::Medium,
            tags: self.topic.tags,
            opening: self.topic.opening,
            steps: &self.steps,
        }
    }
}

/// Everything that had come to its end by yesterday.
pub fn tickets(now: Timestamp) -> Vec<Past> {
    let random = &mut StdRng::seed_from_u64(SEED);
    let minute_of_today = now.seconds().rem_euclid(86_400).unsigned_abs() / 60;
    let mut past = Vec::new();
    for days_ago in (2..=DAYS).rev() {
        // 1970 began on a Thursday.
        let weekday = (now.seconds().div_euclid(86_400).unsigned_abs() + 3 - days_ago) % 7;
        let usual = if weekday >= 5 { 2 } else { 5 };
        // Trade grows.
        let many = random.random_range(usual..=usual + 3) + (DAYS - days_ago) / 20;
        for _ in 0..many {
            // From eight in the morning to ten in the evening, most around two.
            let minute = 8 * 60 + random.random_range(0..7 * 60) + random.random_range(0..7 * 60);
            past.push(ticket(days_ago * DAY + minute_of_today - minute.min(days_ago * DAY), random));
        }
    }
    past
}

fn ticket(minutes_ago: u64, random: &mut StdRng) -> Past {
    let (customer, _) = CUSTOMERS.choose(random).copied().expect("there are customers");
    let topic = TOPICS.choose_weighted(random, |topic| topic.weight).expect("weights are good");
    let (agent, _) = AGENTS.choose_weighted(random, |(_, weight)| *weight).copied().expect("weights are good");
    // Mostly some minutes, now and then hours; Ben is quick.
    let slowness = if agent == "ben" { 1 } else { 2 };
    let first_reply = match random.random_range(0..100) {
        0..75 => random.random_range(2..16) * slowness,
        75..95 => random.random_range(20..75) * slowness,
        _ => random.random_range(90..300),
    };
    let mut steps = vec![(first_reply, agent, Says(topic.reply))];
    if random.random_bool(0.8) {
        steps.push((random.random_range(3..40), customer, Says(topic.follow_up)));
        steps.push((random.random_range(1..20), agent, Says(topic.last)));
    }
    steps.push((random.random_range(1..120), agent, Closes));
    if random.random_bool(0.45) {
        let (score, comment) = rating(first_reply, random);
        steps.push((random.random_range(1..30), customer, Rates(score, comment)));
    }
    Past { minutes_ago, customer, topic, steps }
}

/// Whoever waited is less pleased.
fn rating(first_reply: u64, random: &mut StdRng) -> (i64, Option<&'static str>) {
    let score = match (first_reply, random.random_range(0..100)) {
        (0..60, 0..66) => 5,
        (0..60, 66..90) => 4,
        (0..60, _) => 3,
        (_, 0..30) => 4,
        (_, 30..60) => 3,
        (_, 60..85) => 2,
        _ => 1,
    };
    let said = if score >= 4 { PRAISE } else { COMPLAINTS };
    (score, said.choose(random).copied().filter(|_| random.random_bool(0.35)))
}
