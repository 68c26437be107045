import { renderHead } from '../check-source.js';
import { testRule } from '../test-rule.js';

const acts = '[acts]\na = "Say hello."\n';

testRule('wrong-type', [
  [
    'points at the value and names both types',
    `[narrative]\nname = 3\ndescription = ["x"]\nmodel = true\nsystem = 2020-01-01\n[toc]\norder = "a"\n${acts}`,
    '2:8 wrong-type: "name" in [narrative] must be a string, not a number',
    '3:15 wrong-type: "description" in [narrative] must be a string, not an array',
    '4:9 wrong-type: "model" in [narrative] must be a string, not a boolean',
    '5:10 wrong-type: "system" in [narrative] must be a string, not a date or time',
    '7:9 wrong-type: "order" in [toc] must be an array, not a string',
  ],
  [
    'points at the element of an array',
    `[narrative]\nname = "x"\n[toc]\norder = ["a",\n  3]\n[acts]\na = ["x", { y = 1 }, 4]\n`,
    '5:3 wrong-type: element 2 of "order" in [toc] must be a string, not a number',
    '7:11 wrong-type: element 2 of "a" in [acts] must be a string, not a table; write an input as [[acts.a.input]]',
    '7:22 wrong-type: element 3 of "a" in [acts] must be a string, not a number',
  ],
  [
    'lists the three forms of an act',
    `${renderHead('a')}[acts]\na = 3\n`,
    '6:5 wrong-type: "a" in [acts] must be a string, an array of strings or a table, not a number',
  ],
  [
    'does not take an act or a medium for the setting of the same name',
    `${renderHead('thinking', 'context')}[acts]\nthinking = 5.5\ncontext = 3\n[media]\ntools = "x.png"\n`,
    '6:12 wrong-type: "thinking" in [acts] must be a string, an array of strings or a table, not a number',
    '7:11 wrong-type: "context" in [acts] must be a string, an array of strings or a table, not a number',
    '9:9 wrong-type: "tools" in [media] must be a table, not a string',
  ],
  [
    'requires a whole number of tokens',
    `[narrative]\nname = "x"\nmax_tokens = 1.5\n[toc]\norder = ["a"]\n${acts}`,
    '3:14 wrong-type: "max_tokens" in [narrative] must be a whole number, not 1.5',
  ],
  [
    'reports other values in place of tables',
    'narrative = "x"\ntoc = 1\nacts = []\nmedia = true\n',
    '1:13 wrong-type: "narrative" must be a table, not a string',
    '2:7 wrong-type: "toc" must be a table, not a number',
    '3:8 wrong-type: "acts" must be a table, not an array; write each act as [acts.<name>], and list the names in "order" in [toc]',
    '4:9 wrong-type: "media" must be a table, not a boolean',
  ],
  [
    'reports a date in place of a table once, and not the missing keys of the table',
    `narrative = 2020-01-01\n[toc]\norder = ["a"]\n${acts}`,
    '1:13 wrong-type: "narrative" must be a table, not a date or time',
  ],
  [
    'reports dates in place of tables, with and without time zone',
    `[narrative]\nname = "x"\nsafety = 1979-05-27\n[toc]\norder = ["a"]\n[media]\nlogo = 1979-05-27T07:32:00Z\n${acts}`,
    '3:10 wrong-type: "safety" in [narrative] must be a table, not a date or time',
    '7:8 wrong-type: "logo" in [media] must be a table, not a date or time',
  ],
  [
    'reports dates in place of tables within an act',
    `${renderHead('a', 'b')}[acts.a]\nprompt = "x"\nimage = 1979-05-27\nexpect = 1979-05-27\n[acts.b]\ninput = [1979-05-27T07:32:00Z]\n`,
    '7:9 wrong-type: "image" in [acts.a] must be a table, not a date or time',
    '8:10 wrong-type: "expect" in [acts.a] must be a table, not a date or time',
    '10:10 wrong-type: element 1 of "input" in [acts.b] must be a table, not a date or time',
  ],
  [
    'reports a date in place of an act or of the conditions on a value',
    `${renderHead('a', 'b')}[acts]\na = 1979-05-27\n[acts.b]\nprompt = "x"\nformat = "json"\nexpect = { "/x" = 1979-05-27T07:32:00Z }\n`,
    '6:5 wrong-type: "a" in [acts] must be a string, an array of strings or a table, not a date or time',
    '10:19 wrong-type: "/x" in [acts.b.expect] must be a table, not a date or time',
  ],
  [
    'suggests [[acts.look.input]] if [[acts.look]] is written',
    `${renderHead('look')}[[acts.look]]\ntype = "text"\n`,
    '5:8 wrong-type: element 1 of "look" in [acts] must be a string, not a table; write an input as [[acts.look.input]]',
  ],
  [
    'suggests [[acts.look.input]] if [acts.look.input] is written',
    `${renderHead('look')}[acts.look.input]\ntype = "text"\n`,
    '5:12 wrong-type: "input" in [acts.look] must be an array, not a table; write an input as [[acts.look.input]]',
  ],
  [
    'shows how to write an input that is a string',
    `${renderHead('look')}[acts.look]\ninput = "x"\n`,
    '6:9 wrong-type: "input" in [acts.look] must be an array, not a string; write prompt = "…"',
  ],
]);

