/* Suggestions while somebody types, for each field that says where to ask for them (data-suggest). The server finds
   and words them, by the same rules as the page of results. What is typed goes along in a form, so it stands in no
   address and in nobody's log. Enter without a choice does what it does without this file: so a scanner gets where
   it wants to, however fast it types. */
const SOON = 250;
const LEAST = 2;
const letters = (text) => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;

function suggest(field) {
  const { form } = field;
  const list = `${field.id}-list`;
  const box = form.appendChild(document.createElement("div"));
  const says = form.appendChild(document.createElement("p"));
  box.className = "menu-list suggestions";
  box.hidden = true;
  says.className = "vh";
  says.setAttribute("role", "status");
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": list,
    "aria-expanded": "false",
  }))
    field.setAttribute(name, value);

  let timer = null;
  let asking = null;
  let at = -1;
  const options = () => [...box.querySelectorAll('[role="option"]')];
  const isOpen = () => !box.hidden;

  function choose(to) {
    at = to;
    field.removeAttribute("aria-activedescendant");
    for (const [number, each] of options().entries()) {
      each.setAttribute("aria-selected", String(number === at));
      if (number !== at) continue;
      field.setAttribute("aria-activedescendant", each.id);
      each.scrollIntoView({ block: "nearest" });
    }
  }

  function stop() {
    clearTimeout(timer);
    asking?.abort();
  }

  function open(is) {
    box.hidden = !is;
    field.setAttribute("aria-expanded", String(is && options().length > 0));
    choose(-1);
  }

  function close() {
    stop();
    says.textContent = "";
    open(false);
  }

  function show(text, from) {
    const made = document.createElement("template");
    made.innerHTML = text;
    // Addresses are relative to where they were asked for, which is not where they are shown. Signs are on this page.
    for (const each of made.content.querySelectorAll('[href]:not([href^="#"])'))
      each.setAttribute("href", new URL(each.getAttribute("href"), from).href);
    made.content.querySelector('[role="listbox"]')?.setAttribute("id", list);
    for (const [number, each] of made.content.querySelectorAll('[role="option"]').entries())
      each.id = `${list}-${number}`;
    box.replaceChildren(made.content);
    says.textContent = box.querySelector("[data-says]")?.dataset.says ?? "";
    open(true);
  }

  async function ask() {
    stop();
    const { signal } = (asking = new AbortController());
    const body = new URLSearchParams({ q: field.value, csrf: field.dataset.csrf });
    try {
      const answer = await fetch(field.dataset.suggest, { method: "POST", body, signal });
      const text = await answer.text();
      // Whoever has to sign in again is told so by the page that they go to next.
      if (answer.ok && !answer.redirected && field === document.activeElement) show(text, answer.url);
      else open(false);
    } catch (failed) {
      // A newer question, or the line is cut: what is typed can be sent all the same.
      if (failed.name !== "AbortError" && !(failed instanceof TypeError)) throw failed;
    }
  }

  field.addEventListener("input", () => {
    stop();
    choose(-1);
    if (letters(field.value) >= LEAST) timer = setTimeout(ask, SOON);
    else {
      box.replaceChildren();
      close();
    }
  });

  field.addEventListener("keydown", (event) => {
    const found = options();
    if (event.isComposing) return;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      event.preventDefault();
      if (!isOpen()) open(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place lies between the last and the first: the field itself, as it was typed.
      const places = found.length + 1;
      choose(((at + 1 + step + places) % places) - 1);
    } else if (event.key === "Enter" && isOpen() && at >= 0) {
      event.preventDefault();
      found[at].click();
    } else if (event.key === "Enter") stop();
    else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      close();
    }
  });

  // A press on a suggestion leaves the field where it is, or the list would go before it is let go.
  box.addEventListener("mousedown", (event) => event.preventDefault());
  form.addEventListener("focusout", ({ relatedTarget }) => form.contains(relatedTarget) || close());
  addEventListener("pagehide", close);
}

for (const field of document.querySelectorAll("input[data-suggest]")) suggest(field);
