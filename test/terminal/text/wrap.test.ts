import { expect, test } from 'vitest';
import { wrapText } from '../../../src/terminal/text/wrap.js';

const longLine = 'some words that are wider than the terminal';

test.each([
  ['~~~', '```'],
  ['```', '~~~'],
  ['````', '```'],
])('a code block that %s opens does not end at %s', (fence, other) => {
  const block = [fence, other, longLine, other, longLine, fence].join('\n');
  expect(wrapText(`${block}\n${longLine}`, 20)).toBe(`${block}\nsome words that are\nwider than the\nterminal`);
});
