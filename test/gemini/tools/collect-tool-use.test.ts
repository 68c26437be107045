import { describe, expect, test } from 'vitest';
import { createToolUseCollector } from '../../../src/gemini/tools/collect-tool-use.js';

type Part = { executableCode?: unknown; codeExecutionResult?: unknown };

/** Collects the metadata in one chunk, and each part in a chunk of its own. */
function collect(metadata: unknown, parts: readonly Part[] = [], tools = ['google_search', 'url_context'] as const) {
  const collector = createToolUseCollector([...tools]);
  collector.add(metadata as Record<string, unknown>, []);
  for (const part of parts) collector.add({}, [part]);
  return { ...collector.toolUse, searchCount: collector.searchCount, problems: collector.listProblems() };
}

const grounding = (chunks: unknown, queries: unknown = ['q']) => ({
  groundingMetadata: { groundingChunks: chunks, webSearchQueries: queries },
});
const page = (uri: unknown, title?: unknown) => ({ web: { uri, title } });

describe('sources', () => {
  test('are listed once, with the first title', () => {
    expect(
      collect(grounding([page('https://a.example/'), page('https://a.example/', 'A'), page('https://b.example')])),
    ).toMatchObject({ sources: [{ title: 'A', uri: 'https://a.example/' }, { uri: 'https://b.example/' }] });
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'http',
    'https://',
    ' https://a.example',
    `https://a.example/${'x'.repeat(5000)}`,
    7,
    null,
    { toString: 1 },
  ])('are only valid http and https addresses of at most 4000 characters, not %j', (uri) => {
    const { sources, problems } = collect(grounding([page(uri, 'title')]));
    expect({ sources, problems }).toEqual({
      sources: undefined,
      problems: ['the reply names 1 source without an http or https address; only web pages are kept'],
    });
  });

  test('without a web address are counted once, even if a stream sends them in several chunks', () => {
    const collector = createToolUseCollector(['google_search']);
    for (let chunk = 0; chunk < 3; chunk += 1) collector.add(grounding([page('gs://a'), page({ toString: 1 })]), []);
    expect(collector.listProblems()).toEqual([
      'the reply names 2 sources without an http or https address; only web pages are kept',
    ]);
  });

  test('have no control characters in their titles and addresses', () => {
    const [source] = collect(grounding([page('https://a.example/\u001b[31m\nb', 'a\u001b[2J\nb')])).sources ?? [];
    expect(source).toEqual({ title: 'a [2J b', uri: 'https://a.example/%1B[31mb' });
  });

  test.each([
    ['no objects', { groundingMetadata: 'x', urlContextMetadata: 7 }],
    [
      'no lists',
      { groundingMetadata: { groundingChunks: {}, webSearchQueries: 'q' }, urlContextMetadata: { urlMetadata: 1 } },
    ],
    ['lists of other things', grounding([1, null, 'x', [], { web: 3 }, { maps: {} }], [1, null, {}, '', '  '])],
    ['null', { groundingMetadata: null, urlContextMetadata: null }],
  ])('are absent if the metadata has %s', (_, metadata) => {
    expect(collect(metadata)).toEqual({ searchCount: 0, problems: [] });
  });

  test('are limited to 200, as searches are, and the limit is reported', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => page(`https://a.example/${index}`));
    const { sources, searches, searchCount, problems } = collect(
      grounding(
        many,
        Array.from({ length: 1000 }, (_, index) => `q${index}`),
      ),
    );
    expect([sources?.length, searches?.length, searchCount]).toEqual([200, 200, 1000]);
    expect(problems).toEqual([
      'the reply has more than 200 sources; the first 200 are kept',
      'the reply has more than 200 searches; the first 200 are kept',
    ]);
  });
});

describe('searches', () => {
  test('count once each, without empty ones', () => {
    const { searches, searchCount } = collect(grounding([], ['', 'a', 'b', 'a', ' ']));
    expect({ searches, searchCount }).toEqual({ searches: ['a', 'b'], searchCount: 2 });
  });

  test('count as one if the metadata has sources but no queries, unless url_context may have read the sources', () => {
    const metadata = grounding([page('https://a.example')], []);
    expect(collect(metadata, [], ['google_search'] as never).searchCount).toBe(1);
    // With url_context, the source may be a page that this tool read, so it does not prove a search.
    expect(collect(metadata).searchCount).toBe(0);
  });

  test('that were not asked for are reported', () => {
    expect(collect(grounding([]), [], [] as never).problems).toEqual([
      'the service searched the web, but google_search was not asked for',
    ]);
  });
});

