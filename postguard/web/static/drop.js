// Pictures that are dropped into the page: shown, described, then sent one by one into the outbox.
"use strict";

const form = document.getElementById("drop");
const chosen = document.getElementById("drop-files");
const words = document.getElementById("drop-words");
const shown = document.getElementById("drop-pictures");
let pictures = [];

function show(files) {
  pictures = [...pictures, ...files].slice(0, 40);
  for (const image of shown.querySelectorAll("img")) URL.revokeObjectURL(image.src);
  shown.replaceChildren(...pictures.map(described));
  words.hidden = pictures.length === 0;
  document.getElementById("drop-many").hidden = pictures.length < 2;
  shown.querySelector("textarea")?.focus();
}

function described(file, number) {
  const label = document.createElement("label");
  const image = Object.assign(new Image(), { src: URL.createObjectURL(file), alt: "" });
  image.addEventListener("error", () => (image.hidden = true)); // a TIFF, which browsers do not show
  const said = document.createElement("span");
  said.textContent = form.dataset.alt.replace("{name}", file.name);
  const text = Object.assign(document.createElement("textarea"), { name: `alt${number + 1}`, rows: 2 });
  const beside = document.createElement("span");
  beside.className = "alt-pair";
  beside.append(image, text);
  label.append(said, beside);
  return label;
}

function forget() {
  pictures = [];
  form.reset();
  show([]);
  form.removeAttribute("data-dirty");
}

async function send(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  const body = new URLSearchParams(new FormData(form));
  const key = await (await fetch("/drops", { method: "POST" })).text();
  for (const [number, file] of pictures.entries()) {
    toast(`${form.dataset.sending} ${file.name}…`, false);
    const address = `/drops/${key}/${number + 1}?name=${encodeURIComponent(file.name)}`;
    const answer = await fetch(address, { method: "POST", body: file }).catch(() => null);
    if (!answer?.ok) return failed(file, answer);
  }
  const answer = await fetch(`/drops/${key}`, { method: "POST", body });
  document.getElementById("said").innerHTML = await answer.text();
  if (answer.ok) {
    forget();
    look();
  }
}

async function failed(file, answer) {
  const why = answer ? new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("p") : null;
  toast(`${form.dataset.failed} ${file.name}. ${why ? why.textContent : ""}`, true);
}

form.addEventListener("submit", send);
chosen.addEventListener("change", () => show(chosen.files));
document.getElementById("drop-cancel").addEventListener("click", forget);
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") show([...event.dataTransfer.files].filter((file) => file.type.startsWith("image/")));
  });
}
