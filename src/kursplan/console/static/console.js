/* What script adds, and only that: keys, a filter and suggestions while typing, a count-down, ticks that survive a
   lost connection, what others change. Every page does its work without this file. */
import "./check-in.js";
import "./live.js";
import "./suggest.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

/* Keys. A link or field names its own in data-key, so what a page offers is what its keys do. Where the bar
   and the page have the same, it is the page's. */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") {
    const open = document.querySelector("details.menu[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    } else if (typing(event.target)) event.target.blur();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "?") {
    document.querySelector("#keys")?.showModal();
    return;
  }
  const aim = all("[data-key]").filter((each) => each.dataset.key === event.key).at(-1);
  if (!aim) return;
  event.preventDefault();
  if (aim.matches("input, select")) aim.select?.();
  if (aim.matches("input, select")) aim.focus();
  else aim.click();
});

/* Printing is the browser's, so its button is there only where a script is. */
for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

/* So is copying. */
for (const button of all("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.setAttribute("aria-pressed", "true");
  });
}

/* What is ticked off on a list stays so in this browser, for as long as somebody may come back to it. */
for (const list of all("[data-ticks]")) {
  const kept = new Set(JSON.parse(localStorage.getItem(list.dataset.ticks) ?? "[]"));
  for (const box of all("input[type=checkbox]", list)) {
    box.checked = kept.has(box.name);
    box.addEventListener("change", () => {
      if (box.checked) kept.add(box.name);
      else kept.delete(box.name);
      localStorage.setItem(list.dataset.ticks, JSON.stringify([...kept]));
    });
  }
}

/* Menus close when attention goes elsewhere. */
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
}

/* Filter as you type: every word must be somewhere in the row ("dahl 83"). */
const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
for (const field of all("input[data-filter]")) {
  field.addEventListener("input", () => {
    /* Looked up each time: a live page exchanges its rows. */
    const list = document.getElementById(field.dataset.filter);
    const rows = [...(list?.children ?? [])].map((row) => [row, plain(row.textContent)]);
    const words = plain(field.value).split(/\s+/);
    for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
  });
}

/* Undo: the seconds that are left, then the bar goes. The server decides; this only shows. */
for (const bar of all("[data-undo-seconds]")) {
  const shown = bar.querySelector("[data-left]");
  const end = Date.now() + 1000 * bar.dataset.undoSeconds;
  const tick = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) shown.textContent = left;
    else if (!bar.matches(":hover, :focus-within")) {
      clearInterval(tick);
      bar.remove();
    }
  }, 500);
}
