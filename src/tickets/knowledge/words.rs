//! From text to stems: what an article is found by, and what a question asks for.
//!
//! Cut, folded and shortened here and not in the database, so that both engines find the same. The shortening is light, and
//! one for all languages that end their words in similar ways: it need not be a word any more, only the same for the same.

use std::collections::BTreeSet;

use crate::platform::db;

/// A question that is longer asks for nothing by its later words.
const MOST_WORDS: usize = 40;

/// The stems of a text with a space between them, in the order of the text.
pub fn stems(text: &str) -> String {
    let words: Vec<String> = db::folded(text).split_whitespace().map(stem).collect();
    words.join(" ")
}

/// What a question asks for: each stem once, without words that say nothing and without numbers, which are of this one
/// customer's order and not of what is known.
pub fn informative(question: &str) -> Vec<String> {
    let folded = db::folded(&without_apostrophes(question));
    let mut seen = BTreeSet::new();
    let telling = folded.split_whitespace().filter(|word| !is_empty_word(word) && !is_number(word));
    telling.map(stem).filter(|stem| seen.insert(stem.clone())).take(MOST_WORDS).collect()
}

/// The words of a text as they are matched against fixed phrases: folded, one space before each and one at the end.
pub fn phrase(text: &str) -> String {
    format!("{} ", db::folded(&without_apostrophes(text)))
}

/// "don't" is one word.
fn without_apostrophes(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\'' | '’' | '`')).collect()
}

fn is_number(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit()) && word.chars().filter(char::is_ascii_alphabetic).count() <= 2
}

fn is_empty_word(word: &str) -> bool {
    word.chars().count() == 1 && word.is_ascii() || EMPTY.binary_search(&word).is_ok()
}

