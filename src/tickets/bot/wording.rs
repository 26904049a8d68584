//! What the bot says of itself, in the languages that the widget has, and which of them a customer writes.

use super::HandoffReason;
use super::hours::Moment;
use crate::tickets::knowledge::help;
use crate::tickets::knowledge::words::phrase;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    En,
    De,
    Es,
    Fr,
    Ar,
    Bn,
    Hi,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentence {
    Greeting,
    Welcome,
    AskBack,
    /// Somebody is there.
    HandoffOpen,
    /// Nobody is there just now.
    HandoffLater,
    /// Outside the hours: `{when}` they begin.
    HandoffClosed,
    /// `{name}` has the ticket.
    Taken,
}

use Language::*;

impl Language {
    const LATIN: [(Self, &'static str, &'static [&'static str]); 4] = [
        (
            En,
            "en",
            &[
                "the", "is", "my", "you", "how", "what", "can", "to", "do", "and", "it", "where", "not", "please",
                "have", "hello", "thanks", "a", "of",
            ],
        ),
        (
            De,
            "de",
            &[
                "der", "die", "das", "ich", "und", "ist", "nicht", "wie", "mein", "meine", "wo", "ein", "eine", "kann",
                "bitte", "hallo", "mit", "danke", "einem", "mir", "was",
            ],
        ),
        (
            Es,
            "es",
            &[
                "el", "los", "mi", "es", "como", "donde", "que", "por", "hola", "quiero", "puedo", "mis", "gracias",
                "con", "una", "esta", "para",
            ],
        ),
        (
            Fr,
            "fr",
            &[
                "le", "les", "je", "mon", "ma", "est", "ou", "comment", "bonjour", "vous", "pas", "une", "des",
                "merci", "puis", "avec", "veux", "pour",
            ],
        ),
    ];

    /// What a text is written in; `otherwise` where that cannot be told.
    pub fn of(text: &str, otherwise: &str) -> Self {
        let count = |from: char, to: char| text.chars().filter(|c| (from..=to).contains(c)).count();
        let scripts =
            [(Ar, count('\u{600}', '\u{6ff}')), (Hi, count('\u{900}', '\u{97f}')), (Bn, count('\u{980}', '\u{9ff}'))];
        if let Some((language, letters)) = scripts.into_iter().max_by_key(|(_, letters)| *letters)
            && letters * 2 > text.chars().filter(|c| c.is_alphabetic()).count()
        {
            return language;
        }
        let folded = phrase(text);
        let hits = |words: &[&str]| folded.split_whitespace().filter(|word| words.contains(word)).count();
        let counted = Self::LATIN.map(|(language, _, words)| (language, hits(words)));
        let best = counted.iter().map(|(_, hits)| *hits).max().unwrap_or_default();
        let mut leaders = counted.iter().filter(|(_, hits)| *hits == best);
        match (leaders.next(), leaders.next()) {
            (Some((language, 1..)), None) => *language,
            _ => Self::named(otherwise),
        }
    }

    pub fn named(tag: &str) -> Self {
        match tag.split('-').next().unwrap_or_default() {
            "ar" => Ar,
            "bn" => Bn,
            "hi" => Hi,
            tag => Self::LATIN.iter().find(|(_, name, _)| *name == tag).map_or(En, |(language, ..)| *language),
        }
    }

    fn tag(self) -> &'static str {
        match self {
            En => "en",
            De => "de",
            Es => "es",
            Fr => "fr",
            Ar => "ar",
            Bn => "bn",
            Hi => "hi",
        }
    }

    /// Monday first.
    fn weekdays(self) -> [&'static str; 7] {
        match self {
            En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
            De => ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
            Es => ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
            Fr => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
            Ar => ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
            Bn => ["সোমবার", "মঙ্গলবার", "বুধবার", "বৃহস্পতিবার", "শুক্রবার", "শনিবার", "রবিবার"],
            Hi => ["सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"],
        }
    }

    /// A day and a time as people say them: what it is about lies within a week.
    pub fn moment(self, moment: &Moment) -> String {
        let weekday = self.weekdays()[usize::from(moment.day.weekday().to_monday_zero_offset().unsigned_abs())];
        let month = help::month_name(self.tag(), moment.day.month());
        let (day, time) = (moment.day.day(), &moment.time);
        match self {
            En | Bn | Hi => format!("{weekday}, {day} {month}, {time}"),
            De => format!("{weekday}, {day}. {month}, {time} Uhr"),
            Es => format!("{weekday} {day} de {month}, {time}"),
            Fr => format!("{weekday} {day} {month}, {time}"),
            Ar => format!("{weekday}، {day} {month}، {time}"),
        }
    }

    pub fn say(self, sentence: Sentence) -> &'static str {
        use Sentence::*;
        match (self, sentence) {
            (En, Greeting) => "Hello! What can I help you with?",
            (En, Welcome) => "You are welcome. Just write if there is anything else.",
            (En, AskBack) => "I did not quite get that. Could you say in a sentence what it is about?",
            (En, HandoffOpen) => "I am passing you on to a colleague, who will answer you here in a moment.",
            (En, HandoffLater) => {
                "I am passing you on to a colleague. Nobody is here just now; the answer will come in this chat."
            }
            (En, HandoffClosed) => {
                "I am passing you on to a colleague. We are back on {when}; the answer will come in this chat."
            }
            (En, Taken) => "{name} is with you now.",
            (De, Greeting) => "Hallo! Womit kann ich helfen?",
            (De, Welcome) => "Gern geschehen. Schreiben Sie einfach, wenn noch etwas ist.",
            (De, AskBack) => "Das habe ich nicht ganz verstanden. Worum geht es, in einem Satz?",
            (De, HandoffOpen) => "Ich gebe Sie an jemanden aus dem Team weiter. Die Antwort kommt gleich hier.",
            (De, HandoffLater) => {
                "Ich gebe das an unser Team weiter. Gerade ist niemand da; die Antwort kommt hier im Chat."
            }
            (De, HandoffClosed) => {
                "Ich gebe das an unser Team weiter. Wir sind ab {when} wieder da; die Antwort kommt hier im Chat."
            }
            (De, Taken) => "{name} ist jetzt für Sie da.",
            (Es, Greeting) => "¡Hola! ¿En qué puedo ayudarle?",
            (Es, Welcome) => "De nada. Escríbame si necesita algo más.",
            (Es, AskBack) => "No lo he entendido del todo. ¿Podría decirme en una frase de qué se trata?",
            (Es, HandoffOpen) => "Le paso con una persona del equipo, que le responderá aquí en un momento.",
            (Es, HandoffLater) => {
                "Le paso con una persona del equipo. Ahora mismo no hay nadie; la respuesta llegará a este chat."
            }
            (Es, HandoffClosed) => {
                "Le paso con una persona del equipo. Volvemos el {when}; la respuesta llegará a este chat."
            }
            (Es, Taken) => "Ahora le atiende {name}.",
            (Fr, Greeting) => "Bonjour ! En quoi puis-je vous aider ?",
            (Fr, Welcome) => "Avec plaisir. Écrivez-moi s'il y a autre chose.",
            (Fr, AskBack) => "Je n'ai pas bien compris. Pouvez-vous dire en une phrase de quoi il s'agit ?",
            (Fr, HandoffOpen) => "Je vous passe une personne de l'équipe, qui vous répondra ici dans un instant.",
            (Fr, HandoffLater) => {
                "Je transmets à l'équipe. Il n'y a personne pour le moment ; la réponse viendra dans ce chat."
            }
            (Fr, HandoffClosed) => {
                "Je transmets à l'équipe. Nous sommes de retour le {when} ; la réponse viendra dans ce chat."
            }
            (Fr, Taken) => "{name} est maintenant avec vous.",
            (Ar, Greeting) => "مرحبًا! كيف يمكنني مساعدتك؟",
            (Ar, Welcome) => "على الرحب والسعة. اكتب لي إن احتجت إلى أي شيء آخر.",
            (Ar, AskBack) => "لم أفهم ذلك تمامًا. هل يمكنك أن تقول في جملة واحدة ما الأمر؟",
            (Ar, HandoffOpen) => "سأحوّلك إلى أحد زملائنا، وسيرد عليك هنا بعد لحظات.",
            (Ar, HandoffLater) => "سأحوّل محادثتك إلى أحد زملائنا. لا يوجد أحد الآن، وسيصلك الرد في هذه الدردشة.",
            (Ar, HandoffClosed) => "سأحوّل محادثتك إلى أحد زملائنا. سنعود يوم {when}، وسيصلك الرد في هذه الدردشة.",
            (Ar, Taken) => "{name} معك الآن.",
            (Bn, Greeting) => "নমস্কার! কীভাবে সাহায্য করতে পারি?",
            (Bn, Welcome) => "আপনাকে স্বাগত। আর কিছু লাগলে লিখুন।",
            (Bn, AskBack) => "ঠিক বুঝতে পারিনি। বিষয়টি কী, এক বাক্যে বলবেন?",
            (Bn, HandoffOpen) => "আপনাকে একজন সহকর্মীর কাছে পাঠাচ্ছি, তিনি এখনই এখানে উত্তর দেবেন।",
            (Bn, HandoffLater) => "আপনার কথা একজন সহকর্মীকে জানাচ্ছি। এখন কেউ নেই; উত্তর এই চ্যাটেই আসবে।",
            (Bn, HandoffClosed) => "আপনার কথা একজন সহকর্মীকে জানাচ্ছি। আমরা {when} থেকে আবার আছি; উত্তর এই চ্যাটেই আসবে।",
            (Bn, Taken) => "এখন {name} আপনার সঙ্গে আছেন।",
            (Hi, Greeting) => "नमस्ते! मैं आपकी क्या मदद कर सकता हूँ?",
            (Hi, Welcome) => "आपका स्वागत है। कुछ और हो तो लिखिए।",
            (Hi, AskBack) => "मैं ठीक से समझ नहीं पाया। क्या आप एक वाक्य में बता सकते हैं कि बात क्या है?",
            (Hi, HandoffOpen) => "मैं आपको एक सहकर्मी से जोड़ रहा हूँ, वे अभी यहीं जवाब देंगे।",
            (Hi, HandoffLater) => "मैं आपकी बात एक सहकर्मी तक पहुँचा रहा हूँ। अभी कोई नहीं है; जवाब इसी चैट में आएगा।",
            (Hi, HandoffClosed) => "मैं आपकी बात एक सहकर्मी तक पहुँचा रहा हूँ। हम {when} से फिर यहाँ हैं; जवाब इसी चैट में आएगा।",
            (Hi, Taken) => "अब {name} आपके साथ हैं।",
        }
    }
}

