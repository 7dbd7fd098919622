"use strict";
// A mark of a timeline leads to its row: it and all that it stands in are opened.
function open() {
  const row = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!row) return;
  for (let each = row; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
  const own = row.querySelector("details");
  if (own) own.open = true;
  row.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", open);
// On paper nothing can be opened: what the checklist keeps folded is printed.
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll(".checklist details")) each.open = true;
});
// Each timeline can be gone through step by step: the cursor is at the row that the slider names.
for (const line of document.querySelectorAll("section.line")) {
  const scrub = line.querySelector(".scrub"), rows = line.querySelectorAll("ol.rows > li");
  const input = scrub.querySelector("input"), output = scrub.querySelector("output");
  const cursor = line.querySelector(".cursor");
  scrub.hidden = rows.length < 2;
  input.addEventListener("input", () => {
    const row = rows[input.valueAsNumber];
    for (const each of rows) each.removeAttribute("aria-current");
    row.setAttribute("aria-current", "step");
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, row.dataset.x);
    cursor.classList.add("on");
    output.textContent = row.querySelector("summary").textContent;
  });
}
// The trials of a scenario can be searched.
for (const search of document.querySelectorAll("input[type=search]")) {
  search.parentElement.hidden = false;
  const rows = search.closest("details").querySelectorAll("tbody tr");
  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
open();