/// A word without its ending.
pub fn stem(word: &str) -> String {
    if !word.is_ascii() || word.bytes().any(|byte| byte.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut stem = without_plural(word);
    for (ending, left) in [
        ("ations", 3),
        ("ation", 3),
        ("ments", 3),
        ("ment", 3),
        ("ings", 3),
        ("ing", 3),
        ("ions", 4),
        ("ion", 4),
        ("able", 3),
        ("ed", 3),
        ("ern", 4),
        ("er", 4),
        ("en", 4),
        ("em", 4),
        ("ly", 4),
    ] {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.len() >= left
            && rest.bytes().any(|byte| b"aeiouy".contains(&byte))
        {
            stem = undoubled(rest).to_owned();
            break;
        }
    }
    for ending in ["e", "y", "i"] {
        if stem.len() > 3
            && let Some(rest) = stem.strip_suffix(ending)
        {
            return undoubled(rest).to_owned();
        }
    }
    stem
}

fn without_plural(word: &str) -> String {
    let keeps = |ending: &str| word.strip_suffix(ending);
    if let Some(rest) = keeps("ies").filter(|rest| rest.len() >= 2) {
        return format!("{rest}y");
    }
    if let Some(rest) = keeps("es").filter(|rest| rest.len() >= 3)
        && ["s", "x", "z", "ch", "sh"].iter().any(|before| rest.ends_with(before))
    {
        return rest.to_owned();
    }
    match keeps("s").filter(|rest| rest.len() >= 3 && !rest.ends_with(['s', 'u', 'i'])) {
        Some(rest) => rest.to_owned(),
        None => word.to_owned(),
    }
}

/// `shipp` is `ship`; what ends in `ll` or `ss` by itself is the same everywhere.
fn undoubled(stem: &str) -> &str {
    let bytes = stem.as_bytes();
    match bytes {
        [.., before, last] if bytes.len() > 3 && before == last && !b"aeiou".contains(last) => &stem[..stem.len() - 1],
        _ => stem,
    }
}

/// Words that say nothing of what is asked, of the languages that are written with Latin letters, folded and in order.
const EMPTY: &[&str] = &[
    "aber", "about", "above", "actually", "after", "again", "ai", "aide", "al", "algo", "alguien", "algun", "alguna",
    "all", "alle", "allem", "allen", "aller", "alles", "almost", "alors", "already", "als", "also", "although",
    "always", "am", "an", "and", "andere", "anderen", "another", "any", "anybody", "anymore", "anyone", "anything",
    "anyway", "anyways", "are", "arent", "around", "as", "ask", "asked", "asking", "at", "au", "auch", "auf", "aus",
    "aussi", "autre", "aux", "avec", "avez", "avoir", "avons", "away", "ayuda", "back", "be", "because", "been",
    "before", "bei", "beim", "being", "bekomme", "bekommen", "believe", "below", "between", "bin", "bis", "bist",
    "bit", "bitte", "bonjour", "bonsoir", "both", "brauche", "btw", "buenas", "buenos", "but", "by", "bye", "came",
    "can", "cannot", "cant", "car", "ce", "ceci", "cela", "ces", "cet", "cette", "chez", "come", "comes", "coming",
    "comme", "comment", "como", "con", "could", "couldnt", "cual", "cuando", "cuanta", "cuanto", "cuantos",
    "currently", "da", "dabei", "dafur", "dann", "dans", "das", "dass", "de", "dein", "deine", "del", "dem", "den",
    "denn", "depuis", "der", "des", "desde", "deshalb", "deux", "dias", "dich", "did", "didnt", "die", "dies",
    "diese", "diesem", "diesen", "dieser", "dieses", "dir", "dire", "do", "doch", "does", "doesnt", "doing", "dois",
    "donc", "donde", "done", "dont", "dort", "down", "du", "durch", "during", "each", "ein", "eine", "einem", "einen",
    "einer", "eines", "einfach", "either", "el", "ella", "elle", "elles", "ellos", "else", "em", "en", "encore", "er",
    "era", "es", "esa", "ese", "eso", "est", "esta", "estan", "estar", "este", "esto", "estoy", "et", "etait", "etre",
    "etwas", "eu", "euch", "eure", "even", "ever", "every", "everybody", "everyone", "everything", "exactly", "faire",
    "fait", "far", "faudrait", "faut", "favor", "few", "find", "first", "for", "found", "from", "front", "fur", "gab",
    "ganz", "gave", "geben", "geht", "gern", "gerne", "get", "gets", "getting", "gibt", "give", "given", "gives",
    "go", "goes", "going", "gone", "gonna", "good", "got", "gracias", "guess", "guys", "ha", "hab", "habe", "haben",
    "habt", "hace", "hacer", "had", "hallo", "han", "happen", "happened", "happens", "hardly", "has", "hasnt", "hast",
    "hasta", "hat", "hatte", "hatten", "have", "havent", "having", "hay", "he", "hear", "heard", "hello", "help",
    "her", "here", "heute", "hey", "hi", "hier", "hilfe", "him", "his", "hola", "hope", "how", "however", "ich",
    "ici", "id", "if", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "il", "ill", "ils", "im",
    "in", "indeed", "ins", "instead", "into", "is", "isnt", "ist", "it", "its", "itself", "ive", "ja", "jai", "je",
    "jede", "jeden", "jeder", "jemand", "jetzt", "jusque", "just", "kann", "kannst", "keep", "keeps", "kein", "keine",
    "keinen", "kept", "kind", "kindly", "know", "known", "knows", "konnen", "konnte", "konnten", "la", "las", "last",
    "later", "le", "least", "les", "less", "let", "lets", "leur", "leurs", "like", "little", "ll", "lo", "look",
    "looking", "looks", "los", "lot", "lots", "lui", "ma", "made", "mais", "make", "makes", "making", "mal", "man",
    "many", "mas", "may", "maybe", "me", "mean", "means", "mehr", "mein", "meine", "meinem", "meinen", "meiner",
    "merci", "mes", "mi", "mich", "might", "mind", "mine", "mir", "mis", "mit", "mochte", "mochten", "moi", "mon",
    "more", "most", "much", "mucho", "muss", "mussen", "must", "muy", "my", "myself", "nach", "nada", "ne",
    "necesito", "need", "needed", "needing", "needs", "neither", "never", "next", "ni", "nice", "nicht", "nichts",
    "no", "nobody", "noch", "nochmal", "non", "none", "nor", "nos", "nosotros", "not", "nothing", "notre", "nous",
    "now", "nuestro", "nun", "nur", "ob", "oder", "of", "off", "often", "oh", "ohne", "ok", "okay", "on", "once",
    "one", "ones", "only", "ont", "onto", "or", "os", "other", "others", "otra", "otro", "ou", "oui", "our", "ours",
    "out", "over", "own", "par", "para", "parce", "pas", "perhaps", "pero", "peut", "peux", "plait", "please", "plus",
    "podria", "por", "porque", "possible", "pour", "pourquoi", "pouvez", "pretty", "probably", "problem", "puede",
    "puedo", "puis", "put", "puts", "quand", "que", "quel", "quelle", "quelles", "quelque", "quels", "quest",
    "question", "questions", "qui", "quick", "quickly", "quien", "quiero", "quisiera", "quite", "quoi", "rather",
    "re", "really", "regarding", "right", "sa", "said", "salut", "same", "sans", "savoir", "saw", "say", "saying",
    "says", "schon", "se", "see", "seem", "seems", "seen", "sehr", "sein", "seine", "seit", "ser", "ses", "shall",
    "she", "should", "shouldnt", "show", "showed", "showing", "shown", "shows", "si", "sich", "side", "sie", "sil",
    "simply", "sin", "since", "sind", "so", "sobre", "soll", "sollte", "solo", "some", "somebody", "someone",
    "something", "sometimes", "somewhere", "son", "sont", "soon", "sorry", "soy", "still", "stuff", "su", "such",
    "supposed", "sur", "sure", "sus", "svp", "ta", "tag", "take", "taken", "takes", "taking", "tambien", "te", "tell",
    "tengo", "tes", "than", "thank", "thanks", "that", "thats", "the", "their", "theirs", "them", "themselves",
    "then", "there", "theres", "these", "they", "theyre", "thing", "things", "think", "this", "those", "though",
    "through", "tiene", "tienen", "til", "till", "to", "today", "todo", "todos", "together", "toi", "told",
    "tomorrow", "ton", "too", "took", "total", "totally", "tous", "tout", "toute", "toutes", "toward", "tres",
    "tried", "tries", "try", "trying", "tu", "tus", "two", "um", "un", "una", "unas", "und", "under", "une", "uno",
    "unos", "uns", "unser", "unsere", "unter", "until", "up", "upon", "us", "use", "used", "uses", "using", "usted",
    "ustedes", "usually", "va", "ve", "very", "vez", "via", "viel", "vielleicht", "vom", "von", "vor", "vos", "votre",
    "voudrais", "vous", "wait", "wann", "wanna", "want", "wanted", "wants", "war", "waren", "warum", "was", "wasnt",
    "way", "ways", "we", "weil", "welche", "welchen", "welcher", "welches", "well", "wenn", "went", "wer", "werde",
    "werden", "were", "werent", "weve", "what", "whatever", "whats", "when", "whenever", "where", "whether", "which",
    "while", "who", "whole", "whom", "whose", "why", "wie", "wieder", "wieso", "will", "wir", "wird", "wish",
    "wissen", "with", "within", "without", "wo", "wollen", "wonder", "wondering", "wont", "work", "works", "would",
    "wouldnt", "wurde", "wurden", "ya", "yeah", "yes", "yesterday", "yet", "yo", "you", "your", "youre", "yours",
    "yourself", "zu", "zum", "zur",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["delivery", "deliveries"][..],
            &["ship", "ships", "shipping", "shipped", "shipment"],
            &["change", "changes", "changing", "changed"],
            &["subscription", "subscriptions"],
            &["pause", "paused", "pausing"],
            &["grind", "grinding", "grinder", "grinds"],
            &["bohne", "bohnen"],
            &["box", "boxes"],
            &["café", "cafes", "CAFÉ"],
            &["pedido", "pedidos"],
        ] {
            let stems: BTreeSet<String> = forms.iter().map(|form| stems(form)).collect();
            assert_eq!(stems.len(), 1, "{forms:?}: {stems:?}");
        }
        assert_ne!(stems("order"), stems("ordinary"));
        assert_eq!(stems("عربي 名前"), "عربي 名前");
    }

    #[test]
    fn a_question_is_its_telling_words() {
        assert_eq!(
            informative("Hi! Can I please change my delivery address? Order 20480"),
            ["chang", "deliver", "address", "order"]
        );
        assert!(informative("hello, can you help me please?").is_empty());
        assert!(informative("?? 12345 #A7").is_empty());
        assert!(informative(&"abc def ".repeat(10_000)).len() <= 2);
        assert!(EMPTY.is_sorted(), "it is searched by halves");
    }
}
