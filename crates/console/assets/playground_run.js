// From the press to the images: sending with progress, waiting, showing. What runs stands in the address, so that a page that
// is loaded again goes on where it was.

const form = document.querySelector("form[data-play]");
if (form) start(form);

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function start(form) {
  const $ = (id) => document.getElementById(id);
  const mode = new URL(form.action).searchParams.get("mode");
  const credits = (n) => `${n.toLocaleString("en-US")} credit${n === 1 ? "" : "s"}`;
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const say = (text) => { $("said").textContent = text; };
  let now = null;
  let sending = null;
  let looking = false;
  form.addEventListener("chosen", (event) => { now = event.detail; });

  /** Another form is another request; the same one, sent again, is paid once. */
  function renew() {
    const address = new URL(form.action);
    const random = crypto.getRandomValues(new Uint8Array(16));
    address.searchParams.set("once", [...random].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    form.action = address;
  }
  let isSent = false;
  for (const kind of ["input", "change"]) form.addEventListener(kind, () => { if (isSent && !sending) renew(); isSent = false; });

  const places = {
    prompt: ["prompt-wrong", "prompt"], reference_image: ["files-wrong", "reference_image"], aspect_ratio: ["shape-wrong"],
    size: ["shape-wrong"], quality: ["quality-wrong"], n: ["n-wrong"],
  };
  function clear() {
    for (const id of ["wrong", ...Object.values(places).map(([id]) => id)]) $(id).hidden = true;
    form.elements.prompt.removeAttribute("aria-invalid");
  }
  function refuse(message, param) {
    const [id, field] = places[param] ?? ["wrong"];
    $(id).textContent = message;
    $(id).hidden = false;
    if (field) $(field).setAttribute("aria-invalid", "true");
    ($(field) ?? $(id)).focus();
    say(message);
  }

  function busy(is) {
    $("go").disabled = is;
    $("upload").hidden = !is || form.elements.reference_image.files.length === 0;
    $("uploaded").value = 0;
    $("stop").hidden = false;
    $("upload-text").textContent = "Uploading";
  }

  /** Has the form show what holds now; whether it could. */
  async function refresh() {
    try {
      await new Promise((resolve) => form.dispatchEvent(new CustomEvent("stale", { detail: resolve })));
      return true;
    } catch { return false; }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending || looking) return;
    // Somebody may have given credits since the page was shown.
    if (now.short > 0) {
      const shown = now.total;
      // A second press meanwhile is the same press.
      looking = true;
      await refresh();
      looking = false;
      if (now.total !== shown) { refuse("The price or the choice has changed meanwhile. Look at it and press again."); return; }
      if (now.short > 0) { $("shortage").focus(); return; }
    }
    clear();
    const asked = now;
    const request = sending = new XMLHttpRequest();
    isSent = true;
    // The price that was shown: another one is not taken without a word.
    const address = new URL(form.action);
    address.searchParams.set("total", asked.total);
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded, total }) => {
      $("uploaded").value = total ? loaded / total : 0;
      $("upload-text").textContent = loaded < total ? `Uploading ${Math.floor(loaded / total * 100)}%` : "Uploaded, being checked";
    };
    // From here on the hub may have accepted it: there is nothing to cancel any more.
    request.upload.onload = () => {
      request.isUploaded = true;
      $("stop").hidden = true;
    };
    request.onloadend = () => {
      sending = null;
      busy(false);
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { /* not the hub's words */ }
      if (request.status === 202 && answer?.id) {
        isSent = false;
        renew();
        const { prompt, n, seconds, total } = asked;
        const run = { id: answer.id, prompt: prompt.slice(0, 200), n, seconds, total, began: Date.now() };
        remember(run);
        follow(run, true);
        balance();
      } else if (answer?.error) {
        if (answer.error.code === "idempotencyMismatch") renew();
        if (answer.error.code === "priceChanged") refresh();
        refuse(answer.error.message, answer.error.param);
      } else if (request.isStopped && !request.isUploaded) {
        say("The upload was canceled. Nothing was charged.");
      } else {
        refuse("The hub could not be reached. Press again: it is paid once, even if this try got through.");
      }
    };
    $("stop").onclick = () => { request.isStopped = true; request.abort(); };
    const body = new FormData(form);
    busy(true);
    say("Sending");
    request.send(body);
  });

  async function balance() {
    try {
      const answer = await fetch(`/playground/balance?mode=${mode}`, { redirect: "error" });
      if (!answer.ok) return null;
      const { credits } = await answer.json();
      form.dispatchEvent(new CustomEvent("balance", { detail: credits }));
      return credits;
    } catch { return null; }
  }

  // What is known of runs outlives the page in the session's storage; that they are, in the address.
  const key = (id) => `gih-run-${id}`;
  function remember(run) {
    try { sessionStorage.setItem(key(run.id), JSON.stringify(run)); } catch { /* it only makes the bar better */ }
    const address = new URL(location);
    const ids = [run.id, ...address.searchParams.getAll("run")].slice(0, 8);
    address.search = "";
    address.searchParams.set("mode", mode);
    for (const id of ids) address.searchParams.append("run", id);
    history.replaceState(null, "", address);
  }
  function recall(id) {
    try { return { ...JSON.parse(sessionStorage.getItem(key(id))), id }; } catch { return { id }; }
  }

  /** Shows a run, and looks for its end. */
  async function follow(run, isNew) {
    $("no-results").hidden = true;
    const details = make("a", { href: `/generations/${run.id}?mode=${mode}`, textContent: "Details" });
    const text = make("p", { className: "muted small", textContent: "Accepted" });
    const bar = make("progress", { max: 1 });
    bar.setAttribute("aria-label", "Progress");
    const card = make("article", { className: "run" }, make("h3", { textContent: run.prompt || "Generation", title: run.prompt ?? "" }), bar, text);
    $("runs").prepend(card);
    if (isNew) card.scrollIntoView({ block: "nearest" });
    const usually = () => run.seconds ? `, usually about ${Math.max(1, Math.round(run.seconds))} s` : "";
    say(`Accepted${usually()}.`);
    let state = "queued";
    const tick = () => {
      const gone = run.began ? (Date.now() - run.began) / 1000 : 0;
      // Fast at first, never quite at the end: at the usual time nine tenths.
      if (run.seconds && run.began) bar.value = 1 - 10 ** (-gone / run.seconds);
      text.textContent = `${state === "queued" ? "Queued" : "Drawing"}${gone >= 1 ? ` for ${Math.floor(gone)} s` : ""}${usually()}`;
    };
    tick();
    const ticking = setInterval(tick, 500);
    const end = await poll(run.id, (status) => {
      state = status.status;
      // Of a run that another page began, the hub knows how long it has been going.
      run.began ??= Date.now() - status.elapsed_seconds * 1000;
      run.seconds ??= status.usual_seconds;
    });
    clearInterval(ticking);
    bar.remove();
    if (end.status === "succeeded") {
      const made = end.images.length;
      const missing = run.n > made ? `${made} of ${run.n} images came, the others are refunded. ` : "";
      const left = await balance();
      text.textContent = `${missing}${credits(end.credits)}${left === null ? "" : `, balance ${left.toLocaleString("en-US")}`}. `;
      const images = make("ul", { className: "made" }, ...end.images.map((image, place) => picture(image, place, made)));
      card.insertBefore(images, text);
      say(`Done: ${made} image${made === 1 ? "" : "s"} for ${credits(end.credits)}.`);
    } else {
      const error = end.error?.message ?? end.error ?? "It ended without images.";
      card.insertBefore(make("p", { className: "notice bad", textContent: error }), text);
      text.textContent = end.status ? "Nothing was charged: your credits are back. " : "";
      say(error);
      if (end.status) balance();
    }
    text.append(details);
  }

  function picture(image, place, of) {
    const name = of > 1 ? `image ${place + 1} of ${of}` : "the image";
    const shown = make("img", { src: of > 1 ? image.thumbnail_url : image.url, width: image.width, height: image.height, alt: `Result, ${name}` });
    const open = make("a", { href: image.url, target: "_blank", rel: "noopener" }, shown);
    const download = make("a", { className: "button compact", href: `/images/${image.id}?download=1`, textContent: "Download" });
    download.setAttribute("aria-label", `Download ${name}`);
    const reuse = make("button", { className: "compact", type: "button", textContent: "Use as reference" });
    reuse.setAttribute("aria-label", `Use as reference: ${name}`);
    reuse.addEventListener("click", () => form.dispatchEvent(new CustomEvent("reference", { detail: image.id })));
    return make("li", {}, open, make("div", {}, download, reuse));
  }

  async function poll(id, tell) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await fetch(`/generations/${id}/status?mode=${mode}`, { headers: { Accept: "application/json" }, redirect: "manual" });
        if (answer.type === "opaqueredirect" || answer.status === 401) return { error: "You are signed out. Sign in, and find it under Generations." };
        if (answer.status === 404) return { error: "There is no such generation." };
        if (answer.ok) {
          const now = await answer.json();
          if (!["queued", "running"].includes(now.status)) return now;
          tell(now);
        }
      } catch { /* away for a moment: it goes on without us */ }
      await sleep(tries < 20 ? 700 : tries < 60 ? 1500 : 4000);
    }
  }

  for (const id of new URL(location).searchParams.getAll("run").slice(0, 8).reverse()) {
    if (/^gen_[0-9A-Za-z_-]+$/.test(id)) follow(recall(id));
  }
}