describe('pages of url_context', () => {
  const createUrlMetadata = (uri: unknown, status?: unknown) => ({ retrievedUrl: uri, urlRetrievalStatus: status });
  const metadata = (...pages: unknown[]) => ({ urlContextMetadata: { urlMetadata: pages } });

  test('are sources if they were read, and are reported if not', () => {
    expect(
      collect(
        metadata(
          createUrlMetadata('https://a.example/', 'URL_RETRIEVAL_STATUS_SUCCESS'),
          createUrlMetadata('https://b.example/', 'URL_RETRIEVAL_STATUS_PAYWALL'),
          createUrlMetadata('https://c.example/'),
        ),
      ),
    ).toMatchObject({
      sources: [{ uri: 'https://a.example/' }, { uri: 'https://c.example/' }],
      problems: ['the service could not read https://b.example/ (URL_RETRIEVAL_STATUS_PAYWALL)'],
    });
  });

  test('are not reported if they were read after a failure', () => {
    const uri = 'https://a.example/';
    expect(collect(metadata(createUrlMetadata(uri, 'ERROR'), createUrlMetadata(uri)))).toMatchObject({
      sources: [{ uri }],
      problems: [],
    });
  });

  test('that were not read are named, even if their address is no text', () => {
    expect(collect(metadata(createUrlMetadata({ toString: 1 }, 'ERROR'))).problems).toEqual([
      'the service could not read unknown (ERROR)',
    ]);
  });

  test('that were not read are named, at most five of them', () => {
    const pages = Array.from({ length: 1000 }, (_, index) => createUrlMetadata(`https://${index}.example/`, 'ERROR'));
    // Only the first 200 pages are kept, so 195 remain after the five.
    expect(collect(metadata(...pages)).problems[0]).toMatch(
      /^the service could not read (\S+ \(ERROR\),? ?){5}and 195 more$/,
    );
  });
});

describe('code', () => {
  const code = (text: unknown, id?: unknown, language: unknown = 'PYTHON') => ({
    executableCode: { language, code: text, id },
  });
  const result = (output: unknown, id?: unknown, outcome: unknown = 'OUTCOME_OK') => ({
    codeExecutionResult: { outcome, output, id },
  });
  const python = (text: string, more = {}) => ({ language: 'python', code: text, ...more });

  test('gets the result that follows it, or the one with its id', () => {
    expect(collect({}, [code('1'), result('a'), code('2'), result('b')]).code).toEqual([
      python('1', { output: 'a' }),
      python('2', { output: 'b' }),
    ]);
    expect(collect({}, [code('1', 'x'), code('2', 'y'), result('b', 'y'), result('a', 'x')]).code).toEqual([
      python('1', { output: 'a' }),
      python('2', { output: 'b' }),
    ]);
  });

  test('says how it ended if it failed', () => {
    expect(collect({}, [code('1'), result('Traceback', undefined, 'OUTCOME_FAILED')]).code).toEqual([
      python('1', { output: 'Traceback', outcome: 'OUTCOME_FAILED' }),
    ]);
    expect(collect({}, [code('1'), result(undefined, undefined, 'OUTCOME_DEADLINE_EXCEEDED')]).code).toEqual([
      python('1', { outcome: 'OUTCOME_DEADLINE_EXCEEDED' }),
    ]);
  });

  test('of a wrong type is left out', () => {
    expect(
      collect({}, [code(7), code(null), { executableCode: 'x' }, { codeExecutionResult: [] }, result('a')]).code,
    ).toBe(undefined);
    expect(collect({}, [code('1', 3, {}), result({}, 4, {})]).code).toEqual([{ language: 'unknown', code: '1' }]);
  });

  test('is limited in number and length', () => {
    const { code: runs, problems } = collect(
      {},
      Array.from({ length: 5000 }, () => code('x'.repeat(200_000))),
    );
    expect(runs).toHaveLength(200);
    expect(runs?.[0]?.code).toHaveLength(100_000 + '…\n[shortened]'.length);
    expect(problems).toEqual(['the reply has more than 200 pieces of code; the first 200 are kept']);
  });
});
