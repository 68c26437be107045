// The peer of a stream: a bare reader that relies on packets of whole events, prints their texts, and checks nothing.
const response = await fetch(
  `${process.env.GOOGLE_GEMINI_BASE_URL}/v1beta/models/gemini-flash-lite-latest:streamGenerateContent?alt=sse`,
  {
    method: 'POST',
    headers: { 'x-goog-api-key': 'key', 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Question 1' }] }] }),
  },
);
const decoder = new TextDecoder();
for await (const packet of response.body) {
  for (const event of decoder.decode(packet, { stream: true }).split('\n\n')) {
    if (event.startsWith('data: ')) {
      process.stdout.write(JSON.parse(event.slice(6)).candidates[0].content.parts[0].text);
    }
  }
}
