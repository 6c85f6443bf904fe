// Makes the calls that the explorer describes, from what stands in their forms. The key stays in its field.

const key = document.getElementById("key");
document.getElementById("key-form").hidden = false;

/** What a form would send: `{ path, method, headers, body, curl }`. */
function request(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = [];
  let body;
  let flags = "";
  for (const input of form.querySelectorAll("[data-in]:enabled")) {
    const { in: place, name } = input.dataset;
    const value = input.value;
    if (place === "path") {
      path = path.replace(`{${name}}`, value ? encodeURIComponent(value) : `{${name}}`);
    } else if (place === "json") {
      headers.push(["Content-Type", "application/json"]);
      body = value;
    } else if (place === "form") {
      body ??= new FormData();
      for (const file of input.files ?? []) {
        body.append(name, file);
        flags += ` \\\n  -F ${quote(`${name}=@"${file.name.replace(/["\\]/g, "\\$&")}"`)}`;
      }
      if (!input.files && value) {
        body.append(name, value);
        // `-F` would read more out of a text than is in it.
        flags += ` \\\n  --form-string ${quote(`${name}=${value}`)}`;
      }
    } else if (value && place === "query") {
      query.set(name, value);
    } else if (value && place === "header") {
      headers.push([name, value]);
    }
  }
  if (query.size) path += `?${query}`;
  let curl = `curl -i ${quote(form.dataset.base + path)}`;
  if ("key" in form.dataset) curl += ' \\\n  -H "Authorization: Bearer $GIH_KEY"';
  for (const [name, value] of headers) curl += ` \\\n  -H ${quote(`${name}: ${value}`)}`;
  if (typeof body === "string") curl += ` \\\n  --data-raw ${quote(body)}`;
  return { path, method: form.dataset.method, headers, body, curl: curl + flags };
}

/** A word of a shell. */
function quote(text) {
  return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function refresh(form) {
  for (const set of form.querySelectorAll("[data-body]")) {
    const chosen = form.elements.body?.value ?? set.dataset.body;
    set.hidden = set.disabled = set.dataset.body !== chosen;
  }
  form.querySelector(".curl").textContent = request(form).curl;
}

async function send(form) {
  const result = form.querySelector(".result");
  const [status, images, more, reply] = result.children;
  const { path, method, headers, body } = request(form);
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  more.hidden = reply.hidden = true;
  images.replaceChildren();
  status.textContent = "Sending…";
  try {
    // What no header can have, such as the … of a key that was cut off, is told below.
    const all = new Headers(headers);
    if ("key" in form.dataset && key.value.trim()) all.set("Authorization", `Bearer ${key.value.trim()}`);
    const answer = await fetch(path, { method, headers: all, body, credentials: "omit" });
    const text = await answer.text();
    status.replaceChildren(tag(answer), ` ${seconds()} s`);
    more.lastElementChild.textContent = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    let pretty = text;
    try {
      const json = JSON.parse(text);
      pretty = JSON.stringify(json, null, 2);
      images.replaceChildren(...urls(json).map(preview));
    } catch {
      // Not JSON: as it came.
    }
    reply.textContent = pretty;
    more.hidden = reply.hidden = false;
  } catch (error) {
    status.textContent = `No answer after ${seconds()} s: ${error.message}`;
  }
}

function tag(answer) {
  const tag = document.createElement("span");
  tag.className = `tag ${answer.ok ? "good" : "bad"}`;
  tag.textContent = `${answer.status} ${answer.statusText}`.trim();
  return tag;
}

/** The addresses of all images in an answer. */
function urls(value) {
  if (value === null || typeof value !== "object") return [];
  if (value.object === "image" && /^https?:/.test(value.url)) return [value.url];
  return Object.values(value).flatMap(urls);
}

function preview(url, index) {
  const link = document.createElement("a");
  link.href = url;
  const image = document.createElement("img");
  image.src = url;
  image.alt = `Image ${index + 1}`;
  image.loading = "lazy";
  link.append(image);
  return link;
}

for (const form of document.querySelectorAll("form.try")) {
  form.hidden = false;
  refresh(form);
  form.addEventListener("input", () => refresh(form));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("[type=submit]");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await send(form);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}
document.getElementById("key-form").addEventListener("submit", (event) => event.preventDefault());
