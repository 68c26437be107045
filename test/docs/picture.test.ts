import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/boticelli.js';
import { drawPicture } from './draw-picture.js';

test('the picture of the README shows what the program prints (to draw it again: npm run picture)', () => {
  expect(drawPicture()).toBe(readFileSync(join(root, '.github/run.svg'), 'utf8'));
});
