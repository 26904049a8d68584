//! Who the demo knows, and what they talk about: the support desk of a small coffee roaster.

use crate::auth::model::Role::{self, Admin, Customer, Support};
use crate::tickets::model::Priority::{self, High, Low, Medium};

use Does::{Closes, Notes, Rates, Says, Shows};

pub struct Person {
    pub username: &'static str,
    pub name: &'static str,
    pub role: Role,
    /// When they joined.
    pub days_ago: u64,
}

#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// When the ticket was opened.
    pub minutes_ago: u64,
    pub customer: &'a str,
    pub subject: &'a str,
    pub priority: Priority,
    pub tags: &'a [&'a str],
    pub opening: &'a str,
    /// Minutes after the step before, who, and what they do. The first of the staff to answer has the ticket.
    pub steps: &'a [(u64, &'a str, Does)],
}

pub enum Does {
    Says(&'static str),
    /// With the demo's one picture.
    Shows(&'static str),
    Notes(&'static str),
    Closes,
    /// A score, and perhaps why.
    Rates(i64, Option<&'static str>),
}

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

const fn person(username: &'static str, name: &'static str, role: Role, days_ago: u64) -> Person {
    Person { username, name, role, days_ago }
}

pub const PEOPLE: &[Person] = &[
    person("olivia", "Olivia Marsh", Admin, 90),
    person("ben", "Ben Okafor", Support, 84),
    person("chloe", "Chloé Laurent", Support, 61),
    person("maria", "Maria Santos", Customer, 40),
    person("tomas", "Tomáš Novák", Customer, 33),
    person("yuki", "Yuki Tanaka", Customer, 21),
    person("priya", "Priya Raman", Customer, 16),
    person("liam", "Liam O'Connor", Customer, 12),
    person("sofia", "Sofia Lindqvist", Customer, 9),
];

/// The shop's own, as its page at /demo says it: `web/apps/demo`.
pub const SHOP: &str = "Slowlight";
pub const COLOR: &str = "#a8431f";
pub const GREETING: &str = "Hello! Ask us anything about coffee. What our assistant does not know, a roaster does.";
pub const QUICK_REPLIES: &[&str] =
    &["Where is my parcel?", "When is the Guji back?", "Which coffee suits a moka pot?", "Change my subscription"];

pub const STORIES: &[Story<'static>] = &[
    Story {
        minutes_ago: 6 * DAY + 3 * HOUR,
        customer: "maria",
        subject: "Order 20418 arrived with a torn bag",
        priority: Medium,
        tags: &["order", "damage"],
        opening: "Hi! My order came today, but one of the two bags is torn and the beans are all over the box.",
        steps: &[
            (6, "ben", Says("Hello Maria, I am sorry about that. Could you tell me which of the two coffees it is?")),
            (4, "maria", Shows("The Huila, 500 g. This is how it came.")),
            (9, "ben", Says("Thank you. A new bag leaves our roastery tomorrow morning, at no cost of course.")),
            (2, "maria", Says("That was quick. Thanks a lot!")),
            (3, "ben", Notes("Third torn 500 g bag this month. I told the packing table.")),
            (1, "ben", Closes),
            (12, "maria", Rates(5, Some("A new bag the next day. That is how it should be."))),
        ],
    },
    Story {
        minutes_ago: 5 * DAY + 20 * HOUR,
        customer: "tomas",
        subject: "Invoice with our VAT number",
        priority: Low,
        tags: &["billing", "invoice"],
        opening: "Good morning, could the invoice for order 20377 show our VAT number, CZ12345678?",
        steps: &[
            (52, "chloe", Says("Good morning Tomáš, certainly. The new invoice is in your account under Orders.")),
            (3 * HOUR, "tomas", Says("Found it, thank you.")),
            (5, "chloe", Closes),
        ],
    },
    Story {
        minutes_ago: 4 * DAY + 22 * HOUR,
        customer: "yuki",
        subject: "Which grind for a moka pot?",
        priority: Low,
        tags: &["coffee"],
        opening: "I have a moka pot for three cups. Should I order espresso grind or filter grind?",
        steps: &[
            (
                11,
                "chloe",
                Says("Something between the two: we call it “moka” in the shop, one step coarser than espresso."),
            ),
            (8, "yuki", Says("Perfect, ordered. ありがとう!")),
            (2, "chloe", Closes),
        ],
    },
    Story {
        minutes_ago: 3 * DAY + 18 * HOUR,
        customer: "liam",
        subject: "Charged twice for my subscription",
        priority: High,
        tags: &["billing", "subscription"],
        opening: "My card was charged twice on the 1st, 24.90 both times. Please sort this out.",
        steps: &[
            (3, "ben", Says("Hi Liam, I can see both payments. I am checking with our payment provider right now.")),
            (41, "ben", Notes("The provider confirms a repeated capture. The refund is started.")),
            (
                2,
                "ben",
                Says("It was an error on our side and one payment is on its way back. It takes three to five days."),
            ),
            (6, "liam", Says("Okay. I will look out for it.")),
        ],
    },
    Story {
        minutes_ago: 2 * DAY + 21 * HOUR,
        customer: "priya",
        subject: "Cannot sign in after changing my e-mail address",
        priority: High,
        tags: &["account"],
        opening: "I changed my e-mail address yesterday and now the shop says that my password is wrong.",
        steps: &[
            (7, "chloe", Says("Hello Priya, which address did you use to sign in: the new one or the one before?")),
            (3, "priya", Says("The new one.")),
            (
                5,
                "chloe",
                Says(
                    "The change still waits for a click on the link we sent to the new address. Could you look there?",
                ),
            ),
            (12, "priya", Says("It was in the spam folder. Works now!")),
            (1, "chloe", Closes),
        ],
    },
    Story {
        minutes_ago: 2 * DAY + 2 * HOUR,
        customer: "sofia",
        subject: "Wholesale prices for a café in Malmö",
        priority: Medium,
        tags: &["wholesale"],
        opening: "We open a small café in May and would need about 12 kg a month. Do you have a price list for that?",
        steps: &[
            (
                35,
                "olivia",
                Says("Congratulations, Sofia! I am putting an offer together. Which coffees do you have in mind?"),
            ),
            (50, "sofia", Says("A chocolatey espresso, and one light filter that changes with the season.")),
            (4 * HOUR, "olivia", Notes("Offer: House Espresso 9 kg, seasonal filter 3 kg, delivery every two weeks.")),
            (10, "olivia", Says("The offer is in your inbox. It holds for thirty days.")),
        ],
    },
    Story {
        minutes_ago: DAY + 20 * HOUR,
        customer: "tomas",
        subject: "Delivery to the office instead of home",
        priority: Medium,
        tags: &["order", "delivery"],
        opening: "Is it still possible to send order 20455 to our office? The address is in my account.",
        steps: &[
            (
                16,
                "ben",
                Says("It has not left yet, so yes. I have changed it; you will get a new tracking link tonight."),
            ),
            (7, "tomas", Says("Great.")),
            (2, "ben", Closes),
            (19 * HOUR, "tomas", Says("The link still shows my home address. Is the parcel going to the right place?")),
        ],
    },
    Story {
        minutes_ago: DAY + 5 * HOUR,
        customer: "maria",
        subject: "Pause my subscription in August",
        priority: Low,
        tags: &["subscription"],
        opening: "I am away the whole of August. Can I pause the subscription without losing my price?",
        steps: &[
            (
                22,
                "chloe",
                Says("Yes: under Subscription, choose Pause and a month. Your price stays. Shall I do it for you?"),
            ),
            (14, "maria", Says("Yes please, August only.")),
        ],
    },
    Story {
        minutes_ago: 19 * HOUR,
        customer: "liam",
        subject: "Grinder makes a high noise",
        priority: Medium,
        tags: &["equipment", "warranty"],
        opening: "The hand grinder I bought in January makes a high noise and the grind has become uneven.",
        steps: &[
            (
                31,
                "ben",
                Says("That sounds like a worn bearing. Could you describe when it happens: empty, or only with beans?"),
            ),
            (48, "liam", Says("Also when it is empty. It got worse over the last week.")),
            (6, "ben", Notes("Still under warranty. Ask the workshop for a replacement burr set.")),
        ],
    },
    Story {
        minutes_ago: 5 * HOUR,
        customer: "yuki",
        subject: "Is the Ethiopia Guji coming back?",
        priority: Low,
        tags: &["coffee"],
        opening: "The Guji is sold out. Will you roast it again this season?",
        steps: &[],
    },
    Story {
        minutes_ago: 95,
        customer: "priya",
        subject: "Parcel marked as delivered, but it is not here",
        priority: High,
        tags: &["order", "delivery"],
        opening: "Tracking says that order 20471 was delivered at 9:12, but nobody rang and there is nothing at the door.",
        steps: &[(18, "priya", Says("I asked the neighbours as well, they do not have it either."))],
    },
    Story {
        minutes_ago: 12,
        customer: "sofia",
        subject: "Question about the offer",
        priority: Medium,
        tags: &["wholesale"],
        opening: "Thank you for the offer! Does the price include delivery to Sweden?",
        steps: &[],
    },
];
