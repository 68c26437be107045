import { expect, test } from 'vitest';
import { renderSources } from '../../../src/terminal/text/markdown.js';

test('lists sources as numbered links, with their addresses if they have no titles', () => {
  expect(renderSources([{ title: 'A', uri: 'https://a.example/' }, { uri: 'https://b.example/?q=1&r=2#s' }])).toBe(
    '## Sources\n\n1. [A](https://a.example/)\n2. <https://b.example/?q=1&r=2#s>',
  );
});

test.each([
  ['a](https://evil.example) [b', '\\[', 'https://a.example/', 'https://a.example/'],
  ['*a* <b> `c`\nd', '\\*a\\* \\<b\\> \\`c\\` d', 'https://a.example/a)b(c', 'https://a.example/a%29b%28c'],
  ['a\u001b[31m', 'a␛\\[31m', 'https://a.example/> "x" \n#', 'https://a.example/%3E%20%22x%22%20%0A#'],
  ['a\u202eb', 'a\ufffdb', 'https://a.example/é\ud800', 'https://a.example/%C3%A9%EF%BF%BD'],
])(
  'escapes the title %j, and percent-encodes the characters of an address that could end the link',
  (title, escaped, uri, target) => {
    const [, , line = ''] = renderSources([{ title, uri }]).split('\n');
    expect(line).toContain(escaped);
    expect(line.endsWith(`](${target})`)).toBe(true);
    expect(renderSources([{ uri }]).split('\n')[2]).toBe(`1. <${target}>`);
  },
);
