// What all pages share: copying, and one press making one request. Everything works without it.

/** Copies the text of the element that `data-copy` names, and says so on the button. */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  // Not what stands there now: pressed again, that is what was said of the press before.
  const label = button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.textContent = button.dataset.done ?? "Copied";
  } catch {
    // Only secure origins may write to the clipboard: the text is selected instead, for the person to copy.
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
  setTimeout(() => { button.textContent = label; }, 2000);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const copying = target?.closest("button[data-copy]");
  if (copying) copy(copying);
});

// Buttons that only scripts can serve are shown by scripts.
for (const button of document.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;

// A page that shows something once is the answer to a form: loaded again, it is the page of that address, and nothing is
// made a second time.
const once = document.querySelector("[data-address]");
if (once) history.replaceState(null, "", once.dataset.address);

// One press, one request.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement) || event.defaultPrevented) return;
  // A form that only asks changes nothing, and may lead to where the page is already: then no page is shown anew.
  if (event.target.method !== "post") return;
  setTimeout(() => { button.disabled = true; });
  // Back in this page (from the browser's cache) it may be pressed again.
  addEventListener("pageshow", () => { button.disabled = false; }, { once: true });
});
