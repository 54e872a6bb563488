// A recipe as it is changed: drawn on a picture, and the slider stays where it was.
"use strict";

const form = document.getElementById("recipe-form");
const shown = document.getElementById("shown");
const own = document.getElementById("sitter-file");
let cut = "50";

shown.addEventListener("input", (event) => {
  if (event.target.matches("[data-cut]")) cut = event.target.value;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== shown) return;
  const slider = shown.querySelector("[data-cut]");
  if (slider) slider.value = cut;
  document.dispatchEvent(new CustomEvent("fresh", { detail: shown.firstElementChild }));
});

// A picture of one's own goes to this PC's cache, as one that is dropped into the queue does.
own.addEventListener("change", async () => {
  const file = own.files[0];
  if (!file) return;
  const key = await (await fetch("/drops", { method: "POST" })).text();
  const address = `/drops/${key}/1?name=${encodeURIComponent(file.name)}`;
  const answer = await fetch(address, { method: "POST", body: file }).catch(() => null);
  own.value = "";
  if (!answer?.ok) return toast(`${own.dataset.failed} ${file.name}`, true);
  const label = Object.assign(document.createElement("label"), { className: "sitter", title: file.name });
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "sitter", value: `drop-${key}`, checked: true });
  const image = Object.assign(new Image(), { src: URL.createObjectURL(file), alt: file.name });
  label.append(radio, image);
  own.parentElement.before(label);
  radio.dispatchEvent(new Event("input", { bubbles: true }));
});
