/* Says while somebody types what the terms of a class mean. The server says it, as it does when the page is
   opened; without this file it says it when the form is sent. */
const form = document.querySelector("form[data-words-at]");
const place = form?.querySelector("[data-words]");
const SOON = 250;

let timer = null;
let asking = null;

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const typed = new URLSearchParams();
  for (const [name, value] of new FormData(form))
    if (name !== "csrf" && name !== "description" && !name.startsWith("was-")) typed.append(name, value);
  const at = new URL(form.dataset.wordsAt, location.href);
  for (const [name, value] of at.searchParams) typed.append(name, value);
  at.search = typed;
  try {
    const answer = await fetch(at, { signal: asking.signal });
    if (answer.ok && !answer.redirected) place.innerHTML = await answer.text();
  } catch (failed) {
    if (failed.name !== "AbortError" && !(failed instanceof TypeError)) throw failed;
  }
}

form?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, SOON);
});
