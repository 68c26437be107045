import type { RowSource } from '../row.js';

/** Creates the source of a run without `--each`: one row without values. @param folder the working folder */
export function createSingleRowSource(folder: string): RowSource {
  return {
    ...{ format: 'none', name: '', columns: [], lineEnd: '\n', total: 1, warnings: [], close: () => {} },
    async *read() {
      yield { number: 1, values: {}, raw: '', folder };
    },
  };
}
