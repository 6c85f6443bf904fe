// The language that one example is looked at in is that of all of them, here and the next time.

const KEY = "gih-example-language";

function show(tongue) {
  for (const input of document.querySelectorAll(`.example input[value="${CSS.escape(tongue)}"]`)) {
    input.checked = true;
    // The button copies what is to be seen.
    const button = input.closest("fieldset").querySelector("[data-copy]");
    if (button) button.dataset.copy = `${input.name}-${tongue}`;
  }
}

try {
  const last = localStorage.getItem(KEY);
  if (last) show(last);
} catch {
  // No storage, nothing to remember.
}

document.addEventListener("change", (event) => {
  if (!event.target.closest?.(".example fieldset")) return;
  const top = event.target.getBoundingClientRect().top;
  show(event.target.value);
  // Examples above have other heights now: what was chosen stays under the pointer.
  scrollBy({ top: event.target.getBoundingClientRect().top - top, behavior: "instant" });
  try {
    localStorage.setItem(KEY, event.target.value);
  } catch {
    // As above.
  }
});
