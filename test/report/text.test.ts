import { describe, expect, test } from 'vitest';
import { html } from '../../src/report/html.js';
import { formatJsonText } from '../../src/report/json-text.js';
import { createMarkdownRenderer } from '../../src/report/markdown.js';

const render = (text: string) => createMarkdownRenderer()(text)?.markup;

test('`html` escapes every value that is not markup, and makes control characters visible', () => {
  const title = `"><b a='&'>\u001b[2J\u202e`;
  expect(html`<p title="${title}">${[title, html`<i>${1}</i>`, false, undefined]}</p>`.markup).toBe(
    `<p title="&quot;&gt;&lt;b a='&amp;'&gt;␛[2J\ufffd">&quot;&gt;&lt;b a='&amp;'&gt;␛[2J\ufffd<i>1</i></p>`,
  );
});

describe('Markdown', () => {
  test('links to web addresses but not to scripts, data or files, and replaces images by their alternative text', () => {
    expect(render('[a](https://a.example/?b=c&d)')).toContain('href="https://a.example/?b=c&amp;d" rel="noopener');
    for (const address of [
      'javascript:x',
      'JAVASCRIPT:x',
      'data:text/html,x',
      'file:///etc/passwd',
      '&#106;avascript:x',
      'vbscript:x',
    ]) {
      expect(render(`[a](${address}) <${address}>`)).not.toContain('href');
    }
    expect(render('![a cat](https://a.example/cat.png)')).toBe('<p><span class="image">[image: a cat]</span></p>\n');
  });

  test('replaces control characters, even those written as character references', () => {
    expect(render('a&#x202e;b\u009b')).toBe('<p>a\ufffdb\ufffd</p>\n');
  });

  test('has headings of lower levels than those of the page', () => {
    expect(render('# a\n#### b')).toBe('<h4>a</h4>\n<h6>b</h6>\n');
  });

  test('does not format texts of more than 300,000 characters', () => {
    expect(render('a'.repeat(300_001))).toBeUndefined();
  });

  // Each of these takes some Markdown parsers a time that grows with the square of the text.
  test.each(['[', '*a ', '`a', '![a](', '[a]: b\n', '> '])('takes little time for many %j', (part) => {
    const startedAt = process.cpuUsage();
    render(part.repeat(Math.floor(300_000 / part.length)));
    const { user, system } = process.cpuUsage(startedAt);
    expect((user + system) / 1e6).toBeLessThan(10);
  });
});

describe('JSON', () => {
  test('is indented without a change of its values', () => {
    expect(formatJsonText(' {"a":12345678901234567890,"a":[1.0,"x, {y}\\""],"b":{},"c":[ ]}')).toBe(
      '{\n  "a": 12345678901234567890,\n  "a": [\n    1.0,\n    "x, {y}\\""\n  ],\n  "b": {},\n  "c": []\n}',
    );
  });

  test.each(['', '12', '"x"', '{"a": }', '[1,]', 'a {"b": 1}'])(
    'is not formatted if the text is not an object or a list: %j',
    (text) => {
      expect(formatJsonText(text)).toBeUndefined();
    },
  );

  test('that is nested 50,000 levels deep does not grow with the square of its depth', () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    expect((formatJsonText(deep) ?? deep).length).toBeLessThan(30_000_000);
  });
});
