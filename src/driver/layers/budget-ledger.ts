/** The spending of calls in US dollars: what finished calls cost, and what running calls may cost. */
export interface BudgetLedger {
  readonly spentUsd: number;
  /** The sum of the estimates of running calls. */
  readonly reservedUsd: number;
  /**
   * Reserves the estimated cost of a call.
   * @returns a function to call when the call ends, with its cost or, if it failed, without; only its first call counts
   */
  reserve(estimateUsd: number): (costUsd?: number) => void;
  /** Adds a cost that belongs to no reservation. */
  add(costUsd: number): void;
}

export function createBudgetLedger(): BudgetLedger {
  const reservations = new Set<{ estimateUsd: number }>();
  let spentUsd = 0;
  return {
    get spentUsd() {
      return spentUsd;
    },
    // Summed on every read: adding and subtracting would leave a floating-point remainder that blocks the last cent.
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
