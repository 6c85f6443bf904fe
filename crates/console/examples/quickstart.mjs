const answer = await fetch("{{base_url}}/api/v1/images/generations", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.GIH_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ model: "gpt-image-2", prompt: "A red fox in the snow" }),
});
if (!answer.ok) throw new Error(await answer.text());
console.log((await answer.json()).images[0].url);
