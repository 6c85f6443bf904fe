const query = new URLSearchParams({ status: "succeeded", limit: "20" });
for (let more = true; more; ) {
  const answer = await fetch(`{{base_url}}/api/v1/generations?${query}`, {
    headers: { Authorization: `Bearer ${process.env.GIH_KEY}` },
  });
  if (!answer.ok) throw new Error(await answer.text());
  const page = await answer.json();
  for (const { id, images } of page.data) console.log(id, images[0].url);
  more = page.has_more;
  if (more) query.set("cursor", page.next_cursor);
}
