import { expect, it } from 'vitest';
import { faultsOf, head } from './faults.js';

const input = 'input = [{ type = "text", content = "x" }]\n';

it.each([
  ['[vars]', `${head('a')}[acts]\na = "x"\n[vars]\nb = 1\n`, '7:2', '[vars]'],
  ['carousel', `${head('a')}carousel = 2\n[acts]\na = "x"\n`, '5:1', '"carousel" in [toc]'],
  [
    'defaults of the narrative',
    `[narrative]\nname = "x"\ncontext = "full"\n[toc]\norder = ["a"]\n[acts]\na = "x"\n`,
    '3:1',
    '"context" in [narrative]',
  ],
  ['further generation settings', `${head('a')}[acts.a]\ntop_p = 1\n${input}`, '6:1', '"top_p" in [acts.a]'],
  ['JSON replies', `${head('a')}[acts.a]\nformat = "json"\n${input}`, '6:1', '"format" in [acts.a]'],
  ['composed narratives', `${head('a')}[acts]\na = "narrative:other"\n`, '6:5', 'acts that play another narrative'],
  ['templates in an act', `${head('a')}[acts]\na = "Merge {{draft}} now"\n`, '6:12', 'templates such as {{draft}}'],
  [
    'templates deep in a long text',
    `${head('a')}[acts]\na = """\none\n  {{ vars.x }}"""\n`,
    '8:3',
    'templates such as {{ vars.x }}',
  ],
  [
    'templates in a system instruction',
    `${head('a')}[acts.a]\nsystem = "{{vars.x}}"\n${input}`,
    '6:11',
    'templates such as {{vars.x}}',
  ],
])('says plainly that this version has no %s', async (_feature, source, place, words) => {
  expect(await faultsOf(source)).toEqual([`${place} not-supported-yet: this version does not know ${words} yet`]);
});

it.each(['{{', 'a {b} c', '{{\n}}', 'narrative: a story', 'media. Then more'])('takes %j for a text', async (text) => {
  expect(await faultsOf(`${head('a')}[acts]\na = [${JSON.stringify(text)}]\n`)).toEqual([]);
});
