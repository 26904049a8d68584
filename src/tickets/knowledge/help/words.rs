//! What the pages themselves say, in each of the widget's languages, and which language a reader gets.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::shelf::primary;

pub struct Words {
    pub code: &'static str,
    /// The language's own name.
    pub name: &'static str,
    pub help_centre: &'static str,
    pub search: &'static str,
    /// What the search box is for.
    pub search_in: &'static str,
    pub skip: &'static str,
    pub you_are_here: &'static str,
    pub language: &'static str,
    /// With `{n}`.
    pub all: &'static str,
    /// Of a list, what follows.
    pub next: &'static str,
    pub other: &'static str,
    /// With `{date}`.
    pub updated: &'static str,
    pub helpful: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub thanks: &'static str,
    pub related: &'static str,
    /// With `{q}`.
    pub results: &'static str,
    pub nothing: &'static str,
    pub ask: &'static str,
    pub absent: &'static str,
    pub absent_why: &'static str,
    /// Where there is nothing to search.
    pub absent_why_here: &'static str,
    pub to_start: &'static str,
    /// With `{d}`, `{m}` and `{y}`.
    pub date: &'static str,
    pub months: &'static str,
}

pub const ENGLISH: Words = Words {
    code: "en",
    name: "English",
    help_centre: "Help centre",
    search: "Search",
    search_in: "Search for answers",
    skip: "Skip to the content",
    you_are_here: "You are here",
    language: "Language",
    all: "All {n} articles",
    next: "More articles",
    other: "More articles",
    updated: "Updated on {date}",
    helpful: "Was this helpful?",
    yes: "Yes",
    no: "No",
    thanks: "Thank you for telling us.",
    related: "More on this subject",
    results: "Results for “{q}”",
    nothing: "Nothing was found. Try other words, or look through the articles.",
    ask: "Type a question, or a few words.",
    absent: "This page does not exist",
    absent_why: "It may have been moved, or there is a mistake in the address. The search may find what you came for.",
    absent_why_here: "It may have been moved, or there is a mistake in the address.",
    to_start: "To the help centre",
    date: "{d} {m} {y}",
    months: "January February March April May June July August September October November December",
};

const GERMAN: Words = Words {
    code: "de",
    name: "Deutsch",
    help_centre: "Hilfe",
    search: "Suchen",
    search_in: "Antworten suchen",
    skip: "Zum Inhalt springen",
    you_are_here: "Sie sind hier",
    language: "Sprache",
    all: "Alle {n} Artikel",
    next: "Weitere Artikel",
    other: "Weitere Artikel",
    updated: "Aktualisiert am {date}",
    helpful: "War das hilfreich?",
    yes: "Ja",
    no: "Nein",
    thanks: "Danke für Ihre Rückmeldung.",
    related: "Mehr zu diesem Thema",
    results: "Ergebnisse für „{q}“",
    nothing: "Nichts gefunden. Versuchen Sie andere Wörter, oder sehen Sie die Artikel durch.",
    ask: "Geben Sie eine Frage oder einige Wörter ein.",
    absent: "Diese Seite gibt es nicht",
    absent_why: "Vielleicht ist sie umgezogen, oder die Adresse enthält einen Fehler. Die Suche findet vielleicht, was Sie suchen.",
    absent_why_here: "Vielleicht ist sie umgezogen, oder die Adresse enthält einen Fehler.",
    to_start: "Zur Hilfe",
    date: "{d}. {m} {y}",
    months: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
};

const SPANISH: Words = Words {
    code: "es",
    name: "Español",
    help_centre: "Centro de ayuda",
    search: "Buscar",
    search_in: "Buscar respuestas",
    skip: "Ir al contenido",
    you_are_here: "Está aquí",
    language: "Idioma",
    all: "Los {n} artículos",
    next: "Más artículos",
    other: "Más artículos",
    updated: "Actualizado el {date}",
    helpful: "¿Le ha sido útil?",
    yes: "Sí",
    no: "No",
    thanks: "Gracias por su opinión.",
    related: "Más sobre este tema",
    results: "Resultados de «{q}»",
    nothing: "No se ha encontrado nada. Pruebe con otras palabras o consulte los artículos.",
    ask: "Escriba una pregunta o unas palabras.",
    absent: "Esta página no existe",
    absent_why: "Puede que se haya movido o que la dirección tenga un error. La búsqueda quizá encuentre lo que necesita.",
    absent_why_here: "Puede que se haya movido o que la dirección tenga un error.",
    to_start: "Ir al centro de ayuda",
    date: "{d} de {m} de {y}",
    months: "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
};

