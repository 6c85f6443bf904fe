// Looks after generations that have not ended, while the page is looked at. Without it there is a link to refresh.

const EAGER_MS = 2_000;
const CALM_MS = 5_000;
/** After how many looks patience sets in. */
const EAGER_LOOKS = 30;

const sleep = (ms) => new Promise((wake) => { setTimeout(wake, ms); });

/** Until somebody looks at the page. */
const seen = () => document.visibilityState === "visible" ? Promise.resolve() : new Promise((wake) => {
  document.addEventListener("visibilitychange", wake, { once: true });
}).then(seen);

/** What is there, as JSON; nothing when the hub is away for a moment. Stops for good when nobody is signed in any more. */
async function look(url) {
  try {
    const response = await fetch(url, { redirect: "manual", headers: { Accept: "application/json" } });
    if (response.ok) return await response.json();
    if (response.type === "opaqueredirect" || response.status === 404) return { isOver: true };
  } catch { /* offline, perhaps: the next look tells */ }
  return null;
}

/** Looks again and again until `act` says that it is over. */
async function watch(urlOf, act) {
  for (let looks = 0; ; looks += 1) {
    await sleep(looks < EAGER_LOOKS ? EAGER_MS : CALM_MS);
    await seen();
    const answer = await look(urlOf());
    if (answer?.isOver || (answer && await act(answer))) return;
  }
}

/** The page of one generation: a bar that moves, and the page anew when there is something to see. */
function one(section) {
  const started = performance.now() - Number(section.dataset.elapsed) * 1_000;
  const clock = section.querySelector("[data-clock]");
  const bar = section.querySelector("progress");
  const usual = Number(section.dataset.usual ?? 0);
  setInterval(() => {
    const seconds = Math.floor((performance.now() - started) / 1_000);
    clock.textContent = `${seconds} s`;
    // Never quite full before the end.
    if (usual > 0) bar.value = Math.min(seconds, usual * 0.95);
  }, 1_000);
  watch(() => section.dataset.statusUrl, (answer) => {
    if (answer.status === section.dataset.status) return false;
    location.reload();
    return true;
  });
}

/** The gallery: cells that changed are taken from the page as it is now. */
function gallery(pending) {
  watch(() => pending.dataset.statuses, async ({ generations }) => {
    const changed = generations.filter(({ id, status }) => document.getElementById(id)?.dataset.status !== status);
    if (changed.length === 0) return false;
    const response = await fetch(location.href, { redirect: "manual" });
    if (!response.ok) return false;
    const now = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const { id } of changed) {
      const [old, fresh] = [document.getElementById(id), now.getElementById(id)];
      // Under a filter by status it may have left the page: it stays until somebody looks anew.
      if (!old || !fresh) continue;
      const hadFocus = old.contains(document.activeElement);
      const cell = document.importNode(fresh, true);
      old.replaceWith(cell);
      if (hadFocus) cell.querySelector("a")?.focus();
    }
    const ended = changed.filter(({ status }) => !["queued", "running"].includes(status)).length;
    const news = document.getElementById("news");
    if (news && ended > 0) news.textContent = ended === 1 ? "A generation has ended." : `${ended} generations have ended.`;
    const left = now.querySelector("[data-statuses]");
    if (!left) {
      pending.remove();
      return true;
    }
    pending.dataset.statuses = left.dataset.statuses;
    return false;
  });
}

const section = document.querySelector("[data-status-url]");
if (section) one(section);
const pending = document.querySelector("[data-statuses]");
if (pending) gallery(pending);
