const answer = await fetch("{{base_url}}/api/v1/models");
for (const model of (await answer.json()).data) {
  console.log(model.id, model.credits_per_image);
}
