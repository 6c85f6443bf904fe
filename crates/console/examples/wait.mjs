const answer = await fetch("{{base_url}}/api/v1/images/generations", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.GIH_KEY}`,
    "Content-Type": "application/json",
    Prefer: "wait=10",
  },
  body: JSON.stringify({ model: "gpt-image-2", prompt: "A lighthouse at dawn" }),
});
if (!answer.ok) throw new Error(await answer.text());
const generation = await answer.json();
if (answer.status === 202) console.log("poll", generation.poll_url);
else console.log(generation.images[0].url);
