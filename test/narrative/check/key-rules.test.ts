import { renderHead } from '../check-source.js';
import { testRule } from '../test-rule.js';

const acts = '[acts]\na = "Say hello."\n';

testRule('unknown-key', [
  [
    'names the table and suggests the nearest key',
    `${renderHead('final')}[acts.final]\ntemprature = 1\ninput = [{ type = "text", content = "Merge." }]\n`,
    '6:1 unknown-key: unknown key "temprature" in [acts.final] → temperature',
  ],
  [
    'suggests nothing if no known key is similar',
    `[narrative]\nname = "x"\ncolour = 1\n[toc]\norder = ["a"]\n${acts}`,
    '3:1 unknown-key: unknown key "colour" in [narrative]',
  ],
  [
    'names an input by the header of its array of tables',
    `${renderHead('a')}[[acts.a.input]]\ntype = "text"\ncontnt = "x"\ncontent = "y"\n`,
    '7:1 unknown-key: unknown key "contnt" in [[acts.a.input]] → content',
  ],
  [
    'finds a key that only inputs of another type have',
    `${renderHead('a')}[[acts.a.input]]\ntype = "text"\ncontent = "y"\nurl = "dot.png"\n`,
    '8:1 unknown-key: unknown key "url" in [[acts.a.input]]',
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
    'handles names of inherited JavaScript properties',
    `${renderHead('a')}constructor = 1\n__proto__ = 2\ntoString = 3\n${acts}`,
    '5:1 unknown-key: unknown key "constructor" in [toc]',
    '6:1 unknown-key: unknown key "__proto__" in [toc]',
    '7:1 unknown-key: unknown key "toString" in [toc]',
  ],
]);

testRule('unknown-table', [
  [
    'suggests the nearest table',
    `${renderHead('a')}${acts}[medai.x]\n`,
    '7:2 unknown-table: unknown table [medai] → media',
  ],
  ['handles arrays of tables', `${renderHead('a')}${acts}[[scenes]]\n`, '7:3 unknown-table: unknown table [scenes]'],
  [
    'handles __proto__',
    `${renderHead('a')}${acts}[__proto__]\nx = 1\n`,
    '7:2 unknown-table: unknown table [__proto__]',
  ],
]);

testRule('missing-key, missing-table', [
  [
    'point at the incomplete table',
    `[narrative]\ndescription = "x"\n[toc]\n[acts.a]\nmodel = "m"\n`,
    '1:2 missing-key: [narrative] has no "name"',
    '3:2 missing-key: [toc] has no "order"',
    '4:7 missing-key: [acts.a] has none of "prompt", "media", "input"',
  ],
  [
    'list all tables missing in an empty file',
    '',
    '- missing-table: the file has no [narrative]',
    '- missing-table: the file has no [acts]',
  ],
  [
    'point at each incomplete input',
    `${renderHead('a')}[[acts.a.input]]\ntype = "text"\ncontent = "x"\n[[acts.a.input]]\ncontent = "y"\n[[acts.a.input]]\ntype = "image"\n`,
    '8:10 missing-key: [[acts.a.input]] has no "type"',
    '10:10 missing-key: [[acts.a.input]] has none of "file", "url", "base64", "ref"',
  ],
]);

testRule('conflicting-tables, conflicting-keys', [
  [
    'allow only one name of the narrative table',
    `[narration]\nname = "y"\n${renderHead('a')}${acts}`,
    '1:2 conflicting-tables: the file has both [narrative] and its older name [narration]',
  ],
  [
    'allow only one source of media',
    `${renderHead('a')}${acts}[media.x]\nfile = "dot.png"\nbase64 = ""\n`,
    '7:8 conflicting-keys: [media.x] has both "file" and "base64"',
  ],
]);

testRule('conflicting-tables', [
  [
    'allows only one of the older names of [narrative]',
    `[narration]\nname = "y"\n[metadata]\nname = "z"\n[acts]\na = "Say hello."\n`,
    '3:2 conflicting-tables: the file has both [narration] and [metadata], two names of the same table',
  ],
  [
    'names the older name that stands beside [narrative]',
    `[metadata]\nname = "y"\n${renderHead('a')}${acts}`,
    '1:2 conflicting-tables: the file has both [narrative] and its older name [metadata]',
  ],
]);

testRule('ignored-key, not-supported', [
  [
    'cover features that only the original Rust version has',
    `[narrative]\nname = "x"\ntemplate = "posts"\ntarget = "t"\nskip_content_generation = true\npreserve_source = true\n[toc]\norder = ["a"]\n[bots.x]\ny = 1\n[tables]\n[[acts.a.input]]\ntype = "text"\ncontent = "x"\nfilename = "y"\n`,
    'warning 3:1 ignored-key: "template" in [narrative] is ignored; only the original Rust version uses it',
    'warning 4:1 ignored-key: "target" in [narrative] is ignored; only the original Rust version uses it',
    'warning 5:1 ignored-key: "skip_content_generation" in [narrative] is ignored; only the original Rust version uses it',
    'warning 6:1 ignored-key: "preserve_source" in [narrative] is ignored; only the original Rust version uses it',
    '9:2 not-supported: [bots] is not supported; only the original Rust version has bots',
    '11:2 not-supported: [tables] is not supported; only the original Rust version has tables',
    'warning 15:1 ignored-key: "filename" in [[acts.a.input]] is ignored; only the original Rust version uses it',
  ],
  [
    'say what to write instead of the syntax of the original Rust version',
    `[narrative]\nname = "x"\n[narrative.carousel]\niterations = 5\n[toc]\norder = ["a"]\n[acts.a]\nnarrative = "feature"\n[acts.a.carousel]\niterations = 3\n`,
    '3:12 not-supported: "carousel" in [narrative] is the syntax of the original Rust version; write carousel = 5 in [toc]',
    '8:1 not-supported: "narrative" in [acts.a] is the syntax of the original Rust version; write a = ["narrative:feature"] in [acts]',
    '9:9 not-supported: "carousel" in [acts.a] is the syntax of the original Rust version; in "order" in [toc], list "a" as often as it should run',
  ],
  [
    'say what to write instead of the inputs that only the original Rust version has',
    `${renderHead('a')}[[acts.a.input]]\ntype = "table"\ntable_name = "posts"\n[[acts.a.input]]\ntype = "bot_command"\ncommand = "stats"\n`,
    '6:8 not-supported: "type" in [[acts.a.input]] is "table", which only the original Rust version has; write the rows into a text, or pipe them in and write {{stdin}}',
    '9:8 not-supported: "type" in [[acts.a.input]] is "bot_command", which only the original Rust version has; run the command yourself, pipe its output in and write {{stdin}}',
  ],
]);
