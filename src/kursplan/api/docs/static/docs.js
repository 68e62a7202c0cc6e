/* Trying operations out, and copying. Without this script the pages can be read all the same. */

const root = new URL(document.documentElement.dataset.root, location.href);

/* --- The key: for this tab, and for this server behind its path prefix -------------------------- */

const KEPT_AS = `kursplan-api-key ${root.pathname}`;
const keyForm = document.getElementById("key-form");
const key = document.getElementById("key");

if (keyForm) {
  keyForm.hidden = false;
  key.value = sessionStorage.getItem(KEPT_AS) ?? "";
  key.addEventListener("input", () => {
    if (key.value.trim()) sessionStorage.setItem(KEPT_AS, key.value.trim());
    else sessionStorage.removeItem(KEPT_AS);
  });
  keyForm.addEventListener("submit", (event) => event.preventDefault());
}

/* --- Requests ----------------------------------------------------------------------------------- */

/** What the form says: the request that it stands for. */
function requestOf(form) {
  const query = new URLSearchParams();
  const headers = {};
  let path = form.dataset.path;
  for (const control of form.querySelectorAll("[data-in]")) {
    const value = control.value.trim();
    if (control.dataset.in === "path") path = path.replace(`{${control.name}}`, encodeURIComponent(value));
    else if (!value) continue;
    else if (control.dataset.in === "query") query.set(control.name, value);
    else headers[control.name] = value;
  }
  const url = new URL(`.${path}`, root);
  url.search = query;
  const body = form.elements.body?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { method: form.dataset.method, url, headers, body };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same for a shell; the key stays out of it. */
function curlOf({ method, url, headers, body }) {
  const words = ["curl -sS"];
  if (method !== "GET" && !(method === "POST" && body !== undefined)) words.push(`-X ${method}`);
  words.push(`-H "X-API-KEY: $API_KEY"`);
  for (const [name, value] of Object.entries(headers)) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) words.push(`-d ${quoted(body)}`);
  words.push(quoted(url.href));
  return words.join(" \\\n  ");
}

const SHOWN_HEADERS = [
  "content-language", "etag", "idempotency-replayed", "ratelimit-remaining", "retry-after", "x-trace-id",
];

async function send(form) {
  const { method, url, headers, body } = requestOf(form);
  const began = performance.now();
  try {
    const response = await fetch(url, {
      method, body, headers: { ...headers, "X-API-KEY": key.value.trim() },
      cache: "no-store", credentials: "omit", redirect: "error",
    });
    const text = await response.text();
    const told = SHOWN_HEADERS.filter((name) => response.headers.has(name));
    show(form, {
      status: `${response.status} ${response.statusText}`.trim(),
      isGood: response.status < 400,
      took: `${Math.round(performance.now() - began)} ms`,
      headers: told.map((name) => `${name}: ${response.headers.get(name)}`).join("\n"),
      text: pretty(text),
    });
  } catch (error) {
    show(form, { status: "No answer", isGood: false, took: "", headers: "", text: error.message });
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function show(form, { status, isGood, took, headers, text }) {
  const answer = form.querySelector(".answer");
  const head = element("p", "verdict");
  head.append(element("b", isGood ? "good" : "bad", status), element("span", "facts", took));
  answer.replaceChildren(head);
  if (headers) answer.append(element("pre", "quiet", headers));
  answer.append(text ? element("pre", "", text) : element("p", "facts", "The body is empty."));
  answer.hidden = false;
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  if (tag === "pre") made.tabIndex = 0;
  return made;
}

for (const form of document.querySelectorAll("form.try")) {
  const button = form.querySelector("[data-copy=curl]");
  const line = form.querySelector(".curl");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!key.value.trim()) return key.focus();
    send(form);
  });
  form.addEventListener("input", () => { line.textContent = curlOf(requestOf(form)); });
  button.addEventListener("click", () => {
    line.textContent = curlOf(requestOf(form));
    line.hidden = false;
    copy(button, line.textContent);
  });
}

/* --- Copying ------------------------------------------------------------------------------------ */

async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy"; // Only pages over https, or of this machine, may do it.
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

/** What is to be typed: of a dialogue with a shell, only the lines behind its prompt. */
function typed(code) {
  const text = code.textContent.replace(/\n$/, "");
  if (!code.classList.contains("language-console")) return text;
  const lines = text.split("\n");
  return lines
    .filter((line, at) => line.startsWith("$ ") || lines[at - 1]?.endsWith("\\"))
    .map((line) => line.replace(/^\$ /, ""))
    .join("\n");
}

for (const code of document.querySelectorAll("article pre > code")) {
  const button = element("button", "button small copy", "Copy");
  button.type = "button";
  button.addEventListener("click", () => copy(button, typed(code)));
  const block = element("div", "block");
  code.parentElement.replaceWith(block);
  block.append(code.parentElement, button);
}

/* --- An operation has an address ---------------------------------------------------------------- */

function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    named.scrollIntoView();
  }
}

for (const operation of document.querySelectorAll("details.operation")) {
  operation.addEventListener("toggle", () => {
    if (operation.open) history.replaceState(null, "", `#${operation.id}`);
  });
}
addEventListener("hashchange", openNamed);
openNamed();