/// For the note that staff read.
pub fn in_words(reason: HandoffReason) -> &'static str {
    match reason {
        HandoffReason::Requested => "the customer asked for a person.",
        HandoffReason::Chosen => "the customer wanted a person from the start.",
        HandoffReason::LowConfidence => "no article covers this well enough.",
        HandoffReason::NotHelped => "the customer says that the answer did not help.",
        HandoffReason::Repeated => "it would have given the same answer again.",
        HandoffReason::NotUnderstood => "it could not make out what this is about.",
        HandoffReason::NoText => "there are files alone.",
        HandoffReason::BotOff => "it was switched off.",
        HandoffReason::Failed => "it failed by a fault of its own.",
        HandoffReason::Tool => "its model decided so.",
        HandoffReason::ModelFailed => "its model did not answer in a way that could be used.",
        HandoffReason::Budget => "what its model may take is used up.",
        HandoffReason::Webhook => "your own server decided so.",
        HandoffReason::WebhookFailed => "your own server did not answer in a way that could be used.",
        HandoffReason::Reopened => "the ticket was opened again.",
        HandoffReason::Staff => "somebody of the team asked for it.",
        HandoffReason::StaffWrote => "somebody of the team wrote.",
        HandoffReason::Taken => "somebody of the team took it.",
    }
}