const FRENCH: Words = Words {
    code: "fr",
    name: "Français",
    help_centre: "Centre d’aide",
    search: "Rechercher",
    search_in: "Rechercher une réponse",
    skip: "Aller au contenu",
    you_are_here: "Vous êtes ici",
    language: "Langue",
    all: "Les {n} articles",
    next: "Articles suivants",
    other: "Autres articles",
    updated: "Mis à jour le {date}",
    helpful: "Cet article vous a-t-il aidé ?",
    yes: "Oui",
    no: "Non",
    thanks: "Merci pour votre avis.",
    related: "Sur le même sujet",
    results: "Résultats pour « {q} »",
    nothing: "Aucun résultat. Essayez d’autres mots ou parcourez les articles.",
    ask: "Saisissez une question ou quelques mots.",
    absent: "Cette page n’existe pas",
    absent_why: "Elle a peut-être été déplacée, ou l’adresse contient une erreur. La recherche trouvera peut-être votre réponse.",
    absent_why_here: "Elle a peut-être été déplacée, ou l’adresse contient une erreur.",
    to_start: "Vers le centre d’aide",
    date: "{d} {m} {y}",
    months: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
};

const ARABIC: Words = Words {
    code: "ar",
    name: "العربية",
    help_centre: "مركز المساعدة",
    search: "بحث",
    search_in: "ابحث عن إجابة",
    skip: "انتقل إلى المحتوى",
    you_are_here: "أنت هنا",
    language: "اللغة",
    all: "جميع المقالات ({n})",
    next: "مقالات أخرى",
    other: "مقالات أخرى",
    updated: "آخر تحديث: {date}",
    helpful: "هل كان هذا مفيدًا؟",
    yes: "نعم",
    no: "لا",
    thanks: "شكرًا لإخبارنا.",
    related: "المزيد حول هذا الموضوع",
    results: "نتائج البحث عن «{q}»",
    nothing: "لم يُعثر على شيء. جرّب كلمات أخرى أو تصفّح المقالات.",
    ask: "اكتب سؤالًا أو بضع كلمات.",
    absent: "هذه الصفحة غير موجودة",
    absent_why: "ربما نُقلت أو أن في العنوان خطأ. قد تجد ما تريد بالبحث.",
    absent_why_here: "ربما نُقلت أو أن في العنوان خطأ.",
    to_start: "إلى مركز المساعدة",
    date: "{d} {m} {y}",
    months: "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
};

const BENGALI: Words = Words {
    code: "bn",
    name: "বাংলা",
    help_centre: "সহায়তা কেন্দ্র",
    search: "খুঁজুন",
    search_in: "উত্তর খুঁজুন",
    skip: "মূল অংশে যান",
    you_are_here: "আপনি এখানে আছেন",
    language: "ভাষা",
    all: "সব নিবন্ধ ({n})",
    next: "আরও নিবন্ধ",
    other: "আরও নিবন্ধ",
    updated: "হালনাগাদ: {date}",
    helpful: "এটি কি কাজে লেগেছে?",
    yes: "হ্যাঁ",
    no: "না",
    thanks: "জানানোর জন্য ধন্যবাদ।",
    related: "এই বিষয়ে আরও",
    results: "“{q}” এর ফলাফল",
    nothing: "কিছু পাওয়া যায়নি। অন্য শব্দ দিয়ে চেষ্টা করুন, অথবা নিবন্ধগুলি দেখুন।",
    ask: "একটি প্রশ্ন বা কয়েকটি শব্দ লিখুন।",
    absent: "এই পাতাটি নেই",
    absent_why: "এটি হয়তো সরানো হয়েছে, অথবা ঠিকানায় ভুল আছে। খুঁজলে হয়তো পাবেন।",
    absent_why_here: "এটি হয়তো সরানো হয়েছে, অথবা ঠিকানায় ভুল আছে।",
    to_start: "সহায়তা কেন্দ্রে যান",
    date: "{d} {m} {y}",
    months: "জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
};

