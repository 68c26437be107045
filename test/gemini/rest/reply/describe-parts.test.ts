import type { Part } from '@google/genai';
import { expect, test } from 'vitest';
import { describeNonTextParts } from '../../../../src/gemini/rest/reply/describe-parts.js';

const describeParts = (...parts: unknown[]) => describeNonTextParts(parts as Part[]);

test('names each kind with its number and details', () => {
  expect(describeParts({ inlineData: { mimeType: 'image/png' } })).toBe('1 picture (image/png)');
  const pictures = ['image/png', 'IMAGE/JPEG', 'image/png'].map((mimeType) => ({ inlineData: { mimeType } }));
  expect(describeParts(...pictures)).toBe('3 pictures (image/png, IMAGE/JPEG)');
  expect(describeParts({ fileData: { mimeType: 'video/mp4' } }, { inlineData: { mimeType: 'audio/wav' } })).toBe(
    '1 video (video/mp4) and 1 sound (audio/wav)',
  );
  expect(
    describeParts(
      { executableCode: { language: 'PYTHON', code: 'x' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK' } },
      { functionCall: { name: 'a' } },
      { functionCall: { name: 'b' } },
      { fileData: { mimeType: 'application/pdf' } },
    ),
  ).toBe(
    '1 piece of code (PYTHON), 1 result of code (OUTCOME_OK), 2 function calls (a, b) and 1 file (application/pdf)',
  );
});

test('names parts of unknown kinds by their fields', () => {
  expect(describeParts({ hologram: {} }, { smell: 1 })).toBe('2 parts of unknown kinds (hologram, smell)');
  expect(describeParts({ constructor: {} })).toBe('1 part of an unknown kind (constructor)');
});

test('leaves out text, thoughts and what only describes a part', () => {
  expect(describeParts({ text: 'x', thoughtSignature: 's' }, { videoMetadata: {} }, {}, { functionCall: null })).toBe(
    undefined,
  );
  expect(describeParts({ thought: true, inlineData: { mimeType: 'image/png' } })).toBe(undefined);
});

test('leaves out details that are not text, and shortens long ones', () => {
  expect(describeParts({ inlineData: { mimeType: null } }, { functionCall: 7 }, { fileData: null })).toBe(
    '1 file and 1 function call',
  );
  expect(describeParts({ functionCall: { name: 'n\n'.repeat(50) } })).toHaveLength('1 function call ()'.length + 40);
});
