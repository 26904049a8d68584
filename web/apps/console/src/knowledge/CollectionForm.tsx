// Makes a collection, or changes the one that is given.
import { Alert, Button, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type FormEvent, useState } from "react";
import { client } from "../backend/client";
import type { Collection } from "../backend/types";
import { useSaving } from "../parts/use-saving";
import { refreshKnowledge } from "./queries";

interface Props {
  collection?: Collection;
  /** Of a new one: where it stands. */
  position?: number;
}

export function CollectionForm({ collection, position = 0 }: Props) {
  const saving = useSaving();
  const [name, setName] = useState(collection?.name ?? "");
  const [slug, setSlug] = useState(collection?.slug ?? "");
  const [description, setDescription] = useState(collection?.description ?? "");
  const isTaken = saving.code === "slug_taken";
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    // A dialog stands in the tree below the page, whose forms would hear of it.
    event.stopPropagation();
    const fields = { name, description, ...(slug === "" ? {} : { slug }) };
    void saving.run(async () => {
      if (collection) {
        const path = { id: collection.collection_id };
        await client.request("PUT /api/kb/collections/{id}", { path, body: fields });
      } else {
        await client.request("POST /api/kb/collections", { body: { ...fields, position } });
      }
      modals.closeAll();
      await refreshKnowledge();
    });
  };
  return (
    <form onSubmit={onSubmit}>
      <Stack>
        {saving.error && !isTaken && <Alert color="red" variant="light" role="alert" title={saving.error} />}
        <TextInput
          label="Name"
          required
          withAsterisk={false}
          maxLength={200}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={saving.fields.name}
        />
        <TextInput
          label="Address"
          placeholder="made of the name"
          leftSection="/"
          maxLength={80}
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value.trim().toLowerCase())}
          error={saving.fields.slug ?? (isTaken ? "Another collection has this address." : undefined)}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={6}
          maxLength={1000}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          error={saving.fields.description}
        />
        <Group>
          <Button type="submit" loading={saving.isBusy} disabled={name.trim() === ""}>
            {collection ? "Save" : "Make the collection"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
