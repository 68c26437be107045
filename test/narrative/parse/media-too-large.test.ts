import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkNarrative } from '../../../src/narrative/load-narrative.js';
import { createTemporaryFolder } from '../../helpers/boticelli.js';
import { formatDiagnostics, renderHead } from '../check-source.js';

test('media-too-large: does not read a file above the limit', async () => {
  const folder = createTemporaryFolder(onTestFinished);
  writeFileSync(join(folder, 'large.png'), '');
  // A sparse file, which takes no disk space.
  truncateSync(join(folder, 'large.png'), 5_000_000_000);
  const bytes = Buffer.from(`${renderHead('a')}[acts]\na = ["media.large"]\n[media.large]\nfile = "large.png"\n`);
  const { diagnostics } = await checkNarrative({ file: 'n.toml', bytes, folder });
  expect(formatDiagnostics(diagnostics)).toEqual([
    expect.stringMatching(/^8:8 media-too-large: the file "large\.png" is larger than \d+ MB$/),
  ]);
});
