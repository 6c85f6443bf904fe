const answer = await fetch("{{base_url}}/api/v1/credits", {
  headers: { Authorization: `Bearer ${process.env.GIH_KEY}` },
});
if (!answer.ok) throw new Error(await answer.text());
console.log((await answer.json()).credits);
