import { expect, test } from 'vitest';
import { formatParameters } from '../../../src/terminal/text/format-parameters.js';

test('parameters and the keys of their tables are named as in a narrative file', () => {
  const image = { aspectRatio: '16:9', size: '1K' };
  expect(formatParameters({ maxTokens: 500, mediaResolution: 'low', stop: ['a', 'b'], image })).toEqual([
    'max_tokens 500',
    'media_resolution low',
    'stop ["a","b"]',
    'image {"aspect_ratio":"16:9","size":"1K"}',
  ]);
});
