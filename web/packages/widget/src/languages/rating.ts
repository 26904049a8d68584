/** What is said around a rating, in every language. A part of its own, fetched with the question: few visitors see it. */
export interface RatingTexts {
  question: string;
  /** Of 1 to 5. */
  scores: readonly [string, string, string, string, string];
  comment: string;
  send: string;
  thanks: string;
  change: string;
}

export const RATING_TEXTS: Record<string, RatingTexts> = {
  en: {
    question: "How did we do?",
    scores: ["Very bad", "Bad", "Okay", "Good", "Very good"],
    comment: "Tell us more, if you like",
    send: "Send rating",
    thanks: "Thank you for your rating",
    change: "Change it",
  },
  es: {
    question: "¿Qué tal lo hicimos?",
    scores: ["Muy mal", "Mal", "Regular", "Bien", "Muy bien"],
    comment: "Cuéntenos más, si quiere",
    send: "Enviar valoración",
    thanks: "Gracias por su valoración",
    change: "Cambiarla",
  },
  de: {
    question: "Wie waren wir?",
    scores: ["Sehr schlecht", "Schlecht", "Mittelmäßig", "Gut", "Sehr gut"],
    comment: "Mehr dazu, wenn Sie mögen",
    send: "Bewertung senden",
    thanks: "Danke für Ihre Bewertung",
    change: "Ändern",
  },
  fr: {
    question: "Comment cela s’est-il passé ?",
    scores: ["Très mal", "Mal", "Moyennement", "Bien", "Très bien"],
    comment: "Dites-nous en plus, si vous voulez",
    send: "Envoyer l’avis",
    thanks: "Merci pour votre avis",
    change: "Le modifier",
  },
  ar: {
    question: "كيف كانت خدمتنا؟",
    scores: ["سيئة جدًا", "سيئة", "مقبولة", "جيدة", "جيدة جدًا"],
    comment: "أخبرنا بالمزيد إن شئت",
    send: "إرسال التقييم",
    thanks: "شكرًا على تقييمك",
    change: "تغييره",
  },
  bn: {
    question: "আমাদের সেবা কেমন ছিল?",
    scores: ["খুব খারাপ", "খারাপ", "মোটামুটি", "ভালো", "খুব ভালো"],
    comment: "চাইলে আরও জানান",
    send: "মূল্যায়ন পাঠান",
    thanks: "মূল্যায়নের জন্য ধন্যবাদ",
    change: "বদলান",
  },
  hi: {
    question: "हमारी सेवा कैसी रही?",
    scores: ["बहुत खराब", "खराब", "ठीक-ठाक", "अच्छी", "बहुत अच्छी"],
    comment: "चाहें तो और बताएँ",
    send: "रेटिंग भेजें",
    thanks: "रेटिंग के लिए धन्यवाद",
    change: "बदलें",
  },
};

/** `code` is a language tag such as `de-AT`. */
export function ratingTexts(code: string): RatingTexts {
  const language = code.split("-")[0] ?? "en";
  const found = Object.hasOwn(RATING_TEXTS, language) ? RATING_TEXTS[language] : undefined;
  return found ?? (RATING_TEXTS.en as RatingTexts);
}
