import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { formatDiagnostics, renderHead } from '../check-source.js';

test('media-too-large: a file beyond what any request can carry is not read', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  writeFileSync(join(folder, 'film.png'), '');
  // Sparse: it takes no room on the disk.
  truncateSync(join(folder, 'film.png'), 5_000_000_000);
  const bytes = Buffer.from(`${renderHead('a')}[acts]\na = ["media.film"]\n[media.film]\nfile = "film.png"\n`);
  const { diagnostics } = await checkNarrative({ file: 'n.toml', bytes, folder });
  expect(formatDiagnostics(diagnostics)).toEqual([
    expect.stringMatching(/^8:8 media-too-large: the file "film\.png" is larger than \d+ MB$/),
  ]);
});
