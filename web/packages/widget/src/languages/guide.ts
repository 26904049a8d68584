/** What is said around a bot and the help centre, in every language. Fetched with the part that needs it. */
export interface GuideTexts {
  choose: string;
  /** With `{name}`. */
  askBot: string;
  atOnce: string;
  askPerson: string;
  /** With `{when}`. */
  backAt: string;
  help: string;
  search: string;
  find: string;
  /** With `{count}`. */
  found: string;
  nothing: string;
  loading: string;
  openPage: string;
  write: string;
}

export const GUIDE_TEXTS: Record<string, GuideTexts> = {
  en: {
    choose: "Who should answer?",
    askBot: "Ask {name}",
    atOnce: "Answers at once, from our help articles",
    askPerson: "Talk to a person",
    backAt: "Back on {when}. Leave a message, the answer comes here.",
    help: "Help",
    search: "Search our help articles",
    find: "Search",
    found: "Found: {count}",
    nothing: "Nothing was found. Try other words, or write to us.",
    loading: "Loading",
    openPage: "Open as a page",
    write: "Write to us",
  },
  es: {
    choose: "¿Quién debe responder?",
    askBot: "Preguntar a {name}",
    atOnce: "Responde al momento, con nuestros artículos de ayuda",
    askPerson: "Hablar con una persona",
    backAt: "Volvemos el {when}. Deje un mensaje y le responderemos aquí.",
    help: "Ayuda",
    search: "Buscar en los artículos de ayuda",
    find: "Buscar",
    found: "Encontrados: {count}",
    nothing: "No se ha encontrado nada. Pruebe con otras palabras o escríbanos.",
    loading: "Cargando",
    openPage: "Abrir como página",
    write: "Escríbanos",
  },
  de: {
    choose: "Wer soll antworten?",
    askBot: "{name} fragen",
    atOnce: "Antwortet sofort, aus unseren Hilfeartikeln",
    askPerson: "Mit einem Menschen sprechen",
    backAt: "Wieder da: {when}. Schreiben Sie uns, die Antwort kommt hier.",
    help: "Hilfe",
    search: "In den Hilfeartikeln suchen",
    find: "Suchen",
    found: "Gefunden: {count}",
    nothing: "Nichts gefunden. Versuchen Sie andere Wörter, oder schreiben Sie uns.",
    loading: "Wird geladen",
    openPage: "Als Seite öffnen",
    write: "Schreiben Sie uns",
  },
  fr: {
    choose: "Qui doit répondre ?",
    askBot: "Demander à {name}",
    atOnce: "Répond tout de suite, à partir de nos articles d’aide",
    askPerson: "Parler à une personne",
    backAt: "De retour le {when}. Laissez un message, la réponse arrivera ici.",
    help: "Aide",
    search: "Chercher dans les articles d’aide",
    find: "Rechercher",
    found: "Trouvés : {count}",
    nothing: "Aucun résultat. Essayez d’autres mots ou écrivez-nous.",
    loading: "Chargement",
    openPage: "Ouvrir la page",
    write: "Écrivez-nous",
  },
  ar: {
    choose: "من تريد أن يجيبك؟",
    askBot: "اسأل {name}",
    atOnce: "إجابة فورية من مقالات المساعدة",
    askPerson: "التحدث إلى موظف",
    backAt: "نعود {when}. اترك رسالة وستصلك الإجابة هنا.",
    help: "المساعدة",
    search: "ابحث في مقالات المساعدة",
    find: "بحث",
    found: "النتائج: {count}",
    nothing: "لم يُعثر على شيء. جرّب كلمات أخرى أو راسلنا.",
    loading: "جارٍ التحميل",
    openPage: "فتح كصفحة",
    write: "راسلنا",
  },
  bn: {
    choose: "কে উত্তর দেবে?",
    askBot: "{name}-কে জিজ্ঞাসা করুন",
    atOnce: "আমাদের সহায়তা নিবন্ধ থেকে সঙ্গে সঙ্গে উত্তর দেয়",
    askPerson: "একজন মানুষের সঙ্গে কথা বলুন",
    backAt: "আমরা ফিরব {when}। বার্তা রাখুন, উত্তর এখানেই আসবে।",
    help: "সহায়তা",
    search: "সহায়তা নিবন্ধে খুঁজুন",
    find: "খুঁজুন",
    found: "পাওয়া গেছে: {count}",
    nothing: "কিছু পাওয়া যায়নি। অন্য শব্দ দিয়ে চেষ্টা করুন, অথবা আমাদের লিখুন।",
    loading: "লোড হচ্ছে",
    openPage: "পাতা হিসেবে খুলুন",
    write: "আমাদের লিখুন",
  },
  hi: {
    choose: "जवाब कौन दे?",
    askBot: "{name} से पूछें",
    atOnce: "हमारे सहायता लेखों से तुरंत जवाब",
    askPerson: "किसी व्यक्ति से बात करें",
    backAt: "हम {when} को लौटेंगे। संदेश छोड़ें, जवाब यहीं आएगा।",
    help: "सहायता",
    search: "सहायता लेखों में खोजें",
    find: "खोजें",
    found: "मिले: {count}",
    nothing: "कुछ नहीं मिला। दूसरे शब्द आज़माएँ, या हमें लिखें।",
    loading: "लोड हो रहा है",
    openPage: "पृष्ठ के रूप में खोलें",
    write: "हमें लिखें",
  },
};

/** `code` is a language tag such as `de-AT`. */
export function guideTexts(code: string): GuideTexts {
  const language = code.split("-")[0] ?? "en";
  const found = Object.hasOwn(GUIDE_TEXTS, language) ? GUIDE_TEXTS[language] : undefined;
  return found ?? (GUIDE_TEXTS.en as GuideTexts);
}
