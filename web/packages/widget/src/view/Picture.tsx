/** Owns drawing an image's bytes on a canvas. Used by attachments and by files that wait. */
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  load: () => Promise<Blob>;
  label: string;
  size?: { width: number; height: number };
  onBroken?: () => void;
}

export function Picture({ load, label, size, onBroken }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => {
    let isGone = false;
    const draw = async () => {
      const image = await createImageBitmap(await load());
      if (isGone || !canvas.current) return;
      canvas.current.width = image.width;
      canvas.current.height = image.height;
      canvas.current.getContext("2d")?.drawImage(image, 0, 0);
      image.close();
      setDrawn(true);
    };
    draw().catch(() => isGone || onBroken?.());
    return () => {
      isGone = true;
    };
  }, []);
  return (
    <canvas
      ref={(element) => {
        canvas.current = element;
        // By the object model: a style attribute would need the policy's leave.
        if (element && size) {
          element.style.width = `${size.width}px`;
          element.style.aspectRatio = `${size.width} / ${size.height}`;
        }
      }}
      class={isDrawn ? "drawn" : ""}
      role="img"
      aria-label={label}
    />
  );
}
