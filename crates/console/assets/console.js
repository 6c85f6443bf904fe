// What all pages share: copying, and asking before what cannot be undone. Everything works without it.

/** Copies the text of the element that `data-copy` names, and says so on the button. */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const label = button.textContent;
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
  const opening = target?.closest("[data-dialog]");
  if (opening) {
    const dialog = document.getElementById(opening.dataset.dialog);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
  }
  if (target?.closest("dialog [data-close]")) target.closest("dialog").close();
});

// Buttons that only scripts can serve are shown by scripts.
for (const button of document.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;

// One press, one request.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement) || event.defaultPrevented) return;
  setTimeout(() => { button.disabled = true; });
  // Back in this page (from the browser's cache) it may be pressed again.
  addEventListener("pageshow", () => { button.disabled = false; }, { once: true });
});
