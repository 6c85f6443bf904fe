// Reference images: chosen, dropped, pasted or taken over from a result; shown, removed, and checked before they are sent.
// The file input holds them, so that the form sends them as it would without this script.

const MOST_BYTES = 52428800;
const KINDS = ["image/png", "image/jpeg", "image/webp"];
const form = document.querySelector("form[data-play]");
if (form) start(form);

function start(form) {
  const input = form.elements.reference_image;
  const list = document.getElementById("files");
  const wrong = document.getElementById("files-wrong");
  const drop = document.getElementById("drop");
  let files = [];
  let limit = 0;

  /** Makes what is held the input's, and shows it. */
  function hold(next) {
    const transfer = new DataTransfer();
    for (const { file } of next) transfer.items.add(file);
    files = next;
    input.files = transfer.files;
    list.hidden = files.length === 0;
    list.replaceChildren(...files.map(row));
    document.getElementById("files-count").textContent = `${files.length} of up to ${limit}`;
    form.dispatchEvent(new Event("change"));
  }

  function row(held) {
    const item = document.createElement("li");
    const image = document.createElement("img");
    image.src = held.url;
    image.alt = "";
    image.width = image.height = 84;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "×";
    remove.setAttribute("aria-label", `Remove ${held.file.name}`);
    remove.addEventListener("click", () => {
      const place = files.indexOf(held);
      URL.revokeObjectURL(held.url);
      say("");
      hold(files.filter((other) => other !== held));
      (list.querySelectorAll("button")[Math.min(place, files.length - 1)] ?? input).focus();
    });
    item.append(image, remove, held.file.name);
    item.title = held.file.name;
    return item;
  }

  function say(message) {
    wrong.textContent = message;
    wrong.hidden = !message;
    wrong.setAttribute("role", "alert");
    input.toggleAttribute("aria-invalid", Boolean(message));
    if (message) input.setAttribute("aria-invalid", "true");
  }

  function problem(file) {
    if (file.type && !KINDS.includes(file.type)) return `${file.name} is no PNG, JPEG or WebP image.`;
    if (file.size === 0) return `${file.name} is empty.`;
    if (file.size > MOST_BYTES) return `${file.name} is larger than 50 MB.`;
    return "";
  }

  function add(more) {
    const problems = more.map(problem);
    const good = more.filter((_, place) => !problems[place]);
    const room = Math.max(0, limit - files.length);
    if (good.length > room) problems.push(`This model takes at most ${limit} reference images.`);
    say(problems.filter(Boolean).join(" "));
    hold([...files, ...good.slice(0, room).map((file) => ({ file, url: URL.createObjectURL(file) }))]);
  }

  input.addEventListener("change", (event) => { event.stopPropagation(); add([...input.files]); });
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  form.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) drop.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!carries(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  form.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    add(pasted);
  });

  // One of the account's own images, by its id.
  form.addEventListener("reference", async (event) => {
    const id = event.detail;
    say("");
    try {
      const answer = await fetch(`/images/${id}`, { redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const blob = await answer.blob();
      const ending = blob.type.split("/")[1]?.replace("jpeg", "jpg") ?? "png";
      add([new File([blob], `${id}.${ending}`, { type: blob.type })]);
      drop.scrollIntoView({ block: "nearest" });
    } catch {
      say("The image to use as a reference could not be fetched.");
    }
  });

  let wanted = true;
  form.addEventListener("chosen", (event) => {
    limit = event.detail.model.limit;
    document.getElementById("files-count").textContent = `${files.length} of up to ${limit}`;
    const { reference } = event.detail.data;
    if (wanted && reference) form.dispatchEvent(new CustomEvent("reference", { detail: reference }));
    wanted = false;
  });
  document.getElementById("drop-hint").hidden = false;
}
