/** Owns the drawings of this part; those that every page loads are in `view/icons`. */
import { drawn } from "../view/icons";

export const Leaf = drawn(
  "M13.5 3H7a2 2 0 00-2 2v14a2 2 0 002 2h10a2 2 0 002-2V8.5zM13.5 3v5.5H19M9 13h6M9 16.5h4",
  16,
);
export const Spark = drawn(
  "M12 3.5l1.9 5.1a2 2 0 001.2 1.2l5.4 2.2-5.4 2.2a2 2 0 00-1.2 1.2L12 20.5l-1.9-5.1a2 2 0 00-1.2-1.2L3.5 12l5.4-2.2a2 2 0 001.2-1.2z",
  20,
);
export const Person = drawn("M12 11.5a4 4 0 100-8 4 4 0 000 8zM4.5 20.5a7.5 7.5 0 0115 0", 20);
export const Lens = drawn("M11 18a7 7 0 100-14 7 7 0 000 14zM20.5 20.5L16 16", 18);
export const Before = drawn("M14.5 6l-6 6 6 6", 20);
