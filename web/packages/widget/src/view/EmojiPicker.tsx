/** Owns the choice of emoji: a small list, one stop for Tab, arrows inside. Loaded when it is first opened. */
import { useEffect, useRef } from "preact/hooks";
import styles from "../styles/emoji.css?inline";

export { styles };

interface Props {
  label: string;
  onPick: (emoji: string) => void;
  onClose: () => void;
}

const COLUMNS = 8;
const EMOJI = [
  ..."😀😄😊🙂😉😍🥰😘😂🤣🤗🤔😎😕😟😢😭😤😡😳🥺🙄🤷🤦",
  ..."👍👎👌🙌👏🙏💪👋🤝✌🤞👀🎉✨⭐🔥💯💡✅❌❓❗⏰📎📦🚚🎁💳🏠☕🌱🌞",
];

export function EmojiPicker({ label, onPick, onClose }: Props) {
  const grid = useRef<HTMLFieldSetElement>(null);
  const buttons = () => [...(grid.current?.querySelectorAll("button") ?? [])];
  useEffect(() => buttons()[0]?.focus(), []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      return onClose();
    }
    const all = buttons();
    const at = all.indexOf(event.target as HTMLButtonElement);
    const forward = getComputedStyle(grid.current as Element).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (!step) return;
    event.preventDefault();
    all[at + step]?.focus();
  };

  return (
    <fieldset ref={grid} class="emoji" aria-label={label} onKeyDown={onKeyDown}>
      {EMOJI.map((emoji, index) => (
        <button key={emoji} type="button" tabIndex={index ? -1 : 0} onClick={() => onPick(emoji)}>
          {emoji}
        </button>
      ))}
    </fieldset>
  );
}
