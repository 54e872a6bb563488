// What is wrong with a field stands beside it, for the eye and for a screen reader: answers name the
// field in data-at.
"use strict";

function told(form, said) {
  for (const old of form.querySelectorAll(".fault")) old.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    describe(field, field.dataset.described);
  }
  for (const fault of said.querySelectorAll("[data-at]")) {
    const field = form.elements[fault.dataset.at];
    if (field?.labels?.length) beside(field, fault.textContent);
  }
}

let count = 0;
function beside(field, words) {
  const id = `fault-${++count}`;
  const already = field.getAttribute("aria-describedby") ?? "";
  if (!field.hasAttribute("aria-invalid")) field.dataset.described = already;
  field.setAttribute("aria-invalid", "true");
  describe(field, `${already} ${id}`.trim());
  let place = field.labels[0];
  while (place.nextElementSibling?.matches(".fault")) place = place.nextElementSibling;
  place.after(Object.assign(document.createElement("p"), { id, className: "fault", textContent: words }));
}

function describe(field, ids) {
  if (ids) field.setAttribute("aria-describedby", ids);
  else field.removeAttribute("aria-describedby");
}

// As it comes with the page, or with a part of it that is looked at anew.
function within(root) {
  for (const form of root.querySelectorAll("form:has([data-at])")) told(form, form);
}
within(document);
document.addEventListener("fresh", (event) => event.detail && within(event.detail.parentElement ?? event.detail));

document.addEventListener("htmx:afterSwap", (event) => {
  const form = event.detail.requestConfig.elt.closest("form"), said = event.detail.target;
  if (!form) return;
  told(form, said);
  if (!form.contains(said)) form.querySelector("[aria-invalid]")?.focus(); // it was sent, not checked
});