testRule('out-of-range', [
  [
    'names the limit that a value is above or below',
    `${renderHead('a')}[acts.a]\ntemperature = 2.5\nmax_tokens = 0\ninput = [{ type = "text", content = "x" }]\n`,
    '6:15 out-of-range: "temperature" in [acts.a] must be at most 2, not 2.5',
    '7:14 out-of-range: "max_tokens" in [acts.a] must be at least 1, not 0',
  ],
  [
    'rejects nan and numbers that are too large',
    `[narrative]\nname = "x"\ntemperature = nan\nmax_tokens = 99999999999999999999\n[toc]\norder = ["a"]\n${acts}`,
    '3:15 out-of-range: "temperature" in [narrative] must be a number, not nan',
    '4:14 out-of-range: "max_tokens" in [narrative] is too large',
  ],
]);

testRule('unknown-act', [
  [
    'points at the name in the order and suggests the nearest act',
    `[narrative]\nname = "x"\n[toc]\norder = ["draft", "fnal"]\n[acts]\ndraft = "x"\nfinal = "y"\n`,
    '4:19 unknown-act: "order" lists the act "fnal", which does not exist → final',
    'warning 7:1 unused-act: the act "final" is not listed in "order"',
  ],
  [
    'handles names of inherited JavaScript properties',
    `${renderHead('a', 'toString', '__proto__')}${acts}`,
    '4:14 unknown-act: "order" lists the act "toString", which does not exist',
    '4:25 unknown-act: "order" lists the act "__proto__", which does not exist',
  ],
]);

testRule('unused-act', [
  [
    'points at the act, in each form of an act',
    `${renderHead('a')}[acts]\na = "x"\nb = "y"\n[acts.c]\ninput = [{ type = "text", content = "x" }]\n[[acts.d.input]]\ntype = "text"\ncontent = "x"\n`,
    'warning 7:1 unused-act: the act "b" is not listed in "order"',
    'warning 8:7 unused-act: the act "c" is not listed in "order"',
    'warning 10:8 unused-act: the act "d" is not listed in "order"',
  ],
]);

testRule('empty-order, empty-name, empty-prompt', [
  ['require an act', `${renderHead()}${acts}`, '4:9 empty-order: "order" in [toc] is empty; list at least one act'],
  [
    'require names',
    `[narrative]\nname = " "\n[toc]\norder = [""]\n[acts]\n"" = "x"\n[media.""]\nfile = "dot.png"\n`,
    `2:8 empty-name: the narrative's name is empty`,
    '6:1 empty-name: an act has an empty name',
    '7:8 empty-name: an entry of [media] has an empty name',
  ],
  [
    'require a prompt, whether the act is a string, an array or a table',
    `${renderHead('a', 'b', 'c', 'd', 'e')}[acts]\na = ""\nb = []\nc = ["x", " \\n"]\nd.input = []\n[[acts.e.input]]\ntype = "text"\ncontent = """\n\t\n"""\n`,
    '6:5 empty-prompt: "a" in [acts] is empty',
    '7:5 empty-prompt: "b" in [acts] is empty',
    '8:11 empty-prompt: element 2 of "c" in [acts] is empty',
    '9:11 empty-prompt: "input" in [acts.d] is empty',
    '12:11 empty-prompt: "content" in [[acts.e.input]] is empty',
  ],
]);

testRule('model-name', [
  [
    'rejects characters that would change the URL',
    `[narrative]\nname = "x"\nmodel = "gemini 3"\n[toc]\norder = ["a"]\n[acts.a]\nmodel = "../x?key=1"\ninput = [{ type = "text", content = "x" }]\n`,
    '3:9 model-name: "model" in [narrative] is "gemini 3", which is not a valid model name',
    '7:9 model-name: "model" in [acts.a] is "../x?key=1", which is not a valid model name',
  ],
  [
    'rejects an empty name and control characters',
    `[narrative]\nname = "x"\nmodel = "models/"\n[toc]\norder = ["a"]\n[acts.a]\nmodel = "a\\u0007b"\ninput = [{ type = "text", content = "x" }]\n`,
    '3:9 model-name: "model" in [narrative] is "models/", which is not a valid model name',
    '7:9 model-name: "model" in [acts.a] is "a\\u0007b", which is not a valid model name',
  ],
]);

testRule('unknown-type', [
  [
    'lists the input types',
    `${renderHead('a')}[[acts.a.input]]\ntype = "txt"\ncontent = "x"\n[[acts.a.input]]\ntype = 3\n`,
    '6:8 unknown-type: "type" in [[acts.a.input]] must be "text", "image", "audio", "video" or "document", not "txt" → text',
    '9:8 wrong-type: "type" in [[acts.a.input]] must be "text", "image", "audio", "video" or "document", not a number',
  ],
]);

testRule('unknown-value', [
  [
    'lists the service tiers and suggests the nearest',
    `[narrative]\nname = "x"\nservice_tier = "flx"\n[acts.a]\nprompt = "Hi"\nservice_tier = ["flex", "standart"]\n`,
    '3:16 unknown-value: "service_tier" in [narrative] must be "flex", "standard", "priority" or an array of these, not "flx" → flex',
    '6:25 unknown-value: element 2 of "service_tier" in [acts.a] must be "flex", "standard" or "priority", not "standart" → standard',
  ],
]);

testRule('out-of-range', [
  [
    'requires at least one service tier in a list',
    `[narrative]\nname = "x"\nservice_tier = []\n${acts}`,
    '3:16 out-of-range: "service_tier" in [narrative] is empty',
  ],
]);
