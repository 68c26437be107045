import { renderHead } from '../check-source.js';
import { testRule } from '../test-rule.js';

const acts = '[acts]\na = "Say hello."\n';

testRule('unknown-key', [
  [
    'names the table and suggests the key that was meant',
    `${renderHead('final')}[acts.final]\ntemprature = 1\ninput = [{ type = "text", content = "Merge." }]\n`,
    '6:1 unknown-key: unknown key "temprature" in [acts.final] → temperature',
  ],
  [
    'suggests nothing where nothing is close',
    `[narrative]\nname = "x"\ncolour = 1\n[toc]\norder = ["a"]\n${acts}`,
    '3:1 unknown-key: unknown key "colour" in [narrative]',
  ],
  [
    'speaks of the array of tables that an input is in',
    `${renderHead('a')}[[acts.a.input]]\ntype = "text"\ncontnt = "x"\ncontent = "y"\n`,
    '7:1 unknown-key: unknown key "contnt" in [[acts.a.input]] → content',
  ],
  [
    'knows which keys belong to which type of input',
    `${renderHead('a')}[[acts.a.input]]\ntype = "text"\ncontent = "y"\nfile = "dot.png"\n`,
    '8:1 unknown-key: unknown key "file" in [[acts.a.input]]',
  ],
  [
    'finds keys above the first table',
    `nme = 1\n${renderHead('a')}${acts}`,
    '1:1 unknown-key: unknown key "nme" above the first table',
  ],
  [
    'finds keys in inline tables and dotted keys',
    `narrative = { name = "x", modle = "m" }\ntoc.order = ["a"]\ntoc.ordr = 1\n${acts}`,
    '1:27 unknown-key: unknown key "modle" in [narrative] → model',
    '3:5 unknown-key: unknown key "ordr" in [toc] → order',
  ],
  [
    'quotes names that TOML quotes',
    `${renderHead('two words')}[acts."two words"]\nx = 1\ninput = [{ type = "text", content = "y" }]\n`,
    '6:1 unknown-key: unknown key "x" in [acts."two words"]',
  ],
  [
    'takes names that every JavaScript object has for what they are',
    `${renderHead('a')}constructor = 1\n__proto__ = 2\ntoString = 3\n${acts}`,
    '5:1 unknown-key: unknown key "constructor" in [toc]',
    '6:1 unknown-key: unknown key "__proto__" in [toc]',
    '7:1 unknown-key: unknown key "toString" in [toc]',
  ],
]);

testRule('unknown-table', [
  [
    'suggests the table that was meant',
    `${renderHead('a')}${acts}[medai.x]\n`,
    '7:2 unknown-table: unknown table [medai] → media',
  ],
  ['knows arrays of tables too', `${renderHead('a')}${acts}[[scenes]]\n`, '7:3 unknown-table: unknown table [scenes]'],
  [
    'takes __proto__ for a name',
    `${renderHead('a')}${acts}[__proto__]\nx = 1\n`,
    '7:2 unknown-table: unknown table [__proto__]',
  ],
]);

testRule('missing-key, missing-table', [
  [
    'point at the table that lacks a key',
    `[narrative]\ndescription = "x"\n[toc]\n[acts.a]\nmodel = "m"\n`,
    '1:2 missing-key: [narrative] has no "name"',
    '3:2 missing-key: [toc] has no "order"',
    '4:7 missing-key: [acts.a] has no "input"',
  ],
  [
    'name every table that an empty file lacks',
    '',
    '- missing-table: the file has no [narrative]',
    '- missing-table: the file has no [toc]',
    '- missing-table: the file has no [acts]',
  ],
  [
    'tell inputs apart',
    `${renderHead('a')}[[acts.a.input]]\ntype = "text"\ncontent = "x"\n[[acts.a.input]]\ncontent = "y"\n[[acts.a.input]]\ntype = "image"\n`,
    '8:10 missing-key: [[acts.a.input]] has no "type"',
    '10:10 missing-key: [[acts.a.input]] has none of "file", "url", "base64", "ref"',
  ],
]);

testRule('conflicting-tables, conflicting-keys', [
  [
    'allow one name of the narrative table alone',
    `[narration]\nname = "y"\n${renderHead('a')}${acts}`,
    '1:2 conflicting-tables: the file has both [narrative] and its older name [narration]',
  ],
  [
    'allow one source of a medium alone',
    `${renderHead('a')}${acts}[media.x]\nfile = "dot.png"\nbase64 = ""\n`,
    '7:8 conflicting-keys: [media.x] has both "file" and "base64"',
  ],
]);

testRule('ignored-key, not-supported', [
  [
    'are for what the Rust original has and boticelli has not',
    `[narrative]\nname = "x"\ntemplate = "posts"\ntarget = "t"\nskip_content_generation = true\npreserve_source = true\n[toc]\norder = ["a"]\n[bots.x]\ny = 1\n[tables]\n[[acts.a.input]]\ntype = "text"\ncontent = "x"\nfilename = "y"\n`,
    '~ 3:1 ignored-key: "template" in [narrative] means nothing here and is ignored',
    '~ 4:1 ignored-key: "target" in [narrative] means nothing here and is ignored',
    '~ 5:1 ignored-key: "skip_content_generation" in [narrative] means nothing here and is ignored',
    '~ 6:1 ignored-key: "preserve_source" in [narrative] means nothing here and is ignored',
    '9:2 not-supported: [bots] is of the Rust original: boticelli has no bots',
    '11:2 not-supported: [tables] is of the Rust original: boticelli has no tables',
    '~ 15:1 ignored-key: "filename" in [[acts.a.input]] means nothing here and is ignored',
  ],
]);
