/**
 * The parts of fetch's classes that @google/genai 2.32 uses. Node's own classes load all of undici and compile a
 * WebAssembly parser, and the process can't end before the compilation does: this took 190 of the 250 ms of a script
 * that only calls fetch (measured 2026-11, Node 20.20). The bundle replaces Node's classes with these (see src/build);
 * `http.ts` replaces fetch itself.
 */

type HeaderEntries = Iterable<readonly [string, string]>;

/** The headers of a request or a response. Names are case-insensitive. */
export class Headers implements Iterable<[string, string]> {
  readonly #values = new Map<string, string>();

  constructor(entries: HeaderEntries | Readonly<Record<string, string>> = []) {
    for (const [name, value] of isIterable(entries) ? entries : Object.entries(entries)) this.append(name, value);
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value);
  }

  append(name: string, value: string): void {
    const existing = this.get(name);
    this.set(name, existing === null ? value : `${existing}, ${value}`);
  }

  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  forEach(callback: (value: string, name: string) => void): void {
    for (const [name, value] of this.#values) callback(value, name);
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}

function isIterable(entries: HeaderEntries | object): entries is HeaderEntries {
  return Symbol.iterator in entries;
}

interface ResponseOptions {
  status?: number;
  statusText?: string;
  headers?: HeaderEntries | undefined;
}

/** A response whose body is a text or a stream. */
export class Response {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly #text: string;

  constructor(
    body: string | ReadableStream<Uint8Array> | null = null,
    { status = 200, statusText = '', headers = [] }: ResponseOptions = {},
  ) {
    this.status = status;
    this.statusText = statusText;
    this.headers = new Headers(headers);
    this.body = typeof body === 'string' ? null : body;
    this.#text = typeof body === 'string' ? body : '';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  async text(): Promise<string> {
    return this.#text;
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.#text);
  }
}
