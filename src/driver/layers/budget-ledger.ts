/** The spending of calls in US dollars: what finished calls cost, and what running calls may cost. */
export interface BudgetLedger {
  readonly spentUsd: number;
  /** The sum of the estimates of running calls. */
  readonly reservedUsd: number;
  /**
   * Reserves the estimated cost of a call.
   * @returns a function that ends the reservation, and adds the cost that it is given. If the call failed, give it no
   *   cost. It has an effect only once.
   */
  reserve(estimateUsd: number): (costUsd?: number) => void;
  /** Adds a cost that belongs to no reservation. */
  add(costUsd: number): void;
}

/** Creates a ledger in which nothing is spent or reserved. */
export function createBudgetLedger(): BudgetLedger {
  const reservations = new Set<{ estimateUsd: number }>();
  let spentUsd = 0;
  return {
    get spentUsd() {
      return spentUsd;
    },
    // The sum is computed on every read. Adding and subtracting would leave a floating-point remainder, which could
    // block a call that uses up the budget exactly.
    get reservedUsd() {
      return [...reservations].reduce((sum, { estimateUsd }) => sum + estimateUsd, 0);
    },
    reserve(estimateUsd) {
      const reservation = { estimateUsd };
      reservations.add(reservation);
      return (costUsd = 0) => {
        if (reservations.delete(reservation)) spentUsd += costUsd;
      };
    },
    add(costUsd) {
      spentUsd += costUsd;
    },
  };
}
