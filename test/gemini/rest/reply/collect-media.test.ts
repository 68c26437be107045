import { describe, expect, test } from 'vitest';
import type { ModelTurn } from '../../../../src/driver/request.js';
import { createMediaPart, partsReply, type ScriptedReply, type WirePart } from '../../../helpers/gemini/replies.js';
import { mediaBytes } from '../../../helpers/media-bytes.js';
import {
  createGeminiFixture,
  createRequest,
  createUserTurn,
  getError,
  model,
  readStream,
} from '../../gemini-fixture.js';

const fixture = createGeminiFixture({ models: 'any' });
const { png } = mediaBytes;
const picture = createMediaPart({ mimeType: 'image/png', bytes: png, thoughtSignature: 'c2ln' });
const pngMedia = { mimeType: 'image/png', base64: png.toString('base64') };
const jpeg = { mimeType: 'image/jpeg', bytes: Buffer.from([0xff, 0xd8, 0xff, 0xe0]) };

/**
 * Sends a unary and a streamed request, which the server answers with the script. Checks that both responses are equal,
 * and returns one of them.
 */
async function getSameResponse(script: ScriptedReply) {
  fixture.server.queueReplies(script, script);
  const unary = await fixture.driver().generate(createRequest());
  const { response } = await readStream(fixture.driver().generateStream(createRequest()));
  expect(response).toEqual(unary);
  return unary;
}

describe('pictures are part of the turn', () => {
  test('even if the reply has no text', async () => {
    const { text, turn } = await getSameResponse(partsReply([[picture]]));
    expect(text).toBe('');
    // `native` has the parts as the service sent them. Here it keeps the thought signature of the picture.
    expect(turn).toMatchObject({ text: '', media: [pngMedia], native: [picture] });
  });

  test('in their order, even if text and several chunks separate them; pictures in thoughts are left out', async () => {
    const draft = { ...createMediaPart({ mimeType: 'image/png', bytes: Buffer.from('draft') }), thought: true };
    const chunks = [[{ text: 'Two ' }, picture], [draft, createMediaPart(jpeg)], [{ text: 'foxes.' }]];
    const { text, turn } = await getSameResponse(partsReply(chunks));
    expect(text).toBe('Two foxes.');
    expect(turn.media).toEqual([pngMedia, { mimeType: 'image/jpeg', base64: jpeg.bytes.toString('base64') }]);
  });

  test('even if max_tokens cut the reply off', async () => {
    const { finishReason, turn } = await getSameResponse(partsReply([[picture]], { finishReason: 'MAX_TOKENS' }));
    expect({ finishReason, media: turn.media }).toEqual({ finishReason: 'MAX_TOKENS', media: [pngMedia] });
  });

  test.each([
    [undefined, 'application/octet-stream'],
    ['IMAGE/PNG; charset=x', 'image/png'],
    ['image/jpg', 'image/jpeg'],
    ['../../../etc', 'application/octet-stream'],
    ['image/png\u001b[31m', 'application/octet-stream'],
  ])('with a valid type, whatever type the service states: %j becomes %s', async (mimeType, expected) => {
    const { turn } = await getSameResponse(partsReply([[{ inlineData: { mimeType, data: pngMedia.base64 } }]]));
    expect(turn.media?.[0]?.mimeType).toBe(expected);
  });
});

describe('media without valid data is named in the error of a reply that has nothing else', () => {
  test.each<[string, WirePart]>([
    ['invalid base64', { inlineData: { mimeType: 'image/png', data: 'not base64!' } }],
    ['padding alone', { inlineData: { mimeType: 'image/png', data: '==' } }],
    ['base64 of an impossible length', { inlineData: { mimeType: 'image/png', data: 'AAAAA' } }],
    ['no bytes', { inlineData: { mimeType: 'image/png', data: '' } }],
    ['a number as its data', { inlineData: { mimeType: 'image/png', data: 7 } }],
  ])('if it has %s', async (_, part) => {
    const script = partsReply([[part]]);
    fixture.server.queueReplies(script);
    const error = await getError(fixture.driver().generate(createRequest()));
    expect(error).toMatchObject({
      code: 'empty_reply',
      message: 'the reply has no text, only 1 picture without valid data (image/png) (STOP)',
    });
  });
});

