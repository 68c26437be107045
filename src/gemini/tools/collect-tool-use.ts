import { type ExecutedCode, pickToolUse, type Source, type ToolUse } from '../../driver/tool-use.js';
import type { ToolName } from '../../facts/tools.js';
import { isRecord, toList, toRecords } from '../../util/json.js';
import { toOneLine } from '../errors/one-line.js';

/** The maximum number of sources, of searches and of pieces of code of one reply. */
const maxEntries = 200;

/** The maximum lengths of texts, in UTF-16 units. */
const maxLineLength = 500;
const maxUriLength = 4000;
const maxCodeLength = 100_000;

/** The maximum number of pages named in the note about pages that were not read. */
const maxNamedPages = 5;

/**
 * Collects what the service's tools did for a reply: from the metadata of a candidate or of a Live message, and from
 * the parts with code. A stream may send the metadata in any chunk, and more than once. A field with a wrong type is
 * treated like a missing field.
 * @param tools the tools that were asked for
 */
export function createToolUseCollector(tools: readonly ToolName[] = []) {
  const pages = createPageCollector();
  const code = createCodeCollector();
  const searches = new Set<string>();
  let hasTriedPages = false;
  return {
    /**
     * Adds a chunk.
     * @param metadata has `groundingMetadata` and `urlContextMetadata`
     */
    add({ groundingMetadata, urlContextMetadata }: Record<string, unknown>, parts: readonly CodePart[]): void {
      for (const part of parts) code.add(part);
      if (isRecord(groundingMetadata)) {
        const { webSearchQueries, groundingChunks } = groundingMetadata;
        for (const query of toList(webSearchQueries)) {
          if (typeof query === 'string' && query.trim() !== '') searches.add(toOneLine(query, maxLineLength));
        }
        for (const { web } of toRecords(groundingChunks)) if (isRecord(web)) pages.add(web);
      }
      if (!isRecord(urlContextMetadata)) return;
      for (const { retrievedUrl, urlRetrievalStatus } of toRecords(urlContextMetadata.urlMetadata)) {
        hasTriedPages = true;
        pages.addReadAttempt(retrievedUrl, urlRetrievalStatus);
      }
    },
    get toolUse(): ToolUse {
      return pickToolUse({
        sources: pages.sources,
        searches: [...searches].slice(0, maxEntries),
        code: code.executions.slice(0, maxEntries),
      });
    },
    /**
     * The number of billed searches. "We ignore the empty web search queries when counting unique queries"
     * (ai.google.dev/gemini-api/docs/google-search, quoted in discuss.ai.google.dev/t/168136, read 2026-11-30). If the
     * service names no query, sources that only a search can have found count as one search.
     */
    get searchCount(): number {
      const onlySearches = tools.includes('google_search') && !tools.includes('url_context');
      return searches.size === 0 && onlySearches && pages.sources.length > 0 ? 1 : searches.size;
    },
    /** What the user must know: a sentence without a period for each problem. */
    listProblems(): string[] {
      const unasked = [
        ...(searches.size > 0 && !tools.includes('google_search') ? ['searched the web, but google_search'] : []),
        ...(hasTriedPages && !tools.includes('url_context') ? ['tried to read web pages, but url_context'] : []),
      ].map((use) => `the service ${use} was not asked for`);
      const tooMany = [
        ...(pages.hasMore ? ['sources'] : []),
        ...(searches.size > maxEntries ? ['searches'] : []),
        ...(code.executions.length > maxEntries ? ['pieces of code'] : []),
      ].map((noun) => `the reply has more than ${maxEntries} ${noun}; the first ${maxEntries} are kept`);
      return [...unasked, ...tooMany, ...pages.listProblems()];
    },
  };
}

