const headers = { Authorization: `Bearer ${process.env.GIH_KEY}` };
let answer = await fetch("{{base_url}}/api/v1/images/generations", {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify({ model: "gpt-image-2", prompt: "A lighthouse at dusk", async: true }),
});
if (!answer.ok) throw new Error(await answer.text());
let generation = await answer.json();
while (["queued", "running"].includes(generation.status)) {
  const seconds = Number(answer.headers.get("Retry-After"));
  await new Promise((wake) => setTimeout(wake, seconds * 1000));
  answer = await fetch(generation.poll_url, { headers });
  generation = await answer.json();
}
console.log(generation.status, generation.images.map((image) => image.url));
