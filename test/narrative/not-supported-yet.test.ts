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
  [
    'inputs of other types',
    `${head('a')}[[acts.a.input]]\ntype = "audio"\nfile = "x.mp3"\n`,
    '6:8',
    'inputs of type "audio"',
  ],
  [
    'media from a URL',
    `${head('a')}[[acts.a.input]]\ntype = "image"\nurl = "https://x"\n`,
    '7:1',
    '"url" in [[acts.a.input]]',
  ],
  [
    'media by reference',
    `${head('a')}[[acts.a.input]]\ntype = "image"\nref = "media.x"\n`,
    '7:1',
    '"ref" in [[acts.a.input]]',
  ],
  [
    'a URL as a file',
    `${head('a')}[[acts.a.input]]\ntype = "image"\nfile = "https://x/y.png"\n`,
    '7:8',
    'media from a URL',
  ],
  [
    'documents as media',
    `${head('a')}[acts]\na = "x"\n[media.m]\nfile = "paper.pdf"\n`,
    '8:8',
    'media of type application/pdf',
  ],
  [
    'sound as media',
    `${head('a')}[acts]\na = "x"\n[media.m]\nfile = "paper.pdf"\nmime = "audio/mpeg"\n`,
    '9:8',
    'media of type audio/mpeg',
  ],
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
