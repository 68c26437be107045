import { expect, it } from 'vitest';
import { getServiceReadableKind, redactUrl, validateMediaUrl } from '../../src/media/media-url.js';

it('redacts query, fragment, user and password of a URL', () => {
  expect(redactUrl('https://me:secret@example.org:8443/a/b.png?signature=secret#x')).toBe(
    'https://example.org:8443/a/b.png',
  );
});

it.each([
  ['http://m.youtube.com/watch?v=a-b_C123456&sig=secret', 'http://m.youtube.com/watch?v=a-b_C123456'],
  ['https://www.youtube.com/watch?si=secret&list=x&v=abc#t=5', 'https://www.youtube.com/watch?v=abc'],
  ['https://youtu.be/abc?si=secret', 'https://youtu.be/abc'],
  ['https://www.youtube.com/watch?list=secret', 'https://www.youtube.com/watch'],
  ['https://www.youtube.com/watch?v=no%20id&sig=secret', 'https://www.youtube.com/watch'],
  ['https://www.youtube.com/shorts/abc?v=secret', 'https://www.youtube.com/shorts/abc'],
  ['https://example.org/watch?v=secret', 'https://example.org/watch'],
])('removes the query, except for the id of a YouTube video: %s', (url, expected) => {
  expect(redactUrl(url)).toBe(expected);
});

it.each([
  ['https://www.youtube.com/watch?v=abc', 'video'],
  ['https://youtu.be/abc?t=5', 'video'],
  ['https://m.youtube.com/shorts/abc', 'video'],
  ['https://generativelanguage.googleapis.com/v1beta/files/abc-123', 'file'],
  ['https://example.org/watch?v=abc', undefined],
  ['https://youtube.com.example.org/watch?v=abc', undefined],
  ['https://www.youtube.com/', undefined],
  ['https://generativelanguage.googleapis.com.example.org/v1beta/files/abc', undefined],
  ['http://generativelanguage.googleapis.com/v1beta/files/abc', undefined],
])('detects what %s refers to: %s', (url, expected) => {
  expect(getServiceReadableKind(url)).toBe(expected);
});

it.each([
  ['https://example.org/a.png', undefined],
  ['http://127.0.0.1:8080/a', undefined],
  ['', 'is empty; a URL begins with https:// and a host'],
  ['example.org/a.png', 'is not a URL; a URL begins with https:// and a host'],
  ['ftp://example.org/a', 'begins with ftp:, but media is fetched only over http and https'],
  ['file:///etc/passwd', 'begins with file:, but media is fetched only over http and https'],
  ['data:image/png;base64,AAAA', 'is a data: URL; write the part after its comma as "base64"'],
])('validates %s: %s', (url, expected) => {
  expect(validateMediaUrl(url)).toBe(expected);
});
