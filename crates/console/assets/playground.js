// The playground's form: what can be chosen together, what it costs, and which call it is. Everything comes from the table
// that the server made; here it is only looked up. The other scripts of the page hear of it by the form's event `chosen`.

const form = document.querySelector("form[data-play]");
if (form) start(form, JSON.parse(document.getElementById("play-data").textContent));

function start(form, data) {
  const $ = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString("en-US");
  const credits = (n) => `${number(n)} credit${n === 1 ? "" : "s"}`;
  const radios = (name) => [...form.querySelectorAll(`input[name="${name}"]`)];
  const value = (name) => form.elements[name].value;

  /** Lets those radio buttons be chosen that `allowed` admits; when the chosen one is none of them, the first is chosen. */
  function allow(name, allowed, hides) {
    const all = radios(name);
    for (const radio of all) {
      radio.disabled = !allowed(radio.value);
      if (hides) radio.parentElement.hidden = radio.disabled;
    }
    const chosen = all.find((radio) => radio.checked);
    const next = all.find((radio) => !radio.disabled);
    if (chosen?.disabled && next) next.checked = true;
  }

  function chosen() {
    const id = value("model");
    const model = data.models[id];
    allow("aspect_ratio", (shape) => model.shapes[shape], true);
    const shape = value("aspect_ratio");
    allow("size", (tier) => model.shapes[shape][tier]);
    const tier = value("size");
    const [size, plain, rendered] = model.shapes[shape][tier];
    allow("quality", (quality) => quality === "auto" || rendered);
    const quality = value("quality");
    const call = { ...(quality === "auto" ? plain : rendered) };
    if (call.quality === "*") call.quality = quality;
    const n = Number(value("n"));
    const prompt = form.elements.prompt.value.trim();
    const fields = { model: id, prompt: prompt || data.example, ...call };
    if (n > 1) fields.n = n;
    const usual = data.usual.find((row) => row[0] === id && row[1] === tier && row[2] === quality && row[3] === n);
    return { model, shape, tier, size, quality, n, prompt, fields, total: model.prices[tier] * n, seconds: usual?.[4] };
  }

  function show() {
    const now = chosen();
    const short = now.total - data.balance;
    const plural = now.n === 1 ? "" : "s";
    $("price").textContent = `${now.n} image${plural}: ${credits(now.total)} · balance ${number(data.balance)}` +
      (short > 0 ? "" : ` → ${number(-short)}`);
    $("shortage").hidden = short <= 0;
    $("missing").textContent = short > 0 ? `Your balance does not cover this: ${credits(short)} ${short === 1 ? "is" : "are"} missing.` : "";
    $("go").textContent = `Generate · ${credits(now.total)}`;
    const count = [...now.prompt].length;
    $("prompt-count").textContent = `${number(count)} / 32,000`;
    const long = count > 32000;
    form.elements.prompt.setCustomValidity(long ? "The prompt may have 32,000 characters." : "");
    const auto = now.model.auto[now.tier];
    $("size-remark").textContent = now.shape === "auto" ? auto[now.quality === "auto" ? 0 : 1] : `${now.size.replace("x", " × ")} pixels.`;
    for (const price of form.querySelectorAll("[data-price]")) price.textContent = number(now.model.prices[price.dataset.price] ?? 0);
    form.dispatchEvent(new CustomEvent("chosen", { detail: { ...now, short: Math.max(0, short), data } }));
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  /** Takes prices, times and the balance from the page as it is now. */
  async function refresh() {
    // Of the form's own mode, whatever another tab has chosen since.
    const mode = new URL(form.action).searchParams.get("mode");
    const answer = await fetch(`/playground?mode=${mode}`, { redirect: "error", signal: AbortSignal.timeout(10000) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    Object.assign(data, JSON.parse(page.getElementById("play-data").textContent));
    show();
  }

  form.addEventListener("stale", (event) => { event.detail(refresh()); });
  form.addEventListener("balance", (event) => { data.balance = event.detail; show(); });
  form.elements.prompt.addEventListener("keydown", (event) => {
    // A key that is held is one press.
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) form.requestSubmit($("go"));
  });
  // The second click of a double click may come when the first is accepted already.
  $("go").addEventListener("click", (event) => { if (event.detail > 1) event.preventDefault(); });
  // A browser that comes back to the page fills the form in after this.
  addEventListener("pageshow", show);
  show();
}
