// The lines to paste into the site, with a key of its own.
import { Button, Code, Group, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import { useSaving } from "../parts/use-saving";
import { Copy } from "./CopyField";
import { Panel } from "./Panel";
import { originOf, snippet } from "./snippet";

export function WidgetSnippet() {
  const saving = useSaving();
  const [site, setSite] = useState("");
  // While somebody types, nothing is wrong yet.
  const [isLeft, setIsLeft] = useState(false);
  const origin = originOf(site);
  const stray =
    isLeft && site !== "" && origin === null
      ? "This is no address of a site. Type one like https://shop.example"
      : null;
  const [key, setKey] = useState("");
  const text = snippet(location.origin, key);
  const make = () =>
    saving.run(async () => {
      if (origin === null) return;
      const body = {
        kind: "publishable" as const,
        name: `Widget on ${origin.replace(/^https?:\/\//u, "")}`,
        allowed_origins: [origin],
      };
      setKey((await client.request("POST /api/api-keys", { body })).api_key);
      await queryClient.invalidateQueries({ queryKey: ["api-keys"] });
    }, "The key is made for this site, and stands in the lines below.");
  return (
    <Panel
      title="Put it on your site"
      lead="Make a key for your site and paste these lines before the end of the body. Pages of that site may then use the key, at once; other sites may not. API keys shows the sites of each key."
      action={<Copy value={text} label="Copy the lines" />}
    >
      <Group align="flex-end" mb="md">
        <TextInput
          flex="1 1 14rem"
          label="Your site"
          placeholder="shop.example"
          value={site}
          onFocus={() => setIsLeft(false)}
          onBlur={() => {
            setIsLeft(true);
            setSite(origin ?? site);
          }}
          onChange={(event) => setSite(event.currentTarget.value)}
          error={stray ?? saving.fields.allowed_origins ?? saving.error}
        />
        <Button variant="default" disabled={origin === null} loading={saving.isBusy} onClick={() => void make()}>
          Make a key for it
        </Button>
      </Group>
      <Code block>{text}</Code>
    </Panel>
  );
}
