import { expect, onTestFinished, test } from 'vitest';
import { buildNarrative, createTemporaryFolder, runBoticelli } from '../../helpers/boticelli.js';
import { startGeminiServer } from '../../helpers/gemini/server.js';

test('with context = "previous", fifty acts send less than a twentieth of the prompt tokens that they send with context = "full"', async () => {
  const server = await startGeminiServer();
  onTestFinished(() => server.close());
  server.setDefaultReply(({ body }) => ({
    chunks: [
      {
        candidates: [{ content: { role: 'model', parts: [{ text: hundredWords }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: countTokens(body.contents) },
      },
    ],
  }));
  const countPromptTokens = async (context: string) => {
    const cwd = createTemporaryFolder(onTestFinished, { 'x.toml': renderFiftyActs(`context = "${context}"`) });
    const { stdout } = await runBoticelli(['run', 'x.toml', '--no-rate-limit', '-o', 'json', '--last'], {
      server,
      cwd,
    });
    return JSON.parse(stdout).usage.promptTokens;
  };
  const [full, previous] = [await countPromptTokens('full'), await countPromptTokens('previous')];
  // These figures are in GEMINI.md.
  expect({ full, previous }).toEqual({ full: 192_246, previous: 9_186 });
});

const hundredWords = 'word '.repeat(100);

/** Renders a narrative of fifty acts whose prompts have 25 words each. `head` is a line of [narrative]. */
function renderFiftyActs(head: string): string {
  return buildNarrative(50, head).replaceAll(/"Question (\d+)"/g, (_, number) =>
    JSON.stringify(`Act ${number}: ${'word '.repeat(23)}`),
  );
}

/** Counts a token per four characters of text: the rule of thumb of ai.google.dev/gemini-api/docs/tokens (read 2026-11). */
function countTokens(contents: { parts: { text: string }[] }[]): number {
  return Math.ceil(contents.flatMap(({ parts }) => parts).reduce((sum, { text }) => sum + text.length, 0) / 4);
}
