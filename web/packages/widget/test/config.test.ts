import { expect, test } from "vitest";
import { mergeConfig, settingsFrom } from "../src/config";

const server = {
  name: "Bergamot",
  greeting: "Hello",
  primary_color: "#112233",
  position: "left" as const,
  theme: "dark" as const,
  language: "de",
  prechat: "required" as const,
  quick_replies: ["Hi"],
  sound: false,
  is_staffed: true,
  staff: [],
};

test("the server's settings serve where the page says nothing", () => {
  expect(settingsFrom(server, {})).toMatchObject({
    name: "Bergamot",
    primaryColor: "#112233",
    position: "left",
    mode: "dark",
    prechat: "required",
    quickReplies: ["Hi"],
    sound: false,
    isStaffed: true,
  });
});

test("what the page says wins, value by value", () => {
  const settings = settingsFrom(server, { theme: { primaryColor: "#4CAF50" }, sound: true, greeting: "" });
  expect(settings).toMatchObject({
    primaryColor: "#4CAF50",
    mode: "dark",
    sound: true,
    greeting: "",
    name: "Bergamot",
  });
});

test("a server that is older than the question leaves the defaults", () => {
  expect(settingsFrom({}, {})).toMatchObject({
    mode: "auto",
    language: "auto",
    position: "right",
    prechat: "none",
    isStaffed: null,
  });
});

test("an update changes what it names, inside the theme too", () => {
  const merged = mergeConfig(
    { apiKey: "pk_1", theme: { primaryColor: "#111111", mode: "dark" } },
    { theme: { mode: "light" } },
  );
  expect(merged).toEqual({ apiKey: "pk_1", theme: { primaryColor: "#111111", mode: "light" } });
});
