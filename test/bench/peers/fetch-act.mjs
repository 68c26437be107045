// The peer of one act: a bare fetch without the SDK.
const response = await fetch(
  `${process.env.GOOGLE_GEMINI_BASE_URL}/v1beta/models/gemini-flash-lite-latest:generateContent`,
  {
    method: 'POST',
    headers: { 'x-goog-api-key': 'key', 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Question 1' }] }] }),
  },
);
const reply = await response.json();
console.log(reply.candidates[0].content.parts[0].text);
