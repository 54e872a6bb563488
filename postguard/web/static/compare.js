// Before and after, one over the other: a slider, zoom with both in step, and the difference.
"use strict";

const CLOSEST = 8;

class Compare {
  constructor(root) {
    this.root = root;
    this.window = root.querySelector(".window");
    this.layer = root.querySelector(".layer");
    this.image = root.querySelector(".after");
    this.cut = root.querySelector("[data-cut]");
    this.scale = 1;
    this.x = this.y = 0;
    this.cut.addEventListener("input", () => this.draw());
    for (const button of root.querySelectorAll("[data-mode]")) button.addEventListener("click", () => this.mode(button.dataset.mode));
    for (const button of root.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.zoom(button.dataset.zoom));
    this.window.addEventListener("pointerdown", (event) => this.grab(event));
    this.window.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.window.addEventListener("dblclick", (event) => this.to(this.scale > 1 ? 1 : this.full(), event));
    this.window.addEventListener("keydown", (event) => this.key(event));
    this.draw();
  }

  // One pixel of the picture on one pixel of the screen.
  full() {
    return Math.max(1, this.image.width ? this.image.getAttribute("width") / (this.layer.offsetWidth * devicePixelRatio) : 1);
  }

  draw() {
    const style = this.root.style;
    style.setProperty("--cut", `${this.cut.value}%`);
    style.setProperty("--scale", this.scale);
    style.setProperty("--x", `${this.x}px`);
    style.setProperty("--y", `${this.y}px`);
    this.window.classList.toggle("zoomed", this.scale > 1);
  }

  to(scale, at) {
    const box = this.window.getBoundingClientRect();
    const px = (at ? at.clientX - box.left : box.width / 2) - this.x;
    const py = (at ? at.clientY - box.top : box.height / 2) - this.y;
    const next = Math.min(Math.max(scale, 1), Math.max(CLOSEST, this.full()));
    this.pan(this.x + px - (px * next) / this.scale, this.y + py - (py * next) / this.scale, next);
  }

  pan(x, y, scale = this.scale) {
    this.scale = scale;
    this.x = Math.min(0, Math.max(x, this.window.clientWidth - this.layer.offsetWidth * scale));
    this.y = Math.min(0, Math.max(y, this.window.clientHeight - this.layer.offsetHeight * scale));
    this.draw();
  }

  zoom(how) {
    if (how === "fit") this.pan(0, 0, 1);
    else this.to(how === "full" ? this.full() : this.scale * (how === "in" ? 1.5 : 1 / 1.5));
  }

  mode(mode) {
    this.root.classList.toggle("difference", mode === "difference");
    for (const each of this.root.querySelectorAll("[data-mode]")) each.setAttribute("aria-pressed", String(each.dataset.mode === mode));
    this.root.querySelector('[data-note="difference"]').hidden = mode !== "difference";
    this.cut.disabled = mode === "difference";
  }

  // Near the edge the edge is drawn; elsewhere the picture, where it is larger than its window.
  grab(event) {
    if (event.button) return;
    const box = this.layer.getBoundingClientRect();
    const edge = box.left + (box.width * this.cut.value) / 100;
    const slide = !this.cut.disabled && (this.scale === 1 || Math.abs(event.clientX - edge) < 28);
    if (!slide && this.scale === 1) return;
    const from = { x: this.x - event.clientX, y: this.y - event.clientY };
    const move = (to) => {
      if (slide) {
        this.cut.value = (100 * (to.clientX - box.left)) / box.width;
        this.draw();
      } else this.pan(from.x + to.clientX, from.y + to.clientY);
    };
    this.window.setPointerCapture(event.pointerId);
    this.window.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) {
      this.window.addEventListener(end, () => this.window.removeEventListener("pointermove", move), { once: true });
    }
    if (slide) move(event);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.to(this.scale * Math.exp(-event.deltaY / 300), event);
  }

  key(event) {
    const far = 60;
    const by = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] }[event.key];
    if (by && this.scale > 1) this.pan(this.x + by[0], this.y + by[1]);
    else if (event.key === "+" || event.key === "=") this.zoom("in");
    else if (event.key === "-") this.zoom("out");
    else if (event.key === "0") this.zoom("fit");
    else return;
    event.preventDefault();
  }
}

function begin(root) {
  for (const each of root.querySelectorAll("[data-compare]")) new Compare(each);
  for (const switcher of root.querySelectorAll(".versions")) {
    switcher.addEventListener("click", (event) => {
      const button = event.target.closest("[data-show]");
      if (!button) return;
      const shown = Number(button.dataset.show);
      switcher.parentElement.querySelectorAll("[data-version]").forEach((each, n) => (each.hidden = n !== shown));
      switcher.querySelectorAll("[data-show]").forEach((each, n) => each.setAttribute("aria-pressed", String(n === shown)));
    });
  }
}
begin(document);
document.addEventListener("fresh", (event) => begin(event.detail.parentElement ?? document));

const frame = document.getElementById("frame"); // on a post's page alone
const drawing = document.getElementById("drawing");
frame?.addEventListener("load", () => {
  frame.hidden = drawing.hidden;
  drawing.hidden = true;
});
for (const button of document.querySelectorAll("[data-frame]")) {
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "true";
    for (const each of document.querySelectorAll("[data-frame]")) each.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-expanded", String(!open));
    frame.hidden = true;
    drawing.hidden = open;
    if (open) return;
    frame.src = button.dataset.frame;
  });
}
