/* Check-in that survives a lost connection. A tick shows at once, is kept in the browser until the server
   has it, and is sent again when the line is back. It carries what was shown before it: what somebody else
   has noted later is not undone, and the server says what is there now. */
const UNSET = "UNSET";
const AGAIN = 5000;
const desk = () => document.querySelector("[data-check-in]");
const prefix = () => `kursplan tick ${desk().dataset.checkIn} `;
const kept = () =>
  Object.keys(localStorage)
    .filter((key) => key.startsWith(prefix()))
    .map((key) => ({ key, ...JSON.parse(localStorage.getItem(key)) }));
const keep = ({ key, ...tick }) => localStorage.setItem(key, JSON.stringify(tick));
const formOf = (booking) => document.querySelector(`form[data-tick="${CSS.escape(booking)}"]`);
const markOf = (button) => (button.matches(".here") ? "PARTICIPATING" : "NOT_PARTICIPATING");
const pressed = (form) => form.querySelector('[aria-pressed="true"]');
const rowOf = (form) => form.closest("li, tr");

function show(form, mark) {
  const row = rowOf(form);
  for (const button of form.querySelectorAll("button")) {
    const own = markOf(button);
    button.setAttribute("aria-pressed", String(own === mark));
    button.value = own === mark ? UNSET : own;
    row.classList.toggle(button.matches(".here") ? "is-here" : "is-missing", own === mark);
  }
  for (const total of document.querySelectorAll("[data-total]")) {
    const found = document.querySelectorAll(`.${total.dataset.total}[aria-pressed="true"]`).length;
    total.textContent = found + Number(total.dataset.more ?? 0);
  }
}

/* What is kept stands on the page, whatever the server knows yet. */
function showKept(late) {
  const ticks = kept();
  for (const row of document.querySelectorAll(".is-unsent")) row.classList.remove("is-unsent");
  for (const { booking, mark, tried } of ticks) {
    const form = formOf(booking);
    if (!form) continue;
    show(form, mark);
    rowOf(form).classList.toggle("is-unsent", Boolean(tried));
  }
  document.querySelector("[data-unsent]").hidden = !ticks.some(({ tried }) => tried);
}

function tell(kind, text) {
  const notice = document.querySelector(`[data-${kind}]`);
  const place = notice.querySelector("b") ?? notice.querySelector("span");
  const said = new Set([...place.textContent.split(" · "), text].filter(Boolean));
  place.textContent = [...said].join(" · ");
  notice.hidden = false;
}

function tick(form, mark) {
  const booking = form.dataset.tick;
  const key = prefix() + booking;
  const before = JSON.parse(localStorage.getItem(key) ?? "null");
  // All that was noted from here may be what the server knows: the answer to it may have been lost.
  const shown = before ? [...new Set([...before.shown, before.mark])] : [form.elements.shown.value];
  keep({ key, booking, mark, shown, name: form.dataset.name, action: form.action });
  show(form, mark);
}

async function sendOne({ key, booking, mark, shown, name, action }) {
  const csrf = document.querySelector("input[name=csrf]").value;
  const body = new URLSearchParams({ csrf, participation: mark, shown: shown.join(" ") });
  const answer = await fetch(action, { method: "POST", body, headers: { Accept: "application/json" } });
  // Anything but an answer of the page itself (a proxy's, one to sign in at) decides nothing.
  const is = answer.headers.get("Content-Type")?.startsWith("application/json") && !answer.redirected;
  if (!is || answer.status >= 500) throw new Error("not sent");
  const said = await answer.json();
  const now = JSON.parse(localStorage.getItem(key) ?? "null");
  const form = formOf(booking);
  if (form && said.participation) form.elements.shown.value = said.participation;
  if (now?.mark !== mark) return; // Ticked again meanwhile: that one is sent next.
  localStorage.removeItem(key);
  if (said.refused) tell("refused", `${name}: ${said.refused}`);
  else if (said.participation !== mark) tell("overtaken", name);
  if (form) show(form, said.participation ?? form.elements.shown.value);
}

let sending = false;
let timer = null;
async function send() {
  clearTimeout(timer);
  if (sending || !desk()) return;
  sending = true;
  let failed = false;
  while (!failed) {
    const ticks = kept();
    if (!ticks.length) break;
    const sent = await Promise.allSettled(ticks.map(sendOne));
    failed = sent.some(({ status }) => status === "rejected");
  }
  sending = false;
  if (failed) for (const each of kept()) keep({ ...each, tried: true });
  showKept();
  if (kept().length) timer = setTimeout(send, AGAIN);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-tick]")) tick(form, event.submitter.value);
  else if (form.matches("[data-rest]")) {
    for (const each of document.querySelectorAll("form[data-tick]"))
      if (!pressed(each)) tick(each, "PARTICIPATING");
  } else return;
  event.preventDefault();
  send();
});
for (const kind of ["online", "focus"]) addEventListener(kind, send);
document.addEventListener("kursplan:exchanged", () => desk() && showKept());
if (desk()) {
  showKept();
  send();
}
