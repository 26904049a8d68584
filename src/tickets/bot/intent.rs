//! What a customer wants that is no question: a greeting, thanks, a person, or to say that it did not help.
//!
//! By fixed phrases in the widget's languages, folded as all words are. A phrase that is missed costs a detour, one that is
//! seen where it is not costs an answer: so most of them have to be nearly all that is said.

use crate::tickets::knowledge::words::{informative, phrase};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Greeting,
    Thanks,
    Person,
    NotHelped,
    /// Whatever else is said.
    Question,
}

/// With these and few other words, a person is wanted.
const PERSONS: &[&str] = &[
    "human",
    "humans",
    "real person",
    "actual person",
    "live person",
    "live agent",
    "agent",
    "representative",
    "operator",
    "customer service",
    "support staff",
    "mensch",
    "menschen",
    "echte person",
    "mitarbeiter",
    "mitarbeiterin",
    "kundendienst",
    "humano",
    "humana",
    "persona",
    "persona real",
    "agente",
    "operador",
    "asesor",
    "humain",
    "vraie personne",
    "conseiller",
    "conseillere",
    "agent humain",
    "انسان",
    "إنسان",
    "موظف",
    "شخص",
    "মানুষ",
    "মানুষের",
    "প্রতিনিধি",
    "इंसान",
    "व्यक्ति",
    "प्रतिनिधि",
    "एजेंट",
    "কারও সঙ্গে",
];
/// Before one of these persons, wherever it stands.
const TALKING: &[&str] = &[
    "talk",
    "speak",
    "chat",
    "connect",
    "transfer",
    "talking",
    "speaking",
    "pass",
    "put",
    "sprechen",
    "reden",
    "verbinden",
    "schreiben",
    "hablar",
    "comunicar",
    "pasar",
    "parler",
    "joindre",
    "contacter",
    "discuter",
    "التحدث",
    "اتحدث",
    "أتحدث",
    "التكلم",
    "কথা",
    "बात",
];
const ANYBODY: &[&str] = &[
    "someone",
    "somebody",
    "anyone",
    "person",
    "people",
    "staff",
    "team",
    "employee",
    "colleague",
    "jemandem",
    "jemanden",
    "alguien",
    "quelquun",
    "personne",
    "equipe",
    "equipo",
    "احد",
    "أحد",
    "किसी",
    "कারও",
];
/// Said alone or nearly so.
const GREETINGS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "good morning",
    "good evening",
    "good afternoon",
    "hi there",
    "hello there",
    "hey there",
    "anybody there",
    "hallo",
    "guten tag",
    "guten morgen",
    "guten abend",
    "moin",
    "servus",
    "hola",
    "buenos dias",
    "buenas tardes",
    "buenas",
    "bonjour",
    "bonsoir",
    "salut",
    "مرحبا",
    "السلام عليكم",
    "اهلا",
    "নমস্কার",
    "হ্যালো",
    "नमस्ते",
    "हैलो",
    "हेलो",
];
const THANKS: &[&str] = &[
    "thanks",
    "thank you",
    "thx",
    "ty",
    "cheers",
    "thanks a lot",
    "thank you very much",
    "great thanks",
    "perfect",
    "perfect thanks",
    "ok thanks",
    "that helped",
    "that helps",
    "great",
    "ok",
    "okay",
    "super",
    "awesome",
    "danke",
    "vielen dank",
    "danke schon",
    "alles klar",
    "gracias",
    "muchas gracias",
    "perfecto",
    "merci",
    "merci beaucoup",
    "parfait",
    "شكرا",
    "شكرا جزيلا",
    "ধন্যবাদ",
    "धन्यवाद",
    "शुक्रिया",
];
/// After an answer.
const NOT_HELPED: &[&str] = &[
    "didnt help",
    "did not help",
    "doesnt help",
    "does not help",
    "not helpful",
    "no help",
    "unhelpful",
    "not helping",
    "not what i asked",
    "not what i meant",
    "thats wrong",
    "that is wrong",
    "wrong answer",
    "not my question",
    "doesnt answer",
    "does not answer",
    "didnt answer",
    "tried that",
    "hilft nicht",
    "hilft mir nicht",
    "nicht geholfen",
    "nicht hilfreich",
    "falsche antwort",
    "no me ayuda",
    "no ayuda",
    "no me sirve",
    "no es eso",
    "ne maide pas",
    "pas aide",
    "pas ma question",
    "لم يساعد",
    "لا يساعد",
    "সাহায্য হয়নি",
    "কাজ হয়নি",
    "मदद नहीं",
];