const HINDI: Words = Words {
    code: "hi",
    name: "हिन्दी",
    help_centre: "सहायता केंद्र",
    search: "खोजें",
    search_in: "जवाब खोजें",
    skip: "मुख्य सामग्री पर जाएँ",
    you_are_here: "आप यहाँ हैं",
    language: "भाषा",
    all: "सभी लेख ({n})",
    next: "और लेख",
    other: "और लेख",
    updated: "अपडेट: {date}",
    helpful: "क्या इससे मदद मिली?",
    yes: "हाँ",
    no: "नहीं",
    thanks: "बताने के लिए धन्यवाद।",
    related: "इस विषय पर और",
    results: "“{q}” के परिणाम",
    nothing: "कुछ नहीं मिला। दूसरे शब्द आज़माएँ, या लेख देखें।",
    ask: "कोई सवाल या कुछ शब्द लिखें।",
    absent: "यह पृष्ठ मौजूद नहीं है",
    absent_why: "हो सकता है इसे हटा दिया गया हो, या पते में गलती हो। खोजने पर शायद मिल जाए।",
    absent_why_here: "हो सकता है इसे हटा दिया गया हो, या पते में गलती हो।",
    to_start: "सहायता केंद्र पर जाएँ",
    date: "{d} {m} {y}",
    months: "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
};

const ALL: [&Words; 7] = [&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &ARABIC, &BENGALI, &HINDI];

/// None in a language that the pages do not speak.
pub fn of(tag: &str) -> Option<&'static Words> {
    ALL.into_iter().find(|words| words.code.eq_ignore_ascii_case(primary(tag)))
}

/// The language's own name, or its tag.
pub fn name_of(tag: &str) -> &str {
    of(tag).filter(|_| !tag.contains('-')).map_or(tag, |words| words.name)
}

pub fn direction(tag: &str) -> &'static str {
    let is_rtl =
        ["ar", "fa", "he", "ur", "ps", "yi", "dv", "ckb"].contains(&primary(tag).to_ascii_lowercase().as_str());
    if is_rtl { "rtl" } else { "ltr" }
}

/// The tags that a browser asks for, the dearest first.
pub fn accepted(headers: &HeaderMap) -> Vec<String> {
    let lists = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let mut wishes: Vec<(String, f32)> = lists
        .flat_map(|list| list.split(','))
        .take(20)
        .filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            (weight > 0.0).then(|| (tag.trim().to_owned(), weight))
        })
        .collect();
    wishes.sort_by(|one, other| other.1.total_cmp(&one.1));
    wishes.into_iter().map(|(tag, _)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_all_of_it() {
        for words in ALL {
            assert_eq!(words.months.split(' ').count(), 12, "{}", words.code);
            for (text, mark) in
                [(words.all, "{n}"), (words.updated, "{date}"), (words.results, "{q}"), (words.date, "{m}")]
            {
                assert!(text.contains(mark), "{}: {text}", words.code);
            }
        }
        assert_eq!((of("de-AT").map(|words| words.code), of("xx").is_none()), (Some("de"), true));
        assert_eq!((name_of("de"), name_of("pt-BR"), direction("ar-EG")), ("Deutsch", "pt-BR", "rtl"));
    }

    #[test]
    fn a_browser_is_heard_in_its_own_order() {
        let headers =
            HeaderMap::from_iter([(ACCEPT_LANGUAGE, "en;q=0.5, de-AT, *;q=0, fr;q=x".parse().expect("a value"))]);
        assert_eq!(accepted(&headers), ["de-AT", "en"]);
    }
}
