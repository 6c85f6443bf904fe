async function generate(attempt = 1) {
  const answer = await fetch("{{base_url}}/api/v1/images/generations", {
    method: "POST",
    headers: {
      Authorization: `Bearer ${process.env.GIH_KEY}`,
      "Content-Type": "application/json",
      "Idempotency-Key": "order-1042",
    },
    body: JSON.stringify({ model: "gpt-image-2", prompt: "A paper boat" }),
  }).catch(() => null); // a broken connection
  const refused = !answer || [429, 503].includes(answer.status);
  if (!refused || answer?.headers.get("x-should-retry") === "false" || attempt === 5) {
    if (!answer?.ok) throw new Error(answer ? await answer.text() : "no connection");
    return answer.json();
  }
  const seconds = Number(answer?.headers.get("Retry-After") ?? 2 ** attempt);
  await new Promise((wake) => setTimeout(wake, seconds * 1000));
  return generate(attempt + 1);
}
console.log((await generate()).images[0].url);
