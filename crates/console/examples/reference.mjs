import { readFile } from "node:fs/promises";

const form = new FormData();
form.append("model", "gpt-image-2");
form.append("prompt", "The same fox, at night");
form.append("aspect_ratio", "16:9");
form.append("quality", "2K");
form.append("reference_image", new Blob([await readFile("fox.png")]), "fox.png");

const answer = await fetch("{{base_url}}/api/v1/images/generations", {
  method: "POST",
  headers: { Authorization: `Bearer ${process.env.GIH_KEY}` },
  body: form,
});
if (!answer.ok) throw new Error(await answer.text());
console.log((await answer.json()).images[0].url);
