/** What calls cost, in US dollars: those that are over, and those under way. */
export interface BudgetLedger {
  readonly spentUsd: number;
  /** What the calls under way may cost, by estimate. */
  readonly reservedUsd: number;
  /**
   * Sets aside what a call may cost.
   * @returns what is to be called when it is over, with what it cost: nothing where it failed. Later calls of it do nothing.
   */
  reserve(estimateUsd: number): (costUsd?: number) => void;
  /** Adds what was spent on something that no call came to. */
  add(costUsd: number): void;
}

/** Nothing is spent yet. */
export function createBudgetLedger(): BudgetLedger {
  const reservations = new Set<{ estimateUsd: number }>();
  let spentUsd = 0;
  return {
    get spentUsd() {
      return spentUsd;
    },
    // Summed anew: taking off what was added leaves a rest in floating point, and then the last cent could not be spent.
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
