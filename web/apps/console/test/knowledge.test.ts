// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import type { Article, ArticleSummary, Run } from "../src/backend/types";
import { changes, draftOf, EMPTY, hasChanges, isComplete, newArticleOf } from "../src/knowledge/article-draft";
import { moved } from "../src/knowledge/collection-order";
import { diffLines } from "../src/knowledge/diff";
import { gapsOf } from "../src/knowledge/gaps";
import { hasUnsaved, readKept, writeKept } from "../src/knowledge/kept-draft";
import { countByCollection, LOOSE, languageName, languagesOf, narrow } from "../src/knowledge/narrow";
import { forgetDrafts } from "../src/tickets/drafts";
import { at } from "./fixtures";

function article(patch: Partial<Article> = {}): Article {
  return {
    article_id: "a1",
    collection_id: null,
    slug: "delivery",
    language: "en",
    title: "What does delivery cost?",
    keywords: ["postage"],
    status: "published",
    version: 1,
    helpful_yes: 0,
    helpful_no: 0,
    created_at: at(0),
    updated_at: at(0),
    published_at: at(0),
    body: "Four euros.",
    source_url: null,
    ...patch,
  };
}

describe("a list of articles", () => {
  const all: ArticleSummary[] = [
    article(),
    article({
      article_id: "a2",
      title: "Café au lait",
      slug: "cafe",
      language: "fr",
      collection_id: "c1",
      keywords: [],
    }),
    article({ article_id: "a3", title: "Hours", slug: "hours", status: "draft", collection_id: "c1", keywords: [] }),
  ];
  const nothing = { collection: null, status: null, language: null, search: "" };
  const ids = (by: Partial<typeof nothing> & object) =>
    narrow(all, { ...nothing, ...by }).map(({ article_id }) => article_id);

  test("is narrowed by collection, status and language together", () => {
    expect(ids({})).toEqual(["a1", "a2", "a3"]);
    expect(ids({ collection: "c1" as never })).toEqual(["a2", "a3"]);
    expect(ids({ collection: LOOSE as never })).toEqual(["a1"]);
    expect(ids({ collection: "c1" as never, status: "draft" as never })).toEqual(["a3"]);
    expect(ids({ language: "fr" as never, status: "draft" as never })).toEqual([]);
  });

  test("is searched by words of the title, the address and the keywords, whatever their case and accents", () => {
    expect(ids({ search: "CAFE" })).toEqual(["a2"]);
    expect(ids({ search: "cost delivery" })).toEqual(["a1"]);
    expect(ids({ search: " postage " })).toEqual(["a1"]);
    expect(ids({ search: "delivery hours" })).toEqual([]);
  });

  test("tells its languages, and how many stand where", () => {
    expect(languagesOf(all)).toEqual(["en", "fr"]);
    expect([...countByCollection(all)]).toEqual([
      [LOOSE, 1],
      ["c1", 2],
    ]);
    expect([languageName("de"), languageName("not a tag")]).toEqual(["German (de)", "not a tag"]);
  });
});

describe("an article being written", () => {
  test("sends what differs, and nothing else", () => {
    const saved = article();
    expect(changes(saved, draftOf(saved))).toEqual({});
    const draft = { ...draftOf(saved), body: "Five euros.", keywords: ["postage", "shipping"], collection_id: "c1" };
    expect(changes(saved, draft)).toEqual({
      body: "Five euros.",
      keywords: ["postage", "shipping"],
      collection_id: "c1",
    });
    expect([hasChanges(saved, draft), hasChanges(saved, draftOf(saved))]).toEqual([true, false]);
  });

  test("leaves the address to the server while none is chosen, and needs a title and a text", () => {
    const draft = { ...EMPTY, title: "Tea?", body: "No." };
    expect(newArticleOf(draft)).not.toHaveProperty("slug");
    expect(newArticleOf({ ...draft, slug: "tea" }).slug).toBe("tea");
    expect([isComplete(draft), isComplete({ ...draft, body: " \n" }), isComplete(EMPTY)]).toEqual([true, false, false]);
  });

  describe("is kept in the browser", () => {
    beforeEach(() => localStorage.clear());
    const kept = { draft: { ...EMPTY, title: "Tea?" }, seen: at(1) };

    test("until it is saved, for whoever wrote it", () => {
      writeKept("olivia", "a1", kept);
      expect(readKept("olivia", "a1")).toEqual(kept);
      expect([hasUnsaved("olivia", "a1"), hasUnsaved("ben", "a1"), hasUnsaved("olivia", "a2")]).toEqual([
        true,
        false,
        false,
      ]);
      writeKept("olivia", "a1", null);
      expect(readKept("olivia", "a1")).toBeNull();
    });

    test("goes when they sign out, and what is no draft is none", () => {
      writeKept("olivia", "a1", kept);
      forgetDrafts("olivia");
      expect(localStorage).toHaveLength(0);
      localStorage.setItem("smilechat:console:draft:olivia:article:a1", "{broken");
      expect(readKept("olivia", "a1")).toBeNull();
    });
  });
});