test('a picture in a thought is left out, so that a reply with nothing else is empty', async () => {
  fixture.server.queueReplies(partsReply([[{ ...picture, thought: true }]]));
  expect((await getError(fixture.driver().generate(createRequest()))).code).toBe('empty_reply');
});

describe('speech', () => {
  const pcm = (byte: number, mimeType = 'audio/L16;codec=pcm;rate=16000') =>
    createMediaPart({ mimeType, bytes: Buffer.alloc(4, byte) });

  test('in several chunks becomes one WAV file, and is not sent back to the model', async () => {
    const { turn } = await getSameResponse(partsReply([[pcm(1)], [pcm(2)]]));
    expect(turn.native).toEqual([]);
    expect(turn.media).toHaveLength(1);
    const wav = Buffer.from(turn.media?.[0]?.base64 ?? '', 'base64');
    expect(wav.subarray(0, 4).toString()).toBe('RIFF');
    expect(wav.readUInt32LE(24)).toBe(16_000);
    expect([...wav.subarray(44)]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  });

  test('continues in another file after a change of the sample rate and after a picture', async () => {
    const { turn } = await getSameResponse(
      partsReply([[pcm(1), pcm(2, 'audio/pcm'), picture, pcm(3, 'audio/pcm;rate=0')]]),
    );
    expect(turn.media?.map(({ mimeType }) => mimeType)).toEqual(['audio/wav', 'audio/wav', 'image/png', 'audio/wav']);
  });

  test('in a format with a header keeps its bytes', async () => {
    const { turn } = await getSameResponse(
      partsReply([[createMediaPart({ mimeType: 'audio/mpeg', bytes: mediaBytes.mp3 })]]),
    );
    expect(turn.media).toEqual([{ mimeType: 'audio/mp3', base64: mediaBytes.mp3.toString('base64') }]);
  });
});

describe('a later request', () => {
  const drawn: ModelTurn = { role: 'model', text: '', model, native: [picture], media: [pngMedia] };
  const send = async (turn: ModelTurn, to: string) => {
    const turns = [createUserTurn('Draw a fox.'), turn, createUserTurn('Make it blue.')];
    await fixture.driver().generate(createRequest('', { model: to, turns }));
    return fixture.server.generateRequests.at(-1)?.body;
  };
  const inlineData = { mimeType: 'image/png', data: pngMedia.base64 };

  test('to the same model contains the parts as the model sent them', async () => {
    expect((await send(drawn, model)).contents[1]).toEqual({ role: 'model', parts: [picture] });
  });

  test("to another model contains the picture in the user's next turn", async () => {
    const { contents } = await send({ ...drawn, text: 'A fox.' }, 'gemini-3.1-flash-image');
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: 'Draw a fox.' }] },
      { role: 'model', parts: [{ text: 'A fox.' }] },
      { role: 'user', parts: [{ inlineData }, { text: 'Make it blue.' }] },
    ]);
  });

  test('to another model leaves out a reply without text, and joins the turns around it', async () => {
    const { contents } = await send(drawn, 'gemini-3.1-flash-image');
    const parts = [{ text: 'Draw a fox.' }, { inlineData }, { text: 'Make it blue.' }];
    expect(contents).toEqual([{ role: 'user', parts }]);
  });
});

describe('a request asks', () => {
  const getConfig = async (to: string) => {
    const parameters = { image: { aspectRatio: '16:9', size: '2K' } };
    await fixture.driver().generate(createRequest('Hi', { model: to, parameters }));
    return fixture.server.generateRequests.at(-1)?.body.generationConfig;
  };

  test.each(['gemini-3.1-flash-image', 'gemini-5-flash-image-preview', 'gemini-2.0-flash-exp-image-generation'])(
    '%s for pictures of the given shape',
    async (to) => {
      const imageConfig = { aspectRatio: '16:9', imageSize: '2K' };
      expect(await getConfig(to)).toEqual({ responseModalities: ['TEXT', 'IMAGE'], imageConfig });
    },
  );

  test('gemini-3.8-flash-tts for speech', async () => {
    expect(await getConfig('gemini-3.8-flash-tts')).toEqual({ responseModalities: ['AUDIO'] });
  });

  test('other models for neither', async () => {
    expect(await getConfig(model)).toEqual({});
  });
});
