/** Owns the files that wait above the text: what they are, how far they are, and taking them away again. */

import { sizeOf } from "@smilechat/readable/sizes";
import { fill, type Language } from "../languages";
import type { Files } from "./files";
import { Close, Sheet } from "./icons";
import { Picture } from "./Picture";

export function Tray({ files, language }: { files: Files; language: Language }) {
  if (!files.waiting.length) return null;
  return (
    <ul class="tray">
      {files.waiting.map(({ id, file, progress, uploaded }) => (
        <li key={id}>
          {/^image\/(png|jpeg|gif|webp)$/.test(file.type) ? (
            <Picture load={async () => file} label={file.name} />
          ) : (
            <Sheet />
          )}
          <span>
            <b dir="auto">{file.name}</b>
            {uploaded && progress < 1 ? (
              <progress value={progress} aria-label={fill(language.texts.uploading, { name: file.name })} />
            ) : (
              <small>{sizeOf(file.size, language.code)}</small>
            )}
          </span>
          <button
            type="button"
            aria-label={fill(language.texts.remove, { name: file.name })}
            onClick={() => files.remove(id)}
          >
            <Close />
          </button>
        </li>
      ))}
    </ul>
  );
}
