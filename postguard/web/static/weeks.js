// Moves a post to another day or slot: by dragging, or picked up and put down with the keyboard.
"use strict";

const weeks = document.getElementById("weeks");
let picked = null, place = null;

const places = () => [...weeks.querySelectorAll(".slot, .day[data-day]")].filter((each) => fits(each));
const fits = (each) => !each.dataset.account || each.dataset.account === picked.dataset.account;
const name = (entry) => `${entry.dataset.name} (${entry.dataset.account})`;

function where(target) {
  return target.dataset.where || `${target.dataset.day} ${picked.dataset.time}`;
}

async function put(target) {
  const entry = picked;
  const body = { where: where(target), account: entry.dataset.account };
  leave();
  await htmx.ajax("POST", `/posts/${entry.dataset.post}/move`, { target: "#said", swap: "innerHTML", values: body });
}

function pick(entry) {
  picked = entry;
  entry.classList.add("picked");
  weeks.classList.add("moving");
  weeks.dataset.for = entry.dataset.account;
  for (const each of weeks.querySelectorAll(".slot")) each.classList.toggle("possible", fits(each));
}

function leave() {
  picked?.classList.remove("picked");
  place?.classList.remove("chosen");
  weeks.classList.remove("moving");
  picked = place = null;
}

function choose(target) {
  place?.classList.remove("chosen");
  place = target;
  place.classList.add("chosen");
  place.scrollIntoView({ block: "nearest" });
  say(where(target));
}

function say(words) {
  const said = document.getElementById("said");
  said.replaceChildren(Object.assign(document.createElement("div"), { className: "toast" }));
  said.firstChild.append(Object.assign(document.createElement("p"), { textContent: words }));
}

weeks.addEventListener("dragstart", (event) => {
  const entry = event.target.closest(".entry");
  if (!entry) return;
  event.dataTransfer.setData("text/plain", entry.dataset.name);
  event.dataTransfer.effectAllowed = "move";
  pick(entry);
});
weeks.addEventListener("dragover", (event) => {
  const target = picked && event.target.closest(".slot.possible, .day[data-day]");
  if (!target) return;
  event.preventDefault();
  if (target !== place) {
    place?.classList.remove("chosen");
    place = target;
    place.classList.add("chosen");
  }
});
weeks.addEventListener("drop", (event) => {
  if (!picked || !place) return;
  event.preventDefault();
  put(place);
});
weeks.addEventListener("dragend", leave);

weeks.addEventListener("click", (event) => {
  const entry = event.target.closest(".entry");
  if (picked) {
    const target = event.target.closest(".slot.possible, .day[data-day]");
    if (entry === picked && !place) return leave();
    if (target || place) return put(place && entry === picked ? place : target);
  } else if (entry) {
    pick(entry);
    say(weeks.dataset.picked.replace("{name}", name(entry)));
  }
});

weeks.addEventListener("keydown", (event) => {
  if (!picked) return;
  const all = places();
  const at = all.indexOf(place ?? picked.closest(".day"));
  const day = (target) => target.closest(".day").dataset.day;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const week = { ArrowDown: 7, ArrowUp: -7 }[event.key];
  if (event.key === "Escape") {
    say(weeks.dataset.left);
    leave();
  } else if (step) {
    event.preventDefault();
    choose(all[Math.min(Math.max(at + step, 0), all.length - 1)]);
  } else if (week) {
    event.preventDefault();
    const from = new Date(`${day(place ?? picked)}T12:00:00Z`);
    from.setUTCDate(from.getUTCDate() + week);
    const target = all.find((each) => day(each) === from.toISOString().slice(0, 10));
    if (target) choose(target);
  }
});
