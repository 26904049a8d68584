// The order of collections. Pure.
import type { Collection } from "../backend/types";

type Placed = Pick<Collection, "collection_id" | "position">;

/** What has to change so that the one at `place` stands one further up or down. Equal positions are told apart by then. */
export function moved(collections: readonly Placed[], place: number, by: -1 | 1): Placed[] {
  const order = [...collections];
  const [one] = order.splice(place, 1);
  if (one) order.splice(place + by, 0, one);
  return order
    .map(({ collection_id }, index) => ({ collection_id, position: index + 1 }))
    .filter(({ collection_id, position }) => {
      return collections.find((other) => other.collection_id === collection_id)?.position !== position;
    });
}
