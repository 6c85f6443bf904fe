import { writeFile } from "node:fs/promises";

const answer = await fetch("{{base_url}}/api/v1/images/generations", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.GIH_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    model: "gpt-image-2",
    prompt: "A red fox in the snow",
    size: "1536x1024",
    quality: "high",
  }),
});
if (!answer.ok) throw new Error(await answer.text());
const { url } = (await answer.json()).images[0];
console.log(url);
await writeFile("fox.png", Buffer.from(await (await fetch(url)).arrayBuffer()));