describe("how two texts differ", () => {
  const outline = (before: string, after: string) =>
    diffLines(before, after).map(({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`);

  test("is told line by line", () => {
    expect(outline("a\nb\nc\nd", "a\nx\nc\ne\nd")).toEqual([" a", "-b", "+x", " c", "+e", " d"]);
    expect(outline("same\ntext", "same\ntext")).toEqual([" same", " text"]);
    expect(outline("", "new")).toEqual(["-", "+new"]);
  });

  test("adds up to both, for any two texts", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const text = () => Array.from({ length: random(12) + 1 }, () => "abc"[random(3)]).join("\n");
    for (let round = 0; round < 300; round++) {
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after);
      const without = (kind: string) => lines.filter((line) => line.kind !== kind).map((line) => line.text);
      expect(without("added").join("\n")).toBe(before);
      expect(without("removed").join("\n")).toBe(after);
    }
  });

  test("is told as a whole where the texts are too long to compare", () => {
    const long = (letter: string) => Array.from({ length: 2500 }, (_, line) => `${letter}${line}`).join("\n");
    const lines = diffLines(`a\n${long("x")}\nb`, `a\n${long("y")}\nb`);
    expect(lines).toHaveLength(5002);
    expect([lines[0]?.kind, lines[1]?.kind, lines.at(-2)?.kind, lines.at(-1)?.kind]).toEqual([
      "same",
      "removed",
      "added",
      "same",
    ]);
  });
});

test("a collection moves by one place, and those at one position are told apart", () => {
  const at = (...positions: number[]) => positions.map((position, place) => ({ collection_id: `c${place}`, position }));
  expect(moved(at(1, 2, 3), 2, -1)).toEqual([
    { collection_id: "c2", position: 2 },
    { collection_id: "c1", position: 3 },
  ]);
  expect(moved(at(0, 0), 0, 1)).toEqual([
    { collection_id: "c1", position: 1 },
    { collection_id: "c0", position: 2 },
  ]);
  expect(moved(at(1, 2), 0, 1)).toEqual([
    { collection_id: "c1", position: 1 },
    { collection_id: "c0", position: 2 },
  ]);
});

test("gaps are questions that no article covered, the same one once, the most asked first", () => {
  const run = (question: string | null, reason: string | null, minute: number): Run => ({
    run_id: `r${minute}`,
    ticket_id: "t1",
    seq: 1,
    reply_seq: 2,
    outcome: reason ? "handed_over" : "answered",
    reason,
    passages: [],
    engine: "passages",
    model: null,
    input_tokens: 0,
    output_tokens: 0,
    cost: 0,
    tools: [],
    error: null,
    latency_ms: 5,
    created_at: at(minute),
    question,
  });
  const gaps = gapsOf([
    run("Do you sell tea?", "low_confidence", 9),
    run("Zeppelins?", "low_confidence", 8),
    run("A person!", "requested", 7),
    run("do you sell  TEA", "low_confidence", 6),
    run("Delivery?", null, 5),
    run(null, "low_confidence", 4),
  ]);
  expect(gaps.map(({ question, runs }) => [question, runs.length])).toEqual([
    ["Do you sell tea?", 2],
    ["Zeppelins?", 1],
  ]);
});
