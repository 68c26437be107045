import { renderHead } from '../check-source.js';
import { testRule } from '../test-rule.js';

/** Renders a narrative with one act. Its `expect` is on line 8. */
const withExpect = (table: string, format = 'text') =>
  `${renderHead('a')}[acts.a]\nprompt = "x"\nformat = "${format}"\nexpect = ${table}\n`;

testRule('expect', [
  [
    'accepts every condition on a text',
    withExpect(
      '{ contains = "a", not_contains = ["b"], matches = "^a{1,2}$", min_words = 0, max_words = 2, equals = "", one_of = [1, true, "a"] }',
    ),
  ],
  [
    'accepts conditions on values of a JSON reply',
    withExpect(
      '{ contains = "a", "/score" = { min = 0.5, max = 1 }, "/a~1b/0" = { equals = true, matches = "x" } }',
      'json',
    ),
  ],
  [
    'reports empty conditions: empty-expectation',
    withExpect('{ contains = [], not_contains = "", matches = "", one_of = [] }'),
    '8:23 empty-expectation: "contains" in [acts.a.expect] is empty',
    '8:42 empty-expectation: "not_contains" in [acts.a.expect] is empty',
    '8:56 empty-expectation: "matches" in [acts.a.expect] is empty',
    '8:69 empty-expectation: "one_of" in [acts.a.expect] is empty',
  ],
  ['reports an empty table', withExpect('{}'), '8:10 empty-expectation: "expect" in [acts.a] is empty'],
  [
    'reports an empty table of a pointer',
    withExpect('{ "/a" = {} }', 'json'),
    '8:19 empty-expectation: "/a" in [acts.a.expect] is empty',
  ],
  [
    'reports a broken regular expression: bad-pattern',
    withExpect('{ matches = "(a" }'),
    '8:22 bad-pattern: "matches" in [acts.a.expect] is not a valid regular expression: Unterminated group',
  ],
  ['accepts a placeholder in a regular expression', withExpect('{ matches = "^{{row.id}}{2}$" }')],
  [
    'reports placeholders without a value in "contains", "equals" and "matches"',
    withExpect('{ contains = ["ok", "{{vars.b}}"], equals = "{{c}}", matches = "{{a}}" }'),
    '8:31 unknown-variable: unknown variable {{vars.b}}; define it in [vars] or with --var',
    '8:55 unknown-name: unknown name {{c}}; for a variable write {{vars.c}} and define it in [vars]',
    '8:74 not-played-yet: {{a}} has no value: the act "a" has not run when this text is used',
  ],
  [
    'reports limits that no reply can meet',
    withExpect('{ min_words = 5, max_words = 3, "/a" = { min = 2, max = 1 } }', 'json'),
    '8:24 out-of-range: "min_words" in [acts.a.expect] is 5, more than "max_words"',
    '8:57 out-of-range: "min" in [acts.a.expect."/a"] is 2, more than "max"',
  ],
  [
    'reports wrong types',
    withExpect(
      '{ contains = 1, min_words = 1.5, equals = ["a"], one_of = "a", "/a" = { min = "1" }, "/b" = 2 }',
      'json',
    ),
    '8:23 wrong-type: "contains" in [acts.a.expect] must be a string or an array of strings, not a number',
    '8:38 wrong-type: "min_words" in [acts.a.expect] must be a whole number, not 1.5',
    '8:52 wrong-type: "equals" in [acts.a.expect] must be a string, a number or a boolean, not an array',
    '8:68 wrong-type: "one_of" in [acts.a.expect] must be an array, not a string',
    '8:88 wrong-type: "min" in [acts.a.expect."/a"] must be a number, not a string',
    '8:102 wrong-type: "/b" in [acts.a.expect] must be a table, not a number',
  ],
  [
    'reports unknown keys with a suggestion',
    withExpect('{ max_word = 1, min = 2, "/a" = { maxx = 3 } }', 'json'),
    '8:12 unknown-key: unknown key "max_word" in [acts.a.expect] → max_words',
    '8:26 unknown-key: unknown key "min" in [acts.a.expect]',
    '8:44 unknown-key: unknown key "maxx" in [acts.a.expect."/a"] → max',
  ],
  [
    'reports a pointer without format = "json": pointer-without-json',
    withExpect('{ "/score" = { min = 1 } }'),
    '8:12 pointer-without-json: "/score" in [acts.a.expect] requires format = "json"',
  ],
  [
    'reports a key that is not a JSON Pointer: bad-pointer',
    withExpect('{ "/a~2" = { min = 1 } }', 'json'),
    '8:12 bad-pointer: "/a~2" is not a JSON Pointer: write "~" in a key as "~0", and "/" as "~1"',
  ],
]);
