/** Owns fetching an attachment's bytes and handing them to the visitor. Used by the attachment's view. */
import type { Attachment, Client } from "@smilechat/client";

export async function fetchBlob(client: Client | null, attachment: Attachment, size?: "thumb"): Promise<Blob> {
  if (!client) throw new Error("Nobody is signed in.");
  return (await client.download(attachment, size ? { size } : {})) as Blob;
}

export async function save(client: Client | null, attachment: Attachment): Promise<void> {
  const address = URL.createObjectURL(await fetchBlob(client, attachment));
  const link = document.createElement("a");
  link.href = address;
  link.download = attachment.name;
  link.click();
  // The browser has begun to read it long before.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
