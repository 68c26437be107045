import type { RowSource } from '../row.js';

/**
 * Creates the source of a run without `--each`. Its only row has no values.
 * @param folder the working folder
 */
export function createSingleEmptyRowSource(folder: string): RowSource {
  return {
    ...{ format: 'empty-row', name: '', columns: [], lineEnd: '\n', total: 1, warnings: [], close: () => {} },
    async *read() {
      yield { number: 1, values: {}, raw: '', folder };
    },
  };
}
