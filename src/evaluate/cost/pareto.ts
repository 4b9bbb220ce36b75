/** Which of several offers are worth taking: nobody else is better for less. */

export interface Offer {
  readonly cost: number;
  readonly accuracy: number;
}

/** The offers that no other beats in one and equals in the other, by rising cost (a duplicate stands once). */
export function paretoFront<O extends Offer>(offers: readonly O[]): O[] {
  const byCost = offers.toSorted((a, b) => a.cost - b.cost || b.accuracy - a.accuracy);
  const front: O[] = [];
  for (const offer of byCost) if (front.length === 0 || offer.accuracy > front.at(-1)!.accuracy) front.push(offer);
  return front;
}
