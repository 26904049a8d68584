// The mark: a speech bubble that smiles.

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path
        fill="#ffc83d"
        d="M16 2.5c7.7 0 13.5 5.2 13.5 12.2S23.7 27 16 27c-1.3 0-2.5-.1-3.7-.4-1.9 1.5-4.3 2.6-7.3 2.9-.7.1-1.1-.7-.6-1.2 1-1.1 1.7-2.4 2-3.8-2.5-2.3-3.9-5.7-3.9-9.8C2.5 7.7 8.3 2.5 16 2.5Z"
      />
      <path
        fill="none"
        stroke="#10241d"
        strokeWidth="2.7"
        strokeLinecap="round"
        d="M9.8 15.2c1.1 3.5 3.4 5.3 6.2 5.3s5.1-1.8 6.2-5.3"
      />
    </svg>
  );
}
