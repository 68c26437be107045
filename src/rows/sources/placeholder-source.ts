import type { RowSource } from '../row.js';

/**
 * Creates the source of a run without `--each`. Its only row is a placeholder without values.
 * @param folder the working folder
 */
export function createPlaceholderSource(folder: string): RowSource {
  return {
    ...{ format: 'placeholder', name: '', columns: [], lineEnd: '\n', total: 1, warnings: [], close: () => {} },
    async *read() {
      yield { number: 1, values: {}, raw: '', folder };
    },
  };
}