#[cfg(test)]
mod tests {
    use super::super::hours::{self, Hours};
    use super::super::settings::BotSettings;
    use super::super::settings::opening::{Day, Opening};
    use super::*;
    use crate::platform::clock::Timestamp;

    #[test]
    fn a_day_is_said_as_people_say_it() {
        let settings = BotSettings {
            timezone: "Europe/Berlin".into(),
            hours: vec![Opening { day: Day::Mon, from: "09:00".into(), to: "17:00".into() }],
            ..BotSettings::default()
        };
        // A Saturday.
        let now: jiff::Timestamp = "2026-11-28T12:00:00Z".parse().expect("an instant");
        let Hours::Closed { until } = hours::at(&settings, Timestamp(now.as_millisecond())) else { panic!("open") };
        assert_eq!(until.exact(), "2026-11-30 09:00 (Europe/Berlin)");
        for (language, said) in [
            (En, "We are back on Monday, 30 November, 09:00; the answer"),
            (De, "Wir sind ab Montag, 30. November, 09:00 Uhr wieder da; die Antwort"),
            (Es, "Volvemos el lunes 30 de noviembre, 09:00; la respuesta"),
            (Fr, "Nous sommes de retour le lundi 30 novembre, 09:00 ; la réponse"),
            (Ar, "سنعود يوم الاثنين، 30 نوفمبر، 09:00، وسيصلك"),
            (Bn, "আমরা সোমবার, 30 নভেম্বর, 09:00 থেকে আবার আছি"),
            (Hi, "हम सोमवार, 30 नवंबर, 09:00 से फिर यहाँ हैं"),
        ] {
            let sentence = language.say(Sentence::HandoffClosed).replace("{when}", &language.moment(&until));
            assert!(sentence.contains(said), "{sentence}");
        }
    }

    #[test]
    fn a_customer_is_answered_in_their_own_language() {
        for (text, language) in [
            ("Where is my parcel?", En),
            ("Wo ist mein Paket?", De),
            ("¿Dónde está mi paquete?", Es),
            ("Où est mon colis ?", Fr),
            ("أين طردي؟", Ar),
            ("আমার পার্সেল কোথায়?", Bn),
            ("मेरा पार्सल कहाँ है?", Hi),
        ] {
            assert_eq!(Language::of(text, "en"), language, "{text}");
        }
        assert_eq!((Language::of("20480", "de-AT"), Language::of("", "xx")), (De, En));
    }
}
