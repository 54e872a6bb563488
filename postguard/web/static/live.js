// Keeps an open page true: when a row has changed, the page is fetched anew and what differs in it
// is put in place of what stands there. What somebody is writing in stays as it is.
"use strict";

const LEAST = 700; // ms between two looks
const still = matchMedia("(prefers-reduced-motion: reduce)");
let looked = 0, waiting = 0;

function look() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    looked = performance.now();
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer) return;
    if (answer.status === 401) return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) moving(() => take(fresh), fresh);
  }, Math.max(0, looked + LEAST - performance.now()));
}

// Cards that go to another list glide there, where the browser can do that: it takes a picture of
// each, so the others do not.
function moving(change, fresh) {
  if (!document.startViewTransition || still.matches || document.hidden) return change();
  const goes = (card) => fresh.getElementById(card.id)?.parentElement.id !== card.parentElement.id;
  const cards = [...document.querySelectorAll(".card")].filter(goes).slice(0, 12);
  if (!cards.length) return change();
  for (const card of cards) card.style.viewTransitionName = card.id;
  const glide = document.startViewTransition(() => {
    change();
    for (const card of document.querySelectorAll(".card")) {
      if (cards.some((old) => old.id === card.id)) card.style.viewTransitionName = card.id;
    }
  });
  glide.ready.catch(() => {}); // the next change came before this one was at its place
  glide.finished.finally(() => document.querySelectorAll(".card").forEach((c) => c.style.removeProperty("view-transition-name")));
}

function take(fresh) {
  const focused = document.activeElement;
  const around = focused.closest("[data-live]")?.id;
  for (const then of fresh.querySelectorAll("[data-live]")) {
    const parent = document.getElementById(then.parentElement.id);
    if (!document.getElementById(then.id) && parent) {
      const added = document.importNode(then, true);
      parent.append(added);
      ready(added);
    }
  }
  for (const list of fresh.querySelectorAll("[data-live-list]")) order(list);
  for (const now of document.querySelectorAll("[data-live]")) {
    const then = fresh.getElementById(now.id);
    if (then) swap(now, then);
    else if (!busy(now)) now.remove();
  }
  for (const then of fresh.querySelectorAll("[data-live-attributes]")) {
    const now = document.getElementById(then.id);
    if (now) now.hidden = then.hidden;
  }
  if (focused === document.body || document.activeElement !== document.body) return;
  // Its button has done its work and is gone: what now stands in its place is nearest.
  const next = document.getElementById(focused.id) ?? document.getElementById(around)?.querySelector("button, a[href], input");
  next?.focus();
}

// htmx and the pages' scripts add to what the server sent, so that is kept to compare with.
const shown = new WeakMap();
const plain = (element) => element.outerHTML;
for (const element of document.querySelectorAll("[data-live]")) shown.set(element, plain(element));

function swap(now, then) {
  const told = plain(then);
  if ((shown.get(now) ?? plain(now)) === told || busy(now)) return;
  const open = [...now.querySelectorAll("details")].map((each) => each.open);
  const fresh = document.importNode(then, true);
  shown.set(fresh, told);
  now.replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((each, n) => (each.open = Boolean(open[n])));
  ready(fresh);
}

// A list says which of its cards stand where; one may come from another list.
function order(list) {
  const here = document.getElementById(list.id);
  if (!here) return;
  let place = here.firstElementChild;
  for (const then of list.children) {
    const now = document.getElementById(then.id);
    if (!now) continue;
    if (now !== place) here.insertBefore(now, place);
    else place = place.nextElementSibling;
  }
}

function busy(element) {
  const writing = element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  return writing || element.querySelector("[data-dirty]") !== null || element.classList.contains("picked");
}

function ready(element) {
  htmx.process(element);
  document.dispatchEvent(new CustomEvent("fresh", { detail: element }));
}

let source = null;
function listen() {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (!source) {
    source = new EventSource("/events");
    source.addEventListener("posts", look); // the first comes at once: what changed unheard
    source.addEventListener("error", () => {
      if (source && source.readyState === EventSource.CLOSED) toast(document.body.dataset.gone);
    });
  }
}
document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => source?.close());
listen();

function toast(words, bad = true) {
  const said = document.getElementById("said");
  said.replaceChildren(Object.assign(document.createElement("div"), { className: bad ? "toast bad" : "toast" }));
  said.firstChild.append(Object.assign(document.createElement("p"), { textContent: words }));
}

document.addEventListener("rows", look); // htmx: a wish was done
document.addEventListener("input", (event) => {
  event.target.closest("[data-keeps]")?.setAttribute("data-dirty", "");
  const of = event.target.closest("label")?.querySelector("[data-of]");
  if (of) of.textContent = `${[...event.target.value].length} / ${of.dataset.of}`;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { successful, xhr } = event.detail;
  if (!successful || xhr.status >= 400) return; // a refusal is shown, so htmx takes it for a success
  event.target.closest("[data-keeps]")?.removeAttribute("data-dirty");
  const secret = event.target.elements?.secret; // of a login: used, and its section may go
  secret?.blur();
  if (secret) event.target.reset();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) document.getElementById("said").replaceChildren();
});

// Asks in a dialog of the page, with what will happen in words.
document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const sure = document.getElementById("sure");
  document.getElementById("sure-words").textContent = event.detail.question;
  sure.returnValue = "no";
  sure.addEventListener("close", () => sure.returnValue === "yes" && event.detail.issueRequest(true), { once: true });
  sure.showModal();
});
