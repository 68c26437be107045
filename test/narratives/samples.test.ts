import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, runBoticelli } from '../helpers/boticelli.js';
import { runInProcess } from '../helpers/in-process.js';

const samples = readdirSync(join(root, 'narratives'))
  .filter((name) => name.endsWith('.toml'))
  .map((name) => `narratives/${name}`);

/** The flags that a sample needs. */
const getFlags = (file: string) =>
  file === 'narratives/comments.toml' ? ['--each', 'narratives/media/comments.csv'] : [];

describe('the samples', () => {
  test('pass check without a warning', async () => {
    const { code, stdout } = await runBoticelli(['check', ...samples, '--format', 'json']);
    expect(JSON.parse(stdout).files).toEqual(samples.map((file) => ({ file, valid: true, diagnostics: [] })));
    expect(code).toBe(0);
  });

  test.concurrent.each(samples)('%s completes under --rehearse', async (file) => {
    const { code, stdout } = await runInProcess(['run', file, ...getFlags(file), '--rehearse', '-o', 'json'], {
      input: 'a change',
    });
    const runs = [JSON.parse(stdout)].flat();
    expect(code).toBe(0);
    expect(runs.map(({ status }) => status)).toEqual(runs.map(() => 'completed'));
    // The run of a row has `replies` instead of `acts`.
    expect(runs.flatMap(({ acts = [], replies = {} }) => [...acts, ...Object.keys(replies)]).length).toBeGreaterThan(0);
  });

  test.each(samples)('%s begins with a comment that says what it shows', (file) => {
    expect(readFileSync(join(root, file), 'utf8')).toMatch(/^(#:schema \S+\n)?# \S.{20,}\n/);
  });

  test('include one with a single act, one with four acts, one with two models and one with a picture', async () => {
    const features = await Promise.all(
      samples
        .filter((file) => getFlags(file).length === 0)
        .map(async (file) => {
          const { stdout } = await runInProcess(['run', file, '--rehearse', '-o', 'json'], { input: 'a change' });
          const acts: { requestedModel: string; text: string }[] = JSON.parse(stdout).acts;
          return {
            acts: acts.length,
            models: new Set(acts.map(({ requestedModel }) => requestedModel)).size,
            // The stand-in's reply describes what would be sent, with the MIME types of the media.
            hasPicture: acts.some(({ text }) => text.includes('image/png')),
          };
        }),
    );
    expect(features).toContainEqual({ acts: 1, models: 1, hasPicture: false });
    expect(features).toContainEqual({ acts: 4, models: 1, hasPicture: false });
    expect(features.some(({ models }) => models === 2)).toBe(true);
    expect(features.some(({ hasPicture }) => hasPicture)).toBe(true);
  });
});