function createPageCollector() {
  const sources = new Map<string, Source>();
  const unread = new Map<string, string>();
  let hasMore = false;
  const invalid = new Set<string>();
  const add = ({ uri, title }: Record<string, unknown>) => {
    const url = toWebUrl(uri);
    if (url === undefined) invalid.add(toText(uri));
    else if (sources.size >= maxEntries && !sources.has(url)) hasMore = true;
    else if (sources.get(url)?.title === undefined) {
      const name = typeof title === 'string' ? toOneLine(title, maxLineLength) : '';
      sources.set(url, { ...(name !== '' && { title: name }), uri: url });
    }
  };
  return {
    add,
    /** Adds a page that the tool `url_context` has tried to read. */
    addReadAttempt(uri: unknown, status: unknown): void {
      // An absent status counts as success. It stands for the default of proto3, UNSPECIFIED, which names no problem.
      const isRead = status === undefined || status === null || status === 'URL_RETRIEVAL_STATUS_SUCCESS';
      const name = toOneLine(toText(uri), maxLineLength);
      if (isRead) {
        add({ uri });
        unread.delete(name);
      } else if (unread.size < maxEntries) unread.set(name, toOneLine(toText(status), 60));
    },
    get sources(): Source[] {
      return [...sources.values()];
    },
    get hasMore() {
      return hasMore;
    },
    listProblems(): string[] {
      const named = [...unread].slice(0, maxNamedPages).map(([uri, status]) => `${uri} (${status})`);
      const others = unread.size > named.length ? ` and ${unread.size - named.length} more` : '';
      const invalidSources = `${invalid.size} source${invalid.size === 1 ? '' : 's'} without an http or https address`;
      return [
        ...(named.length > 0 ? [`the service could not read ${named.join(', ')}${others}`] : []),
        ...(invalid.size > 0 ? [`the reply names ${invalidSources}; only web pages are kept`] : []),
      ];
    },
  };
}

/** Converts a value from the service to text. An object may have no text: its `toString` may be a number. */
function toText(value: unknown): string {
  return typeof value === 'object' ? 'unknown' : String(value);
}

/**
 * Returns the URL in its normal form, without control characters. Returns undefined for a value that is too long, or
 * that is not an http or https URL.
 */
function toWebUrl(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || uri.length > maxUriLength || !/^https?:/i.test(uri) || !URL.canParse(uri))
    return undefined;
  return new URL(uri).href;
}

/** A part of a reply, which may be code or the result of code. */
interface CodePart {
  executableCode?: unknown;
  codeExecutionResult?: unknown;
}

/**
 * Collects code and its results. A result may arrive in a later chunk than its code. A result that names no known code
 * belongs to the oldest code without a result.
 */
function createCodeCollector() {
  const executions: (ExecutedCode & { id?: unknown })[] = [];
  let withoutResult: (ExecutedCode & { id?: unknown })[] = [];
  return {
    add({ executableCode, codeExecutionResult }: CodePart): void {
      if (executions.length > maxEntries) return;
      if (isRecord(executableCode) && typeof executableCode.code === 'string') {
        const { language, code, id } = executableCode;
        const name = typeof language === 'string' ? toOneLine(language, 40).toLowerCase() : '';
        const execution = { id, language: name === '' ? 'unknown' : name, code: shorten(code as string) };
        executions.push(execution);
        withoutResult.push(execution);
      }
      if (!isRecord(codeExecutionResult)) return;
      const { output, outcome, id } = codeExecutionResult;
      const execution = withoutResult.find((candidate) => isText(id) && candidate.id === id) ?? withoutResult[0];
      if (!execution) return;
      withoutResult = withoutResult.filter((candidate) => candidate !== execution);
      if (isText(output)) execution.output = shorten(output);
      if (isText(outcome) && outcome !== 'OUTCOME_OK') execution.outcome = toOneLine(outcome, 60);
    },
    get executions(): ExecutedCode[] {
      return executions.map(({ id: _, ...execution }) => execution);
    },
  };
}

function shorten(text: string): string {
  return text.length > maxCodeLength ? `${text.slice(0, maxCodeLength)}…\n[shortened]` : text;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
