import { defaultBaseUrl } from '../facts/requests.js';

/**
 * Whether a text can be a service's address: http(s)://host[:port][/path], without user, query or fragment. The same
 * rule as in `gemini/connection.ts`, which judges addresses of any source: in a file, a fault has a place.
 */
export function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

/** Whether a text is the address of a Redis server. */
export function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol);
}

/**
 * Whether a key that is sent to an address stays out of reach of whoever wrote it down: the address is Google's own, over
 * TLS, or on this machine. A text that is no address leads nowhere, and is refused before anything is sent.
 */
export function isTrustedBaseUrl(baseUrl: string): boolean {
  if (!URL.canParse(baseUrl)) return true;
  const { origin, hostname } = new URL(baseUrl);
  return origin === new URL(defaultBaseUrl).origin || isLoopback(hostname);
}

/** A URL's host name has its numbers in their plain form already. Other names are looked up who knows where. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