/// The same, where nothing is named that does not work: "my password does not work" is a question.
const WORKS_NOT: &[&str] = &[
    "still doesnt work",
    "still not working",
    "still does not work",
    "didnt work",
    "did not work",
    "doesnt work",
    "does not work",
    "funktioniert nicht",
    "no funciona",
    "ca ne marche pas",
    "ne fonctionne pas",
    "لا يعمل",
    "काम नहीं",
];

const NEARLY_ALL: usize = 7;

/// What one message says. `NotHelped` means something only after an answer; that is the caller's to know.
pub fn of(message: &str) -> Intent {
    let said = phrase(message);
    let count = said.split_whitespace().count();
    let has = |phrases: &[&str]| phrases.iter().any(|one| said.contains(&phrase(one)));
    if wants_a_person(&said, count) {
        return Intent::Person;
    }
    // What is left of it when the phrase is taken out.
    let names_nothing = |one: &str| {
        let one = phrase(one);
        said.contains(&one) && informative(&said.replacen(&one, " ", 1)).is_empty()
    };
    if has(NOT_HELPED) && count <= 14 || WORKS_NOT.iter().any(|one| names_nothing(one)) {
        return Intent::NotHelped;
    }
    // A question may begin with a greeting and end with thanks.
    let is_empty = informative(message).is_empty();
    let is_all = |phrases: &[&str]| {
        phrases.iter().any(|one| said == phrase(one)) || (has(phrases) && is_empty && count <= NEARLY_ALL)
    };
    if is_all(THANKS) {
        return Intent::Thanks;
    }
    if is_all(GREETINGS) {
        return Intent::Greeting;
    }
    Intent::Question
}

fn wants_a_person(said: &str, count: usize) -> bool {
    let has = |phrases: &[&str]| phrases.iter().any(|one| said.contains(&phrase(one)));
    if has(PERSONS) && count <= NEARLY_ALL {
        return true;
    }
    let words: Vec<&str> = said.split_whitespace().collect();
    let talks = words.iter().position(|word| TALKING.iter().any(|one| phrase(one).trim() == *word));
    let Some(at) = talks else { return false };
    // German, Hindi and Bengali have the verb behind.
    let near = words[at.saturating_sub(4)..(at + 6).min(words.len())].join(" ");
    let near = format!(" {near} ");
    [PERSONS, ANYBODY].iter().any(|set| set.iter().any(|one| near.contains(&phrase(one))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_asked_for_in_each_language() {
        for wish in [
            "I want to talk to a human",
            "can i speak to someone please",
            "HUMAN",
            "agent!",
            "let me chat with a real person about my order 20418 and the refund",
            "Ich möchte mit einem Menschen sprechen",
            "Kann ich bitte mit jemandem reden?",
            "Quiero hablar con una persona",
            "¿Puedo hablar con alguien?",
            "Je veux parler à quelqu'un",
            "parler à un conseiller",
            "أريد التحدث إلى موظف",
            "আমি একজন মানুষের সঙ্গে কথা বলতে চাই",
            "मैं किसी इंसान से बात करना चाहता हूँ",
        ] {
            assert_eq!(of(wish), Intent::Person, "{wish}");
        }
    }

    #[test]
    fn what_is_no_wish_for_a_person_is_none() {
        for question in [
            "Where is my parcel?",
            "Can somebody else pick up my parcel at the shop for me?",
            "Is the coffee roasted by people in Colombia or by you?",
            "How do I pass a customs check with beans as a traveller, is there a duty on them when coming home?",
            "Hi, which grind for a moka pot? Thanks!",
        ] {
            assert_eq!(of(question), Intent::Question, "{question}");
        }
    }

    #[test]
    fn greetings_and_thanks_are_told_from_questions() {
        for (message, intent) in [
            ("Hello", Intent::Greeting),
            ("hi there!", Intent::Greeting),
            ("Hola, buenas", Intent::Greeting),
            ("नमस्ते", Intent::Greeting),
            ("thank you so much", Intent::Thanks),
            ("ok, thanks!", Intent::Thanks),
            ("Merci beaucoup", Intent::Thanks),
            ("شكرًا", Intent::Thanks),
            ("that did not help at all", Intent::NotHelped),
            ("Das hilft mir nicht weiter", Intent::NotHelped),
            ("It still doesn't work!", Intent::NotHelped),
            ("Das funktioniert nicht", Intent::NotHelped),
            ("my password does not work", Intent::Question),
            ("Der Gutschein funktioniert nicht", Intent::Question),
            ("hello, what does shipping cost?", Intent::Question),
        ] {
            assert_eq!(of(message), intent, "{message}");
        }
    }
}
