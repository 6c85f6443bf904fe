// The chosen call as code, while it is chosen: the server's wording, filled in here.

const form = document.querySelector("form[data-play]");

// JSON texts are texts of JavaScript and of Python too.
const json = (text) => JSON.stringify(text.toWellFormed?.() ?? text);
const inSingleQuotes = (text) => text.replaceAll("'", "'\\''");
const QUOTING = {
  json,
  json_in_shell: (text) => inSingleQuotes(json(text)),
  shell: inSingleQuotes,
};

function fill(wording, fields, files) {
  const quote = QUOTING[wording.quoting];
  // curl itself reads the name within double quotes.
  const quoteFile = (name) => wording.quoting === "shell" ? quote(name.replace(/["\\]/g, "\\$&")) : quote(name);
  const rows = Object.entries(fields).map(([name, value]) => wording.field
    .replaceAll("%k", () => name)
    .replaceAll("%v", () => typeof value === "number" ? String(value) : quote(value)));
  const names = files.map((name) => wording.file.replaceAll("%f", () => quoteFile(name)));
  const middle = names.length ? wording.middle : "";
  return wording.before + rows.join(wording.between) + middle + names.join(wording.between) + wording.after;
}

form?.addEventListener("chosen", (event) => {
  const { fields, data } = event.detail;
  const files = [...form.elements.reference_image.files].map((file) => file.name);
  for (const { id, json, form: withFiles } of data.code) {
    document.getElementById(`code-${id}`).textContent = fill(files.length ? withFiles : json, fields, files);
  }
});
